"""The life of campaigns in a real PostgreSQL: steps, refusals, audit, cancellation, opt-out."""

import itertools
from datetime import datetime, timedelta

import pytest
from psycopg.errors import CheckViolation

from broadcaster.domain.advisory import MessageType
from broadcaster.domain.campaign import STEPS, CampaignStatus
from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, DeliveryStatus
from broadcaster.domain.message import Channel, Lane, MessageClass
from broadcaster.errors import ConflictError, InvalidInputError, NotFoundError
from broadcaster.ledger.optouts import OptOuts
from broadcaster.ledger.sweep import PostgresCalendar
from tests.builders import NOON, customer, recorded, submission
from tests.rows import TTL, Pool, Rows

STATUS = DeliveryStatus


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give an empty ledger."""
    return Rows(pool)


def test_a_campaign_is_made_approved_and_launched(rows: Rows) -> None:
    """The plain success; the expression and the approval are pinned, every step is audited."""
    campaign = rows.draft(channels=(Channel.PUSH, Channel.SMS), expression="district = 'Anfa'")
    rows.campaigns.approve(campaign, "pinned", "youssef", NOON)
    rows.campaigns.launch(campaign, "amina", NOON)
    found = rows.campaigns.get("notice")
    assert found == rows.campaigns.get(str(campaign)) == rows.ledger.campaign(campaign)
    assert rows.campaigns.list() == [found]
    assert found.channels == (Channel.SMS, Channel.PUSH)
    assert found.expression == "district = 'Anfa'"
    assert (found.approved_hash, found.approved_by) == ("pinned", "youssef")
    assert found.status is CampaignStatus.LAUNCHED
    assert rows.ledger.advisory(found.advisory_id).expires == NOON + timedelta(days=1)
    audit = rows.ask("SELECT actor, action, subject FROM audit ORDER BY id")
    assert audit == [
        ("amina", "create", f"campaign {campaign}"),
        ("youssef", "approve", f"campaign {campaign}"),
        ("amina", "launch", f"campaign {campaign}"),
    ]


@pytest.mark.parametrize(("step", "status"), list(itertools.product(STEPS, CampaignStatus)))
def test_each_step_is_taken_from_its_statuses_alone(
    rows: Rows, step: str, status: CampaignStatus
) -> None:
    """The table of steps decides; a refusal names the status and a remedy and changes nothing."""
    campaign = rows.draft()
    rows.tell("UPDATE campaign SET approved_hash = 'hash', status = %s", status.value)
    allowed, after = STEPS[step]

    def take() -> None:
        if step == "approve":
            rows.campaigns.approve(campaign, "hash", "youssef", NOON)
        else:
            getattr(rows.campaigns, step)(campaign, "youssef", NOON)

    if status in allowed:
        take()
        # What is paused stays so while its new content is approved.
        held = (step, status) == ("approve", CampaignStatus.PAUSED)
        expected = status if held else after
        assert rows.campaigns.get(str(campaign)).status is expected
    else:
        with pytest.raises(ConflictError, match=f"is {status.value}"):
            take()
        assert rows.campaigns.get(str(campaign)).status is status
    assert len(rows.ask("SELECT FROM audit")) == 1 + (status in allowed)


def test_a_planned_campaign_that_is_resumed_runs_at_once(rows: Rows) -> None:
    """It is not planned a second time."""
    campaign = rows.running(1)
    rows.campaigns.pause(campaign, "amina", NOON)
    rows.campaigns.resume(campaign, "amina", NOON)
    assert rows.campaigns.get(str(campaign)).status is CampaignStatus.RUNNING


def test_the_system_can_hold_a_campaign_and_says_why(rows: Rows) -> None:
    """Once; an operator lets it go on."""
    campaign = rows.running(1)
    rows.campaigns.hold(campaign, "the provider\nrefuses us")
    rows.campaigns.hold(campaign, "again")
    assert rows.campaigns.get(str(campaign)).status is CampaignStatus.PAUSED
    assert rows.campaigns.hold_reason(campaign) == "the provider refuses us"
    rows.campaigns.resume(campaign, "amina", NOON)
    assert rows.campaigns.hold_reason(campaign) is None


def test_a_cancelled_campaign_sends_nothing_more(rows: Rows) -> None:
    """What waits is cancelled, what is in the air is still recorded, the batch is done."""
    campaign = rows.running(3, batch_size=2)
    lease = rows.claimed(campaign, [1])
    rows.campaigns.cancel(campaign, "amina", NOON)
    assert rows.statuses(campaign) == [STATUS.SUBMITTING, STATUS.CANCELLED, STATUS.CANCELLED]
    assert rows.ledger.claim(lease, {2: 1}, "sandbox", NOON, TTL) is None
    rows.ledger.record([recorded(submission(DeliveryId(campaign, 1)))], NOON)
    rows.ledger.release(lease, NOON)
    assert rows.statuses(campaign)[0] is STATUS.ACCEPTED
    assert rows.ask("SELECT bool_and(done) FROM batch") == [(True,)]


def test_a_refusal_for_now_after_the_cancellation_does_not_leave_again(rows: Rows) -> None:
    """The sweep closes what comes back late."""
    campaign = rows.running(1)
    lease = rows.claimed(campaign, [1])
    rows.campaigns.cancel(campaign, "amina", NOON)
    deferred = submission(DeliveryId(campaign, 1), DeliveryEvent.DEFER)
    rows.ledger.record([recorded(deferred, due=NOON)], NOON)
    rows.ledger.release(lease, NOON)
    assert rows.ledger.lease(lease.batch, NOON, TTL) is None
    assert PostgresCalendar(rows.pool).expire(NOON) == 1
    assert rows.statuses(campaign) == [STATUS.CANCELLED]


def test_a_taken_name_and_an_unknown_campaign_are_refused(rows: Rows) -> None:
    """Each with its remedy."""
    rows.draft()
    with pytest.raises(InvalidInputError, match="is taken"):
        rows.draft()
    for which in ("nobody", "99", "9" * 30, ""):
        with pytest.raises(NotFoundError, match="there is none"):
            rows.campaigns.get(which)
    with pytest.raises(NotFoundError):
        rows.ledger.advisory(99)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a\0b"),
        ("name", "n" * 201),
        ("channels", ()),
        ("channels", (Channel.WEB,)),
        ("expires", NOON - timedelta(hours=1)),
        ("expires", datetime(2020, 4, 1)),  # noqa: DTZ001  (it is what must be refused)
        ("scheduled_at", NOON + timedelta(days=2)),
        ("created_by", " "),
        ("expression", ""),
    ],
)
def test_a_campaign_that_can_not_be_is_refused(rows: Rows, field: str, value: object) -> None:
    """The message names the field."""
    named = {"expression": "segment"}.get(field, field)
    with pytest.raises(InvalidInputError) as caught:
        rows.draft(**{field: value})
    assert caught.value.field == named


@pytest.mark.parametrize("approver", ["", "  ", "a\nb\0"])
def test_an_approval_needs_a_person(rows: Rows, approver: str) -> None:
    """Nobody can't approve."""
    with pytest.raises(InvalidInputError, match="by"):
        rows.campaigns.approve(rows.draft(), "hash", approver, NOON)


def test_an_expired_advisory_is_not_launched(rows: Rows) -> None:
    """It would blast what is stale."""
    campaign = rows.draft()
    rows.campaigns.approve(campaign, "hash", "youssef", NOON)
    with pytest.raises(ConflictError, match="has expired"):
        rows.campaigns.launch(campaign, "amina", NOON + timedelta(days=1))


def test_the_database_itself_refuses_to_run_what_is_not_approved(rows: Rows) -> None:
    """Whatever our code does."""
    campaign = rows.draft(lane=Lane.URGENT)
    with pytest.raises(CheckViolation):
        rows.tell("UPDATE campaign SET status = 'running' WHERE id = %s", campaign)


@pytest.mark.parametrize(
    ("class_", "refused"),
    [
        (MessageClass.PROMOTIONAL, ["promotional"]),
        (MessageClass.SERVICE, ["service", "promotional"]),
        (MessageClass.SAFETY, ["service", "promotional"]),
    ],
)
def test_one_click_opts_out_of_a_class_and_what_matters_less(
    rows: Rows, class_: MessageClass, refused: list[str]
) -> None:
    """For customer and address, never of what protects life; repeating it changes nothing."""
    rows.save([customer(1, consented=[(Channel.SMS, MessageClass.PROMOTIONAL)])])
    campaign = rows.running(1, message_class=class_)
    optouts = OptOuts(rows.pool)
    asked = optouts.ask(DeliveryId(campaign, 1))
    assert (asked.channel, [one.value for one in asked.ends]) == (Channel.SMS, refused)
    assert rows.ask("SELECT FROM suppression") == []
    for _ in range(2):
        assert optouts.opt_out(DeliveryId(campaign, 1), NOON) is class_
    consents = rows.ask("SELECT class FROM consent WHERE NOT granted ORDER BY class")
    assert [name for (name,) in consents] == refused
    barred = rows.ask("SELECT class FROM suppression ORDER BY class")
    assert [name for (name,) in barred] == refused
    assert rows.ask("SELECT count(*) FROM audit WHERE action = 'opt_out'") == [(1,)]
    with pytest.raises(NotFoundError):
        optouts.opt_out(DeliveryId(campaign, 99), NOON)


def test_what_is_planned_for_somebody_who_opts_out_stays_here(rows: Rows) -> None:
    """The claim sees it."""
    campaign = rows.running(2)
    OptOuts(rows.pool).opt_out(DeliveryId(campaign, 1), NOON)
    lease = rows.leased(campaign)
    assert rows.ledger.claim(lease, {1: 1, 2: 1}, "sandbox", NOON, TTL) == [2]


def test_a_follow_up_is_in_the_thread_of_what_it_follows(rows: Rows) -> None:
    """It counts versions on; the first of the thread is known by each."""
    alert = rows.ledger.advisory(rows.campaigns.get(str(rows.draft())).advisory_id)
    assert (alert.message_type, alert.thread, alert.follows) == (MessageType.ALERT, None, None)
    followed = alert
    for version, type_ in enumerate((MessageType.UPDATE, MessageType.CANCEL), 2):
        made = rows.draft(name=type_.value, message_type=type_, follows=followed.id)
        found = rows.ledger.advisory(rows.campaigns.get(str(made)).advisory_id)
        assert (found.message_type, found.version) == (type_, version)
        assert (found.follows, found.thread) == (followed.id, alert.id)
        assert found.first == alert.first == alert.id
        followed = found


@pytest.mark.parametrize(("type_", "follows"), [(MessageType.ALERT, 1), (MessageType.UPDATE, None)])
def test_an_alert_and_only_an_alert_follows_nothing(
    rows: Rows, type_: MessageType, follows: int | None
) -> None:
    """The refusal names the field."""
    rows.draft()
    with pytest.raises(InvalidInputError, match="follows"):
        rows.draft(name="second", message_type=type_, follows=follows)
