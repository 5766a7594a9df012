"""Outgoing webhooks: what can be told, how it is signed, and when it is tried again; pure.

Signatures are those of Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over id,
time and body, in the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from broadcaster.domain.hosts import is_loopback
from broadcaster.errors import InvalidInputError


class EventType(StrEnum):
    """What an endpoint can be told of."""

    APPROVED = "campaign.approved"
    LAUNCHED = "campaign.launched"
    PAUSED = "campaign.paused"
    RESUMED = "campaign.resumed"
    COMPLETED = "campaign.completed"
    CANCELLED = "campaign.cancelled"
    #: Counts of a campaign's deliveries, now and then while they change.
    PROGRESS = "campaign.progress"
    #: Deliveries of a campaign that may or may not have left.
    DOUBT = "campaign.doubt"
    #: Messages wait for a limit that lets nearly nothing through.
    STARVING = "limit.starving"
    #: A customer refused a class of messages.
    OPTED_OUT = "customer.opted_out"
    #: Somebody tries an endpoint.
    TEST = "webhook.test"


#: What a secret begins with.
SECRET = "whsec_"  # noqa: S105  (a prefix)
LONGEST_URL = 2000
#: How long until an endpoint is tried again, by how often it failed; the last one stays.
_DELAYS = tuple(
    timedelta(seconds=one) for one in (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800)
)
#: An endpoint that failed for so long is asked no more.
GIVE_UP = timedelta(days=3)
#: An event that an endpoint refuses by itself (4xx) is tried so often.
MOST_REFUSALS = 3
_SOON = frozenset({408, 409, 421, 425, 429})
_GONE = 410


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaving:
    """An event on its way to an endpoint, claimed; `attempt` counts from 1."""

    event: int
    webhook: int
    url: str
    salt: bytes
    attempt: int
    failing_since: datetime | None
    type: EventType
    at: datetime
    data: Mapping[str, object]

    def __repr__(self) -> str:
        """Hide the address and what is told."""
        return f"Leaving(event {self.event}, webhook {self.webhook})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What an endpoint answered: a status, or None and why there was none; and how long it took."""

    status: int | None
    fault: str
    seconds: float

    @property
    def good(self) -> bool:
        """Whether it took the event."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004  (2xx)


@dataclass(frozen=True, kw_only=True, slots=True)
class Next:
    """What follows a reply: tried again at a time, dropped, or the endpoint is asked no more."""

    again: datetime | None = None
    drop: bool = False
    disable: str = ""


def follows(leaving: Leaving, reply: Reply, now: datetime, chance: float) -> Next:
    """Say what follows a reply that is not good; `chance` from 0 to 1 spreads those who failed."""
    if reply.status == _GONE:
        return Next(drop=True, disable="it answers that it is gone (410)")
    since = leaving.failing_since or now
    if now - since >= GIVE_UP:
        return Next(drop=True, disable=f"it has failed for {GIVE_UP.days} days")
    refused = reply.status is not None and 400 <= reply.status < 500  # noqa: PLR2004  (4xx)
    if refused and reply.status not in _SOON and leaving.attempt >= MOST_REFUSALS:
        return Next(drop=True)
    delay = _DELAYS[min(leaving.attempt, len(_DELAYS)) - 1]
    return Next(again=now + delay * (0.75 + 0.5 * chance))


def body_of(leaving: Leaving) -> bytes:
    """Give what is told: the same octets at every attempt."""
    told = {
        "id": identity(leaving.event),
        "type": leaving.type.value,
        "timestamp": leaving.at.isoformat(),
        "data": dict(leaving.data),
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def identity(event: int) -> str:
    """Name an event; who has seen it before, has it twice."""
    return f"evt_{event}"


def secret_of(key: bytes, salt: bytes) -> str:
    """Make an endpoint's secret of the installation's key and the endpoint's salt."""
    made = hmac.new(key, b"webhook:" + salt, hashlib.sha256).digest()
    return SECRET + base64.b64encode(made).decode()


def signed(secret: str, event: int, at: datetime, body: bytes) -> Mapping[str, str]:
    """Make the headers that say whose an event is, and when it left."""
    stamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix(SECRET))
    content = f"{identity(event)}.{stamp}.".encode() + body
    mark = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": identity(event),
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{mark}",
    }


def events_of(words: Iterable[str]) -> tuple[str, ...]:
    """Read which events are wanted; InvalidInputError for one that is unknown, or none."""
    known = [one.value for one in EventType if one is not EventType.TEST]
    found = list(dict.fromkeys(word.strip() for word in words if word.strip()))
    unknown = [word for word in found if word not in known]
    if unknown or not found:
        problem = f"{unknown[0][:60]!r} is unknown" if unknown else "is empty"
        raise InvalidInputError("events", problem, f"Use {', '.join(known)}.")
    return tuple(word for word in known if word in found)


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """Where an endpoint is: host and port, and what is asked for there."""

    secure: bool
    host: str
    port: int
    target: str


def destination(url: str, *, loopback: bool) -> Destination:
    """Read an endpoint's address; InvalidInputError for one that must not be called.

    https alone; where `loopback` allows it, http to this machine, for tests. Whether the host's
    addresses are public is looked at when it is connected to.
    """
    remedy = "Write https://host/path, without a name and password."
    problem = "is no address that can be called"
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidInputError("url", problem, remedy)
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise InvalidInputError("url", problem, remedy) from error
    own = loopback and parts.scheme == "http" and is_loopback(host)
    marked = parts.username is not None or parts.password is not None or "\\" in url
    if not host or marked or parts.fragment or port == 0:
        raise InvalidInputError("url", problem, remedy)
    if parts.scheme != "https" and not own:
        raise InvalidInputError("url", "is not https", remedy)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    secure = parts.scheme == "https"
    return Destination(
        secure=secure, host=host, port=port or (443 if secure else 80), target=target
    )
