"""The check of all kinds in the background: each once, whoever asks, and how far it is.

It takes seconds of a processor; pages show what was found so far, and how long it will take.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from broadcaster.errors import BroadcasterError
from broadcaster.render.check import KindChecker
from broadcaster.render.findings import Finding, Gravity


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """How far it is: kinds that were checked, of how many, kinds a second, and seconds left.

    `rate` and `left` are None before the first kind is done. `findings` are errors first; `fault`
    is why it ended early, if it did.
    """

    done: int
    all: int
    rate: float | None
    left: float | None
    findings: Sequence[Finding] = ()
    fault: str = ""

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.done < self.all and not self.fault


@dataclass(slots=True)
class Checking:
    """Checks what was read at one moment; nothing is checked twice, because nothing changes."""

    checker: KindChecker
    names: Sequence[str]
    _found: dict[str, Sequence[Finding]] = field(default_factory=dict)
    _common: Sequence[Finding] | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)
    # Who asks how far it is waits for no kind.
    _start: threading.Lock = field(default_factory=threading.Lock)
    _begun: float | None = None
    _ended: float | None = None
    _fault: str = ""

    def of(self, name: str) -> Sequence[Finding]:
        """Give what is found in one kind; checked now where it was not."""
        with self._turn:
            if name not in self._found:
                every = self.checker.check(name)
                self._found[name] = [one for one in every if one.kind == name]
                # What is found in a language's texts of no kind comes with each of them.
                self._common = [one for one in every if not one.kind]
            return self._found[name]

    def begin(self) -> None:
        """Have all kinds checked from now on, unless that was begun."""
        with self._start:
            if self._begun is not None:
                return
            self._begun = time.monotonic()
        threading.Thread(target=self._all, name="kinds", daemon=True).start()

    def course(self) -> Course:
        """Say how far it is; does not wait."""
        found = dict(self._found)
        done, every = len(found), len(self.names)
        seconds = (self._ended or time.monotonic()) - (self._begun or time.monotonic())
        rate = done / seconds if done and seconds > 0 else None
        every_finding = [*(self._common or ()), *(one for some in found.values() for one in some)]
        return Course(
            done=done,
            all=every,
            rate=rate,
            left=(every - done) / rate if rate else None,
            findings=sorted(every_finding, key=lambda one: list(Gravity).index(one.gravity)),
            fault=self._fault,
        )

    def _all(self) -> None:
        try:
            for name in self.names:
                self.of(name)
        except BroadcasterError as error:
            self._fault = str(error)
        finally:
            self._ended = time.monotonic()
