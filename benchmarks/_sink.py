"""A server that takes everything, counts it and stamps its arrival; the base of all sinks.

One epoll loop and no framework: it must be faster than what is measured against it. It is told by
lines on its standard input: `stats` answers one line of JSON, `reset` forgets the counts, and the
end of the input ends it. With a file to record to, it writes a line for each message.
"""

import json
import select
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

#: Arrivals are counted in spans of this length, seconds.
SPAN = 0.1
_READ = 262_144
_KEPT_LINES = 5000


@dataclass(slots=True)
class Tally:
    """What arrived: how many, when, how large, and of which label in which span."""

    record: IO[bytes] | None = None
    labelled: bool = False
    count: int = 0
    octets: int = 0
    first: float = 0.0
    last: float = 0.0
    spans: Counter[tuple[str, int]] = field(default_factory=Counter)
    firsts: dict[str, float] = field(default_factory=dict)
    _lines: list[bytes] = field(default_factory=list)

    def arrived(self, octets: int, label: str, line: bytes, now: float) -> None:
        """Count a message; `line` is what is recorded of it."""
        self.count += 1
        self.octets += octets
        if not self.first:
            self.first = now
        self.last = now
        if label not in self.firsts:
            self.firsts[label] = now
        self.spans[label, int(now / SPAN)] += 1
        if self.record is not None:
            self._lines.append(line)
            if len(self._lines) >= _KEPT_LINES:
                self.flush()

    def flush(self) -> None:
        """Write down what is recorded."""
        if self.record is not None and self._lines:
            self.record.write(b"\n".join(self._lines) + b"\n")
            self.record.flush()
            self._lines.clear()

    def reset(self) -> None:
        """Forget the counts; what was recorded stays."""
        self.flush()
        self.count = self.octets = 0
        self.first = self.last = 0.0
        self.spans.clear()
        self.firsts.clear()

    def stats(self) -> dict[str, object]:
        """Give the counts, for JSON."""
        self.flush()
        return {
            "count": self.count,
            "octets": self.octets,
            "first": self.first,
            "last": self.last,
            "firsts": self.firsts,
            "spans": [[label, span, count] for (label, span), count in sorted(self.spans.items())],
        }


class Session(Protocol):
    """One connection's side of a protocol."""

    greeting: bytes

    def feed(self, data: bytes) -> bytes:
        """Take what arrived, and give what to answer; empty bytes say nothing."""
        ...


def serve(session: Callable[[Tally], Session], port: int, record: Path | None) -> None:
    """Serve until the standard input ends; prints the port first."""
    tally = Tally(record=record.open("ab") if record else None)
    with socket.create_server(("127.0.0.1", port), backlog=1024) as server:
        server.setblocking(False)  # noqa: FBT003  (the library's way)
        print(server.getsockname()[1], flush=True)
        _Loop(server, session, tally).run()
    tally.flush()


class _Loop:
    def __init__(
        self, server: socket.socket, session: Callable[[Tally], Session], tally: Tally
    ) -> None:
        self._server = server
        self._session = session
        self._tally = tally
        self._poll = select.epoll()
        self._open: dict[int, tuple[socket.socket, Session]] = {}
        self._waiting: dict[int, bytes] = {}
        # Kept: to ask the system for as much anew each time costs more than to read.
        self._room = memoryview(bytearray(_READ))

    def run(self) -> None:
        control, door = sys.stdin.fileno(), self._server.fileno()
        self._poll.register(door, select.EPOLLIN)
        self._poll.register(control, select.EPOLLIN)
        while True:
            for number, event in self._poll.poll():
                if number == door:
                    self._accept()
                elif number == control:
                    if not self._told():
                        return
                elif event & select.EPOLLOUT:
                    self._more(number)
                else:
                    self._read(number)

    def _accept(self) -> None:
        client, _ = self._server.accept()
        client.setblocking(False)  # noqa: FBT003  (the library's way)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = self._session(self._tally)
        self._open[client.fileno()] = (client, session)
        self._poll.register(client.fileno(), select.EPOLLIN)
        if session.greeting:
            self._say(client.fileno(), client, session.greeting)

    def _told(self) -> bool:
        line = sys.stdin.readline().strip()
        if line == "stats":
            print(json.dumps(self._tally.stats()), flush=True)
        elif line == "reset":
            self._tally.reset()
            print("{}", flush=True)
        return bool(line)

    def _read(self, number: int) -> None:
        client, session = self._open[number]
        try:
            size = client.recv_into(self._room)
        except BlockingIOError:
            return
        except OSError:
            size = 0
        if not size:
            self._close(number, client)
            return
        answer = session.feed(bytes(self._room[:size]))
        if answer:
            self._say(number, client, answer)

    def _say(self, number: int, client: socket.socket, answer: bytes) -> None:
        if number in self._waiting:
            self._waiting[number] += answer
            return
        try:
            sent = client.send(answer)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._close(number, client)
            return
        if sent < len(answer):
            self._waiting[number] = answer[sent:]
            self._poll.modify(number, select.EPOLLOUT)

    def _more(self, number: int) -> None:
        client, _ = self._open[number]
        rest = self._waiting.pop(number)
        self._poll.modify(number, select.EPOLLIN)
        self._say(number, client, rest)

    def _close(self, number: int, client: socket.socket) -> None:
        self._poll.unregister(number)
        self._waiting.pop(number, None)
        del self._open[number]
        client.close()


def now() -> float:
    """Give the moment of an arrival, seconds since 1970: other processes' clocks compare to it."""
    return time.time()


def main(session: Callable[[Tally], Session]) -> None:
    """Read the command line of a sink: a port (0: any), and perhaps a file to record to."""
    words = sys.argv[1:]
    serve(session, int(words[0]) if words else 0, Path(words[1]) if len(words) > 1 else None)
