"""A Twilio account as the library shows it: messages are created, and looked for.

The library takes some 16 MiB, so this file is loaded by who needs it.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Reason, Receipt
from broadcaster.domain.message import SmsContent
from broadcaster.errors import UnavailableError
from broadcaster.ports import Context, Message, Question, Submission
from broadcaster.providers import _twilio_answers, _twilio_library
from broadcaster.providers._http import NoAnswerError, NotSentError
from broadcaster.providers._twilio import NAME, receipt
from broadcaster.providers._twilio_find import Record, Search, ours, search
from broadcaster.providers._twilio_form import validity
from broadcaster.providers._twilio_library import UNREADABLE, RefusedError
from broadcaster.providers._wire_stream import no_answer
from broadcaster.providers.base import Gate, result

_PAGE_SIZE, _PAGES = 100, 5


class Account:
    """Creates messages and looks for them; `library` is a client of Twilio's library."""

    def __init__(
        self,
        library: Any,  # noqa: ANN401  (untyped)
        sender: Mapping[str, str],
        timeout: float,
        context: Context,
    ) -> None:
        """`sender` is who sends, in the library's words; `timeout` that of a request, seconds."""
        self._library = library
        self._sender = sender
        self._timeout = timeout
        self._context = context

    async def send(self, message: Message, gate: Gate) -> Submission:
        """Create one message resource."""
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

    async def find(self, message: Question) -> Sequence[Receipt]:
        """Ask by SID, else look through the messages to this number for the one that is ours.

        Nothing when none is, or when it can't be told which. UnavailableError without an answer.
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


def _told(delivery: DeliveryId, record: Record) -> Receipt:
    return receipt(delivery, record.sid, record.status, record.code)
