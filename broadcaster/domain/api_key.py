"""Keys of the API: what they are made of, and how their requests are counted; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from broadcaster.domain.access import Action, Operator, allowed
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

#: What a key begins with, so that whoever finds one knows what it is.
MARK = "bk_"
#: So much of a key is shown where keys are listed.
SHOWN = len(MARK) + 6
#: How many requests a minute a key may make, at most and usually.
MOST_RATE, RATE = 60_000, 600
#: For how many days a key holds, at most and usually.
MOST_DAYS, DAYS = 730, 365
#: The time over which requests are counted.
WINDOW = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey:
    """A key as it is listed; `owner` is for whom it acts, `made_by` who made it."""

    id: int
    name: str
    prefix: str
    owner: str
    scopes: tuple[str, ...]
    rate: int
    made_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """What is left of a key's rate: requests now, and seconds until all of it is there again.

    `wait` is 0 for a request that was let in, else after how many seconds to ask again.
    """

    limit: int
    remaining: int
    reset: int
    wait: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Whoever asks with a key: what they may, and whose key it is."""

    operator: Operator
    key: int
    owner: str
    expires_at: datetime


def scopes_of(words: Iterable[str], owner: Operator) -> tuple[str, ...]:
    """Read scopes, which are actions that the owner's roles allow; InvalidInputError."""
    known = [action.value for action in Action]
    found = list(dict.fromkeys(word.strip().lower() for word in words if word.strip()))
    unknown = [word for word in found if word not in known]
    if unknown or not found:
        problem = (
            said("%(unknown)s is unknown", unknown=repr(unknown[0][:40]))
            if unknown
            else said("is empty")
        )
        raise InvalidInputError("scopes", problem, said("Use %(names)s.", names=", ".join(known)))
    mine = {action.value for action in allowed(owner.roles)}
    beyond = [word for word in found if word not in mine]
    if beyond:
        problem = said("%(owner)s may not %(names)s", owner=owner.name, names=", ".join(beyond))
        remedy = said(
            "A key can do what its owner may: %(names)s.",
            names=", ".join(one for one in known if one in mine),
        )
        raise InvalidInputError("scopes", problem, remedy)
    return tuple(word for word in known if word in found)


def narrowed(scopes: Iterable[str], owner: Operator) -> frozenset[Action]:
    """Give what a key may do now: of its scopes what its owner's roles allow still."""
    words = set(scopes)
    return frozenset(action for action in allowed(owner.roles) if action.value in words)


def charged(paid_until: datetime, rate: int, now: datetime) -> tuple[datetime, Allowance]:
    """Count a request: until when requests are paid for then, and what is left.

    The virtual scheduling algorithm (ITU-T I.371, GCRA) with a minute's requests as its burst.
    """
    step = WINDOW / rate
    begin = max(paid_until, now - WINDOW)
    after = begin + step
    if after > now:
        wait = max(1, -(-(after - now) // timedelta(seconds=1)))
        full = max(1, -(-(begin - now + WINDOW) // timedelta(seconds=1)))
        return begin, Allowance(limit=rate, remaining=0, reset=full, wait=wait)
    left = (now - after) // step
    full = max(0, -(-(after - now + WINDOW) // timedelta(seconds=1)))
    return after, Allowance(limit=rate, remaining=left, reset=full, wait=0)
