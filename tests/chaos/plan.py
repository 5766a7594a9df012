"""What is done to a run, and when: drawn from a seed by a pure function.

Moments are shares of the campaign that the networks have taken, not seconds: so the same seed does
the same things at the same places of the campaign on a fast and on a slow machine.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

#: The links between processes that can be disturbed.
LINKS = ("postgres", "valkey", "carrier", "mail", "push")
#: The last moment of an event: behind it the campaign must come to its end by itself.
_LAST = 0.93
#: So many of the first events happen at the launch, while the campaign is planned.
_AT_LAUNCH = 3
#: The campaign that overtakes is launched somewhere in here.
_OVERTAKE = (0.3, 0.6)


class Kind(StrEnum):
    """What is done."""

    #: SIGKILL.
    KILL = "kill"
    #: SIGSTOP, and SIGCONT after longer than a lease.
    STOP = "stop"
    #: SIGTERM: a soft stop.
    TERM = "term"
    #: Every connection of a link is reset, and new ones are refused for a while.
    CUT = "cut"
    #: A link takes octets and passes none on for a while.
    STALL = "stall"
    #: A link takes longer.
    SLOW = "slow"
    #: Of the next transfers of a link half is passed on, then the connection is reset.
    HALF = "half"
    #: FLUSHALL.
    FLUSH = "flush"
    #: Celery messages again, with old, present and made-up ids.
    MESSAGES = "messages"
    #: A second beat.
    BEATS = "beats"
    #: The campaign is paused, and resumed.
    PAUSE = "pause"
    #: A second campaign, urgent, is launched; once in a run.
    OVERTAKE = "overtake"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One thing that is done at a moment, a share of the campaign from 0 to 1.

    `seconds` is how long it lasts, `amount` how much of it: milliseconds of a slow link, messages,
    transfers. `luck` (0 to 1) chooses among what is found there, such as children.
    """

    number: int
    at: float
    kind: Kind
    target: str
    seconds: float
    amount: int
    luck: float

    def __str__(self) -> str:
        """Say it in a few words."""
        length = f" {self.seconds:.1f} s" if self.seconds else ""
        amount = f" x{self.amount}" if self.amount else ""
        return f"{self.kind.value} {self.target}{length}{amount}"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shape:
    kind: Kind
    target: str
    weight: float = 1.0
    seconds: tuple[float, float] = (0.0, 0.0)
    amount: tuple[int, int] = (0, 0)


def _shapes(lease: float) -> list[_Shape]:
    beyond = (lease + 0.5, lease + 3)
    shapes = [
        _Shape(kind=Kind.KILL, target="child of worker", weight=5),
        _Shape(kind=Kind.KILL, target="child of control", weight=2),
        _Shape(kind=Kind.KILL, target="child of urgent"),
        _Shape(kind=Kind.KILL, target="worker", weight=1.5),
        *(_Shape(kind=Kind.KILL, target=name) for name in ("control", "urgent", "beat", "web")),
        _Shape(kind=Kind.KILL, target="supervisor", seconds=(0.2, 3)),
        _Shape(kind=Kind.KILL, target="networks", seconds=(0.0, 2)),
        _Shape(kind=Kind.KILL, target="postgres"),
        _Shape(kind=Kind.KILL, target="postgres at once"),
        _Shape(kind=Kind.KILL, target="valkey"),
        _Shape(kind=Kind.STOP, target="child of worker", weight=3, seconds=beyond),
        _Shape(kind=Kind.STOP, target="child of control", seconds=beyond),
        _Shape(kind=Kind.STOP, target="worker", weight=1.5, seconds=beyond),
        _Shape(kind=Kind.STOP, target="control", seconds=beyond),
        _Shape(kind=Kind.STOP, target="beat", seconds=beyond),
        _Shape(kind=Kind.TERM, target="worker", weight=1.5),
        *(_Shape(kind=Kind.TERM, target=name) for name in ("control", "urgent")),
        _Shape(kind=Kind.FLUSH, target="valkey", weight=3),
        _Shape(kind=Kind.MESSAGES, target="valkey", weight=4, amount=(20, 120)),
        _Shape(kind=Kind.BEATS, target="beat", seconds=(3, 8)),
        _Shape(kind=Kind.PAUSE, target="campaign", seconds=(5, 6)),
    ]
    for link in LINKS:
        shapes += [
            _Shape(kind=Kind.CUT, target=link, weight=2, seconds=(0.0, 1.5)),
            _Shape(kind=Kind.STALL, target=link, seconds=(0.3, 4)),
            _Shape(kind=Kind.SLOW, target=link, seconds=(1, 5), amount=(10, 300)),
            _Shape(kind=Kind.HALF, target=link, weight=1.5, amount=(1, 6)),
        ]
    return shapes


def draw(seed: int, count: int, *, lease: float) -> tuple[Event, ...]:
    """Draw the events of a run in the order of their moments; the same for the same arguments.

    Each kind happens once at least, as far as `count` goes, then each kind with each target; what
    is left is drawn by weight. `lease` is the seconds that whatever is stopped sleeps beyond.
    """
    dice = random.Random(seed)  # noqa: S311  (repeatable, no secret)
    chosen = _choose(dice, _shapes(lease), max(count - 1, 0))
    dice.shuffle(chosen)
    moments = sorted(
        [0.0] * min(_AT_LAUNCH, len(chosen))
        + [dice.uniform(0, _LAST) for _ in range(len(chosen) - _AT_LAUNCH)]
    )
    drawn = [(at, shape) for at, shape in zip(moments, chosen, strict=True)]
    if count:
        drawn.append((dice.uniform(*_OVERTAKE), _Shape(kind=Kind.OVERTAKE, target="campaign")))
    drawn.sort(key=lambda one: one[0])
    return tuple(
        Event(
            number=number,
            at=round(at, 4),
            kind=shape.kind,
            target=shape.target,
            seconds=round(dice.uniform(*shape.seconds), 2),
            amount=dice.randint(*shape.amount),
            luck=dice.random(),
        )
        for number, (at, shape) in enumerate(drawn, 1)
    )


def _choose(dice: random.Random, shapes: Sequence[_Shape], count: int) -> list[_Shape]:
    """Choose shapes: one of each kind first, then each of the others, then by weight."""
    mixed = list(shapes)
    dice.shuffle(mixed)
    seen: set[Kind] = set()
    firsts = [shape for shape in mixed if not (shape.kind in seen or seen.add(shape.kind))]  # type: ignore[func-returns-value]
    others = [shape for shape in mixed if shape not in firsts]
    chosen = (firsts + others)[:count]
    weights = [shape.weight for shape in shapes]
    return chosen + dice.choices(shapes, weights, k=count - len(chosen))
