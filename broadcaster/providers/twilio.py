"""Twilio Programmable Messaging, through Twilio's own library.

Options: ACCOUNT_SID, AUTH_TOKEN, AUTH_TOKEN_NEXT (accepted in signatures while tokens are being
exchanged), SENDER or MESSAGING_SERVICE_SID, BASE_URL, TIMEOUT (seconds), CONCURRENCY.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

# The library has no types.
from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]
from twilio.http import AsyncHttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Reason, Receipt
from broadcaster.domain.message import SmsContent
from broadcaster.domain.options import Options, Secret
from broadcaster.errors import ForbiddenError, UnavailableError
from broadcaster.ports import Callback, Context, Message, Question, Submission
from broadcaster.providers import _http
from broadcaster.providers._http import Answer, Http, NoAnswerError, NotSentError
from broadcaster.providers._twilio import (
    NAME,
    SID,
    STATUSES,
    code_of,
    delivery_of,
    fits,
    parameters_of,
    reason_of,
    receipt,
    rule_of,
)
from broadcaster.providers.base import each, result

_E164 = re.compile(r"\+[1-9][0-9]{6,14}\Z")
_SHORT_CODE = re.compile(r"[1-9][0-9]{2,7}\Z")
#: At most 11 characters, at least one a letter (docs/glossary/what-alphanumeric-sender-id).
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +_&-]{1,11}\Z")

#: The limits of ValidityPeriod, seconds.
_SHORTEST, _LONGEST = 1, 36_000

#: How far their clock may be behind ours when a message is looked for.
_SKEW = timedelta(minutes=2)
_PAGE_SIZE, _PAGES = 100, 5


def build(options: Options, context: Context) -> "TwilioProvider":
    """Build the provider; InvalidInputError naming the option that is wrong."""
    return TwilioProvider(options, context)


class _RefusedError(Exception):
    """Twilio answered with something else than success."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class _Transport(AsyncHttpClient):  # type: ignore[misc]  # the library has no types
    """The library's way to the network, over our session."""

    def __init__(self, http: Http) -> None:
        self.is_async = True
        self._http = http

    async def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109  (the library's signature)
        allow_redirects: bool = False,  # noqa: ARG002, FBT001, FBT002  (as above)
    ) -> Response:
        given = {**(headers or {}), "Authorization": _basic(*(auth or ("", "")))}
        answer = await self._http.request(
            method, url, headers=given, data=_texts(data), params=_texts(params)
        )
        if not 200 <= answer.status < 300:  # noqa: PLR2004  (success)
            raise _RefusedError(answer)
        return Response(answer.status, answer.body.decode("utf-8", "replace"), answer.headers)


def _basic(user: str, password: str) -> str:
    """Write credentials as RFC 7617 wants them."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def _texts(values: Mapping[str, object] | None) -> dict[str, str] | None:
    if values is None:
        return None
    # Twilio reads booleans in lower case.
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in values.items()
    }


class TwilioProvider:
    """SMS through one Twilio account."""

    name = NAME

    def __init__(self, options: Options, context: Context) -> None:
        """Read the options; nothing is connected yet."""
        account = options.required("ACCOUNT_SID", "Copy it from the Twilio console.")
        token = options.required("AUTH_TOKEN", "Copy it from the Twilio console.")
        self._tokens = [
            secret for secret in (Secret(token), options.secret("AUTH_TOKEN_NEXT")) if secret
        ]
        self._sender = _sender(options)
        self._context = context
        timeout, self._room, self.room = _http.limits(options, 16)
        self._http = Http(timeout=timeout, concurrency=self.room, user_agent=context.user_agent)
        self._client: Any = Client(
            account,
            token,
            http_client=_Transport(self._http),
            # Not the process's environment: what is sent where is said by our settings alone.
            environment={"TWILIO_EDGE": ""},
        )
        self._client.api.base_url = _http.base_url(options, "BASE_URL", "https://api.twilio.com")

    async def submit(self, messages: Sequence[Message]) -> Sequence[Submission]:
        """Create one message resource for each message."""
        return await each(messages, self._send, self._room)

    async def aclose(self) -> None:
        """Close kept connections."""
        await self._http.aclose()

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
        """Ask by SID, else look through the messages to this number for the same text and sender.

        The list cannot be filtered by creation, and unsent messages have no date sent: so the
        newest pages are read, up to five, and filtered here.
        """
        try:
            if message.reference is not None:
                found = await self._client.messages(message.reference).fetch_async()
                return (_resource(message.delivery, found),)
            if message.body_sha256 is None:
                return ()
            return [
                _resource(message.delivery, match)
                for match in [match async for match in self._matches(message)][-1:]
            ]
        except _RefusedError as error:
            if error.answer.status == 404:  # noqa: PLR2004  (no such message)
                return ()
            raise UnavailableError(f"Twilio answered {error.answer.status}.") from None
        except (NotSentError, NoAnswerError, TwilioException, ValueError) as error:
            raise UnavailableError(f"Twilio gave no answer ({type(error).__name__}).") from None

    async def _matches(self, message: Question) -> Any:  # noqa: ANN401  (untyped records)
        """Give matching messages, newest first."""
        page = await self._client.messages.page_async(
            to=message.address.value, page_size=_PAGE_SIZE
        )
        for _ in range(_PAGES):
            for record in page:
                if record.date_created and record.date_created < message.since - _SKEW:
                    return
                if self._is(record, message):
                    yield record
            if not page.next_page_url:
                return
            page = await self._client.messages.get_page_async(page.next_page_url)

    def _is(self, record: Any, message: Question) -> bool:  # noqa: ANN401  (untyped record)
        body = hashlib.sha256((record.body or "").encode()).hexdigest()
        ours = {"from_": record.from_, "messaging_service_sid": record.messaging_service_sid}
        return body == message.body_sha256 and all(
            ours[name] == value for name, value in self._sender.items()
        )

    async def _send(self, message: Message) -> Submission:
        if not isinstance(message.content, SmsContent):
            return result(message, DeliveryEvent.EXHAUST, Reason.RENDERING)
        try:
            created = await self._create(message, message.content.body)
        except NotSentError as error:
            return result(message, DeliveryEvent.DEFER, Reason.NO_CONNECTION, code=str(error))
        except _RefusedError as error:
            return self._refused(message, error.answer)
        except (NoAnswerError, TwilioException, ValueError, TypeError, AttributeError) as error:
            # Also an answer that is no JSON, or not the JSON of a message.
            code = str(error) if isinstance(error, NoAnswerError) else "malformed"
            return result(message, DeliveryEvent.LOSE, Reason.NO_ANSWER, code=code)
        return _created(message, str(created.sid), str(created.status), created.error_code)

    async def _create(self, message: Message, body: str) -> Any:  # noqa: ANN401  (untyped record)
        left = (message.expires - self._context.clock.now()) // timedelta(seconds=1)
        return await self._client.messages.create_async(
            to=message.address.value,
            body=body,
            status_callback=f"{self._context.public_url}/callbacks/{NAME}/{message.delivery}",
            validity_period=min(max(left, _SHORTEST), _LONGEST),
            # What was approved is what is sent: Twilio must not replace characters.
            smart_encoded=False,
            **self._sender,
        )

    def _refused(self, message: Message, answer: Answer) -> Submission:
        code = code_of(answer.body)
        wish = answer.retry_after(self._context.clock.now())
        rule = rule_of(answer.status, code)
        return result(
            message,
            rule.event,
            rule.reason,
            code=code or str(answer.status),
            retry_after=wish if rule.event is DeliveryEvent.DEFER else None,
            halt=rule.halt,
        )


def _created(message: Message, sid: str, status: str, code: object) -> Submission:
    if not SID.match(sid):
        return result(message, DeliveryEvent.LOSE, Reason.NO_ANSWER, code="malformed")
    if STATUSES.get(status) is DeliveryEvent.FAIL:
        reason = reason_of(status, str(code or ""))
        code = str(code or status)
        return result(message, DeliveryEvent.REFUSE, reason, reference=sid, code=code)
    return result(message, DeliveryEvent.ACCEPT, reference=sid)


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


def _resource(delivery: DeliveryId, record: Any) -> Receipt:  # noqa: ANN401  (untyped record)
    return receipt(delivery, str(record.sid), str(record.status), str(record.error_code or ""))
