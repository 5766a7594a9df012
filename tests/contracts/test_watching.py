"""The watch beside beat, over real servers: what it sees, what it tells, and what it never says."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.watching import Watchman, reachable_team, team
from broadcaster.domain.alerting import News, Notice, Watched
from broadcaster.domain.announcement import Announcement, Answer, Outcome
from broadcaster.domain.delivery import DeliveryId
from broadcaster.errors import ConfigurationError
from broadcaster.ledger.alerts import Alerts
from broadcaster.settings import load
from broadcaster.telemetry.overview import overview_readings
from broadcaster.web.alerting import HINTS, TITLES, speaker
from tests.builders import NOON, receipt, recorded, submission
from tests.fakes import FakeClock
from tests.rows import Pool, Rows

_TEN = timedelta(seconds=10)


@dataclass
class Told:
    """A destination that answers as it is told to, and keeps what it heard."""

    outcome: Outcome = Outcome.SENT
    heard: list[Announcement] = field(default_factory=list)

    def send(self, announcement: Announcement) -> Answer:
        self.heard.append(announcement)
        return Answer(outcome=self.outcome)


@dataclass
class Scene:
    """A watch with a clock of its own."""

    runtime: Runtime
    clock: FakeClock
    told: Told
    watchman: Watchman

    def pass_time(self, minutes: float) -> None:
        for _ in range(round(minutes * 6)):
            self.clock.moment += _TEN
            self.watchman.look()
            self.watchman.tell()


@pytest.fixture
def scene(database_url: str, redis_url: str, home: Path) -> Iterator[Scene]:
    """Watch over this test's database and Redis."""
    given = {"HOME": str(home), "DATABASE_URL": database_url, "REDIS_URL": redis_url}
    more = {"ALERTS_LOCALE": "en", "LIMITS": "smtp=5;twilio=5;fcm=5;webpush=5"}
    settings = load({f"BROADCASTER_{name}": value for name, value in {**given, **more}.items()})
    runtime = Runtime(settings, database_url, redis_url)
    runtime.clock = clock = FakeClock()
    told = Told()
    voice = speaker(settings)
    yield Scene(runtime, clock, told, Watchman(runtime, {"oncall": told}, voice.say))
    runtime.close()


def test_a_campaign_that_nobody_takes_up_is_told_once_and_its_end_too(
    scene: Scene, pool: Pool
) -> None:
    """Nothing at first; after two minutes one message, and one more when it goes on."""
    rows = Rows(pool)
    campaign = rows.running()
    scene.pass_time(1)
    assert scene.told.heard == []
    scene.pass_time(10)
    assert [one.title for one in scene.told.heard] == [f"Alert: Campaign {campaign} stands still"]
    rows.tell("UPDATE batch SET lease_until = %s", NOON + timedelta(hours=5))
    scene.pass_time(5)
    assert [one.title for one in scene.told.heard[1:]] == [
        f"Over: Campaign {campaign} stands still"
    ]
    assert scene.runtime.alerts.standing() == []


def test_a_network_that_fails_for_minutes_is_told(scene: Scene) -> None:
    """As the workers that send noted when their breaker opened, and closed again."""
    troubles = scene.runtime.troubles
    for _ in range(6):
        troubles.turned("smtp", scene.clock.now(), well=False)
        scene.pass_time(1)
    assert [one.title for one in scene.told.heard] == ["Alert: The network smtp fails"]
    troubles.turned("smtp", scene.clock.now(), well=True)
    scene.pass_time(3)
    assert [one.title for one in scene.told.heard[1:]] == ["Over: The network smtp fails"]
    assert scene.runtime.troubles.failing(scene.clock.now()) == {}


def test_what_was_claimed_and_not_recorded_is_not_told_again(scene: Scene, pool: Pool) -> None:
    """Whoever took it may have told it; others are not sent on a guess."""
    alerts = Alerts(pool)
    notice = Notice(watched=Watched.DISK, subject="", news=News.RAISED, since=NOON, at=NOON)
    alerts.judge(lambda known: (known, [notice]), ["oncall"])
    assert alerts.claim(NOON, ["oncall"]) is not None
    assert alerts.claim(NOON + timedelta(hours=1), ["oncall"]) is None
    assert [row["status"] for row in alerts.told()] == ["doubt"]
    assert scene.told.heard == []


def test_what_was_not_reached_is_tried_again_and_not_for_ever(scene: Scene, pool: Pool) -> None:
    """A destination that is away hears of it when it is back, unless that is no news any more."""
    notice = Notice(watched=Watched.DISK, subject="", news=News.RAISED, since=NOON, at=NOON)
    Alerts(pool).judge(lambda known: (known, [notice]), ["oncall"])
    scene.told.outcome = Outcome.LATER
    scene.watchman.tell()
    scene.pass_time(5)
    assert len(scene.told.heard) > 2
    scene.clock.moment += timedelta(hours=7)
    scene.watchman.tell()
    assert [row["status"] for row in Alerts(pool).told()] == ["dropped"]


def test_without_a_database_the_team_is_told_all_the_same(scene: Scene) -> None:
    """Once, from memory; of the limits nothing is known meanwhile."""
    scene.runtime.pool.close()
    for _ in range(12):
        scene.clock.moment += _TEN
        seen = scene.watchman.look()
    assert seen.away == {"database"}
    assert seen.limits == {}
    assert [one.title for one in scene.told.heard] == ["Alert: The database does not answer"]


def test_the_overview_becomes_metrics(scene: Scene, pool: Pool) -> None:
    """Counts by channel and status, batches and ages by lane, limits by name."""
    rows = Rows(pool)
    campaign = rows.running()
    rows.claimed(campaign, [1, 2])
    rows.ledger.record([recorded(submission(DeliveryId(campaign, one))) for one in (1, 2)], NOON)
    rows.ledger.receive([receipt(DeliveryId(campaign, 1))], NOON)
    scene.clock.moment += timedelta(seconds=90)
    scene.watchman.look()
    read = overview_readings(lambda: scene.watchman.last)
    found = {
        (metric.name.removeprefix("broadcaster_"), one.labels): one.value
        for metric, rows_ in read()
        for one in rows_
    }
    assert found["ledger_deliveries", ("sms", "accepted")] == 2
    assert found["receipts_waiting", ()] == 1
    assert found["receipt_age_seconds", ()] == 90
    assert found["up", ("database",)] == found["up", ("redis",)] == 1
    assert found["limit_rate_units", ("smtp",)] == 5
    assert found["batches_open", ("routine",)] >= 1
    assert found["database_connections_most", ()] > found["database_connections", ()] > 0
    assert found["alerts", ("disk",)] in {0, 1}


def test_each_alert_can_be_said_in_each_language_of_the_console(home: Path) -> None:
    """Whole sentences, with the subject in the title; one that we have stands for one we lack."""
    assert set(TITLES) == set(HINTS) == set(Watched)
    for tag in ("ar", "fr", "en"):
        settings = load({"BROADCASTER_HOME": str(home), "BROADCASTER_ALERTS_LOCALE": tag})
        voice = speaker(settings)
        said = {
            voice.say(Notice(watched=watched, subject="smtp", news=news, since=NOON, at=NOON)).title
            for watched in Watched
            for news in News
        }
        assert len(said) == len(Watched) * len(News)
        assert not any("%(" in title for title in said)
        assert voice.test().body
    settings = load({"BROADCASTER_HOME": str(home), "BROADCASTER_ALERTS_LOCALE": "tlh"})
    assert speaker(settings).test().title == "اختبار للتنبيهات"


def test_a_wrong_destination_keeps_no_clock_from_going(home: Path) -> None:
    """It is refused where somebody looks, and left out where nobody does."""
    given = {"HOME": str(home), "ALERTS": "chat", "ALERTS_CHAT_URL": "nonsense"}
    settings = load({f"BROADCASTER_{name}": value for name, value in given.items()})
    with pytest.raises(ConfigurationError, match="BROADCASTER_ALERTS_CHAT_URL"):
        team(settings)
    assert reachable_team(settings) == {}
