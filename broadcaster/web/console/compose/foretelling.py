"""Forecasts for pages: made in a thread, once for all who look, and kept while nothing changes."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from broadcaster.bootstrap import examined
from broadcaster.domain.campaign import STEPS
from broadcaster.domain.readiness import Concern
from broadcaster.errors import BroadcasterError

if TYPE_CHECKING:
    from broadcaster.bootstrap import Runtime
    from broadcaster.domain.campaign import Campaign

_log = logging.getLogger(__name__)

#: How many forecasts are kept, and how long one is good: customers come and go.
_MOST, _GOOD = 30, timedelta(minutes=10)
#: How many are made at once; each asks much of the database.
_THREADS = 2


@dataclass(kw_only=True, slots=True)
class Foretold:
    """A forecast that is being made, or was: `figures` and `concerns`, or what kept it from that.

    `looked` counts the messages that were looked at. `figures` are None where texts can't be
    rendered; the concerns name them. `kept` is the one that was approved, of what can't be approved
    any more; its figures are None where there was none.
    """

    of: str
    campaign: int
    begun: datetime
    looked: int = 0
    kept: bool = False
    figures: Mapping[str, Any] | None = None
    concerns: Sequence[Concern] = ()
    fault: BroadcasterError | None = None
    ready: threading.Event = field(default_factory=threading.Event)

    @property
    def done(self) -> bool:
        """Whether it is made."""
        return self.ready.is_set()

    @property
    def blocking(self) -> Sequence[Concern]:
        """What keeps the campaign from being launched."""
        return [one for one in self.concerns if one.blocks]

    @property
    def notes(self) -> Sequence[Concern]:
        """What should be known."""
        return [one for one in self.concerns if not one.blocks]

    @property
    def people(self) -> int | None:
        """How many would be told; None while nobody knows."""
        return None if self.figures is None else int(self.figures["reached"])

    @property
    def launchable(self) -> bool:
        """Whether it can be handed on."""
        return self.figures is not None and not self.blocking and self.fault is None


class Foretelling:
    """Makes forecasts, never two of one campaign at once."""

    def __init__(self, runtime: "Runtime") -> None:
        """Use the inside; its clock says how old a forecast is."""
        self._runtime = runtime
        self._kept: OrderedDict[int, Foretold] = OrderedDict()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(_THREADS, "forecast")

    def ask(self, campaign: "Campaign", *, anew: bool = False) -> Foretold:
        """Give the forecast of a campaign as it is now, begun if there is none yet.

        While one of what it was before is being made, that is given first: `of` tells them apart.
        """
        of = self._of(campaign)
        now = self._runtime.clock.now()
        with self._lock:
            kept = self._kept.get(campaign.id)
            if kept is not None and not kept.done:
                return kept
            good = kept is not None and kept.of == of and now - kept.begun < _GOOD
            if kept is not None and good and not anew:
                return kept
            begun = Foretold(of=of, campaign=campaign.id, begun=now)
            self._kept[campaign.id] = begun
            self._kept.move_to_end(campaign.id)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
            self._pool.submit(self._make, campaign, begun)
        return begun

    def shown(self, campaign: "Campaign") -> Foretold:
        """Give the forecast that belongs on a page: what can't be approved any more has its own.

        That is the one that was approved, however often somebody looks.
        """
        if campaign.status in STEPS["approve"][0]:
            return self.ask(campaign)
        found = self._runtime.campaigns.forecast(campaign.id)
        kept = Foretold(
            of="", campaign=campaign.id, begun=self._runtime.clock.now(), kept=True, figures=found
        )
        kept.ready.set()
        return kept

    def whole(self, campaign: "Campaign") -> Foretold:
        """Wait for the forecast of a campaign as it is now."""
        while True:
            found = self.ask(campaign)
            found.ready.wait()
            if found.of == self._of(campaign):
                return found

    def fits(self, campaign: "Campaign", found: Foretold) -> bool:
        """Tell whether a forecast is of what the campaign is now."""
        return found.of == self._of(campaign)

    def _of(self, campaign: "Campaign") -> str:
        advisory = self._runtime.ledger.advisory(campaign.advisory_id)
        # When it starts is not approved, and decides how long it takes.
        return f"{self._runtime.hash(campaign, advisory)} {campaign.scheduled_at}"

    def _make(self, campaign: "Campaign", begun: Foretold) -> None:
        def looked(messages: int) -> None:
            begun.looked = messages

        try:
            begun.figures, begun.concerns = examined(self._runtime, campaign, looked)
        except BroadcasterError as error:
            begun.fault = error
        except Exception as error:  # noqa: BLE001  (nobody would look at what a thread ends with)
            begun.fault = BroadcasterError("The forecast failed; the log has more.")
            fault = {"action": "forecast_failed", "fault": type(error).__name__}
            _log.error("a forecast failed: %s", type(error).__name__, extra=fault)
        finally:
            begun.ready.set()
