"""Whom a follow-up tells, against the rule said once more in Python, for any course of a thread."""

from collections.abc import Mapping, Sequence
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broadcaster.domain.advisory import MessageType
from broadcaster.domain.delivery import DeliveryStatus
from tests.builders import NOON, customer
from tests.rows import Pool, Rows

_PEOPLE = 8
_TOLD = frozenset({DeliveryStatus.ACCEPTED, DeliveryStatus.UNKNOWN, DeliveryStatus.DELIVERED})
_WAITING = frozenset({DeliveryStatus.PLANNED, DeliveryStatus.DEFERRED})
#: What may become of a delivery before another message follows.
_ENDS = sorted(set(DeliveryStatus) - {DeliveryStatus.SUBMITTING, DeliveryStatus.CANCELLED})
_COURSES = st.lists(st.sampled_from(_ENDS), min_size=_PEOPLE, max_size=_PEOPLE)
_TYPES = st.sampled_from([one for one in MessageType if one is not MessageType.ALERT])
_REPLACING = st.sampled_from([MessageType.UPDATE, MessageType.CORRECTION])
_numbers = count(1)

History = Mapping[int, Sequence[DeliveryStatus]]


def _owed(history: History, type_: MessageType) -> list[int]:
    """Say who is owed a message: told at any time, or waiting last, if it says all of it."""
    return [
        person
        for person, ends in history.items()
        if _TOLD & set(ends) or (type_.replaces and ends[-1] in _WAITING)
    ]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    courses=st.lists(_COURSES, min_size=1, max_size=3),
    between=st.lists(_REPLACING, min_size=2, max_size=2),
    last=_TYPES,
)
def test_a_follow_up_tells_whom_the_rule_says(
    pool: Pool,
    courses: list[list[DeliveryStatus]],
    between: list[MessageType],
    last: MessageType,
) -> None:
    """An alert, up to two messages that take its place, and any last one."""
    rows = Rows(pool)
    if not rows.ask("SELECT FROM customer LIMIT 1"):
        rows.save(customer(number) for number in range(1, _PEOPLE + 1))
    first = campaign = rows.running(name=f"alert {next(_numbers)}")
    history: dict[int, list[DeliveryStatus]] = {person: [] for person in range(1, _PEOPLE + 1)}
    types = [*between[: len(courses) - 1], last]
    for ends, type_ in zip(courses, types, strict=True):
        for person in _end(rows, campaign, ends):
            history[person].append(ends[person - 1])
        campaign = _followed(rows, campaign, type_)
        owed = _owed({one: told for one, told in history.items() if told}, type_)
        assert _persons(rows, campaign) == owed
    left = rows.ask(
        "SELECT count(*) FROM delivery WHERE campaign_id >= %s AND campaign_id < %s "
        "AND status IN ('planned', 'deferred', 'submitting')",
        first,
        campaign,
    )
    assert left == [(0,)]


def _end(rows: Rows, campaign: int, ends: Sequence[DeliveryStatus]) -> list[int]:
    """Give each delivery of a campaign its end; whose they are."""
    for person, status in enumerate(ends, 1):
        rows.tell(
            "UPDATE delivery SET status = %s, due_at = now() FROM customer "
            "WHERE customer.id = customer_id AND customer.number = %s AND campaign_id = %s "
            "AND address_id IS NOT NULL",
            status.value,
            customer(person).number,
            campaign,
        )
    return _persons(rows, campaign)


def _followed(rows: Rows, campaign: int, type_: MessageType) -> int:
    followed = rows.campaigns.get(str(campaign)).advisory_id
    name = f"{type_.value} {next(_numbers)}"
    made = rows.launched(name=name, message_type=type_, follows=followed)
    rows.planner().plan(made, NOON)
    return made


def _persons(rows: Rows, campaign: int) -> list[int]:
    """List whose addresses a campaign has."""
    found = rows.ask(
        "SELECT right(customer.number, 6)::integer FROM delivery "
        "JOIN customer ON customer.id = customer_id "
        "WHERE campaign_id = %s AND address_id IS NOT NULL ORDER BY 1",
        campaign,
    )
    return [person for (person,) in found]
