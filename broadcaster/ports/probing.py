"""Telling how the work goes, to whoever measures and traces it; ids and figures, nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from broadcaster.domain.delivery import DeliveryEvent
from broadcaster.domain.message import Channel


class Step(StrEnum):
    """The steps of the work that are timed."""

    PLAN = "plan"
    BATCH = "batch"
    RENDER = "render"
    SLICE = "slice"
    THROTTLE = "throttle"
    CLAIM = "claim"
    SUBMIT = "submit"
    RECORD = "record"


class Landed(Protocol):
    """A message that came down."""

    @property
    def event(self) -> DeliveryEvent:
        """What became of it."""
        ...

    @property
    def attempt(self) -> int:
        """The how-manieth attempt it was, from 1."""
        ...

    @property
    def left(self) -> datetime | None:
        """When it left; None when it did not."""
        ...

    @property
    def at(self) -> datetime:
        """When it was answered."""
        ...


class Probe(Protocol):
    """Is told how the work goes; must be quick, and never fails."""

    def step(self, step: Step, **ids: int | str) -> AbstractContextManager[None]:
        """Time a step; `ids` are numbers and names of bounded sets, never of a person."""
        ...

    def landed(self, provider: str, channel: Channel, landings: Sequence[Landed]) -> None:
        """What came of messages that one provider was handed."""
        ...

    def slowed(self, provider: str) -> None:
        """A network said that we are too fast."""
        ...

    def turned(self, provider: str, *, well: bool) -> None:
        """A network began to fail, or is well again, as this process finds."""
        ...

    def counted(self, what: str, count: int) -> None:
        """So many receipts by their effect (`receipt:…`), or batches taken back (`recovered`)."""
        ...


class Quiet:
    """Tells nobody."""

    _NOTHING: AbstractContextManager[None] = nullcontext()

    def step(self, step: Step, **ids: int | str) -> AbstractContextManager[None]:
        """Do nothing."""
        del step, ids
        return self._NOTHING

    def landed(self, provider: str, channel: Channel, landings: Sequence[Landed]) -> None:
        """Do nothing."""

    def slowed(self, provider: str) -> None:
        """Do nothing."""

    def turned(self, provider: str, *, well: bool) -> None:
        """Do nothing."""

    def counted(self, what: str, count: int) -> None:
        """Do nothing."""


#: Who tells nobody, for where nothing is measured.
QUIET = Quiet()


class Several:
    """Tells several, in order."""

    def __init__(self, probes: Sequence[Probe]) -> None:
        """Tell `probes`."""
        self._probes = tuple(probes)

    @contextmanager
    def step(self, step: Step, **ids: int | str) -> Iterator[None]:
        """Let all time it; there are two or three."""
        with ExitStack() as stack:
            for probe in self._probes:
                stack.enter_context(probe.step(step, **ids))
            yield

    def landed(self, provider: str, channel: Channel, landings: Sequence[Landed]) -> None:
        """Tell all."""
        for probe in self._probes:
            probe.landed(provider, channel, landings)

    def slowed(self, provider: str) -> None:
        """Tell all."""
        for probe in self._probes:
            probe.slowed(provider)

    def turned(self, provider: str, *, well: bool) -> None:
        """Tell all."""
        for probe in self._probes:
            probe.turned(provider, well=well)

    def counted(self, what: str, count: int) -> None:
        """Tell all."""
        for probe in self._probes:
            probe.counted(what, count)


#: What becomes of a delivery when a provider answers so.
STATUS_AFTER: Mapping[DeliveryEvent, str] = {
    DeliveryEvent.ACCEPT: "accepted",
    DeliveryEvent.DEFER: "deferred",
    DeliveryEvent.REFUSE: "rejected",
    DeliveryEvent.LOSE: "unknown",
    DeliveryEvent.EXHAUST: "dead",
}
