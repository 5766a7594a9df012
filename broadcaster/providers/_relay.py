"""What mail needs to know of its relay before and after the wire: settings, parameters, refusals.

Nothing here touches the wire.
"""

import logging
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.domain.hosts import is_loopback
from broadcaster.domain.options import Options, Secret
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError
from broadcaster.ports import Mail, Message, Submission
from broadcaster.providers._enhanced import enhanced, reason_of_reply
from broadcaster.providers._smtp_offers import Offers
from broadcaster.providers.base import result

_log = logging.getLogger(__name__)

HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\Z")
_MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(.+)\Z")

#: What would end a command or its brackets: a mailbox with it is none of ours to name.
_UNSPEAKABLE = re.compile(r"[\s\x00-\x1f\x7f<>\ud800-\udfff]")
_SPEAKABLE = re.compile(r"[!-;=?-~]*\Z")

_NO_XTEXT = re.compile(r"[^!-*,-<>-~]")

#: What is rare in a mail, in forms that are searched for quickly: a CR before anything else than
#: a LF and no dot, a CR without LF, a LF without CR.
_ODD = re.compile(rb"\r(?!\n[^.]|\n\Z)")
_BARE_CR = re.compile(rb"\r(?!\n)")
_BARE_LF = re.compile(rb"\n(?<!\r\n)")

#: The line that ends a mail.
_DOT = b".\r\n"
_EOL = b"\r\n"

_PORTS = {"none": 25, "starttls": 587, "tls": 465}

#: Replies that ask for credentials or encryption (RFC 4954, section 6): every mail would get them.
_OURS = frozenset({530, 534, 535, 538})

#: The first reply that is for good (RFC 5321, section 4.2.1).
_PERMANENT = 500


class RefusedError(Exception):
    """The relay said no."""

    def __init__(self, code: int, text: str, *, sender: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.text = text
        #: Whether it is us who were refused: at the greeting, at AUTH, or as the sender at MAIL.
        self.sender = sender


@dataclass(frozen=True, kw_only=True, slots=True)
class Relay:
    """Where mail is handed over, and how."""

    host: str
    port: int
    tls: str
    context: ssl.SSLContext | None
    username: str
    password: Secret
    hello: str
    timeout: float
    connections: int
    per_connection: int
    pipeline: int
    idle: float


class Draft(NamedTuple):
    """A composed mail: its Message-ID, its octets, and what is written after DATA, in pieces.

    `octets` are what is written after BDAT, where no dot ends or is doubled.

    A tuple, as it is made for each mail and a dataclass costs several times as much.
    """

    message: Message
    sender: str
    recipient: str
    reference: str
    octets: bytes
    content: Sequence[bytes]
    seven_bit: bool

    @property
    def size(self) -> int:
        """How many octets it has."""
        return len(self.octets)

    def __repr__(self) -> str:
        """Hide mailboxes and mail."""
        return f"Draft({self.message.delivery})"


def draft_of(message: Message, recipient: str, names: tuple[str, str], mail: Mail) -> Draft:
    """Make a mail ready; `names` are its sender and Message-ID. InvalidInputError as `written`."""
    sender, reference = names
    octets, seven_bit = mail
    if seven_bit:
        content: tuple[bytes, ...] = (octets, _DOT)
    else:
        content, seven_bit = (written(octets),), octets.isascii()
        octets = octets if octets.endswith(_EOL) else octets + _EOL
    return Draft(message, sender, recipient, reference, octets, content, seven_bit)


def envelope(draft: Draft, offers: Offers) -> tuple[bytes, bytes]:
    """Write MAIL and RCPT with the parameters that the relay understands.

    RefusedError, as the relay would answer, when it can't take this mail or this mailbox.
    """
    if offers.size and draft.size > offers.size:
        raise RefusedError(552, "5.3.4 longer than the relay takes")
    wide = not draft.recipient.isascii()
    if wide and not offers.utf8:
        raise RefusedError(553, "5.6.7 no SMTPUTF8")
    sender, recipient = f"MAIL FROM:<{draft.sender}>", f"RCPT TO:<{draft.recipient}>"
    if offers.sized:
        sender += f" SIZE={draft.size}"
    if offers.eight_bit and not draft.seven_bit:
        sender += " BODY=8BITMIME"
    if wide:
        sender += " SMTPUTF8"
    if offers.dsn:
        # RFC 3461: tell us what became of it, without sending the whole mail back.
        sender += f" RET=HDRS ENVID={draft.message.delivery}"
        recipient += " NOTIFY=SUCCESS,FAILURE,DELAY"
        if not wide:
            recipient += f" ORCPT=rfc822;{xtext(draft.recipient)}"
    return sender.encode() + b"\r\n", recipient.encode() + b"\r\n"


def written(mail: bytes) -> bytes:
    """Give what is written after DATA: dots at line starts doubled, and one in the last line.

    RFC 5321, section 4.5.2. InvalidInputError when a line ends otherwise than by CRLF: what a
    careless server takes for a line's end before a dot may end the mail, and what follows would be
    another mail of somebody's choice.
    """
    if _ODD.search(mail):
        if _BARE_CR.search(mail):
            raise InvalidInputError("mail", "has a bare CR", "Compose it with CRLF alone.")
        mail = mail.replace(b"\r\n.", b"\r\n..")
    if _BARE_LF.search(mail):
        raise InvalidInputError("mail", "has a bare LF", "Compose it with CRLF alone.")
    if mail.startswith(b"."):
        mail = b"." + mail
    return mail + (_DOT if mail.endswith(b"\r\n") else b"\r\n.\r\n")


def xtext(text: str) -> str:
    """Write a text as RFC 3461, section 4, wants it."""
    return _NO_XTEXT.sub(lambda match: f"+{ord(match[0]):02X}", text)


def refused(message: Message, error: RefusedError) -> Submission:
    """Say what a refusal means for the message, and for all that follow."""
    reason = reason_of_reply(error.code, error.text)
    status = enhanced(error.text)
    code = f"{error.code} {status}" if status else str(error.code)
    if error.code < _PERMANENT:
        # Who sends us away for now (454 4.7.0: no TLS at the moment) has no policy against us.
        vague = reason is Reason.OTHER or (error.sender and reason is Reason.BLOCKED)
        reason = Reason.PROVIDER_FAULT if vague else reason
        return result(message, DeliveryEvent.DEFER, reason, code=code)
    about_us = error.sender and reason not in {Reason.TOO_LONG, Reason.NOT_CAPABLE}
    if about_us or error.code in _OURS:
        return result(message, DeliveryEvent.DEFER, Reason.CONFIGURATION, code=code, halt=True)
    if reason is Reason.OTHER:
        _log.warning(
            "relay refused with a code that we do not know",
            extra={"action": "unknown_word", "provider": "smtp", "word": code},
        )
    return result(message, DeliveryEvent.REFUSE, reason, code=code)


def ascii_mailbox(mailbox: str) -> str:
    """Write an international domain in ASCII (RFC 5890) where that makes the mailbox ASCII.

    InvalidInputError when it can't be named in an envelope.
    """
    if _SPEAKABLE.match(mailbox):
        # Most are so.
        return mailbox
    if _UNSPEAKABLE.search(mailbox):
        raise InvalidInputError("recipient", "is no mailbox", "Correct it.")
    local, _, domain = mailbox.rpartition("@")
    if not local.isascii():
        return mailbox
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        raise InvalidInputError("recipient", "has no valid domain", "Correct it.") from None


def sender_of(options: Options) -> tuple[str, str]:
    """Read the mailbox that mails come from, and its domain."""
    sender = options.required("FROM", said("Give the mailbox that mails come from."))
    match = _MAILBOX.match(sender)
    if match is None or not HOST.match(match.group(1)):
        raise options.refuse("FROM", "is no mailbox", "Give one mailbox in ASCII, local@domain.")
    return sender, match.group(1)


def relay_of(options: Options, hello: str) -> Relay:
    """Read where mail is handed over; InvalidInputError naming the option that is wrong."""
    host = options.required("HOST", said("Name the mail relay."))
    tls = options.choice("TLS", "starttls", tuple(_PORTS))
    username, password = options.text("USERNAME", ""), options.secret("PASSWORD")
    if tls == "none" and username and not is_loopback(host):
        raise options.refuse(
            "TLS", "is 'none', so the password would leave in the clear", "Use starttls or tls."
        )
    return Relay(
        host=host,
        port=options.integer("PORT", _PORTS[tls], 1, 65535),
        tls=tls,
        context=None if tls == "none" else _tls(options),
        username=username,
        password=password,
        hello=hello,
        timeout=options.number("TIMEOUT", 30, 0.1, 600),
        connections=options.integer("CONNECTIONS", 8, 1, 200),
        per_connection=options.integer("PER_CONNECTION", 500, 1, 1_000_000),
        pipeline=options.integer("PIPELINE", 8, 0, 64),
        idle=options.number("IDLE", 30, 1, 3600),
    )


def _tls(options: Options) -> ssl.SSLContext:
    """Make the TLS settings once: reading the authorities takes longer than sending a mail."""
    authorities = options.text("CA_FILE", "")
    if authorities and not Path(authorities).is_file():
        raise options.refuse("CA_FILE", "is no file", "Name a file of certificates in PEM form.")
    try:
        return ssl.create_default_context(cafile=authorities or None)
    except ssl.SSLError:
        raise options.refuse(
            "CA_FILE", "holds no certificate", "Name a file of certificates in PEM form."
        ) from None
