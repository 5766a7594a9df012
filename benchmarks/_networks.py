"""The simulated networks in a process of their own, and what they received."""

import base64
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from broadcaster.sandbox.config import DEFAULT_ACCOUNT, DEFAULT_TOKEN

_ROOT = Path(__file__).parent.parent
_FILES = {"sms": "sms.jsonl", "email": "email.jsonl"}


class Received(NamedTuple):
    """A message as a network took it: its channel, to whom, when (seconds since 1970), its words.

    Of a mail the words are its whole source.
    """

    channel: str
    to: str
    at: float
    words: str

    def __repr__(self) -> str:
        """Hide to whom, and what it says."""
        return f"Received({self.channel})"


class Networks:
    """Networks that run; `settings` point at them."""

    def __init__(self, folder: Path, carrier: int, mail: int) -> None:
        """Keep where they write down what they take."""
        self._folder = folder
        self._read: dict[str, int] = {}
        self._count = 0
        self.settings = {
            "BROADCASTER_TWILIO_BASE_URL": f"http://127.0.0.1:{carrier}",
            "BROADCASTER_TWILIO_ACCOUNT_SID": DEFAULT_ACCOUNT,
            "BROADCASTER_TWILIO_AUTH_TOKEN": DEFAULT_TOKEN,
            "BROADCASTER_SMTP_HOST": "127.0.0.1",
            "BROADCASTER_SMTP_PORT": str(mail),
            "BROADCASTER_SMTP_TLS": "none",
        }

    def count(self) -> int:
        """Count what was taken so far."""
        for name in _FILES.values():
            path = self._folder / name
            if path.exists():
                with path.open("rb") as file:
                    file.seek(self._read.get(name, 0))
                    more = file.read()
                self._read[name] = self._read.get(name, 0) + len(more)
                self._count += more.count(b"\n")
        return self._count

    def received(self) -> list[Received]:
        """List what was taken so far, in order of time."""
        found = []
        for channel, name in _FILES.items():
            path = self._folder / name
            for line in path.read_text("ascii").splitlines() if path.exists() else ():
                row = json.loads(line)
                words = row["body"] if channel == "sms" else _source(row["raw"])
                found.append(Received(channel, row["to"], row["at"], words))
        return sorted(found, key=lambda one: one.at)


def _source(raw: str) -> str:
    return base64.b64decode(raw).decode("utf-8", "replace")


@contextmanager
def networks(folder: Path) -> Iterator[Networks]:
    """Run a carrier and a mail host without trouble; they report to nobody meanwhile."""
    carrier, mail, push = _free_ports(3)
    ports = {"CARRIER": carrier, "SMTP": mail, "PUSH": push}
    environment = {
        **{name: value for name, value in os.environ.items() if "BROADCASTER" not in name},
        **{f"BROADCASTER_SANDBOX_{name}_PORT": str(port) for name, port in ports.items()},
        "BROADCASTER_HOME": str(folder / "networks"),
    }
    record = folder / "received"
    # What comes later than in a day does not come in a run.
    words = ["sandbox", "--trouble", "0", "--pace", "1000", "--record", str(record)]
    with subprocess.Popen(  # noqa: S603  (our own program)
        [sys.executable, "-m", "broadcaster", *words],
        cwd=_ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        # It would say of each message that nobody is there to be told what became of it.
        stderr=subprocess.DEVNULL,
    ) as child:
        try:
            _wait(push, child)
            yield Networks(record, carrier, mail)
        finally:
            child.terminate()


def _wait(port: int, child: "subprocess.Popen[bytes]", seconds: float = 60) -> None:
    """Wait until the last of them listens."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and child.poll() is None:
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the networks did not start")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        bound = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in bound:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in bound]
