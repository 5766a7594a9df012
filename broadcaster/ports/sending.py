"""Handing messages to a network account, and what it tells us."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, runtime_checkable

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Reason, Receipt
from broadcaster.domain.light import light
from broadcaster.domain.message import Address, Content, Lane, MessageClass
from broadcaster.ports.clock import Clock


@light
@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One rendered message, ready to be handed to a provider.

    `attempt` counts from 1. `expires` is when it must no longer arrive. `confirm_url` is where a
    receiving app or browser may confirm that it showed the message; empty when not used.
    `former` are the deliveries of the messages that it follows at this address.
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
    former: tuple[DeliveryId, ...] = ()


@light
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


class Watch(Protocol):
    """Is told how the messages that were handed over get on; called on the loop, never blocks."""

    def leaving(self, message: Message) -> bool:
        """Ask whether a message may leave now; asked just before the first octet of its request.

        True: from now on it may arrive, and what comes of it must be answered. False: it was
        taken back (a pause, its end, a lost lease); it must not leave, and nothing more is told of
        it. What was never asked about and can't be sent is answered with DEFER. Asked again where
        it did not leave at once: ahead of what it takes to let it leave, or by another way.
        """
        ...

    def answered(self, submission: Submission) -> None:
        """What came of a message; told exactly once for each that was not taken back."""
        ...


@runtime_checkable
class Streams(Protocol):
    """A provider that keeps many messages in the air by itself, without a task for each."""

    async def stream(self, messages: Sequence[Message], watch: Watch) -> None:
        """Hand messages over and tell `watch` of each as it happens; ends when all are answered.

        Several calls may run at once. Never raises for a message; when it is cancelled, what was
        written and not answered is LOSE.
        """
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


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MailSigner:
    """Who answers for mails with a DKIM signature (RFC 6376); each is itself alone, to be a key.

    `algorithm` is `rsa-sha256` or `ed25519-sha256`. `sign` takes a SHA-256 digest and gives the
    signature over it (Ed25519: over the digest's octets, RFC 8463).
    """

    domain: str
    selector: str
    algorithm: str
    sign: Callable[[bytes], bytes] = field(repr=False)


@light
@dataclass(frozen=True, kw_only=True, slots=True)
class MailHeaders:
    """What stands above a mail. `message_id` has no angle brackets; `date` is aware.

    `sender` and `recipient` are mailboxes. `feedback_id` may be empty. Each of `signers` signs.
    `references` are the Message-IDs of the mails that it follows, without angle brackets, the one
    that it answers last.
    """

    sender: str
    sender_name: str
    recipient: str
    message_id: str
    date: datetime
    locale: str
    unsubscribe_url: str
    feedback_id: str = ""
    signers: tuple[MailSigner, ...] = ()
    references: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Hide the mailboxes."""
        return "MailHeaders()"


class Mail(NamedTuple):
    """A whole mail.

    `clean` says, by how it was made: every octet is ASCII, every line ends in CRLF and in no other
    way, and none begins with a dot. Nobody has to look for that then; else nothing is known.
    """

    octets: bytes
    clean: bool = False

    def __repr__(self) -> str:
        """Hide the mail."""
        return f"Mail(clean={self.clean})"


class Composer(Protocol):
    """Makes of a message's content what a network carries; pure."""

    def mail(self, message: Message, headers: MailHeaders) -> Mail:
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
