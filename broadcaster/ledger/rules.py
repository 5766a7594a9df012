"""The domain's rules in a form that SQL can join with, so that the two can't differ."""

from collections.abc import Iterator, Mapping, Sequence

from broadcaster.domain.consent import ground_of, learned
from broadcaster.domain.delivery import (
    WAITING,
    DeliveryEvent,
    DeliveryStatus,
    Reason,
    transition,
)
from broadcaster.domain.message import Channel

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

#: The reasons that bar an address for any class.
BARRING_REASONS = frozenset(
    reason for reason in Reason if any(learned(reason, channel) for channel in Channel)
)

#: What a network's refusal tells of an address, as a common table expression
#: `bar (reason, channel, source, ground, classes)`.
BAR = """bar (reason, channel, source, ground, classes) AS (
    SELECT reason, channel, source, ground, classes::message_class[] FROM unnest(
        %(bar_reason)s::reason[], %(bar_channel)s::channel[], %(bar_source)s::consent_source[],
        %(bar_ground)s::consent_ground[], %(bar_classes)s::text[])
    AS one (reason, channel, source, ground, classes))
"""


def _bars() -> Iterator[tuple[str, ...]]:
    for reason in Reason:
        for channel in Channel:
            told = learned(reason, channel)
            if told is not None:
                source, classes = told
                words = "{" + ",".join(classes) + "}"
                yield reason.value, channel.value, source.value, ground_of(source).value, words


#: The values that `BAR` needs.
BAR_VALUES = {
    name: list(column)
    for name, column in zip(
        ("bar_reason", "bar_channel", "bar_source", "bar_ground", "bar_classes"),
        zip(*_bars(), strict=True),
        strict=True,
    )
}
