"""How fast networks may be used, kept for all workers together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from broadcaster.domain.message import Address, Lane


@dataclass(frozen=True, slots=True)
class Want:
    """What one message asks for: `units` of every limit named, all of them or none.

    `limits` is what `Throttle.limits` gave for its provider, sender and address; empty when
    nothing limits it.
    """

    limits: tuple[str, ...]
    units: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """Which of the wanted messages may leave now, by their index, in order.

    `wait` says after how many seconds to ask again for those that are not granted; 0 when all are.
    `mark` is the store's own word for the moment of the grant, for `Throttle.landed`.
    """

    granted: tuple[int, ...]
    wait: float
    mark: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """How a limit was changed while running: units a second, or None for what the settings say."""

    rate: float | None
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a limit stands now; rates in units a second.

    `allowed` is less than `rate` while it gives way to a network's complaint. `used` counts the
    units of the last second and those in the air. `urgent` and `routine` say how many messages
    asked in vain within the last two seconds, each as often as it asked. `paused` is how many
    seconds more nothing may leave.
    """

    name: str
    rate: float
    allowed: float
    used: int
    urgent: int
    routine: int
    paused: float


class Throttle(Protocol):
    """The limits of network accounts, senders and destinations."""

    def limits(self, provider: str, sender: str, address: Address) -> tuple[str, ...]:
        """Name the limits that hold for a message: the provider's, its sender's, its destination's.

        ConfigurationError when the provider has no limit at all: one that has none by intention
        says so (`unlimited`), and then the answer may be empty.
        """
        ...

    @property
    def edition(self) -> int:
        """Another number whenever other limits hold than before: `limits` is to be asked anew."""
        ...

    def take(self, wants: Sequence[Want], lane: Lane) -> Grant:
        """Ask to send messages, in order, by one step for all limits together.

        A message that one of its limits refuses holds up those behind it on that limit alone.
        What is granted is to be sent at once. A message that costs more than may ever leave
        together is granted alone, and pays by a longer wait afterwards. When the store is down
        the answer is none, with a wait: it never opens.
        """
        ...

    def landed(
        self, down: Sequence[tuple[int, Want]], lane: Lane, ago: float | Sequence[float] = 0.0
    ) -> int:
        """Say that messages (mark of their grant, what they held) have been answered, or not yet.

        They may have arrived at any moment since their grant, so they count until a second after
        `ago` seconds before now, for all or for each: an answer cannot come sooner than the
        quickest round trip after the arrival, so that much of the time since is known not to
        matter, nor is what went by since the answer. So it costs nothing to tell of answers
        together, a few times a second. Gives the mark of this moment, for what is still in the air.

        A grant is good for two seconds: what has not left by then must not leave by it. Its units
        are held for some seconds more without a word, as they are of what is told to be in the air
        still: by a call of its own, with an `ago` below 0, after a second and then again and again.
        """
        ...

    def slow(self, limit: str, pause: float = 0.0, part: float = 1.0) -> None:
        """Lower what a limit allows, because its network said that we are too fast; it recovers.

        `part` is which part of what was sent lately was refused so, up to 1: all of it halves the
        limit, less lowers it in proportion. `pause` is the network's own wish, seconds during
        which nothing leaves; a minute at most. However many report within a second, it is lowered
        once.
        """
        ...
