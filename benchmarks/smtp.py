"""How fast mails are handed to a relay: our provider beside Postfix's `smtp-source` and libraries.

    python benchmarks/smtp.py [--rounds 3] [--connections 8] [--sizes 4096,14336]

All send the same ready mail over the same number of kept connections in plain text to the same sink
on this machine, one after the other and in turns; what is printed are medians: ratios to
`smtp-source`, mails a second, the sender's own processor time a mail, and then each run. The time
tells more than the rate where others use the machine.
Composing is left out: all would wait for it alike.
Needs Postfix's `smtp-source`; without its `smtp-sink` a bare sink of our own is used.
"""

import argparse
import asyncio
import importlib.util
import os
import platform
import smtplib
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from benchmarks._sinks import sink as own_sink
from benchmarks._tools import missing, smtp_source, tool
from broadcaster.domain.delivery import DeliveryEvent, DeliveryId
from broadcaster.domain.message import (
    Address,
    EmailContent,
    Lane,
    MessageClass,
    Scheme,
)
from broadcaster.domain.options import Options
from broadcaster.ports import Context, Mail, MailHeaders, Message, Submission
from broadcaster.providers import smtp

SENDER, RECIPIENT = "b+1@bounces.bench.test", "reader@bench.test"

#: Mails of one run, by who sends: so many that each run takes about a second on an idle machine.
COUNTS = {
    "smtp-source": 10000,
    "ours": 10000,
    "ours, PIPELINE=0": 5000,
    "ours, uvloop": 10000,
    "smtplib, threads": 4000,
    "aiosmtplib": 2000,
}

#: Seconds, and those of the processor.
Taken = tuple[float, float]

#: Messages of one call of `stream`, and calls at a time.
SLICE, CALLS = 50, 8


@contextmanager
def sink() -> Iterator[int]:
    """Run `smtp-sink`, or else a bare sink of our own, and give its port."""
    found = tool("smtp-sink")
    if found is None:
        with own_sink("smtp") as running:
            yield running.port
        return
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [found.path, *user, f"127.0.0.1:{port}", "1000"]
    environment = {**os.environ, **found.environment}
    with subprocess.Popen(command, env=environment) as process:  # noqa: S603  (our words)
        try:
            for _ in range(200):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.02)
            yield port
        finally:
            process.terminate()


def mail(size: int) -> bytes:
    """Make a mail of about that size, as `smtp-source` does: lines of 80 octets at most."""
    head = b"From: <a@bench.test>\r\nTo: <c@bench.test>\r\nSubject: bench\r\n\r\n"
    return head + (b"X" * 78 + b"\r\n") * (size // 80)


class Ready:
    """A composer that has the mail ready."""

    def __init__(self, raw: bytes) -> None:
        """Give always this."""
        self._mail = Mail(raw, clean=True)

    def mail(self, _message: Message, _headers: MailHeaders) -> Mail:
        """Give it."""
        return self._mail

    def push(self, _message: Message) -> bytes:
        """Not asked for here."""
        raise NotImplementedError

    def topic(self, _message: Message) -> str:
        """Not asked for here."""
        raise NotImplementedError


class Now:
    """The machine's clock."""

    def now(self) -> datetime:
        """Say what time it is."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class Count:
    """Counts what is accepted, and lets everything leave."""

    def __init__(self) -> None:
        """Nothing is accepted yet."""
        self.accepted = 0

    def leaving(self, _message: Message) -> bool:
        """Let it leave."""
        return True

    def answered(self, submission: Submission) -> None:
        """Count it."""
        assert submission.event is DeliveryEvent.ACCEPT, submission
        self.accepted += 1


def message(number: int) -> Message:
    """Make a message; its content is not looked at."""
    return Message(
        delivery=DeliveryId(campaign=1, number=number),
        attempt=1,
        address=Address(scheme=Scheme.MAILTO, value=RECIPIENT, keys={}),
        locale="fr",
        content=EmailContent(subject="", text="", html=""),
        units=1,
        lane=Lane.ROUTINE,
        message_class=MessageClass.SERVICE,
        expires=datetime.now(UTC) + timedelta(hours=1),
        unsubscribe_url="",
        confirm_url="",
        collapse_key="",
    )


class Stopwatch:
    """Measures seconds and those of the processor, from when it is made."""

    def __init__(self) -> None:
        """Begin."""
        self._wall, self._used = time.perf_counter(), time.process_time()

    def read(self) -> Taken:
        """Give both."""
        return time.perf_counter() - self._wall, time.process_time() - self._used


async def ours(port: int, size: int, count: int, connections: int, *, pipeline: int = 2) -> Taken:
    """Send through our provider."""
    words = {
        "HOST": "127.0.0.1",
        "PORT": port,
        "TLS": "none",
        "FROM": "a@bench.test",
        "CONNECTIONS": connections,
        "PER_CONNECTION": 1_000_000,
        "PIPELINE": pipeline,
    }
    context = Context(
        composer=Ready(mail(size)),
        clock=Now(),
        public_url="https://bench.test",
        signing_key=b"k" * 32,
        user_agent="bench",
    )
    prefix = "BROADCASTER_SMTP_"
    options = Options(prefix, {prefix + name: str(value) for name, value in words.items()})
    provider = smtp.build(options, context)
    watch = Count()
    slices = iter(
        [[message(one) for one in range(at, at + SLICE)] for at in range(1, count + 1, SLICE)]
    )

    async def feed() -> None:
        for slice_ in slices:
            await provider.stream(slice_, watch)

    clock = Stopwatch()
    await asyncio.gather(*(feed() for _ in range(CALLS)))
    taken = clock.read()
    await provider.aclose()
    assert watch.accepted == count
    return taken


def threads(port: int, size: int, count: int, connections: int) -> Taken:
    """Send through the standard library, a thread for each connection."""
    raw = mail(size)

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="bench.test") as client:
            for _ in range(count // connections):
                client.sendmail(SENDER, [RECIPIENT], raw)

    workers = [threading.Thread(target=send) for _ in range(connections)]
    clock = Stopwatch()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return clock.read()


async def library(port: int, size: int, count: int, connections: int) -> Taken:
    """Send through aiosmtplib, a task for each connection."""
    import aiosmtplib  # noqa: PLC0415  (compared with where it is installed)

    raw = mail(size)

    async def send() -> None:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False)
        async with client:
            for _ in range(count // connections):
                await client.sendmail(SENDER, [RECIPIENT], raw)

    clock = Stopwatch()
    await asyncio.gather(*(send() for _ in range(connections)))
    return clock.read()


def with_uvloop(port: int, size: int, count: int, connections: int) -> Taken:
    """Send through our provider on another event loop."""
    import uvloop  # noqa: PLC0415  (compared with where it is installed)

    taken: Taken = uvloop.run(ours(port, size, count, connections))
    return taken


SENDERS: dict[str, Callable[[int, int, int, int], Taken]] = {
    "ours": lambda *how: asyncio.run(ours(*how)),
    "ours, PIPELINE=0": lambda *how: asyncio.run(ours(*how, pipeline=0)),
    "ours, uvloop": with_uvloop,
    "smtplib, threads": threads,
    "aiosmtplib": lambda *how: asyncio.run(library(*how)),
}

_NEEDS = {"ours, uvloop": "uvloop", "aiosmtplib": "aiosmtplib"}


def rate(name: str, port: int, size: int, connections: int) -> tuple[float, float]:
    """Let somebody send in a process of its own; gives mails a second, and µs of processor each."""
    count = COUNTS[name]
    if name == "smtp-source":
        before, begun = os.times(), time.perf_counter()
        smtp_source(port, mails=count, sessions=connections, octets=size)
        taken, after = time.perf_counter() - begun, os.times()
        used = after.children_user - before.children_user
        used += after.children_system - before.children_system
        return count / taken, used / count * 1e6
    how = [str(number) for number in (port, size, count, connections)]
    done = subprocess.run(  # noqa: S603  (our own interpreter)
        [sys.executable, __file__, "--send", name, *how],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    taken, used = map(float, done.stdout.split())
    return count / taken, used / count * 1e6


def compare(rounds: int, connections: int, size: int) -> None:
    """Let all send in turns and print how they compare."""
    names = [
        name for name in COUNTS if name not in _NEEDS or importlib.util.find_spec(_NEEDS[name])
    ]
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    with sink() as port:
        for _ in range(rounds):
            for name in names:
                rates[name].append(rate(name, port, size, connections))
    base = statistics.median(rate for rate, _ in rates["smtp-source"])
    print(f"\n{size} octets, {connections} connections, {rounds} rounds in turns")
    for name in names:
        median = statistics.median(rate for rate, _ in rates[name])
        used = statistics.median(used for _, used in rates[name])
        runs = " ".join(f"{one:.0f}" for one, _ in rates[name])
        figures = f"{median / base:5.2f} x  {median:7.0f} mails/s  {used:5.0f} µs"
        print(f"  {figures}  {name:18} ({runs})", flush=True)


def main() -> None:
    """Compare, or send in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--sizes", default="4096,14336")
    parser.add_argument("--send", nargs=5, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.send:
        name, *how = given.send
        port, size, count, connections = map(int, how)
        print(*SENDERS[name](port, size, count, connections))
        return
    print(
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} processors shared with the sink, load {os.getloadavg()[0]:.1f}"
    )
    if tool("smtp-source") is None:
        sys.exit(missing("smtp-source"))
    for size in given.sizes.split(","):
        compare(given.rounds, given.connections, int(size))


if __name__ == "__main__":
    main()
