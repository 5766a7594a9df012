"""The publisher: freezes what is due, keeps the folder in step, and makes whole sites elsewhere."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign
from broadcaster.errors import BroadcasterError, ConfigurationError
from broadcaster.ports import Clock, Publications
from broadcaster.publication.folder import Folder
from broadcaster.publication.freezing import Freezer
from broadcaster.publication.projecting import Projected, differing, project
from broadcaster.publication.site import Site

_log = logging.getLogger(__name__)

#: So many frozen records are read at once.
_READ = 100


class Campaigns(Protocol):
    """Reads what is published."""

    def campaign(self, campaign: int) -> Campaign:
        """Read a campaign."""
        ...

    def advisory(self, advisory: int) -> Advisory:
        """Read an advisory."""
        ...


@dataclass(kw_only=True)
class Publisher:
    """Safe for several threads and processes; everything may be done twice.

    `unchanged` tells whether a campaign is still what was approved; `sinks` name where what is new
    is announced.
    """

    store: Publications
    ledger: Campaigns
    freezer: Freezer
    folder: Folder
    site: Site
    clock: Clock
    unchanged: Callable[[Campaign, Advisory], bool]
    sinks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """The renderer is not for several threads at once."""
        self._lock = threading.Lock()

    def pending(self) -> bool:
        """Tell whether something is to be published, called off, or changed by time alone."""
        now = self.clock.now()
        return self.store.waiting(now) or self.lapsed(now)

    def lapsed(self, now: datetime) -> bool:
        """Tell whether time has changed how something in the folder stands."""
        moment = self.folder.state().next_change
        return moment is not None and moment <= now

    def publish(self) -> Projected:
        """Freeze what is due, note what was called off, and bring the folder into step."""
        with self._lock:
            self._freeze()
            self._call_off()
            return self._refresh()

    def refresh(self) -> Projected:
        """Bring the folder into step with the database."""
        with self._lock:
            return self._refresh()

    def reproject(self) -> Projected:
        """Bring the site into step with what is in the folder; needs nothing else."""
        with self._lock, self.folder.lock():
            return project(self.folder, self.site, self.clock.now())

    def write(self, root: Path) -> Projected:
        """Write the whole site below another root."""
        with self._lock, self.folder.lock():
            return project(self.folder, self.site, self.clock.now(), root)

    def rewrite(self) -> Projected:
        """Make every file of the folder's site again, where it differs."""
        with self._lock, self.folder.lock():
            return project(self.folder, self.site, self.clock.now(), anew=True)

    def differing(self) -> list[str]:
        """Name files of the site that are not what they should be."""
        with self._lock, self.folder.lock():
            return differing(self.folder, self.site, self.clock.now())

    def _freeze(self) -> None:
        now = self.clock.now()
        for advisory_id, campaign_id in self.store.due(now):
            try:
                campaign = self.ledger.campaign(campaign_id)
                advisory = self.ledger.advisory(advisory_id)
                if not self.unchanged(campaign, advisory):
                    message = "is no longer what was approved. Approve the campaign again."
                    raise ConfigurationError(message)
                earlier = self.store.earlier(advisory.follows)
                record = self.freezer.freeze(campaign, advisory, earlier, now)
            except (BroadcasterError, ValueError) as error:
                # One that fails stops no other, nor what is sent.
                if isinstance(error, BroadcasterError) and error.retryable:
                    raise
                self.store.fail(advisory_id, campaign_id, str(error), now)
                extra = {"action": "publish_failed", "advisory": advisory_id}
                _log.warning("could not publish", extra=extra)
                continue
            if self.store.save(record, campaign_id, now, () if campaign.drill else self.sinks):
                extra = {"action": "published", "advisory": advisory_id}
                _log.info("published", extra=extra)

    def _call_off(self) -> None:
        for advisory, at in self.store.called_off():
            for record in self.store.read([advisory]):
                self.store.call_off(advisory, at, self.freezer.calling_off(record, at))

    def _refresh(self) -> Projected:
        with self.folder.lock():
            self._take()
            return project(self.folder, self.site, self.clock.now())

    def _take(self) -> None:
        """Take into the folder what the database keeps and it does not."""
        present = self.store.changes()
        entries, changes = self.folder.entries()
        wanted = sorted(one for one, change in present.items() if changes.get(one) != change)
        gone = [one for one in entries if one not in present]
        if not wanted and not gone:
            return
        kept = {number: entry for number, entry in entries.items() if number in present}
        for start in range(0, len(wanted), _READ):
            for record in self.store.read(wanted[start : start + _READ]):
                kept[record.advisory] = self.folder.keep(record)
        self.folder.save_entries(kept, {one: present[one] for one in kept})
