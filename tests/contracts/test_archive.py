"""An ended campaign leaves the ledger in one step, its evidence first."""

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import IO

import pytest
from psycopg import connect

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, DeliveryStatus
from broadcaster.domain.message import Channel
from broadcaster.errors import ConflictError, InvalidInputError, UnavailableError
from broadcaster.ledger.archive import Archive
from broadcaster.ledger.fairness import Fairness
from broadcaster.ledger.sweep import PostgresCalendar
from broadcaster.reports.evidence import write_evidence
from broadcaster.reports.export import COLUMNS
from broadcaster.reports.reports import Reports
from tests.builders import NOON, customer, receipt, recorded, submission
from tests.commands import Run, run
from tests.rows import Pool, Rows

__all__ = ["run"]

DAY = timedelta(days=1)


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give an empty ledger."""
    return Rows(pool)


def test_an_ended_campaign_is_archived_by_command(rows: Rows, run: Run, tmp_path: Path) -> None:
    """Its file holds every delivery, its report is the same as before, its table is gone."""
    campaign, other = _ended(rows), rows.running(name="other")
    before = json.loads(run("campaigns", "report", "notice", "--json").out)
    file = tmp_path / "notice.csv.gz"
    asked = ("campaigns", "archive", "notice", "--to", str(file), "--by", "amina", "--days")
    assert run(*asked, "59").code == 2, "links in its messages still may be followed"
    said = run(*asked, "60")
    assert (said.code, said.err) == (0, "")
    assert f"3 deliveries are in {file}" in said.out
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert sha256 in said.out
    with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
        header, *found = csv.reader(stream)
    assert tuple(header) == COLUMNS
    assert [row[0] for row in found] == ["1-1", "1-2", "1-3"]

    after = json.loads(run("campaigns", "report", "notice", "--json").out)
    kept = {"file": str(file), "sha256": sha256, "rows": 3}
    assert after == {**before, "archive": kept}
    assert "Archived:" in run("campaigns", "report", "notice").out
    assert rows.ask("SELECT to_regclass(%s)", f"delivery_{campaign}") == [(None,)]
    assert rows.ask("SELECT DISTINCT campaign_id FROM delivery") == [(other,)]
    assert rows.batches(campaign) == []
    assert rows.ask("SELECT actor, details FROM audit WHERE action = 'archive'") == [
        ("amina", kept)
    ]
    again = run("campaigns", "archive", "notice", "--to", str(tmp_path / "b"))
    assert "was archived on" in again.err
    assert "Its deliveries are in" in run("campaigns", "export", "notice").err


def test_an_archived_campaign_stays_ended_and_its_counts_stay(rows: Rows) -> None:
    """Late receipts are orphans, the tick leaves it alone, lists say where its rows are."""
    campaign = _ended(rows)
    reports, archive = Reports(rows.pool), Archive(rows.pool)
    funnel = reports.funnel(campaign)
    figures = {**reports.summary(campaign), "in_doubt": 0}
    seen = archive.mark(campaign, DAY, NOON + DAY)
    archive.let_go(campaign, seen, {"file": "f"}, figures, "amina", NOON + DAY)
    # Of what was added up, the sums are kept alone.
    assert reports.funnel(campaign) == replace(funnel, cells=())
    assert funnel.channels[Channel.SMS][DeliveryStatus.ACCEPTED] == 2
    for ask in (reports.in_doubt, lambda one: list(reports.unreached(one))):
        with pytest.raises(ConflictError, match="are in f"):
            ask(campaign)
    rows.ledger.receive([receipt(DeliveryId(campaign, 1))], NOON)
    assert rows.ledger.apply_receipts(NOON, 10) == 1
    assert rows.ask("SELECT effect FROM receipt") == [("orphan",)]
    calendar = PostgresCalendar(rows.pool)
    assert calendar.expire(NOON + 2 * DAY) == 0
    assert calendar.finish(NOON + 2 * DAY) == []


@pytest.mark.parametrize("drill", [False, True])
def test_what_counts_against_a_cap_is_not_archived(rows: Rows, drill: bool) -> None:  # noqa: FBT001
    """It says from when on it can be; what reaches nobody counts never."""
    campaign = _ended(rows)
    rows.tell("UPDATE campaign SET drill = %s", drill)
    raw = {
        "cap": [
            {"class": "service", "channel": "sms", "most": 1, "days": 7},
            {"class": "service", "channel": "email", "most": 1, "days": 30},
            {"class": "promotional", "most": 1, "days": 60},
        ]
    }
    Fairness(rows.pool, "UTC").change(raw, "amina", NOON)
    archive = Archive(rows.pool)
    if not drill:
        with pytest.raises(ConflictError, match=f"cap of 7 days until {NOON + 7 * DAY:%Y-%m-%d}"):
            archive.mark(campaign, timedelta(0), NOON + 7 * DAY - timedelta(seconds=1))
    assert archive.mark(campaign, timedelta(0), NOON + (7 * DAY if not drill else DAY)).rows == 3


def test_what_changed_while_it_was_written_is_not_dropped(rows: Rows) -> None:
    """A receipt that came meanwhile is not lost."""
    campaign = _ended(rows)
    archive = Archive(rows.pool)
    seen = archive.mark(campaign, DAY, NOON + DAY)
    rows.ledger.receive([receipt(DeliveryId(campaign, 1))], NOON)
    rows.ledger.apply_receipts(NOON, 10)
    with pytest.raises(ConflictError, match="has changed while"):
        archive.let_go(campaign, seen, {}, {}, "amina", NOON + DAY)
    assert rows.statuses(campaign)[0] is DeliveryStatus.DELIVERED
    assert rows.ask("SELECT archived_at, figures FROM campaign") == [(None, None)]


def test_archiving_never_stands_in_the_way_for_long(
    rows: Rows, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While others read it gives up the lock, tries again, and says so in the end."""
    monkeypatch.setattr("broadcaster.ledger.archive._TRIES", 2)
    campaign = _ended(rows)
    archive = Archive(rows.pool)
    seen = archive.mark(campaign, DAY, NOON + DAY)
    with connect(database_url) as reader:
        reader.execute("SELECT count(*) FROM delivery WHERE campaign_id = 99")
        with pytest.raises(UnavailableError, match="55P03"):
            archive.let_go(campaign, seen, {}, {}, "amina", NOON + DAY)
        assert len(rows.statuses(campaign)) == 3
    archive.let_go(campaign, seen, {"file": "f"}, {}, "amina", NOON + DAY)
    assert rows.statuses(campaign) == []


def test_a_file_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    """Nor is anything left beside it."""
    file = tmp_path / "kept"
    file.write_text("evidence")
    with pytest.raises(InvalidInputError, match="is there already"):
        write_evidence(_three, file)
    with pytest.raises(InvalidInputError, match="No such file"):
        write_evidence(_three, tmp_path / "nowhere" / "file")
    assert [one.name for one in tmp_path.iterdir()] == ["kept"]
    assert file.read_text() == "evidence"


def test_a_file_that_was_not_written_whole_is_not_evidence(tmp_path: Path) -> None:
    """What is counted is what is read again."""

    def short(stream: IO[str]) -> int:
        return _three(stream) + 1

    with pytest.raises(InvalidInputError, match="reads otherwise"):
        write_evidence(short, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_the_same_rows_give_the_same_hash(tmp_path: Path) -> None:
    """Whoever has the rows can prove the file, whatever it is called."""
    first, second = (write_evidence(_three, tmp_path / name) for name in ("a", "b"))
    assert (first.sha256, first.rows) == (second.sha256, 3)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def _three(stream: IO[str]) -> int:
    rows = [["number"], ["1"], ["two\nlines"], ["3"]]
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    stream.write(text.getvalue())
    return len(rows) - 1


def _ended(rows: Rows, finished: object = NOON) -> int:
    """Three customers, two told, one refused; over at noon."""
    rows.save(customer(number) for number in range(1, 4))
    campaign = rows.running()
    held = rows.claimed(campaign, [1, 2, 3])
    events = (DeliveryEvent.ACCEPT, DeliveryEvent.ACCEPT, DeliveryEvent.REFUSE)
    rows.ledger.record(
        [
            recorded(submission(DeliveryId(campaign, number), event))
            for number, event in enumerate(events, start=1)
        ],
        NOON,
    )
    rows.ledger.release(held, NOON)
    assert PostgresCalendar(rows.pool).finish(NOON) == [campaign]
    rows.tell("UPDATE campaign SET finished_at = %s", finished)
    return campaign


def _cancelled(rows: Rows) -> int:
    campaign = rows.launched()
    rows.campaigns.cancel(campaign, "amina", NOON)
    return campaign


def _in_doubt(rows: Rows) -> int:
    campaign = rows.running(1)
    held = rows.claimed(campaign, [1])
    rows.ledger.record([recorded(submission(DeliveryId(campaign, 1), DeliveryEvent.LOSE))], NOON)
    rows.ledger.release(held, NOON)
    rows.campaigns.cancel(campaign, "amina", NOON)
    return campaign


@pytest.mark.parametrize(
    ("prepare", "problem"),
    [
        (lambda rows: rows.running(1), "is running"),
        (lambda rows: rows.draft(), "is draft"),
        (_cancelled, "has no deliveries"),
        (lambda rows: _ended(rows, finished=NOON + DAY / 2), "ended less than 1 days ago"),
        (_in_doubt, "batches with something open"),
    ],
)
def test_what_is_not_over_is_not_archived(
    rows: Rows, prepare: Callable[[Rows], int], problem: str
) -> None:
    """With the reason."""
    campaign = prepare(rows)
    with pytest.raises(ConflictError, match=problem):
        Archive(rows.pool).mark(campaign, DAY, NOON + DAY)
