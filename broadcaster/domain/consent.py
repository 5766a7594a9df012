"""Consent and suppression: who said what about being told, and what follows from it; pure.

The table of what each class may reach, and why, is in `docs/decisions/0021-consent.md`; the tests
read it there. SQL that decides the same (planning, claims, the trigger of the history) is held to
`decide` by tests on generated histories.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from broadcaster.domain.delivery import Reason
from broadcaster.domain.message import Address, Channel, MessageClass


class Scope(StrEnum):
    """How far a word reaches, as people say it."""

    #: Advertising alone.
    PROMOTIONAL = "promotional"
    #: What comes with the contract; who refuses that refuses advertising as well.
    SERVICE = "service"
    #: Never: also what protects life.
    EVERYTHING = "everything"


class Ground(StrEnum):
    """Why somebody may or may not be told; a word on one ground changes nothing on another."""

    #: What a person wants.
    WISH = "wish"
    #: The carrier takes nothing for the number any more, because its holder told it to stop.
    CARRIER = "carrier"
    #: A court, an authority or a regulator decided it.
    ORDER = "order"
    #: Messages can't arrive there; no matter of consent.
    FITNESS = "fitness"


class Source(StrEnum):
    """Where a word comes from."""

    #: A column of a file of customers, about its date.
    IMPORT = "import"
    #: Customers that were made up.
    MADE = "made"
    #: A list of addresses that must not be used.
    LIST = "list"
    #: The customer's page of preferences.
    PAGE = "page"
    #: The link in a message (RFC 8058).
    ONE_CLICK = "one_click"
    #: A person of the team, who heard or read it.
    OPERATOR = "operator"
    #: The reader marked a message as unwanted (RFC 5965).
    COMPLAINT = "complaint"
    #: The holder of the number told the carrier to stop.
    STOP = "stop"
    #: A court or an authority.
    ORDER = "order"
    #: The regulator, after a complaint to it.
    REGULATOR = "regulator"
    #: There is no such mailbox or device.
    BOUNCE = "bounce"
    #: The subscription or token is gone.
    GONE = "gone"
    #: Known before there was a history.
    EARLIER = "earlier"


_GROUNDS: Mapping[Source, Ground] = {
    Source.STOP: Ground.CARRIER,
    Source.ORDER: Ground.ORDER,
    Source.REGULATOR: Ground.ORDER,
    Source.BOUNCE: Ground.FITNESS,
    Source.GONE: Ground.FITNESS,
}

#: Words of a person about themselves; a file does not undo them silently.
OWN_WORDS = frozenset(set(Source) - {Source.IMPORT, Source.MADE})

_ALL = tuple(MessageClass)
_SERVICE = (MessageClass.SERVICE, MessageClass.PROMOTIONAL)

# Scope of what is learned from a network, by our reason and the channel. Sources:
# 21610 https://www.twilio.com/docs/api/errors/21610: nothing is sent to the number until its holder
#   texts START, whatever it is about. To try again would only delay the next channel.
# Complaints, RFC 5965: the reader wants no more of such mail; that says nothing of water that is
#   unsafe.
# 5.1.1 and its like, RFC 3463 (section 3.2): there is no such mailbox. Not 5.7.x: that is about us.
# UNREGISTERED https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode: the token is void.
# 404 and 410 of Web Push, RFC 8030 (section 7.3): the subscription has ended.
# A telephone number that does not exist today is given to somebody tomorrow, so it is not barred.
_LEARNED: Mapping[tuple[Reason, Channel], tuple[Source, tuple[MessageClass, ...]]] = {
    (Reason.RECIPIENT_OPTED_OUT, Channel.SMS): (Source.STOP, _ALL),
    (Reason.RECIPIENT_OPTED_OUT, Channel.EMAIL): (Source.COMPLAINT, _SERVICE),
    (Reason.RECIPIENT_OPTED_OUT, Channel.PUSH): (Source.COMPLAINT, _SERVICE),
    (Reason.UNKNOWN_ADDRESS, Channel.EMAIL): (Source.BOUNCE, _ALL),
    (Reason.UNKNOWN_ADDRESS, Channel.PUSH): (Source.BOUNCE, _ALL),
    (Reason.GONE, Channel.SMS): (Source.GONE, _ALL),
    (Reason.GONE, Channel.EMAIL): (Source.GONE, _ALL),
    (Reason.GONE, Channel.PUSH): (Source.GONE, _ALL),
}

#: What one click in a message of a class ends. Mail programs click without showing a page, so it
#: never ends what protects life: that takes the box on the page that says so.
ENDS: Mapping[MessageClass, tuple[MessageClass, ...]] = {
    MessageClass.PROMOTIONAL: (MessageClass.PROMOTIONAL,),
    MessageClass.SERVICE: _SERVICE,
    MessageClass.SAFETY: _SERVICE,
}


class Basis(StrEnum):
    """On what ground somebody is told, or not."""

    #: What comes with the contract needs no consent.
    CONTRACT = "contract"
    #: What protects life needs none either.
    PROTECTS_LIFE = "protects_life"
    #: A recorded consent.
    CONSENT = "consent"
    #: Advertising, and no consent was ever recorded.
    NO_CONSENT = "no_consent"
    #: A record forbids it.
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentRecord:
    """One word about being told: whose, which classes, yes or no, from where, when, and its proof.

    It is about the customer where there is one, else about the address, whoever has it. `at` is
    when it was said or happened. `proof` is a reference (file and row, delivery, letter, order);
    no address and no name belong there. `id` is None until it is stored.
    """

    customer: int | None
    address: int | None
    channel: Channel
    ground: Ground
    classes: tuple[MessageClass, ...]
    granted: bool
    source: Source
    at: datetime
    proof: str
    by: str
    id: int | None = None

    def __repr__(self) -> str:
        """Show ids and words of ours alone: a proof is somebody else's."""
        word = "granted" if self.granted else "refused"
        return f"ConsentRecord({self.id}, {self.channel.value}, {self.ground.value}, {word})"


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedAddress:
    """A row of a list of addresses that must not be used; `at` is None where it has no date."""

    row: int
    address: Address
    source: Source
    classes: tuple[MessageClass, ...]
    at: datetime | None
    proof: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Whether a class may go to an address of a customer, and on what basis.

    `records` are those that decided: the consent, or all that forbid it. `reason` is what planning
    writes down of one who is left out. `passed` are the refusals that do not reach what protects
    life, where that is allowed: such as a service opt-out.
    """

    allowed: bool
    basis: Basis
    reason: Reason | None = None
    records: tuple[ConsentRecord, ...] = ()
    passed: tuple[ConsentRecord, ...] = ()


def ground_of(source: Source) -> Ground:
    """Say on what ground a word of this source is."""
    return _GROUNDS.get(source, Ground.WISH)


def learned(reason: Reason, channel: Channel) -> tuple[Source, tuple[MessageClass, ...]] | None:
    """Say what a network's refusal tells of an address for later; None: nothing.

    Soft bounces, full mailboxes and blocked senders tell nothing.
    """
    return _LEARNED.get((reason, channel))


def reached(scope: Scope, *, granted: bool, bars: bool) -> tuple[MessageClass, ...]:
    """Say which classes a word of this scope is about.

    A refusal reaches down: who refuses what matters more refuses what matters less. A customer's
    wish to be told (`bars` is False) is never taken for more than it says: advertising needs a
    consent of its own. What only lifts a bar (`bars`) reaches as far as the bar did.
    """
    if scope is Scope.PROMOTIONAL:
        return (MessageClass.PROMOTIONAL,)
    if granted and not bars:
        wider = scope is Scope.EVERYTHING
        return (MessageClass.SERVICE, MessageClass.SAFETY) if wider else (MessageClass.SERVICE,)
    return _SERVICE if scope is Scope.SERVICE else _ALL


def standing(
    records: Iterable[ConsentRecord], class_: MessageClass
) -> Mapping[Ground, ConsentRecord]:
    """Give the word that counts on each ground: the latest, and of one moment the refusal."""
    found: dict[Ground, ConsentRecord] = {}
    for one in records:
        if class_ in one.classes:
            other = found.get(one.ground)
            if other is None or _weight(one) > _weight(other):
                found[one.ground] = one
    return found


def decide(
    class_: MessageClass,
    customer: Iterable[ConsentRecord],
    address: Iterable[ConsentRecord],
) -> Verdict:
    """Say whether a class may go to an address of a customer; defined for every history.

    `customer` are the records about the customer on the address's channel, `address` those about
    the address. Any that forbids counts, at the customer or at the address; advertising needs the
    customer's consent besides, which an address alone can't give.
    """
    own_history, address_history = tuple(customer), tuple(address)
    own, there = standing(own_history, class_), standing(address_history, class_)
    wish = own.get(Ground.WISH)
    forbidding = [one for one in (*own.values(), *there.values()) if not one.granted]
    promotional = class_ is MessageClass.PROMOTIONAL
    if forbidding or (promotional and wish is None):
        refused = (wish is None and promotional) or (wish is not None and not wish.granted)
        return Verdict(
            allowed=False,
            basis=Basis.REFUSED if forbidding else Basis.NO_CONSENT,
            reason=Reason.OPTED_OUT if refused else Reason.ADDRESS_SUPPRESSED,
            records=tuple(sorted(forbidding, key=_rank)),
        )
    basis = Basis.PROTECTS_LIFE if class_ is MessageClass.SAFETY else Basis.CONTRACT
    return Verdict(
        allowed=True,
        basis=Basis.CONSENT if promotional else basis,
        records=(wish,) if promotional and wish is not None else (),
        passed=_passed((own_history, address_history)) if class_ is MessageClass.SAFETY else (),
    )


def yields(present: ConsentRecord | None, *, as_of: datetime | None) -> bool:
    """Tell whether a consent in a file may replace the present word of a customer.

    Only another file's, unless the file says from when it is (`as_of`) and the refusal is older:
    a column that nobody brought up to date must not undo what somebody said since.
    """
    if present is None or present.granted or present.source not in OWN_WORDS:
        return True
    return as_of is not None and present.at < as_of


def _weight(one: ConsentRecord) -> tuple[datetime, bool, int]:
    return one.at, not one.granted, -(one.id or 0)


def _rank(one: ConsentRecord) -> tuple[int, datetime]:
    """Order what forbids: what can least be changed first."""
    order = (Ground.ORDER, Ground.CARRIER, Ground.FITNESS, Ground.WISH)
    return order.index(one.ground), one.at


def _passed(histories: Sequence[Sequence[ConsentRecord]]) -> tuple[ConsentRecord, ...]:
    """Give the refusals that stand for some other class."""
    found: dict[int, ConsentRecord] = {}
    for history in histories:
        for class_ in MessageClass:
            for one in standing(history, class_).values():
                if not one.granted:
                    found[id(one)] = one
    return tuple(found.values())
