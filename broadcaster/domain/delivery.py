"""The delivery: its identity, its statuses, and the total table of what may follow what."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Self

#: Both parts are four-byte integers, so nine digits always fit.
_DIGITS = 9


class DeliveryId(NamedTuple):
    """Which delivery: the campaign's id and the delivery's number within it, counted from 1."""

    campaign: int
    number: int

    def __str__(self) -> str:
        """Give the form that travels through providers, `12-345`."""
        return f"{self.campaign}-{self.number}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the form that `str` gives; ValueError for anything else, also for huge numbers."""
        campaign, dash, number = text.partition("-")
        plain = campaign.isascii() and number.isascii() and campaign.isdigit() and number.isdigit()
        if not (dash and plain and max(len(campaign), len(number)) <= _DIGITS):
            message = "not a delivery id"
            raise ValueError(message)
        return cls(int(campaign), int(number))


class DeliveryStatus(StrEnum):
    """Where a delivery stands."""

    #: In the ledger, not yet claimed.
    PLANNED = "planned"
    #: Left out at planning, with a reason; never sent.
    SUPPRESSED = "suppressed"
    #: Claimed: its request is leaving, or has left and is not yet recorded.
    SUBMITTING = "submitting"
    #: Refused for now by the provider; tried again when due.
    DEFERRED = "deferred"
    #: The provider took it; what became of it is not known yet, or never will be.
    ACCEPTED = "accepted"
    #: In doubt: the request left and no answer was recorded. Never blindly resent.
    UNKNOWN = "unknown"
    #: The provider says that it arrived.
    DELIVERED = "delivered"
    #: The provider took it and could not deliver it.
    UNDELIVERED = "undelivered"
    #: The provider refused it for good.
    REJECTED = "rejected"
    #: Its time passed before it left.
    EXPIRED = "expired"
    #: The campaign was cancelled or superseded before it left.
    CANCELLED = "cancelled"
    #: Given up: retries spent, or a fault of ours. Listed, replayable by command.
    DEAD = "dead"


#: Statuses from which nothing more is sent.
FINAL = frozenset(
    {
        DeliveryStatus.SUPPRESSED,
        DeliveryStatus.DELIVERED,
        DeliveryStatus.UNDELIVERED,
        DeliveryStatus.REJECTED,
        DeliveryStatus.EXPIRED,
        DeliveryStatus.CANCELLED,
        DeliveryStatus.DEAD,
    }
)

#: Statuses in which a delivery ended without a message that arrived, or may have.
FAILED = FINAL - {DeliveryStatus.DELIVERED}

#: Statuses in which a delivery still waits to be sent.
WAITING = frozenset({DeliveryStatus.PLANNED, DeliveryStatus.DEFERRED})


class DeliveryEvent(StrEnum):
    """What can happen to a delivery, whoever reports it and in whatever order."""

    #: A worker claims it, in a committed transaction, just before its request leaves.
    CLAIM = "claim"
    #: The provider took it.
    ACCEPT = "accept"
    #: The provider refused it for now, or never saw it; it is safe to try again.
    DEFER = "defer"
    #: The provider refused it for good.
    REFUSE = "refuse"
    #: The request may have left and no answer came, or its worker was lost.
    LOSE = "lose"
    #: A receipt says that it arrived.
    DELIVER = "deliver"
    #: A receipt says that it did not and will not arrive.
    FAIL = "fail"
    #: Its validity ended.
    EXPIRE = "expire"
    #: The campaign was cancelled or superseded.
    CANCEL = "cancel"
    #: Retries are spent, or we could not make the message.
    EXHAUST = "exhaust"
    #: An in-doubt delivery is to be sent again, as the channel's rule or an operator decided.
    RESEND = "resend"
    #: After planning, its address became one that must not be used.
    SUPPRESS = "suppress"


class Effect(StrEnum):
    """What an event did."""

    #: The status is the one that the event asks for.
    APPLIED = "applied"
    #: The event says nothing new: a repeat, or news that came late.
    IGNORED = "ignored"
    #: The event contradicts a final status, which stands; the contradiction is counted.
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The status that follows, and what the event did."""

    status: DeliveryStatus
    effect: Effect


def _table() -> dict[tuple[DeliveryStatus, DeliveryEvent], DeliveryStatus]:
    status, event = DeliveryStatus, DeliveryEvent
    rules = {
        # Before it leaves.
        status.PLANNED: {
            event.CLAIM: status.SUBMITTING,
            event.EXPIRE: status.EXPIRED,
            event.CANCEL: status.CANCELLED,
            event.EXHAUST: status.DEAD,
            event.SUPPRESS: status.SUPPRESSED,
            event.REFUSE: status.REJECTED,
            event.DEFER: status.DEFERRED,
        },
        status.DEFERRED: {
            event.CLAIM: status.SUBMITTING,
            event.EXPIRE: status.EXPIRED,
            event.CANCEL: status.CANCELLED,
            event.EXHAUST: status.DEAD,
            event.SUPPRESS: status.SUPPRESSED,
            event.REFUSE: status.REJECTED,
            # A worker that stalled past its lease may report late, or its receipt may come
            # after the retry was planned: the message has arrived and must not leave again.
            event.ACCEPT: status.ACCEPTED,
            event.DELIVER: status.DELIVERED,
            event.FAIL: status.UNDELIVERED,
        },
        # In the air. A receipt may come before the answer to our request is recorded.
        status.SUBMITTING: {
            event.ACCEPT: status.ACCEPTED,
            event.DEFER: status.DEFERRED,
            event.REFUSE: status.REJECTED,
            event.LOSE: status.UNKNOWN,
            event.DELIVER: status.DELIVERED,
            event.FAIL: status.UNDELIVERED,
            event.EXPIRE: status.EXPIRED,
            event.EXHAUST: status.DEAD,
        },
        # In doubt: whatever is learned settles it. Not DEFER: a late refusal-for-now comes
        # only from the worker that claimed it, which knows that nothing was sent.
        status.UNKNOWN: {
            event.ACCEPT: status.ACCEPTED,
            event.DEFER: status.DEFERRED,
            event.REFUSE: status.REJECTED,
            event.DELIVER: status.DELIVERED,
            event.FAIL: status.UNDELIVERED,
            event.RESEND: status.DEFERRED,
            event.EXHAUST: status.DEAD,
        },
        status.ACCEPTED: {
            event.DELIVER: status.DELIVERED,
            event.FAIL: status.UNDELIVERED,
        },
        # Dead deliveries can be replayed by command.
        status.DEAD: {event.RESEND: status.DEFERRED},
    }
    return {(before, what): after for before, row in rules.items() for what, after in row.items()}


_CHANGES = _table()

#: Events that state a final result; meeting another final status they are a contradiction.
_RESULTS = {
    DeliveryEvent.DELIVER: DeliveryStatus.DELIVERED,
    DeliveryEvent.FAIL: DeliveryStatus.UNDELIVERED,
    DeliveryEvent.REFUSE: DeliveryStatus.REJECTED,
}


def transition(status: DeliveryStatus, event: DeliveryEvent) -> Outcome:
    """Say what follows when `event` happens to a delivery in `status`; defined for every pair."""
    after = _CHANGES.get((status, event))
    if after is not None:
        return Outcome(after, Effect.APPLIED)
    result = _RESULTS.get(event)
    contradicts = result is not None and result is not status and status in FINAL
    return Outcome(status, Effect.CONFLICT if contradicts else Effect.IGNORED)


class Reason(StrEnum):
    """Why a customer was left out, or why a message did not arrive. Our words, not a provider's."""

    # Left out at planning.
    #: The customer has no address on the channel.
    NO_ADDRESS = "no_address"
    #: The only address on the channel is malformed or of the wrong type (a landline for SMS).
    INVALID_ADDRESS = "invalid_address"
    #: The customer opted out of this class on this channel, or never gave a needed consent.
    OPTED_OUT = "opted_out"
    #: The address is on the suppression list for this class.
    ADDRESS_SUPPRESSED = "address_suppressed"
    #: Another customer of the campaign has the same address and is told there.
    DUPLICATE_ADDRESS = "duplicate_address"
    #: None of the customer's locales, nor the default, is complete and approved for this kind.
    NO_LOCALE = "no_locale"
    #: Has had as many messages of the class as a frequency cap allows.
    CAPPED = "capped"
    #: Somebody else of the household is told.
    HOUSEHOLD = "household"
    #: Of a follow-up: did not get the former message on this channel, or is not owed this one.
    NOT_TOLD = "not_told"
    # Refused or failed at the provider.
    #: No such number, mailbox, token or subscription.
    UNKNOWN_ADDRESS = "unknown_address"
    #: The number or carrier cannot take SMS.
    NOT_CAPABLE = "not_capable"
    #: The recipient told the provider to stop.
    RECIPIENT_OPTED_OUT = "recipient_opted_out"
    #: The subscription or token is gone.
    GONE = "gone"
    #: The handset was off or out of reach until the carrier gave up.
    UNREACHABLE = "unreachable"
    #: The mailbox is full.
    MAILBOX_FULL = "mailbox_full"
    #: Blocked or filtered as unwanted.
    BLOCKED = "blocked"
    #: The provider said to slow down.
    RATE_LIMITED = "rate_limited"
    #: The provider's queue is full.
    QUEUE_FULL = "queue_full"
    #: The provider had a fault of its own.
    PROVIDER_FAULT = "provider_fault"
    #: The provider could not be reached; the request never left.
    NO_CONNECTION = "no_connection"
    #: The request left and no answer came.
    NO_ANSWER = "no_answer"
    #: The worker was lost between claim and record.
    WORKER_LOST = "worker_lost"
    #: Our account, sender or credentials are refused.
    CONFIGURATION = "configuration"
    #: The message is longer than the provider takes.
    TOO_LONG = "too_long"
    #: Its validity ended before it left, or at the provider.
    EXPIRED = "expired"
    #: Its validity ended while it was held for quiet hours.
    QUIET_HOURS = "quiet_hours"
    #: An operator holds it, or held it until its validity ended.
    HELD = "held"
    #: The campaign was cancelled.
    CANCELLED = "cancelled"
    #: A later advisory of the thread replaced it.
    SUPERSEDED = "superseded"
    #: The message could not be rendered; a fault of ours.
    RENDERING = "rendering"
    #: The provider's word is not in our table.
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """Normalised feedback from a provider about one delivery.

    `dedupe` is equal for repeats of the same news and is unique per provider. `delivery` is None
    when the feedback carries only the provider's `reference`. `units` is what the provider says
    the message cost, where it says so.
    """

    provider: str
    dedupe: str
    delivery: DeliveryId | None
    reference: str | None
    event: DeliveryEvent | None
    reason: Reason | None = None
    code: str | None = None
