"""What the inside needs of the outside: Protocols and the values that cross them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import LiteralString, Protocol, runtime_checkable

from broadcaster.domain.advisory import Advisory, Certainty, FactValue, Severity, Urgency
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.customer import PhoneCheck
from broadcaster.domain.delivery import (
    DeliveryEvent,
    DeliveryId,
    DeliveryStatus,
    Reason,
    Receipt,
)
from broadcaster.domain.message import (
    Address,
    Channel,
    Content,
    Lane,
    MessageClass,
)


class Clock(Protocol):
    """The time, and waiting; a test's clock does not really wait."""

    def now(self) -> datetime:
        """Give the present moment, aware, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


# Audience -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """A segment as SQL: a boolean expression over the row alias `customer`, with bound values.

    `text` holds only names and operators that we wrote, with `%(name)s` placeholders; every
    value from outside is in `values`.
    """

    text: LiteralString
    values: Mapping[str, object]


class Audience(Protocol):
    """Turns a segment's expression into what the planner can run."""

    def condition(self, expression: str) -> Condition:
        """Translate; InvalidInputError with position and remedy when the expression is wrong."""
        ...


class CheckPhone(Protocol):
    """Reads a text given as a telephone number, in a region that was chosen before."""

    def __call__(self, raw: str) -> PhoneCheck:
        """Check it; every text has an answer."""
        ...


# Rendering ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """What a template may know about the person who reads: nothing but these fields."""

    name: str = field(repr=False)
    number: str = field(repr=False)
    unsubscribe_url: str = field(repr=False)
    page_url: str = field(repr=False)


class Renderer(Protocol):
    """Makes the content of a message in one locale."""

    def render(self, advisory: Advisory, channel: Channel, locale: str, reader: Reader) -> Content:
        """Render; BroadcasterError (not retryable) when the kind, part or locale is missing."""
        ...

    def choose(self, kind: str, preferred: Sequence[str]) -> str | None:
        """Give the locale that a reader with these preferences gets: the first whole, approved one.

        Follows the explicit chains, then the organisation's default; None when nothing fits.
        """
        ...

    def fingerprint(self, kind: str) -> str:
        """Hash everything that decides how this kind reads: templates, facts schema, catalogues."""
        ...


# Sending --------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One rendered message, ready to be handed to a provider.

    `attempt` counts from 1. `expires` is when it must no longer arrive. `confirm_url` is where a
    receiving app or browser may confirm that it showed the message; empty when not used.
    """

    delivery: DeliveryId
    attempt: int
    address: Address
    locale: str
    content: Content = field(repr=False)
    units: int
    lane: Lane
    message_class: MessageClass
    expires: datetime
    unsubscribe_url: str = field(repr=False)
    confirm_url: str = field(repr=False)
    collapse_key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """What came of handing over one message.

    `event` is ACCEPT, DEFER, REFUSE, LOSE or EXHAUST. `reference` is the provider's id of the
    message. `retry_after` is the provider's own wish, where it gave one. `code` is the provider's
    word, kept for people. `halt` says that the provider will refuse every further message too
    (credentials, account), so that the campaign should pause rather than burn through.
    """

    delivery: DeliveryId
    attempt: int
    event: DeliveryEvent
    reference: str | None = None
    reason: Reason | None = None
    code: str | None = None
    retry_after: timedelta | None = None
    halt: bool = False


class Provider(Protocol):
    """A network account that takes messages."""

    @property
    def name(self) -> str:
        """The provider's name in settings, limits and the ledger."""
        ...

    @property
    def room(self) -> int:
        """How many messages it sends at once; more would wait inside it, granted too early."""
        ...

    async def submit(self, messages: Sequence[Message]) -> Sequence[Submission]:
        """Hand over a slice; one Submission for each message, never an exception for a message.

        A fault before anything was written is DEFER; no answer after it is LOSE.
        """
        ...

    async def aclose(self) -> None:
        """Close kept connections."""
        ...


@runtime_checkable
class Findable(Protocol):
    """A provider that can be asked what became of a message."""

    async def find(self, message: "Question") -> Sequence[Receipt]:
        """Ask by reference where there is one, else by recipient and time; empty: nothing found.

        UnavailableError when no answer was had: silence is not the same as nothing found.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Which message is asked about; `body_sha256` hashes the SMS body that was handed over."""

    delivery: DeliveryId
    address: Address
    reference: str | None
    since: datetime
    body_sha256: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class MailHeaders:
    """What stands above a mail. `message_id` has no angle brackets; `date` is aware.

    `sender` and `recipient` are mailboxes. `feedback_id` may be empty.
    """

    sender: str
    sender_name: str
    recipient: str
    message_id: str
    date: datetime
    locale: str
    unsubscribe_url: str
    feedback_id: str = ""

    def __repr__(self) -> str:
        """Hide the mailboxes."""
        return "MailHeaders()"


class Composer(Protocol):
    """Makes of a message's content what a network carries; pure."""

    def mail(self, message: Message, headers: MailHeaders) -> bytes:
        """Build a whole mail, CRLF line ends; InvalidInputError when a header cannot be."""
        ...

    def push(self, message: Message) -> bytes:
        """Build a push payload; InvalidInputError when it is longer than services take."""
        ...

    def topic(self, message: Message) -> str:
        """Name what the message replaces, 32 characters of base64url at most (RFC 8030)."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What a provider's file is given beside its own options when it builds its provider.

    `public_url` is where the provider can call us back; `/callbacks/<provider>/<delivery id>` below
    it leads to the provider's `receive`. `signing_key` makes and checks our own tokens (bounce
    addresses); `user_agent` names us; `composer` builds mails and push payloads.
    """

    composer: Composer
    clock: Clock
    public_url: str
    signing_key: bytes
    user_agent: str

    def __repr__(self) -> str:
        """Hide the key."""
        return f"Context({self.public_url!r})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Callback:
    """A provider's call to us: the path and query below `/callbacks/<provider>`, headers, raw body.

    `url` is the whole public address as the provider knows it, made from configuration and never
    from a Host header. Header names are in lower case. For a mail bounce the body is the message
    and `path` its envelope recipient.
    """

    path: str = field(repr=False)
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@runtime_checkable
class Receives(Protocol):
    """A provider that calls us back."""

    def receive(self, callback: Callback) -> Sequence[Receipt]:
        """Verify and read a callback; ForbiddenError when its signature does not fit."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """How many messages may leave at once; when 0, how long to wait before asking again (s).

    `mark` is the store's own word for the moment of the grant, for `Throttle.landed`.
    """

    count: int
    wait: float
    mark: int = 0


class Throttle(Protocol):
    """A limit kept for all workers together."""

    def take(self, limit: str, costs: Sequence[int], lane: Lane) -> Grant:
        """Ask to send messages of these `costs` (units each), in order; a prefix is granted.

        What is granted is to be sent at once. A message that costs more than may ever leave
        together is granted alone, and pays by a longer wait afterwards. When the store is down
        the answer is none, with a wait: it never opens.
        """
        ...

    def landed(self, limit: str, marks: Sequence[tuple[int, int]], lane: Lane) -> int:
        """Say that messages (mark of their grant, units) have been answered by now, or not yet.

        They may have arrived at any moment since their grant, so they count until a second from
        now; that keeps the limit at the receiving end, whatever delayed them. Gives the mark of
        this moment, for those that are still in the air.
        """
        ...


# The ledger ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """The exclusive right to work on a batch until `until`; `token` fences out former holders."""

    batch: int
    token: int
    campaign: int
    channel: Channel
    lane: Lane
    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Pending:
    """A delivery that a batch's holder may claim, with what is needed to render it.

    `attempt` is the number that the coming attempt will have.
    """

    delivery: DeliveryId
    attempt: int
    address: Address
    locale: str
    customer_number: str
    name: str = field(repr=False)


class Ledger(Protocol):
    """The memory of what was planned, sent and learned; PostgreSQL."""

    def lease(self, batch: int, now: datetime, ttl: timedelta) -> Lease | None:
        """Take a runnable batch; None when it is held, not due, done or its campaign not running.

        What a lost holder had claimed and not recorded becomes `unknown`.
        """
        ...

    def pending(self, lease: Lease, now: datetime, limit: int) -> Sequence[Pending]:
        """List deliveries of the batch that are due, in order; claims nothing."""
        ...

    def claim(
        self, lease: Lease, attempts: Mapping[int, int], now: datetime, ttl: timedelta
    ) -> Sequence[int]:
        """Claim deliveries (number -> attempt) in a committed transaction and renew the lease.

        Gives the numbers that may now leave: none when the lease was lost, or the campaign is
        no longer running, or its advisory has expired.
        """
        ...

    def record(self, submissions: Sequence["Recorded"], now: datetime) -> None:
        """Apply what came of a slice by the transition table, in one transaction."""
        ...

    def release(self, lease: Lease, now: datetime) -> None:
        """Give the batch back: done when nothing in it waits, else due when the next one is."""
        ...

    def campaign(self, campaign: int) -> Campaign:
        """Read a campaign; NotFoundError."""
        ...

    def advisory(self, advisory: int) -> Advisory:
        """Read an advisory; NotFoundError."""
        ...

    def receive(self, receipts: Sequence[Receipt], now: datetime) -> int:
        """Store receipts, repeats aside, before they are acknowledged; how many were new."""
        ...

    def apply_receipts(self, now: datetime, limit: int) -> int:
        """Apply stored receipts by the transition table; how many were handled."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """A submission as the ledger keeps it: with provider, units, and when to try again."""

    submission: Submission
    provider: str
    units: int
    due: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Open:
    """A delivery that is asked about: in doubt, or accepted long ago and never reported on.

    `since` is when it was claimed, or accepted; `asked` how often its provider was asked already.
    """

    pending: Pending
    status: DeliveryStatus
    message_class: MessageClass
    provider: str | None
    reference: str | None
    since: datetime
    asked: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NewCampaign:
    """A campaign to be made, with its advisory; `facts` are already checked against the kind."""

    name: str
    kind: str
    facts: Mapping[str, FactValue]
    message_class: MessageClass
    severity: Severity
    urgency: Urgency
    certainty: Certainty
    effective: datetime
    expires: datetime
    segment: str
    expression: str
    channels: Sequence[Channel]
    lane: Lane
    drill: bool
    scheduled_at: datetime | None
    created_by: str
