"""What the folders of kinds and translations hold, read once and again after a change.

What campaigns are made of was read when this process began, and stays until it is started again,
as it does in workers: here both are known, and it is said where they differ.
"""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property

from broadcaster import bootstrap
from broadcaster.bootstrap import Runtime
from broadcaster.channels.sms import measure
from broadcaster.errors import BroadcasterError
from broadcaster.render.check import KindChecker
from broadcaster.render.coverage import Coverage, KindCoverage, counted
from broadcaster.render.locales import Locale
from broadcaster.web.console.library.checking import Checking, Course


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

    @cached_property
    def checking(self) -> Checking:
        """What checks all kinds, once."""
        return Checking(self.checker, self.kinds)

    @cached_property
    def _coverage(self) -> Mapping[tuple[str, str], Coverage]:
        counting = KindCoverage(renderer=self.checker.renderer, measure=self.checker.measure)
        names = sorted(self.checker.renderer.kinds)
        return {(one.kind, one.locale): one for one in counting.of(self.locales, names)}


class Shelf:
    """Gives what was read last."""

    def __init__(self, runtime: Runtime) -> None:
        """Begin with what this process uses."""
        self._runtime = runtime
        self._lock = threading.Lock()
        self._read: Read | None = None
        self._found: tuple[bytes, Read] | None = None
        self._reading: tuple[bytes, str] | None = None

    def now(self) -> Read:
        """Give it; what this process uses until something was changed."""
        with self._lock:
            if self._read is None:
                checker = KindChecker(renderer=self._runtime.renderer, measure=measure)
                self._read = Read(checker)
            return self._read

    def read_again(self) -> Read:
        """Read the folders, and show them; ConfigurationError naming what is broken in them."""
        read = self.found()
        with self._lock:
            self._read = read
        return read

    def found(self) -> Read:
        """Give what the folders hold now, read again only after a file changed; errors as above.

        What was counted and checked in them is so long what it was.
        """
        held = self._held()
        with self._lock:
            if self._found is not None and self._found[0] == held:
                return self._found[1]
        read = Read(bootstrap.kind_checker(self._runtime.settings))
        with self._lock:
            self._found = (held, read)
        return read

    def course(self) -> Course:
        """Have what the folders hold now read and checked in the background; how far that is."""
        held = self._held()
        with self._lock:
            if self._found is not None and self._found[0] == held:
                checking = self._found[1].checking
            elif self._reading is not None and self._reading[0] == held:
                return Course(done=0, all=1, rate=None, left=None, fault=self._reading[1])
            else:
                self._reading = (held, "")
                threading.Thread(target=self._look, args=[held], daemon=True).start()
                return Course(done=0, all=1, rate=None, left=None)
        checking.begin()
        return checking.course()

    def _look(self, held: bytes) -> None:
        try:
            self.found().checking.begin()
        except BroadcasterError as error:
            with self._lock:
                self._reading = (held, str(error))

    def _held(self) -> bytes:
        """Hash the names and contents of all files of kinds and translations, some hundreds."""
        settings, digest = self._runtime.settings, hashlib.sha256()
        own = [*settings.templates, *settings.locales]
        for folder in [*own, *map(bootstrap.shipped, ("templates", "locales"))]:
            for file in sorted(folder.rglob("*")):
                if file.is_file():
                    content = hashlib.sha256(file.read_bytes()).digest()
                    digest.update(str(file).encode("utf-8", "surrogateescape") + b"\0" + content)
        return digest.digest()

    def in_force(self, name: str) -> bool:
        """Tell whether campaigns of this process are made of what the folder has now."""
        used, read = self._runtime.renderer, self.now().checker.renderer
        if used is read:
            return True
        try:
            return used.fingerprint(name) == read.fingerprint(name)
        except BroadcasterError:
            return False
