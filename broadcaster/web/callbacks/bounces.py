"""Bounces and complaints, which mail systems bring by SMTP to the addresses that we made."""

import asyncio
import logging
import re
import socket

from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.concurrency import run_in_threadpool

from broadcaster.domain.delivery import Receipt
from broadcaster.errors import (
    BroadcasterError,
    ConfigurationError,
    ForbiddenError,
    InvalidInputError,
    UnavailableError,
)
from broadcaster.ports import Callback, Receives
from broadcaster.web.callbacks.store import Store
from broadcaster.web.inside import Inside

_log = logging.getLogger(__name__)

#: The most octets of a mail; a report that repeats our whole mail is far shorter.
_MOST = 1024 * 1024
#: How long a session may say nothing, seconds, and how many may be open.
_PATIENCE, _SESSIONS = 30.0, 50
#: How often one session may say the same command.
_COMMANDS = {"RCPT": 1000, "MAIL": 1000, "DATA": 1000, "RSET": 1000, "*": 50}
#: The shape of a return path that we make; whether we made it, the provider knows.
_RETURN_PATH = re.compile(r"b\+[0-9]{1,9}-[0-9]{1,9}-[0-9a-z]{1,64}@[a-z0-9.-]{1,253}\Z")

_TAKEN, _LATER = "250 2.0.0 Noted", "451 4.3.0 Try again later"
_NOT_OURS, _UNREADABLE = "550 5.1.1 No such address here", "554 5.6.0 Not understood"
_ONE_AT_A_TIME = "452 4.5.3 One recipient at a time"


class BounceHandler:
    """Decides about each mail; the reply is what the sending system acts on."""

    def __init__(self, inside: Inside, store: Store) -> None:
        """Hand what comes to the provider `smtp`."""
        self._inside = inside
        self._store = store

    async def handle_RCPT(  # noqa: N802  (aiosmtpd calls it so)
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],
    ) -> str:
        """Take one recipient, if we made it: anything else is somebody who is lost."""
        del server, session, rcpt_options
        if envelope.rcpt_tos:
            return _ONE_AT_A_TIME
        if not _RETURN_PATH.match(address.lower()):
            return _NOT_OURS
        try:
            # An empty mail is no report, but shows whether the address is of our making.
            self._read(address, b"")
        except ForbiddenError:
            return _NOT_OURS
        except BroadcasterError:
            return _LATER
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802  (aiosmtpd calls it so)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Store what the report says, and only then say that it was taken."""
        del server, session
        content = envelope.content
        body = content if isinstance(content, bytes) else (content or "").encode()
        try:
            receipts = await run_in_threadpool(self._read, envelope.rcpt_tos[0], body)
            await self._store.keep(receipts)
        except ForbiddenError:
            return _refused(_NOT_OURS)
        except InvalidInputError:
            return _refused(_UNREADABLE)
        except BroadcasterError:
            return _refused(_LATER)
        return _TAKEN

    async def handle_exception(self, error: Exception) -> str:
        """Have it brought again; what went wrong is logged without its words."""
        details = {"action": "bounce_failed", "fault": type(error).__name__}
        _log.error("a bounce could not be handled", extra=details)
        return _LATER

    def _read(self, recipient: str, body: bytes) -> list[Receipt]:
        try:
            provider = self._inside.providers.get("smtp")
        except ConfigurationError as error:
            raise UnavailableError(str(error)) from error
        if not isinstance(provider, Receives):
            message = "Mail comes to an address that we did not make."
            raise ForbiddenError(message)
        url = f"{self._inside.settings.public_url}/callbacks/smtp"
        return list(provider.receive(Callback(path=recipient, url=url, headers={}, body=body)))


def _refused(reply: str) -> str:
    details = {"action": "bounce_refused", "reply": reply[:3]}
    _log.warning("a bounce was refused", extra=details)
    return reply


class BounceListener:
    """Listens for bounces as long as the web runs."""

    def __init__(self, handler: BounceHandler, socket: socket.socket) -> None:
        """Not listening yet; `socket` is bound."""
        self._handler = handler
        self._socket = socket
        self._open: set[asyncio.BaseTransport] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        # It writes envelope addresses into its log.
        logging.getLogger("mail.log").disabled = True
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, sock=self._socket)

    async def stop(self) -> None:
        """Listen no more; who is in the middle of something brings it again."""
        if self._server is None:
            return
        self._server.close()
        for transport in list(self._open):
            transport.close()
        await self._server.wait_closed()

    def _session(self) -> SMTP:
        return _Counted(self._handler, self._open)


class _Counted(SMTP):
    """A session that is counted while it is open."""

    #: Longer than lines should be: some systems fold nothing.
    line_length_limit = 64 * 1024

    def __init__(self, handler: BounceHandler, others: set[asyncio.BaseTransport]) -> None:
        """Count among `others`."""
        super().__init__(
            handler,
            data_size_limit=_MOST,
            enable_SMTPUTF8=True,
            hostname="broadcaster",
            ident="ESMTP",
            timeout=_PATIENCE,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
            command_call_limit=_COMMANDS,
            loop=asyncio.get_running_loop(),
        )
        self._others = others
        self._own: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, unless too many are open."""
        if len(self._others) >= _SESSIONS:
            transport.close()
            return
        self._own = transport
        self._others.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """End."""
        if self._own is not None:
            self._others.discard(self._own)
            super().connection_lost(error)
