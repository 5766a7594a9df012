"""Reports from a real PostgreSQL."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, DeliveryStatus, Reason
from broadcaster.domain.message import Channel, Scheme
from broadcaster.errors import NotFoundError
from broadcaster.reports.export import COLUMNS
from broadcaster.reports.reports import Reports
from tests.builders import NOON, address, customer, receipt, recorded, submission
from tests.rows import Pool, Rows

EVENT = DeliveryEvent


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give a ledger with a campaign of every sort of ending: see `_story`."""
    rows = Rows(pool)
    _story(rows)
    return rows


@pytest.fixture
def reports(rows: Rows) -> Reports:
    """Give its reports."""
    return Reports(rows.pool)


def test_the_summary_accounts_for_every_customer_and_channel_once(reports: Reports) -> None:
    """Statuses of the channels, suppressed ones included, add up to what was targeted."""
    summary = reports.summary(1)
    assert summary == {
        "campaign": "notice",
        "targeted": 8,
        "customers": 4,
        "reached": 2,
        "suppressed": {"no_address": 4},
        "failures": {"unreachable": 1, "no_answer": 1},
        "channels": {
            "sms": {"accepted": 1, "unknown": 1, "delivered": 1, "undelivered": 1, "units": 8},
            "email": {"suppressed": 4, "units": 0},
        },
        "locales": {"fr": 4},
        "seconds": 90.0,
    }


def test_the_funnel_counts_live(reports: Reports) -> None:
    """By channel and status, with units and reasons apart."""
    funnel = reports.funnel(1)
    assert funnel.targeted == 8
    assert funnel.channels[Channel.EMAIL] == {DeliveryStatus.SUPPRESSED: 4}
    assert funnel.units == {Channel.SMS: 8, Channel.EMAIL: 0}
    assert funnel.reasons == {Reason.NO_ADDRESS: 4}
    assert reports.funnel(99).targeted == 0


def test_who_got_nothing_is_listed_with_the_reasons(reports: Reports) -> None:
    """On no channel accepted or delivered."""
    found = {one.customer_number: one for one in reports.unreached(1)}
    assert set(found) == {"C000003", "=C4"}
    assert found["C000003"].statuses[Channel.SMS] is DeliveryStatus.UNDELIVERED
    assert found["C000003"].reasons == {
        Channel.SMS: Reason.UNREACHABLE,
        Channel.EMAIL: Reason.NO_ADDRESS,
    }


def test_what_is_in_doubt_is_listed(reports: Reports) -> None:
    """With the time of its claim."""
    (found,) = reports.in_doubt(1)
    assert (found.delivery, found.reason, found.since) == (
        DeliveryId(1, 4),
        Reason.NO_ANSWER,
        NOON,
    )


def test_the_export_holds_every_delivery_and_no_address_or_formula(reports: Reports) -> None:
    """Cells that a spreadsheet would run are disarmed."""
    stream = io.StringIO()
    assert reports.export(1, stream) == 8
    text = stream.getvalue()
    header, *found = csv.reader(io.StringIO(text))
    assert tuple(header) == COLUMNS
    assert len(found) == 8
    assert {row[1] for row in found} == {"C000001", "C000002", "C000003", "'=C4"}
    delivered = dict(zip(header, found[1], strict=True))
    assert delivered["delivery"] == "1-2"
    assert (delivered["status"], delivered["units"]) == ("delivered", "2")
    assert delivered["updated_at"] == "2020-03-20T12:00:00+00:00"
    assert "+2126" not in text
    assert "@" not in text


def test_what_was_handed_over_is_listed_for_comparison(reports: Reports) -> None:
    """Everything that was ever claimed."""
    found = list(reports.handed_over(1))
    assert len(found) == 4
    assert found[0] == (Channel.SMS, "+212610000001", DeliveryStatus.ACCEPTED)


def test_a_campaign_that_does_not_exist_is_not_found(reports: Reports) -> None:
    """With the remedy."""
    with pytest.raises(NotFoundError, match="campaigns status"):
        reports.summary(99)


def _story(rows: Rows) -> None:
    """Four customers by SMS: accepted, delivered, undelivered, in doubt; none has a mailbox."""
    people = [customer(number, addresses=[address(Scheme.TEL, number)]) for number in (1, 2, 3)]
    people.append(replace(customer(4, addresses=[address(Scheme.TEL, 4)]), number="=C4"))
    rows.save(people)
    campaign = rows.running(channels=(Channel.SMS, Channel.EMAIL))
    rows.claimed(campaign, [1, 2, 3, 4])
    taken = [recorded(submission(DeliveryId(campaign, n)), units=2) for n in (1, 2, 3)]
    lost = submission(DeliveryId(campaign, 4), EVENT.LOSE, reason=Reason.NO_ANSWER)
    rows.ledger.record([*taken, recorded(lost, units=2)], NOON)
    news = [
        receipt(DeliveryId(campaign, 2)),
        receipt(DeliveryId(campaign, 3), EVENT.FAIL, reason=Reason.UNREACHABLE),
    ]
    rows.ledger.receive(news, NOON)
    rows.ledger.apply_receipts(NOON, 10)
    rows.tell("UPDATE campaign SET finished_at = %s", NOON + timedelta(seconds=90))
