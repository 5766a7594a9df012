"""What a process tells the chronicle of campaigns: collected, and told once a second at most.

It is for people who watch, and never holds up or ends what is sent: what can not be written is
dropped.
"""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from broadcaster.domain.course import HandedOver, Happening, bucket
from broadcaster.domain.message import Channel
from broadcaster.errors import UnavailableError
from broadcaster.ports import Chronicle

#: How long what is told may wait to be told together.
_TOGETHER = timedelta(seconds=1)
#: The most happenings that wait; more of the same within a second say nothing new.
_MOST = 50

_Key = tuple[int, Channel, datetime]


class Telling:
    """Collects what one process has to tell."""

    def __init__(self, chronicle: Chronicle | None = None) -> None:
        """Nothing is to be told yet; without a chronicle nothing ever is."""
        self._chronicle = chronicle
        self._handed: dict[_Key, tuple[int, int]] = {}
        self._happened: list[Happening] = []
        self._since: datetime | None = None

    def handed_over(
        self, campaign: int, channel: Channel, messages: int, units: int, now: datetime
    ) -> None:
        """Count messages that a network has answered."""
        key = (campaign, channel, bucket(now))
        before = self._handed.get(key, (0, 0))
        self._handed[key] = (before[0] + messages, before[1] + units)
        self._since = self._since or now

    def happened(self, one: Happening) -> None:
        """Tell what befell a campaign."""
        if len(self._happened) < _MOST:
            self._happened.append(one)
        self._since = self._since or one.at

    async def keep_due(self, now: datetime) -> None:
        """Write when the first has waited."""
        if self._since is not None and now - self._since >= _TOGETHER:
            await self.keep()

    async def keep(self) -> None:
        """Write what waits."""
        handed, self._handed = self._handed, {}
        happened, self._happened = self._happened, []
        self._since = None
        if self._chronicle is None or not (handed or happened):
            return
        rows = [
            HandedOver(campaign=campaign, channel=channel, at=at, messages=messages, units=units)
            for (campaign, channel, at), (messages, units) in sorted(handed.items())
        ]
        with suppress(UnavailableError):
            await asyncio.to_thread(self._chronicle.write, rows, happened)
