"""Twilio Programmable Messaging.

Options: ACCOUNT_SID, AUTH_TOKEN, AUTH_TOKEN_NEXT (accepted in signatures while tokens are being
exchanged), SENDER or MESSAGING_SERVICE_SID, BASE_URL, TIMEOUT (seconds), CONCURRENCY, CLIENT:
`library` hands messages over through Twilio's own library, `wire` writes the same requests itself,
many times faster; it pays when the account's limit is beyond some hundreds a second.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Reason, Receipt
from broadcaster.domain.message import SmsContent
from broadcaster.domain.options import Options, Secret
from broadcaster.domain.saying import said
from broadcaster.errors import ForbiddenError, UnavailableError
from broadcaster.ports import Callback, Context, Message, Question, Submission, Watch
from broadcaster.providers import _http, _twilio_answers, _twilio_library, _wire_request
from broadcaster.providers._http import NoAnswerError, NotSentError
from broadcaster.providers._twilio import NAME, SID, delivery_of, fits, parameters_of, receipt
from broadcaster.providers._twilio_find import Record, Search, ours, search
from broadcaster.providers._twilio_form import Form, validity
from broadcaster.providers._twilio_library import UNREADABLE, RefusedError
from broadcaster.providers._wire import Wire
from broadcaster.providers._wire_stream import Sending, collected, no_answer
from broadcaster.providers.base import Gate, result, stream_each

_VERSION = "2010-04-01"

_ACCOUNT = re.compile(r"AC[0-9a-zA-Z]{1,60}\Z")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}\Z")
_SHORT_CODE = re.compile(r"[1-9][0-9]{2,7}\Z")
#: At most 11 characters, at least one a letter (docs/glossary/what-alphanumeric-sender-id).
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +_&-]{1,11}\Z")

#: The library's names of who sends, as the API has them.
_SENDERS = {"from_": "From", "messaging_service_sid": "MessagingServiceSid"}

_PAGE_SIZE, _PAGES = 100, 5


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
        base = _http.base_url(options, "BASE_URL", "https://api.twilio.com")
        self._library = _twilio_library.client(account, token, self._wire, base, context.clock)
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

    async def submit(self, messages: Sequence[Message]) -> Sequence[Submission]:
        """Create one message resource for each message."""
        return await collected(messages, self.stream)

    async def stream(self, messages: Sequence[Message], watch: Watch) -> None:
        """Create one message resource for each message, and tell of each."""
        if not self._own:
            await stream_each(messages, self._send, self._room, watch)
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
        """Ask by SID, else look through the messages to this number for the one that is ours.

        Nothing when none is, or when it can't be told which.
        """
        try:
            if message.reference is not None:
                found = await self._library.messages(message.reference).fetch_async()
                return (_told(message.delivery, self._record(found)),)
            # A request waits for another's answer at most, and then for its own.
            wanted = search(message, self._sender, timedelta(seconds=2 * self._timeout))
            match = None if wanted is None else await self._look(message, wanted)
            return () if match is None else (_told(message.delivery, match),)
        except RefusedError as error:
            if error.answer.status == 404:  # noqa: PLR2004  (no such message)
                return ()
            raise UnavailableError(f"Twilio answered {error.answer.status}.") from None
        except (NotSentError, NoAnswerError, *UNREADABLE) as error:
            raise UnavailableError(f"Twilio gave no answer ({type(error).__name__}).") from None

    async def _look(self, message: Question, wanted: Search) -> Record | None:
        """Read the list, newest first, back to our claim; None when that is too far away.

        The list can't be filtered by creation, and unsent messages have no date sent.
        """
        fitting = []
        async for record in self._listed(message.address.value):
            if record is None:
                # What is on further pages may be closer to our claim than all of these.
                return None
            if wanted.is_older(record):
                break
            if wanted.fits(record):
                fitting.append(record)
        return ours(wanted, fitting)

    async def _listed(self, recipient: str) -> AsyncIterator[Record | None]:
        """Give the messages to a number, newest first; None when there are more than we read."""
        page = await self._library.messages.page_async(to=recipient, page_size=_PAGE_SIZE)
        for number in range(1, _PAGES + 1):
            for record in page:
                yield self._record(record)
            if not page.next_page_url:
                return
            if number < _PAGES:
                page = await self._library.messages.get_page_async(page.next_page_url)
        yield None

    def _record(self, record: Any) -> Record:  # noqa: ANN401  (untyped)
        made = record.date_created
        return Record(
            sid=str(record.sid),
            status=str(record.status),
            code=str(record.error_code or ""),
            body=str(record.body or ""),
            sender=record.from_,
            service=record.messaging_service_sid,
            # By our clock, which said when it was claimed.
            created=made - self._library.http_client.ahead if made else None,
        )

    async def _send(self, message: Message, gate: Gate) -> Submission:
        """Hand over through the library."""
        if not isinstance(message.content, SmsContent):
            return result(message, DeliveryEvent.EXHAUST, Reason.RENDERING)
        now = self._context.clock.now()
        try:
            made = await _twilio_library.create(
                self._library,
                gate.leaving,
                to=message.address.value,
                body=message.content.body,
                status_callback=f"{self._context.public_url}/callbacks/{NAME}/{message.delivery}",
                validity_period=validity(message, now),
                # What was approved is what is sent: Twilio must not replace characters.
                smart_encoded=False,
                **self._sender,
            )
        except (NotSentError, NoAnswerError) as error:
            return no_answer(message, error)
        except RefusedError as error:
            return _twilio_answers.refused(message, error.answer, self._context.clock.now())
        except UNREADABLE:
            if not gate.left:
                raise
            # An answer that is no JSON, or not the JSON of a message.
            return _twilio_answers.malformed(message)
        return _twilio_answers.created(message, made.sid, made.status, made.error_code)


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


def _told(delivery: DeliveryId, record: Record) -> Receipt:
    return receipt(delivery, record.sid, record.status, record.code)
