"""The publisher: freezes what is due, keeps the folder in step, and makes whole sites elsewhere."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign
from broadcaster.errors import BroadcasterError, ConfigurationError
from broadcaster.ports import Clock, Publications
from broadcaster.publication.folder import Folder
from broadcaster.publication.freezing import Freezer
from broadcaster.publication.projecting import (
    Projected,
    brought_into_step,
    differing,
    in_step,
    project,
)
from broadcaster.publication.site import Site

_log = logging.getLogger(__name__)
_CHANGED = (
    "would not read as it was approved: templates, catalogues or settings have changed since. Run"
    " all processes with the same and 'publish --again'; or cancel the campaign and make another."
)

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
        return self.store.waiting(now) or not in_step(self.folder, self.site, now)

    def publish(self, *, wait: bool = True) -> Projected | None:
        """Freeze what is due, note what was called off, and bring the folder into step.

        None when another is at it and we need not `wait`, or when nothing was to do.
        """
        with self._lock, self.folder.lock(wait=wait) as held:
            if not held:
                return None
            self._freeze()
            self._call_off()
            self._take()
            return self._project()

    def catch_up(self) -> Projected | None:
        """Take what others published, and what time has changed; None when nothing was to do."""
        with self._lock, self.folder.lock():
            self._take()
            return self._project()

    def reproject(self) -> Projected | None:
        """Bring the site into step with what is in the folder; needs nothing else."""
        with self._lock, self.folder.lock():
            return self._project()

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
                    raise ConfigurationError(_CHANGED)
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

    def _project(self) -> Projected | None:
        return brought_into_step(self.folder, self.site, self.clock.now())

    def _take(self) -> None:
        """Take into the folder what the database keeps and it does not."""
        present = self.store.changes()
        entries, changes = self.folder.entries()
        wanted = sorted(one for one, change in present.items() if changes.get(one) != change)
        gone = [one for one in entries if one not in present]
        if not wanted and not gone:
            return
        for number in gone:
            self.folder.drop(number)
        kept = {number: entry for number, entry in entries.items() if number in present}
        for start in range(0, len(wanted), _READ):
            for record in self.store.read(wanted[start : start + _READ]):
                kept[record.advisory] = self.folder.keep(record)
        self.folder.save_entries(kept, {one: present[one] for one in kept})
