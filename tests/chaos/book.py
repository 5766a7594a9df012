"""The record of a run: what was done, when, to whom, and what followed."""

import json
import threading
import time
from pathlib import Path
from typing import IO, Any


class Book:
    """A file of JSON lines; several threads write into it. Times are seconds since the start."""

    def __init__(self, file: IO[str], *, echo: bool) -> None:
        """Write into a file, and what happens to standard output too when `echo` is set."""
        self._file = file
        self._echo = echo
        self._turn = threading.Lock()
        self._start = time.monotonic()
        self.lines: list[dict[str, Any]] = []

    def note(self, what: str, **more: object) -> None:
        """Write a line."""
        now = time.monotonic() - self._start
        line = {"at": round(now, 2), "what": what, "time": round(time.time(), 3), **more}
        with self._turn:
            self.lines.append(line)
            self._file.write(json.dumps(line, default=str) + "\n")
            self._file.flush()
            if self._echo:
                words = " ".join(f"{name}={value}" for name, value in more.items())
                print(f"{line['at']:8.2f}  {what:<10} {words}", flush=True)  # noqa: T201  (it is a command)


def last_words(folder: Path, name: str, count: int = 15) -> list[str]:
    """Give the last lines of a log."""
    path = folder / f"{name}.log"
    if not path.exists():
        return []
    return path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
