"""Firebase Cloud Messaging, HTTP v1, to apps.

Options: SERVICE_ACCOUNT (the JSON key file of a service account), PROJECT (when it is not the
account's own), BASE_URL, TIMEOUT (seconds), CONCURRENCY.
"""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials

from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.domain.message import PushContent
from broadcaster.domain.options import Options
from broadcaster.domain.saying import said
from broadcaster.ports import Clock, Context, Message, Submission, Watch
from broadcaster.providers import _http, _wire_request
from broadcaster.providers._fcm import NAME, UNAVAILABLE, fields_of, octets, rule_of
from broadcaster.providers._http import Answer
from broadcaster.providers._wire import Wire
from broadcaster.providers._wire_stream import Sending, collected
from broadcaster.providers.base import Rule, result

_SCOPES = ["https://www.googleapis.com/auth/firebase.messaging"]

#: A token lives an hour; it is renewed this long before its end.
_EARLY = timedelta(minutes=5)

#: The longest that FCM keeps a message (four weeks).
_TTL = 2_419_200

#: What notification and data may be together, octets.
_LONGEST = 4096

#: The first wait after a refusal for now, unless FCM names another.
_QUOTA_WAIT, _FAULT_WAIT = timedelta(seconds=60), timedelta(seconds=10)


def build(options: Options, context: Context) -> "FcmProvider":
    """Build the provider; InvalidInputError naming the option that is wrong."""
    return FcmProvider(options, context)


class _NoTokenError(Exception):
    """We got no access token; `ours` when that will not change by itself."""

    def __init__(self, fault: str, *, ours: bool) -> None:
        super().__init__(fault)
        self.ours = ours


class _Access:
    """The access token, renewed off the event loop and by one caller at a time."""

    def __init__(self, credentials: Credentials, clock: Clock, timeout: float) -> None:
        self._credentials = credentials
        self._clock = clock
        self._timeout = timeout
        self._lock = asyncio.Lock()
        self._token = ""
        self._until: datetime | None = None

    async def token(self) -> str:
        """Give a token that is still valid for a while."""
        async with self._lock:
            if self._until is None or self._clock.now() >= self._until:
                await self._renew()
            return self._token

    def forget(self) -> None:
        """Ask for a new one next time."""
        self._until = None

    async def _renew(self) -> None:
        try:
            request = partial(Request(), timeout=self._timeout)
            await asyncio.to_thread(self._credentials.refresh, request)
        except TransportError as error:
            raise _NoTokenError(type(error).__name__, ours=False) from None
        except GoogleAuthError as error:
            ours = not getattr(error, "retryable", False)
            raise _NoTokenError(type(error).__name__, ours=ours) from None
        self._token = str(self._credentials.token)
        # Counted by our own clock: what the library keeps is by the machine's.
        self._until = self._clock.now() + timedelta(hours=1) - _EARLY


class _Whole:
    """Writes a request whose parts are known."""

    __slots__ = ("_begun", "_body")

    def __init__(self, begun: bytes, body: bytes) -> None:
        self._begun = begun
        self._body = body

    def __call__(self, _message: Message) -> bytes:
        return _wire_request.with_body(self._begun, self._body)


class FcmProvider:
    """Push messages to apps through one Firebase project."""

    name = NAME

    def __init__(self, options: Options, context: Context) -> None:
        """Read the options and the key file; nothing is connected yet."""
        self._context = context
        timeout, self.room = _http.limits(options, 32)
        credentials, project = _account(options)
        self._access = _Access(credentials, context.clock, timeout)
        base = _http.base_url(options, "BASE_URL", "https://fcm.googleapis.com")
        url = f"{base}/v1/projects/{project}/messages:send"
        try:
            self._origin, self._target = _wire_request.parse(url)
        except ValueError:
            remedy = "Copy the project's id from the Firebase console."
            raise options.refuse("PROJECT", "is no project", remedy) from None
        self._wire = Wire(timeout=timeout, concurrency=self.room)

    async def submit(self, messages: Sequence[Message]) -> Sequence[Submission]:
        """Send one request for each message, as the API has no batches any more."""
        return await collected(messages, self.stream)

    async def stream(self, messages: Sequence[Message], watch: Watch) -> None:
        """Send one request for each message, and tell of each."""
        going: list[tuple[Message, bytes]] = []
        for message in messages:
            body = self._body(message)
            if isinstance(body, Submission):
                watch.answered(body)
            else:
                going.append((message, body))
        if going and (begun := await self._begun([message for message, _ in going], watch)):
            await self._wire.run(
                [
                    Sending(self._origin, message, watch, _Whole(begun, body), self._answered)
                    for message, body in going
                ]
            )

    async def aclose(self) -> None:
        """Close kept connections."""
        await self._wire.aclose()

    async def _begun(self, messages: Sequence[Message], watch: Watch) -> bytes | None:
        """Give the head of all requests; None when we got no token, and all are told so."""
        try:
            return self._head(await self._access.token())
        except asyncio.CancelledError:
            _defer(messages, watch, Reason.NO_CONNECTION, "CancelledError")
            raise
        except _NoTokenError as error:
            reason = Reason.CONFIGURATION if error.ours else Reason.NO_CONNECTION
            _defer(messages, watch, reason, str(error), halt=error.ours)
            return None

    def _head(self, token: str) -> bytes:
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "User-Agent": self._context.user_agent,
        }
        return _wire_request.head("POST", self._origin, self._target, headers)

    def _body(self, message: Message) -> bytes | Submission:
        if not isinstance(message.content, PushContent):
            return result(message, DeliveryEvent.EXHAUST, Reason.RENDERING)
        left = (message.expires - self._context.clock.now()) // timedelta(seconds=1)
        topic = self._context.composer.topic(message)
        fields = fields_of(message, message.content, topic, min(max(left, 0), _TTL))
        body = octets({"message": fields})
        # The parts are never longer than the whole, which usually is short enough.
        parts = [fields["notification"], fields["data"]]
        if len(body) > _LONGEST and len(octets(parts)) > _LONGEST:
            return result(message, DeliveryEvent.EXHAUST, Reason.TOO_LONG)
        return body

    def _answered(self, message: Message, answer: Answer) -> Submission:
        try:
            value = json.loads(answer.body)
        except (ValueError, RecursionError):
            value = None
        if answer.status == 200:  # noqa: PLR2004  (success)
            name = value.get("name") if isinstance(value, dict) else None
            if isinstance(name, str) and name.startswith("projects/"):
                return result(message, DeliveryEvent.ACCEPT, reference=name[:200])
            return result(message, DeliveryEvent.LOSE, Reason.NO_ANSWER, code="malformed")
        if answer.status == 401:  # noqa: PLR2004  (our token was taken back)
            self._access.forget()
        code, rule = rule_of(answer.status, value)
        wish = None
        if rule.event is DeliveryEvent.DEFER and not rule.halt:
            wish = answer.retry_after(self._context.clock.now())
            if wish is not None and answer.status == UNAVAILABLE:
                # Overloaded, and naming a time: a wish for fewer requests, not just a fault.
                rule = Rule(DeliveryEvent.DEFER, Reason.RATE_LIMITED)
            least = _QUOTA_WAIT if rule.reason is Reason.RATE_LIMITED else _FAULT_WAIT
            wish = wish or least
        return result(message, rule.event, rule.reason, code=code, retry_after=wish, halt=rule.halt)


def _defer(
    messages: Sequence[Message], watch: Watch, reason: Reason, code: str, *, halt: bool = False
) -> None:
    for message in messages:
        watch.answered(result(message, DeliveryEvent.DEFER, reason, code=code, halt=halt))


def _account(options: Options) -> tuple[Credentials, str]:
    """Read the key file of a service account, and the project."""
    remedy = said(
        "Name the JSON key file of a service account (Firebase console, project settings)."
    )
    path = Path(options.required("SERVICE_ACCOUNT", remedy))
    try:
        text = path.read_bytes()[: _LONGEST * 16]
        values = json.loads(text)
        credentials = Credentials.from_service_account_info(  # type: ignore[no-untyped-call]  # half typed library
            values, scopes=_SCOPES
        )
        project = options.text("PROJECT", "") or str(values["project_id"])
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise options.refuse("SERVICE_ACCOUNT", problem, remedy) from None
    except (ValueError, KeyError, TypeError, GoogleAuthError):
        # The cause may quote the key.
        raise options.refuse("SERVICE_ACCOUNT", "is no key file", remedy) from None
    return credentials, project
