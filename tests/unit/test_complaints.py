"""Which part of its answers a network spends on complaints, as a process sees it."""

from datetime import timedelta

import pytest

from broadcaster.dispatch.complaints import Complaints
from tests.builders import NOON


def test_a_lone_answer_counts_for_all() -> None:
    """As long as nothing else is known."""
    assert Complaints().note(1, 1, NOON) == 1.0


def test_nothing_answered_is_no_complaint() -> None:
    """Rather than a division by nothing."""
    assert Complaints().note(0, 0, NOON) == 0.0


def test_a_stray_among_many_is_a_small_part() -> None:
    """Answers of the last seconds count, not only those that came with it."""
    known = Complaints()
    known.note(99, 0, NOON)
    assert known.note(1, 1, NOON) == pytest.approx(0.01)


def test_former_answers_fade() -> None:
    """Half of them after two seconds, whatever the steps; a clock that goes back fades nothing."""
    known = Complaints()
    known.note(100, 0, NOON)
    assert known.note(50, 50, NOON + timedelta(seconds=2)) == pytest.approx(0.5)
    assert known.note(0, 0, NOON) == pytest.approx(0.5)
