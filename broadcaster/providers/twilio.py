"""Twilio Programmable Messaging.

Options: ACCOUNT_SID, AUTH_TOKEN, AUTH_TOKEN_NEXT (accepted in signatures while tokens are being
exchanged), SENDER or MESSAGING_SERVICE_SID, BASE_URL, TIMEOUT (seconds), CONCURRENCY, CLIENT:
`library` hands messages over through Twilio's own library, `wire` writes the same requests itself,
many times faster; it pays when the account's limit is beyond some hundreds a second.
"""

import asyncio
import re
from collections.abc import Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

from broadcaster.domain.delivery import Receipt
from broadcaster.domain.options import Options, Secret
from broadcaster.domain.saying import said
from broadcaster.errors import ForbiddenError
from broadcaster.ports import Callback, Context, Message, Question, Submission, Watch
from broadcaster.providers import _http, _twilio_answers, _wire_request
from broadcaster.providers._twilio import NAME, SID, delivery_of, fits, parameters_of, receipt
from broadcaster.providers._twilio_form import Form
from broadcaster.providers._wire import Wire
from broadcaster.providers._wire_stream import Sending, collected
from broadcaster.providers.base import stream_each

if TYPE_CHECKING:
    from broadcaster.providers._twilio_account import Account

_VERSION = "2010-04-01"

_ACCOUNT = re.compile(r"AC[0-9a-zA-Z]{1,60}\Z")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}\Z")
_SHORT_CODE = re.compile(r"[1-9][0-9]{2,7}\Z")
#: At most 11 characters, at least one a letter (docs/glossary/what-alphanumeric-sender-id).
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +_&-]{1,11}\Z")

#: The library's names of who sends, as the API has them.
_SENDERS = {"from_": "From", "messaging_service_sid": "MessagingServiceSid"}


def build(options: Options, context: Context) -> "TwilioProvider":
    """Build the provider; InvalidInputError naming the option that is wrong."""
    return TwilioProvider(options, context)


class TwilioProvider:
    """SMS through one Twilio account."""

    name = NAME

    def __init__(self, options: Options, context: Context) -> None:
        """Read the options; nothing is connected yet."""
        account = options.required("ACCOUNT_SID", said("Copy it from the Twilio console."))
        if not _ACCOUNT.match(account):
            raise options.refuse(
                "ACCOUNT_SID", "is no account", said("Copy it from the Twilio console.")
            )
        token = options.required("AUTH_TOKEN", said("Copy it from the Twilio console."))
        self._tokens = [
            secret for secret in (Secret(token), options.secret("AUTH_TOKEN_NEXT")) if secret
        ]
        self._sender = _sender(options)
        self._context = context
        self._timeout, self.room = _http.limits(options, 16)
        self._own = options.choice("CLIENT", "library", ("library", "wire")) == "wire"
        self._room = asyncio.Semaphore(self.room)
        self._wire = Wire(timeout=self._timeout, concurrency=self.room)
        self._sid = account
        self._base = base = _http.base_url(options, "BASE_URL", "https://api.twilio.com")
        self._origin, target = _wire_request.parse(
            f"{base}/{_VERSION}/Accounts/{account}/Messages.json"
        )
        self._form = Form(
            self._origin,
            target,
            {
                "Authorization": _wire_request.basic(account, token),
                "Accept": "application/json",
                "User-Agent": context.user_agent,
            },
            {_SENDERS[name]: value for name, value in self._sender.items()},
            context,
        )
        self._read = partial(_twilio_answers.read, context.clock)
        if not self._own:
            # Not when a message waits for it.
            self._account  # noqa: B018

    @property
    def sender(self) -> str:
        """Who sends: a number, a short code or a name; or the messaging service."""
        (sender,) = self._sender.values()
        return sender

    async def submit(self, messages: Sequence[Message]) -> Sequence[Submission]:
        """Create one message resource for each message."""
        return await collected(messages, self.stream)

    async def stream(self, messages: Sequence[Message], watch: Watch) -> None:
        """Create one message resource for each message, and tell of each."""
        if not self._own:
            await stream_each(messages, self._account.send, self._room, watch)
            return
        write = self._form.request
        await self._wire.run(
            [Sending(self._origin, one, watch, write, self._read) for one in messages]
        )

    async def aclose(self) -> None:
        """Close kept connections."""
        await self._wire.aclose()

    def receive(self, callback: Callback) -> Sequence[Receipt]:
        """Verify and read a status callback; ForbiddenError when its signature does not fit."""
        parameters = parameters_of(callback.body)
        given = callback.headers.get("x-twilio-signature", "")
        if not any(fits(given, token, callback.url, parameters) for token in self._tokens):
            raise ForbiddenError("The signature of a Twilio callback does not fit.")
        values = dict(parameters)
        sid, status = values.get("MessageSid", ""), values.get("MessageStatus", "")
        if not SID.match(sid):
            return ()
        return (receipt(delivery_of(callback.path), sid, status, values.get("ErrorCode", "")),)

    async def find(self, message: Question) -> Sequence[Receipt]:
        """As `Account.find`."""
        return await self._account.find(message)

    @cached_property
    def _account(self) -> "Account":
        """The account by Twilio's library: to send by it, or to ask about a message."""
        # 16 MiB, and half a second of a processor.
        from broadcaster.providers import _twilio_account, _twilio_library  # noqa: PLC0415

        token, clock = self._tokens[0].reveal(), self._context.clock
        library = _twilio_library.client(self._sid, token, self._wire, self._base, clock)
        return _twilio_account.Account(library, self._sender, self._timeout, self._context)


def _sender(options: Options) -> dict[str, str]:
    """Read who sends, as the library's parameters."""
    service, sender = options.text("MESSAGING_SERVICE_SID", ""), options.text("SENDER", "")
    if service:
        if not re.fullmatch(r"MG[0-9a-fA-F]{32}", service):
            remedy = "Copy it from the Twilio console: MG and 32 hexadecimal digits."
            raise options.refuse("MESSAGING_SERVICE_SID", "is no service", remedy)
        return {"messaging_service_sid": service}
    if not any(form.match(sender) for form in (_E164, _SHORT_CODE, _ALPHANUMERIC)):
        raise options.refuse(
            "SENDER",
            f"{sender!r} can be no sender" if sender else "is not set",
            "Give an E.164 number, a short code, or at most 11 letters, digits and spaces with at"
            " least one letter; or set MESSAGING_SERVICE_SID.",
        )
    return {"from_": sender}
