"""Looking at campaigns: counted once for all who watch, and not more often than is useful."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.concurrency import run_in_threadpool

from broadcaster.domain.campaign import Campaign, CampaignStatus
from broadcaster.domain.delivery import Reason
from broadcaster.domain.message import Channel
from broadcaster.web.figures import Bar, Share, bar, shares, together
from broadcaster.web.inside import Inside

#: How long counts are shown again before they are counted anew, seconds: while deliveries
#: leave, and when only receipts may still come.
_FRESH, _FRESH_AFTER = 0.9, 5.0
#: How many campaigns are remembered.
_MOST = 200

#: How many parts that are held are shown.
_PARTS = 20

_HOLDABLE = (CampaignStatus.RUNNING, CampaignStatus.PAUSED)
_MOVING = (CampaignStatus.LAUNCHED, CampaignStatus.RUNNING)


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldPart:
    """What waits on a channel in a zone, for quiet hours or for an operator, and until when."""

    channel: Channel
    zone: str
    quiet: bool
    until: datetime
    messages: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """A campaign as it stood at a moment."""

    campaign: Campaign
    hold_reason: str | None
    kind: str
    expires: datetime
    at: datetime
    whole: Bar
    channels: Mapping[Channel, Bar]
    units: Mapping[Channel, int]
    locales: Mapping[str, Share]
    reasons: Mapping[Reason, int]
    failures: Mapping[Reason, int]
    held: Sequence[HeldPart] = ()

    @property
    def moving(self) -> bool:
        """Whether deliveries leave, or soon will."""
        return self.campaign.status in _MOVING


class Looks:
    """Gives looks at campaigns."""

    def __init__(self, inside: Inside, clock: Callable[[], float]) -> None:
        """`clock` counts seconds."""
        self._inside = inside
        self._clock = clock
        self._seen: OrderedDict[int, tuple[float, Look]] = OrderedDict()
        self._locks: dict[int, asyncio.Lock] = {}

    async def at(self, campaign: Campaign) -> Look:
        """Look; all who ask at once get the same look."""
        lock = self._locks.setdefault(campaign.id, asyncio.Lock())
        async with lock:
            known = self._seen.get(campaign.id)
            if known is not None and self._fresh(known, campaign):
                return known[1]
            look = await run_in_threadpool(self._look, campaign)
            self._remember(campaign.id, look)
            return look

    async def of(self, which: int) -> Look:
        """Look at a campaign by its id; NotFoundError."""
        return await self.at(await run_in_threadpool(self._inside.campaigns.get, str(which)))

    def _fresh(self, known: tuple[float, Look], campaign: Campaign) -> bool:
        seen, look = known
        limit = _FRESH if look.moving else _FRESH_AFTER
        return look.campaign == campaign and self._clock() - seen < limit

    def _remember(self, campaign: int, look: Look) -> None:
        self._seen[campaign] = (self._clock(), look)
        self._seen.move_to_end(campaign)
        while len(self._seen) > _MOST:
            old, _ = self._seen.popitem(last=False)
            self._locks.pop(old, None)

    def _look(self, campaign: Campaign) -> Look:
        counts = self._inside.reports.funnel(campaign.id)
        advisory = self._inside.ledger.advisory(campaign.advisory_id)
        held = campaign.status is CampaignStatus.PAUSED
        locales = dict(sorted(counts.locales.items(), key=lambda item: -item[1]))
        return Look(
            campaign=campaign,
            hold_reason=self._inside.campaigns.hold_reason(campaign.id) if held else None,
            kind=advisory.kind,
            expires=advisory.expires,
            at=self._inside.clock.now(),
            whole=bar(together(list(counts.channels.values()))),
            channels={channel: bar(row) for channel, row in counts.channels.items()},
            units=dict(counts.units),
            locales=dict(zip(locales, shares(list(locales.values())), strict=True)),
            reasons=_falling(counts.reasons),
            failures=_falling(counts.failures),
            held=self._held(campaign) if campaign.status in _HOLDABLE else (),
        )

    def _held(self, campaign: Campaign) -> Sequence[HeldPart]:
        rows = self._inside.reports.held(campaign.id, self._inside.clock.now())
        return [
            HeldPart(
                channel=Channel(str(row["channel"])),
                zone=str(row["zone"] or self._inside.settings.time_zone),
                quiet=row["why"] == "quiet_hours",
                until=datetime.fromisoformat(str(row["until"])),
                messages=int(str(row["messages"])),
            )
            for row in rows[:_PARTS]
        ]


def _falling(counts: Mapping[Reason, int]) -> dict[Reason, int]:
    return dict(sorted(counts.items(), key=lambda item: -item[1]))
