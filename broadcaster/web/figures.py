"""Counts made ready to be shown: seven parts of a whole, and shares that add up; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from broadcaster.domain.delivery import DeliveryStatus

_STATUS = DeliveryStatus

#: Shares are counted in thousandths.
WHOLE = 1000


class Step(StrEnum):
    """Where deliveries stand, as people ask about it; each delivery is in one."""

    #: Left out at planning, or since, with a reason.
    LEFT_OUT = "left_out"
    #: Still to be handed over.
    WAITING = "waiting"
    #: A provider took it; nothing is known of its arrival.
    ACCEPTED = "accepted"
    #: It arrived.
    DELIVERED = "delivered"
    #: It did not arrive, and nothing more is tried.
    FAILED = "failed"
    #: Its time passed, or the campaign was cancelled, before it left.
    STOPPED = "stopped"
    #: It may or may not have left.
    DOUBT = "doubt"


#: Every status has its step; a test holds it to that.
STEP_OF: Mapping[DeliveryStatus, Step] = {
    _STATUS.SUPPRESSED: Step.LEFT_OUT,
    _STATUS.PLANNED: Step.WAITING,
    _STATUS.SUBMITTING: Step.WAITING,
    _STATUS.DEFERRED: Step.WAITING,
    _STATUS.ACCEPTED: Step.ACCEPTED,
    _STATUS.DELIVERED: Step.DELIVERED,
    _STATUS.UNDELIVERED: Step.FAILED,
    _STATUS.REJECTED: Step.FAILED,
    _STATUS.DEAD: Step.FAILED,
    _STATUS.EXPIRED: Step.STOPPED,
    _STATUS.CANCELLED: Step.STOPPED,
    _STATUS.UNKNOWN: Step.DOUBT,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A count and its share of the whole in thousandths.

    `least` says that it is something though its share rounds to nothing, `most` that it is not
    everything though its share rounds to the whole: two of a million lost are not zero per cent.
    """

    count: int
    thousandths: int
    least: bool
    most: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A whole and its parts, in the order of `Step`."""

    total: int
    parts: Mapping[Step, Share]

    def __getitem__(self, step: Step) -> Share:
        """Give a part."""
        return self.parts[step]


def bar(counts: Mapping[DeliveryStatus, int]) -> Bar:
    """Sum the counts of statuses into steps."""
    sums = dict.fromkeys(Step, 0)
    for status, count in counts.items():
        sums[STEP_OF[status]] += count
    return Bar(
        total=sum(sums.values()), parts=dict(zip(Step, shares([*sums.values()]), strict=True))
    )


def shares(counts: Sequence[int]) -> list[Share]:
    """Give each count its share; together they are the whole (largest remainder)."""
    total = sum(counts)
    if not total:
        return [Share(count=0, thousandths=0, least=False, most=False) for _ in counts]
    floors = [count * WHOLE // total for count in counts]
    remainders = [count * WHOLE % total for count in counts]
    order = sorted(range(len(counts)), key=lambda index: -remainders[index])
    for index in order[: WHOLE - sum(floors)]:
        floors[index] += 1
    return [
        Share(
            count=count,
            thousandths=part,
            least=count > 0 and part == 0,
            most=count < total and part == WHOLE,
        )
        for count, part in zip(counts, floors, strict=True)
    ]


def together(rows: Sequence[Mapping[DeliveryStatus, int]]) -> dict[DeliveryStatus, int]:
    """Add up counts."""
    total: dict[DeliveryStatus, int] = {}
    for row in rows:
        for status, count in row.items():
            total[status] = total.get(status, 0) + count
    return total
