"""Publications and announcements in PostgreSQL: once, in time, and never on a guess."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from broadcaster.bootstrap import Runtime
from broadcaster.domain.advisory import MessageType
from broadcaster.domain.announcement import Announcement, AnnouncementStatus, Answer, Outcome
from broadcaster.ledger.announcements import BUSY, LOST
from broadcaster.ledger.publications import AGAIN
from broadcaster.publication import records
from broadcaster.publication.announcing import Announcer
from broadcaster.publication.serving import Asked
from broadcaster.settings import load
from tests.builders import NOON
from tests.fakes import FakeClock
from tests.public_scene import shipped_pages, shipped_renderer
from tests.rows import Rows


@pytest.fixture
def runtime(database_url: str, tmp_path: Path) -> Iterator[Runtime]:
    """Give the product's own adapters on this test's database, with two public channels."""
    settings = load(
        {
            "BROADCASTER_HOME": str(tmp_path),
            "BROADCASTER_PUBLIC_URL": "https://avis.example.test",
            "BROADCASTER_ANNOUNCE": "town;radio",
            "BROADCASTER_ANNOUNCE_TOWN_URL": "json://127.0.0.1:9/x",
            "BROADCASTER_ANNOUNCE_RADIO_URL": "json://127.0.0.1:9/y",
            "BROADCASTER_ANNOUNCE_RADIO_LOCALE": "fr",
        }
    )
    runtime = Runtime(settings, database_url, "redis://127.0.0.1:1/0")
    runtime.clock = FakeClock(NOON)
    runtime.use(shipped_renderer())
    try:
        yield runtime
    finally:
        runtime.close()


@pytest.fixture
def rows(runtime: Runtime) -> Rows:
    """Give short ways to look at the database."""
    return Rows(runtime.pool)


def _launched(runtime: Runtime, rows: Rows, name: str, **changes: object) -> int:
    """Launch a campaign as it was approved; its advisory."""
    facts = shipped_renderer().kinds["remote_services"].sample()
    given = {"facts": facts, "drill": False, "expression": "all", **changes}
    campaign = rows.draft(name=name, **given)
    found = rows.campaigns.get(name)
    pinned = runtime.hash(found, runtime.ledger.advisory(found.advisory_id))
    rows.campaigns.approve(campaign, pinned, "youssef", NOON)
    rows.campaigns.launch(campaign, "amina", NOON)
    return found.advisory_id


def _told(rows: Rows, name: str) -> None:
    """Let a campaign have told somebody, so that another may follow it."""
    tell = "UPDATE campaign SET planned_at = %s, status = 'running' WHERE name = %s"
    assert rows.tell(tell, NOON, name) == 1


@dataclass
class FakeSink:
    """A public channel that answers as it is told."""

    locale: str = "fr"
    answer: Answer = field(default_factory=lambda: Answer(outcome=Outcome.SENT))
    told: list[Announcement] = field(default_factory=list)

    def send(self, announcement: Announcement) -> Answer:
        self.told.append(announcement)
        return self.answer


def _announcer(runtime: Runtime, **sinks: FakeSink) -> Announcer:
    return Announcer(
        book=runtime.announcements,
        publications=runtime.publications,
        sinks=sinks,
        pages=shipped_pages(),
        public_url="https://avis.example.test",
        clock=runtime.clock,
        stopping=lambda: False,
    )


def _status(runtime: Runtime) -> dict[str, object]:
    return {str(one["sink"]): one["status"] for one in runtime.announcements.list()}


def _forward(runtime: Runtime, by: timedelta) -> None:
    assert isinstance(runtime.clock, FakeClock)
    runtime.clock.moment += by


def _answered(runtime: Runtime, path: str) -> str:
    answer = runtime.public_files.answer(path, Asked())
    return answer.body.decode() if answer else ""


def test_what_is_launched_is_published_when_its_time_comes(runtime: Runtime, rows: Rows) -> None:
    """A draft never, a scheduled one then; frozen with the area that its audience is bound to."""
    runtime.areas.save_circle("Old town", -7.62, 33.59, 500)
    pinned = runtime.places.pinned("Old town")
    rows.draft(name="draft")
    later = _launched(runtime, rows, "later", scheduled_at=NOON + timedelta(hours=1))
    now = _launched(
        runtime, rows, "now", expression=f'location in area "{pinned}" and locale = "fr"'
    )
    assert runtime.publisher.pending()
    runtime.publisher.publish()
    assert set(runtime.publications.changes()) == {now}
    cap = _answered(runtime, f"/advisories/{now}/cap.xml")
    assert "<areaDesc>Old town</areaDesc>" in cap
    assert "<circle>33.59,-7.62 0.5</circle>" in cap
    assert not _answered(runtime, f"/advisories/{later}/fr")
    assert not runtime.publisher.pending()
    _forward(runtime, timedelta(hours=1))
    assert runtime.publisher.pending()
    runtime.publisher.publish()
    assert _answered(runtime, f"/advisories/{later}/fr")
    assert rows.ask("SELECT subject FROM audit WHERE action = 'publish' ORDER BY id") == [
        (f"advisory {now}",),
        (f"advisory {later}",),
    ]


def test_an_audience_that_can_not_be_read_any_more_hides_nothing(
    runtime: Runtime, rows: Rows
) -> None:
    """An attribute or an area that is gone; the country is named instead."""
    number = _launched(runtime, rows, "notice", expression='gone = 1 and location in area "Gone"')
    runtime.publisher.publish()
    assert "<areaDesc>Maroc</areaDesc>" in _answered(runtime, f"/advisories/{number}/cap.xml")


def test_publishing_at_once_by_several_is_publishing_once(runtime: Runtime, rows: Rows) -> None:
    """Whoever is second finds it done; nothing that was frozen changes."""
    number = _launched(runtime, rows, "notice")
    with ThreadPoolExecutor(4) as several:
        list(several.map(lambda _: runtime.publisher.publish(), range(4)))
    (kept,) = runtime.publications.read([number])
    _forward(runtime, timedelta(minutes=1))
    other = replace(kept, frozen=kept.frozen + " ", cap="other")
    assert not runtime.publications.save(other, 1, NOON, ["town"])
    assert list(runtime.publications.read([number])) == [kept]
    assert rows.ask("SELECT count(*) FROM announcement") == [(2,)]


def test_a_cancelled_campaign_takes_its_page_back(runtime: Runtime, rows: Rows) -> None:
    """It says so, at the time of the cancellation, once."""
    number = _launched(runtime, rows, "notice")
    runtime.publisher.publish()
    rows.campaigns.cancel(1, "amina", NOON + timedelta(minutes=3))
    assert runtime.publisher.pending()
    runtime.publisher.publish()
    (record,) = runtime.publications.read([number])
    assert record.cancelled_at == NOON + timedelta(minutes=3)
    assert "<sent>2020-03-20T13:03:00+01:00</sent>" in (record.calling_off or "")
    assert "Cet avis a été retiré" in _answered(runtime, f"/advisories/{number}/fr")
    runtime.publications.call_off(number, NOON, "other")
    assert list(runtime.publications.read([number])) == [record]
    assert not runtime.publisher.pending()


def test_what_ended_or_was_replaced_was_not_called_off(runtime: Runtime, rows: Rows) -> None:
    """Though its campaign says cancelled: its time was over, or another took its place."""
    ended = _launched(runtime, rows, "ended", expires=NOON + timedelta(minutes=5))
    first = _launched(runtime, rows, "alert")
    runtime.publisher.publish()
    _told(rows, "alert")
    _launched(runtime, rows, "update", message_type=MessageType.UPDATE, follows=first)
    tell = "UPDATE campaign SET status = 'cancelled', finished_at = %s WHERE name = 'ended'"
    assert rows.tell(tell, NOON + timedelta(minutes=6)) == 1
    assert rows.ask("SELECT status FROM campaign WHERE name = 'alert'") == [("cancelled",)]
    _forward(runtime, timedelta(minutes=7))
    runtime.publisher.publish()
    assert [one.calling_off for one in runtime.publications.read([ended, first])] == [None, None]
    assert "a pris fin" in _answered(runtime, f"/advisories/{ended}/fr")
    assert "a été remplacé" in _answered(runtime, f"/advisories/{first}/fr")


def test_nothing_that_ended_before_is_published(runtime: Runtime, rows: Rows) -> None:
    """Of former years, say, at the first start of this version."""
    _launched(runtime, rows, "short", expires=NOON + timedelta(minutes=5))
    _forward(runtime, timedelta(minutes=5))
    assert not runtime.publications.waiting(runtime.clock.now())
    runtime.publisher.publish()
    assert runtime.publications.changes() == {}


def test_a_thread_is_published_in_its_order(runtime: Runtime, rows: Rows) -> None:
    """The update refers to the alert; the alert's page leads to the update."""
    first = _launched(runtime, rows, "alert")
    _told(rows, "alert")
    second = _launched(runtime, rows, "update", message_type=MessageType.UPDATE, follows=first)
    runtime.publisher.publish()
    (one, two) = runtime.publications.earlier(second)
    assert (one.advisory, two.advisory) == (first, second)
    assert records.read(one.frozen).identifier in two.cap
    assert f"/advisories/{second}/fr" in _answered(runtime, f"/advisories/{first}/fr")


def test_what_can_not_be_published_is_tried_again_later(runtime: Runtime, rows: Rows) -> None:
    """Not at each tick; at once when somebody says so."""
    rows.launched(name="changed since", drill=False)
    runtime.publisher.publish()
    ((number, fault),) = runtime.publications.faults().items()
    assert "would not read as it was approved" in fault
    assert not runtime.publications.waiting(NOON)
    assert runtime.publications.due(NOON + AGAIN) == [(number, 1)]
    runtime.publications.try_again()
    assert runtime.publications.due(NOON) == [(number, 1)]


def test_each_channel_is_told_once(runtime: Runtime, rows: Rows) -> None:
    """In its language, with a link; exercises are announced nowhere."""
    number = _launched(runtime, rows, "notice")
    _launched(runtime, rows, "exercise", drill=True)
    runtime.publisher.publish()
    town, radio = FakeSink(locale="ary"), FakeSink()
    announcer = _announcer(runtime, town=town, radio=radio)
    assert announcer.announce() == 2
    assert announcer.announce() == 0
    assert [one.body.rpartition("\n")[2] for one in (*town.told, *radio.told)] == [
        f"https://avis.example.test/advisories/{number}/{tag}" for tag in ("ar", "fr")
    ]
    assert _status(runtime) == {"town": "sent", "radio": "sent"}
    assert not runtime.announcements.waiting(NOON + timedelta(days=1))


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_what_surely_was_not_taken_goes_again(
    runtime: Runtime, rows: Rows, outcome: Outcome
) -> None:
    """Later, and never what is in doubt."""
    _launched(runtime, rows, "notice")
    runtime.publisher.publish()
    town = FakeSink(answer=Answer(outcome=outcome, reason="because"))
    announcer = _announcer(runtime, town=town)
    announcer.announce()
    for _ in range(30):
        _forward(runtime, timedelta(minutes=20))
        announcer.announce()
    assert len(town.told) == (10 if outcome is Outcome.LATER else 1)
    ended = "refused" if outcome is Outcome.LATER else outcome.value
    assert _status(runtime)["town"] == ended


def test_one_whose_worker_was_lost_is_in_doubt(runtime: Runtime, rows: Rows) -> None:
    """It may have left; a late word of the lost one changes nothing."""
    _launched(runtime, rows, "notice")
    runtime.publisher.publish()
    claimed = runtime.announcements.claim(NOON, ["town"])
    assert claimed is not None
    assert runtime.announcements.claim(NOON, ["town"]) is None
    _forward(runtime, LOST + timedelta(seconds=1))
    assert runtime.announcements.waiting(runtime.clock.now())
    assert runtime.announcements.claim(runtime.clock.now(), ["town"]) is None
    runtime.announcements.record(claimed, AnnouncementStatus.SENT, "", NOON)
    assert _status(runtime) == {"town": "doubt", "radio": "waiting"}


def test_channels_that_hang_take_one_worker_and_not_for_long(runtime: Runtime, rows: Rows) -> None:
    """Others send what they are there for meanwhile; one whose worker was lost stops nothing."""
    _launched(runtime, rows, "first")
    _launched(runtime, rows, "second")
    runtime.publisher.publish()
    second = FakeSink()

    class Hanging(FakeSink):
        def send(self, announcement: Announcement) -> Answer:
            assert _announcer(runtime, radio=second).announce() == 0
            _forward(runtime, timedelta(seconds=15))
            return super().send(announcement)

    town = Hanging()
    assert _announcer(runtime, town=town).announce() == 1
    assert _announcer(runtime, town=town).announce() == 1
    assert _announcer(runtime, radio=second).announce() == 2
    _launched(runtime, rows, "third")
    runtime.publisher.publish()
    now = runtime.clock.now()
    assert runtime.announcements.claim(now, ["town"])
    assert runtime.announcements.claim(now, ["radio"]) is None
    assert runtime.announcements.claim(now + BUSY, ["radio"])


def test_nothing_stale_is_announced(runtime: Runtime, rows: Rows) -> None:
    """What ended, was followed or called off is dropped; what is paused waits."""
    first = _launched(runtime, rows, "alert")
    runtime.publisher.publish()
    _told(rows, "alert")
    rows.campaigns.pause(1, "amina", NOON)
    town = FakeSink()
    announcer = _announcer(runtime, town=town, radio=town)
    assert announcer.announce() == 0
    assert set(_status(runtime).values()) == {"waiting"}
    _launched(runtime, rows, "update", message_type=MessageType.UPDATE, follows=first)
    runtime.publisher.publish()
    assert announcer.announce() == 2
    assert {one["status"] for one in runtime.announcements.list() if one["advisory"] == first} == {
        "dropped"
    }
    _launched(runtime, rows, "short", expires=NOON + timedelta(minutes=5))
    runtime.publisher.publish()
    _forward(runtime, timedelta(minutes=5))
    assert announcer.announce() == 0
    assert len(town.told) == 2


def test_a_channel_that_is_set_up_later_hears_of_nothing_former(
    runtime: Runtime, rows: Rows
) -> None:
    """Nor does one that is not here any more stop others."""
    _launched(runtime, rows, "notice")
    runtime.publisher.publish()
    new = FakeSink()
    assert _announcer(runtime, new=new).announce() == 0
    assert new.told == []
