"""The simulated mail host: what it does with mail that its SMTP sessions bring."""

import asyncio
import base64
import logging
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from broadcaster.sandbox.attempts import Requests
from broadcaster.sandbox.config import SandboxConfig
from broadcaster.sandbox.envelope import Recipient, Sender
from broadcaster.sandbox.mail_course import mail_course
from broadcaster.sandbox.record import Journal, Line
from broadcaster.sandbox.smtp_login import doors
from broadcaster.sandbox.smtp_session import Session
from broadcaster.sandbox.trouble import Dice

_log = logging.getLogger(__name__)

_TROUBLES = tuple(
    f"mail.{kind}" for kind in ("deferred", "closing", "cut_before", "cut_after", "slow")
)
_MOST_CONNECTIONS = 500
_SLOWNESS = 4.0

_NO_MAILBOX = "550 5.1.1 No such mailbox"
_FULL = "552 5.2.2 Mailbox is full"
_DEFERRED = "450 4.2.1 Mailbox is busy, try again later"
_CLOSING = "421 4.3.2 Closing, try again later"
_NO_SPACE = "452 4.3.1 No space"
_TAKEN = "250 2.0.0 Taken"


@dataclass(frozen=True, kw_only=True, slots=True)
class Awaited:
    """A recipient that RCPT accepted, and what is to go wrong with its message."""

    recipient: Recipient
    attempt: int
    trouble: str | None


class MailHost:
    """Decides about recipients and messages, and records what it takes."""

    def __init__(
        self,
        config: SandboxConfig,
        *,
        dice: Dice,
        record: Journal,
        requests: Requests,
        accepted: Callable[[int, Line], None],
        now: Callable[[], float],
    ) -> None:
        """Tell `accepted` of each recorded mail, so that its reports follow."""
        self._config = config
        self._doors = doors(config.smtp_certificate, config.smtp_username, config.smtp_password)
        self._dice = dice
        self._record = record
        self._requests = requests
        self._accepted = accepted
        self._now = now
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    async def start(self, bound: socket.socket) -> int:
        """Listen on a bound socket, and give its port."""
        self._server = await asyncio.start_server(
            self._serve, sock=bound, limit=1 << 18, backlog=1024
        )
        return int(bound.getsockname()[1])

    async def stop(self) -> None:
        """Close all sessions."""
        if self._server is not None:
            self._server.close()
        sessions = list(self._sessions)
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._sessions) >= _MOST_CONNECTIONS:
            writer.write(b"421 4.7.0 Too many connections\r\n")
            writer.close()
            return
        self._sessions.add(task)
        try:
            await Session(self, reader, writer, self._doors).run()
        except (OSError, asyncio.CancelledError):
            # Cancelled by `stop` alone; Python before 3.12 logs a traceback for a cancelled task
            # of a stream server.
            writer.transport.abort()
        finally:
            self._sessions.discard(task)
            writer.close()

    def ask(self, recipient: Recipient) -> tuple[str, Awaited | None]:
        """Decide about a recipient: the reply, and the place it takes in the transaction."""
        at, to = self._now(), recipient.mailbox.lower()
        attempt = self._requests.attempt("mail", to)
        refusal, trouble = None, None
        if self._dice.hit("mail.no_mailbox", to):
            refusal, trouble = _NO_MAILBOX, "mail.no_mailbox"
        elif self._dice.hit("mail.full", to):
            refusal, trouble = _FULL, "mail.full"
        else:
            trouble = self._dice.first(_TROUBLES, to, attempt)
            refusal = {"mail.deferred": _DEFERRED, "mail.closing": _CLOSING}.get(trouble or "")
        if refusal is None:
            awaited = Awaited(recipient=recipient, attempt=attempt, trouble=trouble)
            return "250 2.1.5 Recipient ok", awaited
        self._log(at, int(refusal[:3]), to, attempt, trouble)
        return refusal, None

    async def take(self, sender: Sender, awaited: Sequence[Awaited], raw: bytes) -> str | None:
        """Take a message for its recipients: the reply, or None when the connection is dropped."""
        at = self._now()
        troubles = {one.trouble for one in awaited}
        if "mail.cut_before" in troubles:
            self._log_all(at, 0, awaited)
            return None
        try:
            encoded = base64.b64encode(raw).decode("ascii")
            for one in awaited:
                self._keep(sender, one, encoded, at)
        except OSError:
            _log.critical("no space for the record", extra={"action": "sandbox.record"})
            self._log_all(at, int(_NO_SPACE[:3]), awaited)
            return _NO_SPACE
        if "mail.cut_after" in troubles:
            self._log_all(at, 0, awaited)
            return None
        self._log_all(at, int(_TAKEN[:3]), awaited)
        if "mail.slow" in troubles:
            await asyncio.sleep(self._config.pace * _SLOWNESS)
        return _TAKEN

    def _keep(self, sender: Sender, one: Awaited, raw: str, at: float) -> None:
        fate = mail_course(
            self._dice,
            one.recipient,
            one.attempt,
            at=at,
            pace=self._config.pace,
            null_sender=not sender.mailbox,
        )
        line: Line = {
            "to": one.recipient.mailbox,
            "sender": sender.mailbox,
            "at": at,
            "fate": fate.fate,
            "attempt": one.attempt,
            "ret": sender.ret,
            "envid": sender.envid,
            "orcpt": one.recipient.orcpt,
            "then": fate.reports,
            "raw": raw,
        }
        self._accepted(self._record.append(line), line)

    def _log_all(self, at: float, status: int, awaited: Sequence[Awaited]) -> None:
        for one in awaited:
            self._log(at, status, one.recipient.mailbox.lower(), one.attempt, one.trouble)

    def _log(self, at: float, status: int, to: str, attempt: int, trouble: str | None) -> None:
        self._requests.log(
            at=at, network="mail", status=status, recipient=to, attempt=attempt, trouble=trouble
        )
