"""Starting the sinks in processes of their own, and asking them what arrived."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks._sink import SPAN

_ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrivals:
    """What arrived at a sink since it was told to forget; times in seconds since 1970."""

    count: int
    octets: int
    first: float
    last: float
    firsts: dict[str, float]
    spans: list[tuple[str, int, int]]

    @property
    def seconds(self) -> float:
        """How long it took from the first to the last."""
        return self.last - self.first

    def within(self, since: float, until: float, label: str | None = None) -> int:
        """Count what arrived in the spans between two moments, of one label or of all."""
        low, high = int(since / SPAN), int(until / SPAN)
        return sum(
            count
            for name, span, count in self.spans
            if low <= span < high and label in (None, name)
        )


class Sink:
    """A sink that runs."""

    def __init__(self, child: "subprocess.Popen[str]", port: int, record: Path | None) -> None:
        """Keep its process."""
        self._child = child
        self.port = port
        self.record = record
        self._read = 0

    @property
    def pid(self) -> int:
        """Its process."""
        return self._child.pid

    def reset(self) -> None:
        """Have it forget the counts."""
        self._ask("reset")

    def arrivals(self) -> Arrivals:
        """Ask what arrived."""
        said = self._ask("stats")
        return Arrivals(
            count=said["count"],
            octets=said["octets"],
            first=said["first"],
            last=said["last"],
            firsts=said["firsts"],
            spans=[tuple(row) for row in said["spans"]],
        )

    def recorded(self) -> list[str]:
        """Read who received since this was asked last, one word for each message."""
        self._ask("stats")
        if self.record is None:
            raise ValueError("this sink records nothing")
        with self.record.open("rb") as file:
            file.seek(self._read)
            lines = file.read()
        self._read += len(lines)
        return [line.partition("\t")[0] for line in lines.decode("utf-8").splitlines()]

    def _ask(self, word: str) -> dict[str, Any]:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(f"{word}\n")
        self._child.stdin.flush()
        answer: dict[str, Any] = json.loads(self._child.stdout.readline())
        return answer


@contextmanager
def sink(kind: str, record: Path | None = None, port: int = 0) -> Iterator[Sink]:
    """Run a sink: `smtp` or `sms`."""
    words = [str(port), *([str(record)] if record else [])]
    with subprocess.Popen(  # noqa: S603  (our own program)
        [sys.executable, "-m", f"benchmarks._{kind}_sink", *words],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            assert child.stdout is not None
            yield Sink(child, int(child.stdout.readline()), record)
        finally:
            child.kill()
