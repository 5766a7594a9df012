"""Mail through a relay, over kept SMTP connections.

Options: HOST, PORT, TLS (`starttls`, `tls` or `none`), CA_FILE, USERNAME, PASSWORD, FROM,
FROM_NAME, BOUNCE_DOMAIN (bounces come to addresses there), FEEDBACK_ID, CONNECTIONS,
PER_CONNECTION (mails before a connection is closed), IDLE and TIMEOUT (seconds); and those of
`_dkim.py`.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import aiosmtplib
from aiosmtplib import SMTP, SMTPResponse

from broadcaster.domain.delivery import DeliveryEvent, Reason, Receipt
from broadcaster.domain.options import Options
from broadcaster.errors import InvalidInputError
from broadcaster.ports import Callback, Context, MailHeaders, Message, Submission
from broadcaster.providers import _bounces
from broadcaster.providers._bounces import ReturnPath
from broadcaster.providers._dkim import signers_of
from broadcaster.providers._relay import (
    HOST,
    NoAnswerError,
    NotSentError,
    RefusedError,
    Relay,
    ascii_mailbox,
    parameters,
    refused,
    relay_of,
    sender_of,
)
from broadcaster.providers.base import each, result

_NAME = "smtp"

#: Replies (RFC 5321, section 4.2.3).
_OK, _GO_AHEAD, _CLOSING = 250, 354, 421

#: How long a polite goodbye may take, seconds.
_GOODBYE = 1.0

_Gone = (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, OSError)


def build(options: Options, context: Context) -> "SmtpProvider":
    """Build the provider; InvalidInputError naming the option that is wrong."""
    return SmtpProvider(options, context)


@dataclass(slots=True)
class _Connection:
    client: SMTP
    used: int = 0
    since: float = 0.0


async def _connect(relay: Relay) -> _Connection:
    client = SMTP(
        hostname=relay.host,
        port=relay.port,
        username=relay.username or None,
        password=relay.password.reveal() or None,
        # Without it the library asks the resolver for our name, and blocks meanwhile.
        local_hostname=relay.hello,
        timeout=relay.timeout,
        use_tls=relay.tls == "tls",
        start_tls=relay.tls == "starttls",
        tls_context=relay.context,
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

    def __init__(self, relay: Relay) -> None:
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
        return await _connect(self._relay)

    async def keep(self, connection: _Connection) -> None:
        """Take back a connection that is between two mails."""
        connection.used += 1
        connection.since = asyncio.get_running_loop().time()
        if connection.used < self._relay.per_connection and connection.client.is_connected:
            self._kept.append(connection)
        else:
            await _goodbye(connection.client)

    async def aclose(self) -> None:
        """Say goodbye on every connection."""
        while self._kept:
            await _goodbye(self._kept.pop().client)


async def _goodbye(client: SMTP) -> None:
    with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        await client.quit(timeout=_GOODBYE)
    client.close()


class SmtpProvider:
    """Mail through one relay."""

    name = _NAME

    def __init__(self, options: Options, context: Context) -> None:
        """Read the options; nothing is connected yet."""
        self._context = context
        self._from, domain = sender_of(options)
        self._signers = signers_of(options, domain)
        self._from_name = options.text("FROM_NAME", "")
        self._feedback_id = options.text("FEEDBACK_ID", "")
        bounce_domain = options.text("BOUNCE_DOMAIN", domain)
        if not HOST.match(bounce_domain):
            raise options.refuse("BOUNCE_DOMAIN", "is no domain", "Give a name such as b.example.")
        self._paths = ReturnPath(key=context.signing_key, domain=bounce_domain)
        self._connections = _Connections(relay_of(options, bounce_domain))
        self.room = options.integer("CONNECTIONS", 8, 1, 200)
        self._room = asyncio.Semaphore(self.room)

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
            recipient = ascii_mailbox(message.address.value)
            mail = self._context.composer.mail(message, self._headers(message, recipient))
        except InvalidInputError as error:
            if error.field == "recipient":
                return result(message, DeliveryEvent.REFUSE, Reason.INVALID_ADDRESS)
            return result(message, DeliveryEvent.EXHAUST, Reason.RENDERING)
        try:
            await self._hand_over(message, recipient, mail)
        except RefusedError as error:
            return refused(message, error)
        except NotSentError as error:
            code = str(error)
            return result(message, DeliveryEvent.DEFER, Reason.NO_CONNECTION, code=code)
        except NoAnswerError as error:
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
            signers=self._signers,
        )

    async def _hand_over(self, message: Message, recipient: str, mail: bytes) -> None:
        connection = await self._begin(message, recipient, len(mail))
        try:
            await _content(connection.client, mail)
        except RefusedError as error:
            await self._settle(connection, error)
            raise
        await self._connections.keep(connection)

    async def _begin(self, message: Message, recipient: str, size: int) -> _Connection:
        """Give a connection on which the relay said to go ahead."""
        kept = self._connections.kept()
        if kept is not None:
            try:
                return await self._envelope(kept, message, recipient, size)
            except NotSentError:
                # It was closed while it was kept, which says nothing about the relay.
                pass
            except RefusedError as error:
                if error.code != _CLOSING:
                    raise
        return await self._envelope(await self._connect(), message, recipient, size)

    async def _connect(self) -> _Connection:
        try:
            return await self._connections.fresh()
        except aiosmtplib.SMTPResponseException as error:
            # At the greeting, EHLO, STARTTLS or AUTH: it is us who are refused.
            raise RefusedError(error.code, error.message, sender=True) from None
        except (aiosmtplib.SMTPConnectError, *_Gone) as error:
            raise NotSentError(type(error).__name__) from None
        except aiosmtplib.SMTPException:
            # STARTTLS or AUTH is asked for by our settings and not offered.
            raise RefusedError(530, "not offered", sender=True) from None

    async def _envelope(
        self, connection: _Connection, message: Message, recipient: str, size: int
    ) -> _Connection:
        """Name sender and recipient and be told to go ahead; nothing is handed over by that."""
        client = connection.client
        sender = self._paths.address(message.delivery)
        try:
            options = parameters(client.supports_extension, message, recipient, size)
            await _announce(client, sender, recipient, options)
        except RefusedError as error:
            await self._settle(connection, error)
            raise
        except _Gone as error:
            client.close()
            raise NotSentError(type(error).__name__) from None
        return connection

    async def _settle(self, connection: _Connection, error: RefusedError) -> None:
        """Make a connection ready for the next mail after a refusal, or close it."""
        try:
            if not 400 <= error.code < 600 or error.code == _CLOSING:  # noqa: PLR2004  (refusals)
                raise ConnectionError
            await connection.client.rset()
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            connection.client.close()
        else:
            await self._connections.keep(connection)


async def _announce(
    client: SMTP, sender: str, recipient: str, options: tuple[list[str], list[str]]
) -> None:
    wide = not recipient.isascii()
    if wide and not client.supports_extension("smtputf8"):
        raise RefusedError(553, "5.6.7 no SMTPUTF8")
    encoding = "utf-8" if wide else "ascii"
    try:
        await client.mail(sender, options=options[0], encoding=encoding)
        await client.rcpt(recipient, options=options[1], encoding=encoding)
        reply = await client.execute_command(b"DATA")
    except aiosmtplib.SMTPSenderRefused as error:
        raise RefusedError(error.code, error.message, sender=True) from None
    except aiosmtplib.SMTPResponseException as error:
        raise RefusedError(error.code, error.message) from None
    if reply.code != _GO_AHEAD:
        raise RefusedError(reply.code, reply.message)


async def _content(client: SMTP, mail: bytes) -> None:
    """Write the mail; from here on it may have been taken."""
    # A line that begins with a full stop gets another (RFC 5321, section 4.5.2).
    stuffed = (b"\r\n" + mail.removesuffix(b"\r\n")).replace(b"\r\n.", b"\r\n..")[2:]
    if client.protocol is None:
        raise NotSentError("SMTPServerDisconnected")
    try:
        client.protocol.write(stuffed + b"\r\n.\r\n")
    except aiosmtplib.SMTPServerDisconnected as error:
        # Raised before anything is written.
        raise NotSentError(type(error).__name__) from None
    try:
        reply: SMTPResponse = await client.protocol.read_response(timeout=client.timeout)
    except (*_Gone, aiosmtplib.SMTPException) as error:
        client.close()
        raise NoAnswerError(type(error).__name__) from None
    if 400 <= reply.code < 600:  # noqa: PLR2004  (refusals)
        raise RefusedError(reply.code, reply.message)
    if reply.code != _OK:
        client.close()
        raise NoAnswerError(f"reply {reply.code}")
