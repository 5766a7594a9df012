"""Says by arithmetic whether a run lost somebody, told somebody twice or broke a limit; pure.

Three accounts are compared that know nothing of each other: who was to be told (from the customers
that were made), what the ledger says, and what the networks wrote down as taken.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

#: Statuses of a delivery that a network must have taken, and of one that it may have taken.
_TAKEN = frozenset({"accepted", "delivered", "undelivered"})
_DOUBT = "unknown"
_WAITING = frozenset({"planned", "deferred", "submitting"})
#: Every status that a delivery can end in, by the word of the sum.
_ENDS: Mapping[str, str] = {
    "accepted": "delivered",
    "delivered": "delivered",
    "undelivered": "failed",
    "rejected": "failed",
    "dead": "failed",
    "expired": "failed",
    "cancelled": "failed",
    "suppressed": "suppressed",
    "unknown": "in doubt",
}
#: What a network says that became of a message, and the status that would contradict it.
_CONTRADICTION: Mapping[str, str] = {
    "delivered": "undelivered",
    "shown": "undelivered",
    "undelivered": "delivered",
    "failed": "delivered",
    "bounced": "delivered",
    "never shown": "delivered",
}
#: The window of a limit, seconds.
_WINDOW = 1.0
#: How many of a kind are told by name.
_TOLD = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A delivery as the ledger has it."""

    campaign: int
    number: int
    customer: str
    channel: str
    address: str
    status: str
    reason: str | None = None
    reference: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A message as a network wrote it down; `at` in epoch seconds, `reference` if it gave one."""

    campaign: int
    number: int
    channel: str
    address: str
    at: float
    fate: str
    reference: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A request as a network wrote it down, answered or not."""

    at: float
    network: str
    units: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """From when until when a campaign was paused by an operator, epoch seconds."""

    campaign: int
    start: float
    end: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Accounts:
    """All that the referee looks at.

    `targeted` holds customers and channels of each campaign, `owed` those of them that have an
    address of their own and did not refuse. `limits` are units a second by network, `ended` the
    status of each campaign, `pause_within` how long after a pause something may leave, seconds.
    """

    targeted: Mapping[int, frozenset[tuple[str, str]]]
    owed: Mapping[int, frozenset[tuple[str, str]]]
    rows: Sequence[Row]
    taken: Sequence[Taken]
    requests: Sequence[Request]
    limits: Mapping[str, float]
    ended: Mapping[int, str]
    pauses: Sequence[Pause] = ()
    pause_within: float = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A rule that was broken, how often, and some of the cases."""

    rule: str
    count: int
    cases: tuple[str, ...]

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.rule}: {self.count} ({'; '.join(self.cases)})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fullest:
    """The fullest second of a network: its units, the limit, and when it began.

    `over` counts the requests at whose arrival a second was too full.
    """

    network: str
    units: int
    limit: float
    at: float
    over: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What was found, and the figures that it rests on."""

    findings: tuple[Finding, ...]
    sums: Mapping[int, Mapping[str, int]]
    statuses: Mapping[int, Mapping[str, int]]
    fullest: tuple[Fullest, ...]
    taken: int

    @property
    def good(self) -> bool:
        """Whether no rule was broken."""
        return not self.findings


def judge(accounts: Accounts) -> Verdict:
    """Compare the accounts by every rule."""
    statuses: dict[int, Counter[str]] = {campaign: Counter() for campaign in accounts.targeted}
    for row in accounts.rows:
        statuses.setdefault(row.campaign, Counter())[row.status] += 1
    sums = {campaign: _sums(counts) for campaign, counts in statuses.items()}
    fullest = tuple(_fullest(accounts.requests, accounts.limits))
    rules = {
        "campaign not finished": _unfinished(accounts),
        "targeted person without exactly one delivery": _lost(accounts),
        "sum differs from targeted": _unbalanced(accounts, sums),
        "delivery left waiting": _waiting(accounts.rows),
        "left out without a reason of their own": _left_out(accounts),
        "address told twice": _twice(accounts.taken),
        "taken by a network and not known to the ledger": _unexplained(accounts),
        "said to be handed over and never taken": _missing(accounts),
        "taken for another message": _confused(accounts),
        "end contradicts the network": _contradicted(accounts),
        "second over the limit": _overfull(fullest),
        "left after a pause": _after_pause(accounts),
    }
    findings = tuple(
        Finding(rule=rule, count=len(cases), cases=tuple(cases[:_TOLD]))
        for rule, found in rules.items()
        if (cases := list(found))
    )
    return Verdict(
        findings=findings,
        sums=sums,
        statuses={campaign: dict(counts) for campaign, counts in statuses.items()},
        fullest=fullest,
        taken=len(accounts.taken),
    )


def _sums(counts: Counter[str]) -> dict[str, int]:
    sums = dict.fromkeys(("delivered", "failed", "suppressed", "in doubt"), 0)
    for status, count in counts.items():
        word = _ENDS.get(status)
        if word is not None:
            sums[word] += count
    return sums


def _unfinished(accounts: Accounts) -> Iterator[str]:
    for campaign, status in accounts.ended.items():
        if status != "completed":
            yield f"campaign {campaign} is {status}"


def _lost(accounts: Accounts) -> Iterator[str]:
    """Name who has no delivery, or two, or one without having been targeted."""
    found: Counter[tuple[int, str, str]] = Counter(
        (row.campaign, row.customer, row.channel) for row in accounts.rows
    )
    wanted = {(c, *who) for c, people in accounts.targeted.items() for who in people}
    for campaign, customer, channel in sorted(wanted - found.keys()):
        yield f"{campaign}/{customer}/{channel} has none"
    for (campaign, customer, channel), count in found.items():
        if count > 1 or (campaign, customer, channel) not in wanted:
            yield f"{campaign}/{customer}/{channel} has {count}"


def _unbalanced(accounts: Accounts, sums: Mapping[int, Mapping[str, int]]) -> Iterator[str]:
    for campaign, people in accounts.targeted.items():
        total = sum(sums[campaign].values())
        if total != len(people):
            yield f"campaign {campaign}: {len(people)} targeted, {total} accounted for"


def _waiting(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        if row.status in _WAITING or row.status not in _ENDS:
            yield f"{row.campaign}-{row.number} is {row.status}"


def _left_out(accounts: Accounts) -> Iterator[str]:
    """Name who should have been sent to; an address may have been found unfit meanwhile."""
    for row in accounts.rows:
        left_out = row.status == "suppressed" and row.reason != "address_suppressed"
        if left_out and (row.customer, row.channel) in accounts.owed.get(row.campaign, ()):
            yield f"{row.campaign}-{row.number} ({row.reason})"


def _twice(taken: Iterable[Taken]) -> Iterator[str]:
    told: defaultdict[tuple[int, str, str], list[Taken]] = defaultdict(list)
    for one in taken:
        told[one.campaign, one.channel, one.address].append(one)
    for (_, channel, _), times in told.items():
        if len(times) > 1:
            apart = max(one.at for one in times) - min(one.at for one in times)
            ids = ", ".join(sorted({f"{one.campaign}-{one.number}" for one in times}))
            yield f"{ids} by {channel} {len(times)} times, {apart:.2f} s apart"


def _unexplained(accounts: Accounts) -> Iterator[str]:
    known = {(row.campaign, row.number): row for row in accounts.rows}
    for one in accounts.taken:
        row = known.get((one.campaign, one.number))
        name = f"{one.campaign}-{one.number} by {one.channel}"
        if row is None:
            yield f"{name} is in no row"
        elif (row.channel, row.address) != (one.channel, one.address):
            yield f"{name} went to another address"
        elif row.status not in _TAKEN and row.status != _DOUBT:
            yield f"{name} is {row.status}"


def _missing(accounts: Accounts) -> Iterator[str]:
    got = {(one.campaign, one.number) for one in accounts.taken}
    for row in accounts.rows:
        if row.status in _TAKEN and (row.campaign, row.number) not in got:
            yield f"{row.campaign}-{row.number} by {row.channel} is {row.status}"


def _confused(accounts: Accounts) -> Iterator[str]:
    """Name what carries the reference of a message that was somebody else's."""
    owners = {one.reference: (one.campaign, one.number) for one in accounts.taken if one.reference}
    for row in accounts.rows:
        owner = owners.get(row.reference or "")
        if owner not in (None, (row.campaign, row.number)):
            yield f"{row.campaign}-{row.number} by {row.channel} names the message of {owner}"


def _contradicted(accounts: Accounts) -> Iterator[str]:
    fates = {(one.campaign, one.number): one.fate for one in accounts.taken}
    for row in accounts.rows:
        fate = fates.get((row.campaign, row.number), "")
        if _CONTRADICTION.get(fate) == row.status:
            yield f"{row.campaign}-{row.number} by {row.channel} is {row.status}, was {fate}"


def _fullest(requests: Iterable[Request], limits: Mapping[str, float]) -> Iterator[Fullest]:
    """Find the fullest second of each network, beginning at any moment."""
    by_network: defaultdict[str, list[Request]] = defaultdict(list)
    for request in requests:
        by_network[request.network].append(request)
    for network in sorted(by_network):
        limit = limits.get(network, 0.0)
        windows = list(seconds(by_network[network]))
        start, units = max(windows, key=lambda window: window[1])
        over = sum(1 for _, held in windows if held > limit)
        yield Fullest(network=network, units=units, limit=limit, at=start, over=over)


def seconds(requests: Iterable[Request]) -> Iterator[tuple[float, int]]:
    """Give the units of the second up to each request, and when it began."""
    inside: deque[Request] = deque()
    units = 0
    for request in sorted(requests, key=lambda one: one.at):
        inside.append(request)
        units += request.units
        while inside[0].at <= request.at - _WINDOW:
            units -= inside.popleft().units
        yield inside[0].at, units


def _overfull(fullest: Iterable[Fullest]) -> Iterator[str]:
    for full in fullest:
        if full.units > full.limit:
            yield f"{full.network}: {full.units} units of {full.limit:g}, from {full.at:.3f}"


def _after_pause(accounts: Accounts) -> Iterator[str]:
    for pause in accounts.pauses:
        for one in accounts.taken:
            if one.campaign == pause.campaign:
                late = one.at - pause.start
                if late > accounts.pause_within and one.at < pause.end:
                    yield f"{one.campaign}-{one.number} by {one.channel}, {late:.2f} s after it"
