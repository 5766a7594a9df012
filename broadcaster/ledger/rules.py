"""The domain's rules in a form that SQL can join with, so that the two can't differ."""

from collections.abc import Mapping, Sequence

from broadcaster.domain.delivery import (
    WAITING,
    DeliveryEvent,
    DeliveryStatus,
    Reason,
    transition,
)
from broadcaster.domain.message import Channel, MessageClass

_TABLE = [
    (status.value, event.value, after.status.value, after.effect.value)
    for status in DeliveryStatus
    for event in DeliveryEvent
    for after in [transition(status, event)]
]

#: The transition table as a common table expression `rule (before, event, after, effect)`; it
#: holds every pair, so that joining with it loses no row.
RULE = """rule (before, event, after, effect) AS (
    SELECT * FROM unnest(
        %(rule_before)s::delivery_status[], %(rule_event)s::delivery_event[],
        %(rule_after)s::delivery_status[], %(rule_effect)s::text[]))
"""


def _columns(names: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Mapping[str, str]:
    # Written as PostgreSQL writes arrays, once, because they go along with every statement.
    columns = ("{" + ",".join(column) + "}" for column in zip(*rows, strict=True))
    return dict(zip(names, columns, strict=True))


#: The values that `RULE` needs.
RULE_VALUES = _columns(("rule_before", "rule_event", "rule_after", "rule_effect"), _TABLE)

#: The statuses in which a delivery waits to be sent.
WAITING_VALUES: Sequence[str] = sorted(status.value for status in WAITING)

_ALL = tuple(MessageClass)
_REFUSABLE = (MessageClass.SERVICE, MessageClass.PROMOTIONAL)


def barred_classes(reason: Reason, channel: Channel) -> Sequence[MessageClass]:
    """Say for which classes an address must not be used again, after this came of a message.

    Somebody who told the provider to stop still gets what protects life. An address that does
    not exist is used for nothing; except a telephone number, which is given to somebody again.
    """
    if reason is Reason.RECIPIENT_OPTED_OUT:
        return _REFUSABLE
    if reason is Reason.GONE:
        return _ALL
    if reason is Reason.UNKNOWN_ADDRESS and channel in (Channel.EMAIL, Channel.PUSH):
        return _ALL
    return ()


#: The reasons that bar an address for any class.
BARRING_REASONS = frozenset(
    reason for reason in Reason if any(barred_classes(reason, channel) for channel in Channel)
)

#: The same as a common table expression `bar (reason, channel, class)`.
BAR = """bar (reason, channel, class) AS (
    SELECT * FROM unnest(
        %(bar_reason)s::reason[], %(bar_channel)s::channel[], %(bar_class)s::message_class[]))
"""

#: The values that `BAR` needs.
BAR_VALUES = _columns(
    ("bar_reason", "bar_channel", "bar_class"),
    [
        (reason.value, channel.value, class_.value)
        for reason in Reason
        for channel in Channel
        for class_ in barred_classes(reason, channel)
    ],
)
