"""What is said on one channel: channels, the content of a message, and what it is worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from broadcaster.domain.light import light


class Channel(StrEnum):
    """A way to reach a customer, and `WEB`, where the advisory is published for everybody."""

    #: Text messages through a carrier; units are SMS segments.
    SMS = "sms"
    #: Mail; one unit a message.
    EMAIL = "email"
    #: Notifications to an app (FCM) or a browser (Web Push); one unit a message.
    PUSH = "push"
    #: The public page of an advisory; rendered, never delivered to an address.
    WEB = "web"


#: The channels on which a delivery can exist.
DELIVERY_CHANNELS = (Channel.SMS, Channel.EMAIL, Channel.PUSH)


class Scheme(StrEnum):
    """What sort of address a value is; it decides which providers can take it."""

    #: An E.164 number, `+212…`.
    TEL = "tel"
    #: A mailbox, `local@domain`.
    MAILTO = "mailto"
    #: A Web Push endpoint (an https URL) with its keys.
    WEBPUSH = "webpush"
    #: A Firebase registration token.
    FCM = "fcm"

    @property
    def channel(self) -> Channel:
        """The channel that addresses of this scheme belong to."""
        return _CHANNEL_OF_SCHEME[self]


_CHANNEL_OF_SCHEME = {
    Scheme.TEL: Channel.SMS,
    Scheme.MAILTO: Channel.EMAIL,
    Scheme.WEBPUSH: Channel.PUSH,
    Scheme.FCM: Channel.PUSH,
}


class MessageClass(StrEnum):
    """Why a message is sent, which decides what consent it needs and what may be repeated."""

    #: Part of the contract: outages, remote services, meter readings. Can be opted out of.
    SERVICE = "service"
    #: Advertises something; needs recorded consent (Moroccan law 09-08, article 10).
    PROMOTIONAL = "promotional"
    #: Protects life or health; passes a service opt-out, never a legal one.
    SAFETY = "safety"


class Lane(StrEnum):
    """Which work overtakes which."""

    URGENT = "urgent"
    ROUTINE = "routine"


@light
@dataclass(frozen=True, kw_only=True, slots=True)
class SmsContent:
    """The text of an SMS, exactly as it is to be sent."""

    body: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SmsSize:
    """What an SMS costs: `GSM-7` or `UCS-2`, its units (septets or UTF-16), and its segments."""

    encoding: str
    units: int
    segments: int


@dataclass(frozen=True, kw_only=True, slots=True)
class EmailContent:
    """A mail: subject line, text part and HTML part, all whole in one locale."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, eq=False, slots=True)
class Form:
    """A text with holes, made once and filled for many; each is itself alone, to be a key.

    `pieces` alternate: a literal, the number of the value that follows it, a literal and so on,
    ending with a literal (so a form without holes has one piece). Values are texts that are
    already shown as the part wants them (escaped, isolated).
    """

    pieces: tuple[str | int, ...]

    def fill(self, values: Sequence[str]) -> str:
        """Give the whole text."""
        return "".join([values[p] if type(p) is int else p for p in self.pieces])  # type: ignore[misc]  # (a piece is a text or a number)


@dataclass(frozen=True, eq=False, slots=True)
class EmailForm:
    """A mail with holes; the three forms take the same values."""

    subject: Form
    text: Form
    html: Form


@dataclass(frozen=True, slots=True)
class FilledEmail:
    """A mail as a form and one reader's values: `EmailContent` without having been joined yet."""

    form: EmailForm
    values: tuple[str, ...] = field(repr=False)

    @property
    def subject(self) -> str:
        """The subject line."""
        return self.form.subject.fill(self.values)

    @property
    def text(self) -> str:
        """The text part."""
        return self.form.text.fill(self.values)

    @property
    def html(self) -> str:
        """The HTML part."""
        return self.form.html.fill(self.values)


@dataclass(frozen=True, kw_only=True, slots=True)
class PushContent:
    """A push notification; `link` is opened when it is tapped, `direction` is `ltr` or `rtl`."""

    title: str
    body: str
    link: str
    direction: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WebContent:
    """A public page: a whole HTML document."""

    html: str


Content = SmsContent | EmailContent | FilledEmail | PushContent | WebContent


@light
@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a message goes: a normalised value of a scheme.

    `keys` holds what a Web Push subscription needs beside its endpoint (`p256dh`, `auth`).
    The value never appears in a repr, because reprs end up in logs.
    """

    scheme: Scheme
    value: str
    keys: Mapping[str, str]

    def __repr__(self) -> str:
        """Show the scheme alone."""
        return f"Address({self.scheme.value})"
