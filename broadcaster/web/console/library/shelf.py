"""What the folders of kinds and translations hold, read once and again after a change.

What campaigns are made of was read when this process began, and stays until it is started again,
as it does in workers: here both are known, and it is said where they differ.
"""

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property

from broadcaster import bootstrap
from broadcaster.bootstrap import Runtime
from broadcaster.channels.sms import measure
from broadcaster.errors import BroadcasterError
from broadcaster.render.check import KindChecker
from broadcaster.render.coverage import Coverage, KindCoverage, counted
from broadcaster.render.findings import Finding
from broadcaster.render.locales import Locale


class Read:
    """The folders as they were at one moment."""

    def __init__(self, checker: KindChecker) -> None:
        """Nothing is counted yet."""
        self.checker = checker
        self._lock = threading.Lock()

    @property
    def kinds(self) -> Sequence[str]:
        """Name all kinds, the broken ones too."""
        library = self.checker.renderer.library
        return sorted({*library.kinds, *library.faults})

    @cached_property
    def locales(self) -> Sequence[Locale]:
        """The locales that have texts of their own, or are to have them."""
        return counted(self.checker.renderer)

    @property
    def coverage(self) -> Mapping[tuple[str, str], Coverage]:
        """What is translated, by kind and locale; counted once."""
        with self._lock:
            return self._coverage

    @property
    def findings(self) -> Sequence[Finding]:
        """What the check of all kinds finds, errors first; it takes seconds, once."""
        with self._lock:
            return self._findings

    @cached_property
    def _coverage(self) -> Mapping[tuple[str, str], Coverage]:
        counting = KindCoverage(renderer=self.checker.renderer, measure=self.checker.measure)
        names = sorted(self.checker.renderer.kinds)
        return {(one.kind, one.locale): one for one in counting.of(self.locales, names)}

    @cached_property
    def _findings(self) -> Sequence[Finding]:
        return self.checker.check()


class Shelf:
    """Gives what was read last."""

    def __init__(self, runtime: Runtime) -> None:
        """Begin with what this process uses."""
        self._runtime = runtime
        self._lock = threading.Lock()
        self._read: Read | None = None

    def now(self) -> Read:
        """Give it; what this process uses until something was changed."""
        with self._lock:
            if self._read is None:
                checker = KindChecker(renderer=self._runtime.renderer, measure=measure)
                self._read = Read(checker)
            return self._read

    def read_again(self) -> Read:
        """Read the folders; ConfigurationError naming what is broken in them."""
        read = Read(bootstrap.kind_checker(self._runtime.settings))
        with self._lock:
            self._read = read
        return read

    def in_force(self, name: str) -> bool:
        """Tell whether campaigns of this process are made of what the folder has now."""
        used, read = self._runtime.renderer, self.now().checker.renderer
        if used is read:
            return True
        try:
            return used.fingerprint(name) == read.fingerprint(name)
        except BroadcasterError:
            return False
