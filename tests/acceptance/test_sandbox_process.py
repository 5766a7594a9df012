"""The simulated networks as a process: started, stopped, killed, and started again."""

import base64
import http.client
import json
import os
import resource
import signal
import smtplib
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest

from broadcaster.sandbox.config import DEFAULT_ACCOUNT, DEFAULT_TOKEN
from tests.sandboxes import Receiver, lines, receiving, until

PATH = f"/2010-04-01/Accounts/{DEFAULT_ACCOUNT}/Messages"
TOKEN = base64.b64encode(f"{DEFAULT_ACCOUNT}:{DEFAULT_TOKEN}".encode()).decode()
HEADERS = {
    "Authorization": f"Basic {TOKEN}",
    "Content-Type": "application/x-www-form-urlencoded",
}


class _Home:
    """A home folder with ports of its own."""

    def __init__(self, folder: Path) -> None:
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]
        self.carrier, self.smtp, self.push, bounce = (int(one.getsockname()[1]) for one in sockets)
        for one in sockets:
            one.close()
        self.folder = folder / "record"
        self.environment = {
            **os.environ,
            "BROADCASTER_HOME": str(folder),
            "BROADCASTER_SANDBOX_CARRIER_PORT": str(self.carrier),
            "BROADCASTER_SANDBOX_SMTP_PORT": str(self.smtp),
            "BROADCASTER_SANDBOX_PUSH_PORT": str(self.push),
            "BROADCASTER_BOUNCE_PORT": str(bounce),
        }

    def command(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command."""
        record = ("--record", str(self.folder))
        return subprocess.Popen(  # noqa: S603  (our own command)
            [sys.executable, "-m", "broadcaster", "sandbox", *record, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Run it, ready, and make sure that it ends."""
        with self.command(*arguments) as process:
            assert process.stdout is not None
            try:
                ready = [process.stdout.readline() for _ in range(3)]
                assert [str(port) in line for port, line in zip(self.ports, ready, strict=True)]
                assert all("ready" in line for line in ready), ready
                yield process
            finally:
                process.kill()

    @property
    def ports(self) -> tuple[int, int, int]:
        """Give the ports of the networks."""
        return self.carrier, self.smtp, self.push

    def refused(self, *arguments: str) -> str:
        """Run it where it can't; its one line of complaint."""
        with self.command(*arguments) as process:
            out, error = process.communicate(timeout=20)
        assert (process.returncode, out) == (2, "")
        assert len(error.splitlines()) == 1
        return error


@pytest.fixture
def home(tmp_path: Path) -> _Home:
    """Give a home folder."""
    return _Home(tmp_path)


def _create(home: _Home, number: int, callback: str = "") -> tuple[int, str]:
    """Send one SMS; status and sid, or nothing when the process died."""
    connection = http.client.HTTPConnection("127.0.0.1", home.carrier, timeout=10)
    fields = {"To": f"+2126600{number:05}", "From": "LYDEC", "Body": f"text {number}"}
    try:
        body = urlencode({**fields, **({"StatusCallback": callback} if callback else {})})
        connection.request("POST", f"{PATH}.json", body, HEADERS)
        response = connection.getresponse()
        return response.status, str(json.loads(response.read()).get("sid", ""))
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()


def _fetch(home: _Home, sid: str) -> dict[str, object]:
    connection = http.client.HTTPConnection("127.0.0.1", home.carrier, timeout=10)
    connection.request("GET", f"{PATH}/{sid}.json", headers=HEADERS)
    found: dict[str, object] = json.loads(connection.getresponse().read())
    connection.close()
    return found


def test_it_runs_in_the_foreground_and_stops_when_told(home: _Home) -> None:
    """SIGTERM ends it at once, cleanly, also with a client connected."""
    with home.running() as process, socket.create_connection(("127.0.0.1", home.smtp)) as client:
        assert client.recv(100).startswith(b"220")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.parametrize("which", ["carrier", "smtp", "push"])
def test_an_occupied_port_is_one_clear_line(home: _Home, which: str) -> None:
    """It names the setting and the port."""
    with socket.create_server(("127.0.0.1", getattr(home, which))):
        error = home.refused()
    assert f"BROADCASTER_SANDBOX_{which.upper()}_PORT" in error
    assert str(getattr(home, which)) in error


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--rate", "carrier.gremlins=0.5"), "carrier.gremlins"),
        (("--rate", "carrier.busy=often"), "carrier.busy=often"),
        (("--rate", "carrier.busy=2"), "carrier.busy"),
    ],
)
def test_a_rate_that_is_none_is_one_clear_line(
    home: _Home, arguments: tuple[str, ...], word: str
) -> None:
    """It names the kind."""
    assert word in home.refused(*arguments)


def test_a_folder_that_can_not_be_used_is_one_clear_line(home: _Home) -> None:
    """A file in its place, and a sandbox that has it already."""
    home.folder.write_text("a file", encoding="ascii")
    assert str(home.folder) in home.refused()
    home.folder.unlink()
    other = _Home(home.folder.parent)
    with home.running():
        assert "in use by another sandbox" in other.refused()


def test_killed_in_the_middle_every_answer_has_its_line(home: _Home) -> None:
    """What was answered is recorded and found again; what is more had no time to be answered."""
    answered: list[tuple[int, str]] = []
    senders = 4

    def send(first: int) -> None:
        for number in range(first, 100_000, senders):
            answer = _create(home, number)
            if answer[0] == 0:
                return
            answered.append(answer)

    with home.running("--trouble", "0") as process:
        threads = [threading.Thread(target=send, args=[first]) for first in range(senders)]
        for thread in threads:
            thread.start()
        until(lambda: len(answered) > 200)
        process.kill()
        for thread in threads:
            thread.join()
    recorded = [line["sid"] for line in lines(home.folder, "sms")]
    sids = {sid for _, sid in answered}
    assert {status for status, _ in answered} == {201}
    assert sids <= set(recorded)
    assert len(recorded) - len(sids) <= senders
    with home.running("--trouble", "0"):
        for _, sid in answered[::20]:
            assert _fetch(home, sid)["sid"] == sid


def _told(receiver: Receiver) -> Counter[tuple[str, str]]:
    posts = [dict(parse_qsl(post.body.decode())) for post in receiver.posts]
    return Counter((post["MessageSid"], post["MessageStatus"]) for post in posts)


def test_callbacks_go_on_after_a_kill(home: _Home) -> None:
    """Each comes, however often the process was killed in between."""
    with receiving() as receiver:
        arguments = ("--trouble", "0", "--pace", "0.5")
        sids = []
        with home.running(*arguments) as process:
            for number in range(30):
                status, sid = _create(home, number, receiver.url)
                assert status == 201
                sids.append(sid)
            until(lambda: receiver.posts)
            process.kill()
        with home.running(*arguments):
            statuses = ("sending", "sent", "delivered")
            wanted = {(sid, status) for sid in sids for status in statuses}
            until(lambda: set(_told(receiver)) == wanted)
            assert {_fetch(home, sid)["status"] for sid in sids} == {"delivered"}


def test_without_space_networks_refuse_and_recover(home: _Home) -> None:
    """Nothing is taken that can't be recorded; the process lives."""
    with home.running("--trouble", "0") as process:
        assert _create(home, 1)[0] == 201
        limits = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (10, limits[1]))
        assert _create(home, 2)[0] == 500
        with (
            smtplib.SMTP("127.0.0.1", home.smtp, timeout=10) as client,
            pytest.raises(smtplib.SMTPDataError) as caught,
        ):
            client.sendmail("a@b.test", ["c@d.test"], b"Subject: x\r\n\r\nx\r\n")
        assert caught.value.smtp_code == 452
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limits)
        assert _create(home, 3)[0] == 201
    assert [line["body"] for line in lines(home.folder, "sms")] == ["text 1", "text 3"]
    assert lines(home.folder, "email") == []
