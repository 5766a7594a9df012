"""When the team is alerted: what stands how, which of it is not well, and what is told; pure.

Nothing flaps: what is not well must be so for a while before it is told, and well for a while
before it is told to be over. It is told once, and again after a long while as long as it lasts.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Watched(StrEnum):
    """What is watched; its subject stands beside each."""

    #: A campaign could send or be planned, and no worker takes it up. The campaign's number.
    STALLED = "stalled"
    #: A network fails, as those who send find. The provider's name.
    PROVIDER = "provider"
    #: A limit is so low or so long at rest that what waits for it goes hungry. The limit's name.
    LIMIT = "limit"
    #: Messages leave and no receipts come any more.
    RECEIPTS = "receipts"
    #: Receipts were stored, and nobody applies them.
    RECEIPTS_WAIT = "receipts_wait"
    #: Little room is left on the disk of the home folder.
    DISK = "disk"
    #: PostgreSQL has few connections left.
    CONNECTIONS = "connections"
    #: Deliveries are in doubt for long.
    DOUBT = "doubt"
    #: A public channel refuses what is announced, or it is not known whether it took it. Its name.
    ANNOUNCEMENT = "announcement"
    #: A webhook fails for long, or was given up. Its number.
    WEBHOOK = "webhook"
    #: The database does not answer.
    DATABASE = "database"
    #: The server of limits and queues does not answer.
    REDIS = "redis"


class News(StrEnum):
    """What is told of an alert."""

    RAISED = "raised"
    LASTING = "lasting"
    OVER = "over"


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitState:
    """A limit: units a second, seconds of rest left, and messages that asked in vain."""

    rate: float
    allowed: float
    used: float
    paused: float
    urgent: int
    routine: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """How everything stands at a moment.

    `idle` are campaigns that could go on, and no worker has taken them up. `failing` gives
    providers that fail, and since when. `sending` says since when messages leave without a pause,
    `receipt` when the newest receipt came; None: none. `unapplied` and `doubt` say since when the
    oldest receipt waits and the oldest delivery is in doubt. `dead` counts by public channel what
    was refused or is in doubt lately, `webhooks` are those that fail for long or were given up.
    `disk` and `connections` are the parts that are used, 0 to 1, None where that is not known.
    `away` are servers that do not answer.
    """

    at: datetime
    idle: Collection[int]
    failing: Mapping[str, datetime]
    limits: Mapping[str, LimitState]
    sending: datetime | None = None
    receipt: datetime | None = None
    unapplied: datetime | None = None
    doubt: datetime | None = None
    dead: Mapping[str, int]
    webhooks: Collection[int] = ()
    disk: float | None = None
    connections: float | None = None
    away: Collection[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """Something that is watched and not well: since when, when last seen so, when last told."""

    watched: Watched
    subject: str
    since: datetime
    seen: datetime
    told: datetime | None = None

    @property
    def key(self) -> tuple[Watched, str]:
        """Tell it from others."""
        return self.watched, self.subject


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """What the team is to be told: no name, address or text of anybody."""

    watched: Watched
    subject: str
    news: News
    since: datetime
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """How long it must be not well to be told, how long well to be over, and when told again."""

    after: timedelta
    rest: timedelta = timedelta(minutes=2)
    again: timedelta = timedelta(hours=4)


_QUICK, _USUAL, _SLOW = (Rule(after=timedelta(minutes=minutes)) for minutes in (1, 3, 10))
RULES: Mapping[Watched, Rule] = {
    Watched.STALLED: Rule(after=timedelta(minutes=2)),
    Watched.PROVIDER: _USUAL,
    Watched.LIMIT: Rule(after=timedelta(minutes=3), rest=timedelta(minutes=3)),
    Watched.RECEIPTS: _QUICK,
    Watched.RECEIPTS_WAIT: _QUICK,
    Watched.DISK: Rule(after=timedelta(0), rest=timedelta(minutes=10)),
    Watched.CONNECTIONS: _QUICK,
    Watched.DOUBT: Rule(after=timedelta(0), rest=timedelta(minutes=5), again=timedelta(hours=12)),
    Watched.ANNOUNCEMENT: Rule(after=timedelta(0), again=timedelta(hours=24)),
    Watched.WEBHOOK: Rule(after=timedelta(0), again=timedelta(hours=24)),
    Watched.DATABASE: _QUICK,
    Watched.REDIS: _QUICK,
}

#: How long messages may leave before the first receipt, and how old the newest may be. Networks
#: that never reported within the memory are not waited for.
SILENT, MEMORY = timedelta(minutes=20), timedelta(days=7)
#: How long stored receipts may wait, and deliveries may be in doubt.
UNAPPLIED, DOUBT = timedelta(minutes=5), timedelta(hours=1)
#: The part of a limit below which what waits for it goes hungry; above it, it is merely busy.
HUNGRY = 0.25
#: The parts at which disk and connections are too full, and those below which it is over.
FULL, ROOM = 0.9, 0.85
_SERVERS = (Watched.DATABASE, Watched.REDIS)
#: The most alerts at once: whatever goes wrong for a thousand campaigns has one cause.
MOST = 50


def unwell(
    condition: Condition, standing: Collection[tuple[Watched, str]]
) -> Iterator[tuple[Watched, str]]:
    """List what is not well at a moment; `standing` is what was told, which is left later."""
    for server in condition.away:
        yield Watched(server), ""
    for campaign in sorted(condition.idle):
        yield Watched.STALLED, str(campaign)
    for provider in sorted(condition.failing):
        yield Watched.PROVIDER, provider
    for name, limit in sorted(condition.limits.items()):
        if _starves(limit):
            yield Watched.LIMIT, name
    for channel, count in sorted(condition.dead.items()):
        if count:
            yield Watched.ANNOUNCEMENT, channel
    for webhook in sorted(condition.webhooks):
        yield Watched.WEBHOOK, str(webhook)
    yield from ((watched, "") for watched in _single(condition, standing))


def _single(condition: Condition, standing: Collection[tuple[Watched, str]]) -> Iterator[Watched]:
    """List what is not well of which there is one."""
    if _silent(condition):
        yield Watched.RECEIPTS
    for watched, since, longest in (
        (Watched.RECEIPTS_WAIT, condition.unapplied, UNAPPLIED),
        (Watched.DOUBT, condition.doubt, DOUBT),
    ):
        if since is not None and condition.at - since >= longest:
            yield watched
    for watched, used in (
        (Watched.DISK, condition.disk),
        (Watched.CONNECTIONS, condition.connections),
    ):
        if used is not None and used >= (ROOM if (watched, "") in standing else FULL):
            yield watched


def _starves(limit: LimitState) -> bool:
    """Tell whether somebody waits, and the limit is far lower than it is set to."""
    waits = limit.urgent or limit.routine
    return bool(waits) and (limit.paused > 0 or limit.allowed < HUNGRY * limit.rate)


def _silent(condition: Condition) -> bool:
    """Tell whether messages leave for long, and receipts that came before come no more."""
    if condition.sending is None or condition.receipt is None:
        return False
    quiet = condition.at - condition.receipt
    return SILENT <= quiet <= MEMORY and condition.at - condition.sending >= SILENT


def judged(
    known: Sequence[Alert], condition: Condition
) -> tuple[Sequence[Alert], Sequence[Notice]]:
    """Give what stands now, and what is to be told of it; a function of both alone.

    Of what can't be seen while a server is away, nothing is said to be over.
    """
    at = condition.at
    before = {alert.key: alert for alert in known}
    told = {alert.key for alert in known if alert.told is not None}
    found = dict.fromkeys([*unwell(condition, told)][:MOST])
    alerts: list[Alert] = []
    notices: list[Notice] = []
    for key in dict.fromkeys([*before, *found]):
        alert = before.get(key) or Alert(watched=key[0], subject=key[1], since=at, seen=at)
        away = bool(condition.away) and key[0] not in _SERVERS
        if key in found:
            alert = _changed(alert, seen=at)
        elif away:
            # Nobody looked: it is as it was.
            alert = _changed(alert, seen=max(alert.seen, at - RULES[key[0]].rest))
        news = _news(alert, at, well=key not in found)
        if news is not None:
            notices.append(_notice(alert, news, at))
        if news in (News.RAISED, News.LASTING):
            alert = _changed(alert, told=at)
        # What was well again before anybody was told is forgotten at once.
        unseen = key in found or alert.told is not None or away
        if news is not News.OVER and unseen:
            alerts.append(alert)
    return alerts, notices


def _news(alert: Alert, at: datetime, *, well: bool) -> News | None:
    rule = RULES[alert.watched]
    if well:
        over = alert.told is not None and at - alert.seen > rule.rest
        return News.OVER if over else None
    if alert.told is None:
        return News.RAISED if at - alert.since >= rule.after else None
    return News.LASTING if at - alert.told >= rule.again else None


def _changed(alert: Alert, *, seen: datetime | None = None, told: datetime | None = None) -> Alert:
    return Alert(
        watched=alert.watched,
        subject=alert.subject,
        since=alert.since,
        seen=seen or alert.seen,
        told=told or alert.told,
    )


def _notice(alert: Alert, news: News, at: datetime) -> Notice:
    return Notice(watched=alert.watched, subject=alert.subject, news=news, since=alert.since, at=at)
