"""A short form of `make chaos`: some thousand deliveries, and every kind of event."""

import sys
from pathlib import Path

import pytest

from tests.chaos import summary
from tests.chaos.book import Book
from tests.chaos.plan import Kind
from tests.chaos.run import Run
from tests.chaos.scene import staged
from tests.chaos.wishes import Wishes


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads children from /proc")
def test_the_sums_are_right_whatever_is_done(tmp_path: Path) -> None:
    """Killed, stopped, cut, stalled, flushed, doubled: nobody is lost or told twice."""
    wishes = Wishes(
        seed=65,
        customers=450,
        events=15,
        trouble=0.1,
        sending=8,
        # As many processes as there are share two cores with other tests.
        pause=4,
        patience=300,
        kept=tmp_path,
    )
    with (tmp_path / "events.jsonl").open("w", encoding="utf-8") as file, staged(wishes) as scene:
        book = Book(file, echo=False)
        outcome = Run(scene=scene, wishes=wishes, book=book).play()
    assert outcome.good, summary.text(wishes, outcome, book.lines)
    assert outcome.done == wishes.events
    done = {line["event"].partition(" ")[0] for line in book.lines if line["what"] == "followed"}
    assert done == set(Kind)
