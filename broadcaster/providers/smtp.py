"""Mail through a relay, over kept SMTP connections.

Options: HOST, PORT, TLS (`starttls`, `tls` or `none`), CA_FILE, USERNAME, PASSWORD, FROM, FROM_NAME,
BOUNCE_DOMAIN (bounces come to addresses there), FEEDBACK_ID, CONNECTIONS, PER_CONNECTION (mails
before a connection is closed), IDLE and TIMEOUT (seconds).
"""

import asyncio
import logging
import re
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiosmtplib
from aiosmtplib import SMTP, SMTPResponse

from broadcaster.domain.delivery import DeliveryEvent, Reason, Receipt
from broadcaster.domain.options import Options, Secret
from broadcaster.errors import InvalidInputError
from broadcaster.ports import Callback, Context, MailHeaders, Message, Submission
from broadcaster.providers import _bounces
from broadcaster.providers._bounces import ReturnPath
from broadcaster.providers._enhanced import enhanced, reason_of_reply
from broadcaster.providers._http import is_loopback
from broadcaster.providers.base import each, result

_log = logging.getLogger(__name__)

_NAME = "smtp"

_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\Z")
_MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(.+)\Z")

_PORTS = {"none": 25, "starttls": 587, "tls": 465}

#: Replies (RFC 5321, section 4.2.3).
_OK, _GO_AHEAD, _CLOSING, _PERMANENT = 250, 354, 421, 500

#: Replies that ask for credentials or encryption (RFC 4954, section 6): every mail would get them.
_OURS = frozenset({530, 534, 535, 538})

#: How long a polite goodbye may take, seconds.
_GOODBYE = 1.0

_Gone = (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, OSError)


def build(options: Options, context: Context) -> "SmtpProvider":
    """Build the provider; InvalidInputError naming the option that is wrong."""
    return SmtpProvider(options, context)


class _RefusedError(Exception):
    """The relay answered with something else than what was hoped for."""

    def __init__(self, code: int, text: str, *, sender: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.text = text
        #: Whether it is the sender that was refused, at MAIL.
        self.sender = sender


class _NotSentError(Exception):
    """The mail's last line was not written: the relay cannot have taken it."""


class _NoAnswerError(Exception):
    """The whole mail was written and no answer came."""


@dataclass(slots=True)
class _Connection:
    client: SMTP
    used: int = 0
    since: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Relay:
    """Where mail is handed over, and how."""

    host: str
    port: int
    tls: str
    context: ssl.SSLContext | None
    username: str
    password: Secret
    hello: str
    timeout: float
    per_connection: int
    idle: float

    async def connect(self) -> _Connection:
        client = SMTP(
            hostname=self.host,
            port=self.port,
            username=self.username or None,
            password=self.password.reveal() or None,
            # Without it the library asks the resolver for our name, and blocks meanwhile.
            local_hostname=self.hello,
            timeout=self.timeout,
            use_tls=self.tls == "tls",
            start_tls=self.tls == "starttls",
            tls_context=self.context,
        )
        try:
            await client.connect()
            # So that the extensions are known before the first mail.
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
        except BaseException:
            client.close()
            raise
        return _Connection(client)


class _Connections:
    """Kept connections; how many are used at once is bounded elsewhere."""

    def __init__(self, relay: _Relay) -> None:
        self._relay = relay
        self._kept: list[_Connection] = []

    def kept(self) -> _Connection | None:
        """Give a connection that should still be open; the last used is the likeliest."""
        now = asyncio.get_running_loop().time()
        while self._kept:
            connection = self._kept.pop()
            if connection.client.is_connected and now - connection.since < self._relay.idle:
                return connection
            connection.client.close()
        return None

    async def fresh(self) -> _Connection:
        """Open a connection; raises what the library raises."""
        return await self._relay.connect()

    def keep(self, connection: _Connection) -> None:
        """Take back a connection that is between two mails."""
        connection.used += 1
        connection.since = asyncio.get_running_loop().time()
        if connection.used < self._relay.per_connection and connection.client.is_connected:
            self._kept.append(connection)
        else:
            connection.client.close()

    async def aclose(self) -> None:
        """Say goodbye on every connection."""
        while self._kept:
            client = self._kept.pop().client
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit(timeout=_GOODBYE)
            client.close()


class SmtpProvider:
    """Mail through one relay."""

    name = _NAME

    def __init__(self, options: Options, context: Context) -> None:
        """Read the options; nothing is connected yet."""
        self._context = context
        self._from, domain = _sender(options)
        self._from_name = options.text("FROM_NAME", "")
        self._feedback_id = options.text("FEEDBACK_ID", "")
        bounce_domain = options.text("BOUNCE_DOMAIN", domain)
        if not _HOST.match(bounce_domain):
            raise options.refuse("BOUNCE_DOMAIN", "is no domain", "Give a name such as b.example.")
        self._paths = ReturnPath(key=context.signing_key, domain=bounce_domain)
        self._connections = _Connections(_relay(options, bounce_domain))
        self._room = asyncio.Semaphore(options.integer("CONNECTIONS", 8, 1, 200))

    async def submit(self, messages: Sequence[Message]) -> Sequence[Submission]:
        """Hand over each message in a transaction of its own."""
        return await each(messages, self._send, self._room)

    async def aclose(self) -> None:
        """Close kept connections."""
        await self._connections.aclose()

    def receive(self, callback: Callback) -> Sequence[Receipt]:
        """Read a bounce or complaint; ForbiddenError when it came to an address not of our making.

        `callback.path` is the envelope recipient and `callback.body` the raw mail.
        """
        delivery = self._paths.read(callback.path)
        return (_bounces.read(_NAME, delivery, callback.body),)

    async def _send(self, message: Message) -> Submission:
        message_id = self._message_id(message)
        try:
            recipient = _ascii(message.address.value)
            mail = self._context.composer.mail(message, self._headers(message, recipient))
        except InvalidInputError as error:
            if error.field == "recipient":
                return result(message, DeliveryEvent.REFUSE, Reason.INVALID_ADDRESS)
            return result(message, DeliveryEvent.EXHAUST, Reason.RENDERING)
        try:
            await self._hand_over(message, recipient, mail)
        except _RefusedError as error:
            return _refused(message, error)
        except _NotSentError as error:
            code = str(error)
            return result(message, DeliveryEvent.DEFER, Reason.NO_CONNECTION, code=code)
        except _NoAnswerError as error:
            return result(
                message,
                DeliveryEvent.LOSE,
                Reason.NO_ANSWER,
                reference=message_id,
                code=str(error),
            )
        return result(message, DeliveryEvent.ACCEPT, reference=message_id)

    def _message_id(self, message: Message) -> str:
        """The same for every attempt, so that mail systems recognise a repeat."""
        token = self._paths.token("message", message.delivery)
        return f"{message.delivery}.{token}@{self._paths.domain}"

    def _headers(self, message: Message, recipient: str) -> MailHeaders:
        return MailHeaders(
            sender=self._from,
            sender_name=self._from_name,
            recipient=recipient,
            message_id=self._message_id(message),
            date=self._context.clock.now(),
            locale=message.locale,
            unsubscribe_url=message.unsubscribe_url,
            feedback_id=self._feedback_id,
        )

    async def _hand_over(self, message: Message, recipient: str, mail: bytes) -> None:
        connection = self._connections.kept()
        if connection is not None:
            try:
                await self._envelope(connection.client, message, recipient, mail)
            except _NotSentError:
                # It was closed while it was kept, which says nothing about the relay.
                connection = None
            except _RefusedError as error:
                await self._settle(connection, error)
                raise
        if connection is None:
            connection = await self._connect()
            try:
                await self._envelope(connection.client, message, recipient, mail)
            except _RefusedError as error:
                await self._settle(connection, error)
                raise
        try:
            await _content(connection.client, mail)
        except _RefusedError as error:
            await self._settle(connection, error)
            raise
        self._connections.keep(connection)

    async def _connect(self) -> _Connection:
        try:
            return await self._connections.fresh()
        except aiosmtplib.SMTPResponseException as error:
            sender = not isinstance(error, aiosmtplib.SMTPConnectResponseError)
            raise _RefusedError(error.code, error.message, sender=sender) from None
        except aiosmtplib.SMTPNotSupported:
            # STARTTLS or AUTH is asked for by our settings and not offered.
            raise _RefusedError(530, "not offered", sender=True) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise _NotSentError(type(error).__name__) from None

    async def _envelope(self, client: SMTP, message: Message, recipient: str, mail: bytes) -> None:
        """Name sender and recipient and be told to go ahead; nothing is handed over by that."""
        wide = not recipient.isascii()
        if wide and not client.supports_extension("smtputf8"):
            raise _RefusedError(553, "5.6.7 no SMTPUTF8")
        encoding = "utf-8" if wide else "ascii"
        sender_options, recipient_options = _options(client, message, recipient, len(mail))
        try:
            await client.mail(
                self._paths.address(message.delivery), options=sender_options, encoding=encoding
            )
            await client.rcpt(recipient, options=recipient_options, encoding=encoding)
            reply = await client.execute_command(b"DATA")
        except aiosmtplib.SMTPSenderRefused as error:
            raise _RefusedError(error.code, error.message, sender=True) from None
        except aiosmtplib.SMTPResponseException as error:
            raise _RefusedError(error.code, error.message) from None
        except _Gone as error:
            client.close()
            raise _NotSentError(type(error).__name__) from None
        if reply.code != _GO_AHEAD:
            raise _RefusedError(reply.code, reply.message)

    async def _settle(self, connection: _Connection, error: _RefusedError) -> None:
        """Make a connection ready for the next mail after a refusal, or close it."""
        try:
            if not 400 <= error.code < 600 or error.code == _CLOSING:  # noqa: PLR2004  (refusals)
                raise ConnectionError
            await connection.client.rset()
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            connection.client.close()
        else:
            self._connections.keep(connection)


async def _content(client: SMTP, mail: bytes) -> None:
    """Write the mail; from here on it may have been taken."""
    # A line that begins with a full stop gets another (RFC 5321, section 4.5.2).
    stuffed = (b"\r\n" + mail.removesuffix(b"\r\n")).replace(b"\r\n.", b"\r\n..")[2:]
    if client.protocol is None:
        raise _NotSentError("SMTPServerDisconnected")
    try:
        client.protocol.write(stuffed + b"\r\n.\r\n")
    except aiosmtplib.SMTPServerDisconnected as error:
        # Raised before anything is written.
        raise _NotSentError(type(error).__name__) from None
    try:
        reply: SMTPResponse = await client.protocol.read_response(timeout=client.timeout)
    except (*_Gone, aiosmtplib.SMTPException) as error:
        client.close()
        raise _NoAnswerError(type(error).__name__) from None
    if 400 <= reply.code < 600:  # noqa: PLR2004  (refusals)
        raise _RefusedError(reply.code, reply.message)
    if reply.code != _OK:
        client.close()
        raise _NoAnswerError(f"reply {reply.code}")


def _options(
    client: SMTP, message: Message, recipient: str, size: int
) -> tuple[list[str], list[str]]:
    """Choose the parameters of MAIL and RCPT among those that the relay understands."""
    sender_options, recipient_options = [], []
    if client.supports_extension("size"):
        sender_options.append(f"SIZE={size}")
    if not recipient.isascii():
        sender_options.append("SMTPUTF8")
    if client.supports_extension("dsn"):
        # RFC 3461: tell us what became of it, without sending the whole mail back.
        sender_options += ["RET=HDRS", f"ENVID={message.delivery}"]
        recipient_options.append("NOTIFY=SUCCESS,FAILURE,DELAY")
        if recipient.isascii():
            recipient_options.append(f"ORCPT=rfc822;{_xtext(recipient)}")
    return sender_options, recipient_options


def _xtext(text: str) -> str:
    """Write a text as RFC 3461, section 4, wants it."""
    return "".join(
        character if "!" <= character <= "~" and character not in "+=" else f"+{ord(character):02X}"
        for character in text
    )


def _refused(message: Message, error: _RefusedError) -> Submission:
    """Say what a refusal means for the message, and for all that follow."""
    reason = reason_of_reply(error.code, error.text)
    status = enhanced(error.text)
    code = f"{error.code} {status}" if status else str(error.code)
    if error.code < _PERMANENT:
        reason = Reason.PROVIDER_FAULT if reason is Reason.OTHER else reason
        return result(message, DeliveryEvent.DEFER, reason, code=code)
    about_us = error.sender and reason not in {Reason.TOO_LONG, Reason.NOT_CAPABLE}
    if about_us or error.code in _OURS:
        return result(message, DeliveryEvent.DEFER, Reason.CONFIGURATION, code=code, halt=True)
    if reason is Reason.OTHER:
        _log.warning(
            "relay refused with a code that we do not know",
            extra={"action": "unknown_word", "provider": _NAME, "word": code},
        )
    return result(message, DeliveryEvent.REFUSE, reason, code=code)


def _ascii(mailbox: str) -> str:
    """Write an international domain in ASCII (RFC 5890) where that makes the mailbox ASCII."""
    local, _, domain = mailbox.rpartition("@")
    if mailbox.isascii() or not local.isascii():
        return mailbox
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        raise InvalidInputError("recipient", "has no valid domain", "Correct it.") from None


def _sender(options: Options) -> tuple[str, str]:
    """Read the mailbox that mails come from, and its domain."""
    sender = options.required("FROM", "Give the mailbox that mails come from.")
    match = _MAILBOX.match(sender)
    if match is None or not _HOST.match(match.group(1)):
        raise options.refuse("FROM", "is no mailbox", "Give one mailbox in ASCII, local@domain.")
    return sender, match.group(1)


def _relay(options: Options, hello: str) -> _Relay:
    host = options.required("HOST", "Name the mail relay.")
    tls = options.choice("TLS", "starttls", tuple(_PORTS))
    username, password = options.text("USERNAME", ""), options.secret("PASSWORD")
    if tls == "none" and username and not is_loopback(host):
        raise options.refuse(
            "TLS", "is 'none', so the password would leave in the clear", "Use starttls or tls."
        )
    return _Relay(
        host=host,
        port=options.integer("PORT", _PORTS[tls], 1, 65535),
        tls=tls,
        context=None if tls == "none" else _tls(options),
        username=username,
        password=password,
        hello=hello,
        timeout=options.number("TIMEOUT", 30, 0.1, 600),
        per_connection=options.integer("PER_CONNECTION", 500, 1, 1_000_000),
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
