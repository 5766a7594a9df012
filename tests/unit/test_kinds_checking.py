"""The check of all kinds in the background: once for all who ask, with how far it is."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, cast

from broadcaster.errors import ConfigurationError
from broadcaster.render.findings import Finding, Gravity
from broadcaster.web.console.library.checking import Checking
from tests.web_scene import wait


@dataclass
class _Checker:
    """Finds a warning in each kind and an error in the second, when it is let go on."""

    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    asked: Counter[str] = field(default_factory=Counter)
    broken: str = ""

    def check(self, kind: str) -> tuple[Finding, ...]:
        self.asked[kind] += 1
        assert self.go.acquire(timeout=10)
        if kind == self.broken:
            message = "The folder is gone. Put it back."
            raise ConfigurationError(message)
        gravity = Gravity.ERROR if kind == "b" else Gravity.WARNING
        return (_finding("", Gravity.WARNING), _finding(kind, gravity))


def _finding(kind: str, gravity: Gravity) -> Finding:
    return Finding(
        gravity=gravity, kind=kind, part="", locale="fr", place="", problem="is odd", remedy="Mend."
    )


def _checking(checker: _Checker) -> Checking:
    return Checking(cast("Any", checker), ["a", "b", "c"])


def test_each_kind_is_checked_once_and_what_is_known_is_shown_meanwhile() -> None:
    """Whoever begins it again begins nothing; errors come first, and what is common once."""
    checker = _Checker()
    checking = _checking(checker)
    assert checking.course().running
    checking.begin()
    checking.begin()
    course = checking.course()
    assert (course.done, course.all, course.rate, course.left) == (0, 3, None, None)
    checker.go.release(2)
    wait(lambda: checking.course().done == 2)
    course = checking.course()
    assert course.running
    assert course.rate is not None
    assert course.left is not None
    assert course.left > 0
    assert [one.kind for one in course.findings] == ["b", "", "a"]
    checker.go.release()
    wait(lambda: not checking.course().running)
    assert [one.kind for one in checking.of("c")] == ["c"]
    assert checking.course().left == 0
    assert checker.asked == {"a": 1, "b": 1, "c": 1}


def test_what_can_not_be_checked_ends_it_and_says_why() -> None:
    """Nobody waits for what will not come."""
    checker = _Checker(go=threading.Semaphore(3), broken="b")
    checking = _checking(checker)
    checking.begin()
    wait(lambda: not checking.course().running)
    assert "Put it back" in checking.course().fault
    assert checking.course().done == 1
