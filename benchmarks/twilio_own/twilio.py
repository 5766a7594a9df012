"""Twilio's library over its own asynchronous client (aiohttp), as its documentation shows it.

What the product's `library` client is not: that one is the library over our connections. Loaded in
place of our provider, with its settings ACCOUNT_SID, AUTH_TOKEN, SENDER, BASE_URL, TIMEOUT and
CONCURRENCY. For races alone: what fails here is in doubt, whatever it was.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from twilio.http.async_http_client import AsyncTwilioHttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from broadcaster.domain.delivery import DeliveryEvent
from broadcaster.domain.message import SmsContent
from broadcaster.domain.options import Options
from broadcaster.ports import Context, Message, Submission, Watch
from broadcaster.providers import _http
from broadcaster.providers._wire_stream import collected
from broadcaster.providers.base import Gate, result, stream_each


def build(options: Options, context: Context) -> "LibraryProvider":
    """Build the provider; InvalidInputError naming the option that is wrong."""
    return LibraryProvider(options, context)


class LibraryProvider:
    """SMS through Twilio's library alone."""

    name = "twilio"

    def __init__(self, options: Options, context: Context) -> None:
        """Read the options; nothing is connected yet."""
        self._account = options.required("ACCOUNT_SID", "Name one.")
        self._token = options.required("AUTH_TOKEN", "Name one.")
        self._sender = options.required("SENDER", "Name one.")
        self._base = _http.base_url(options, "BASE_URL", "https://api.twilio.com")
        self._timeout, self.room = _http.limits(options, 16)
        self._context = context
        self._room = asyncio.Semaphore(self.room)
        self._client: Any = None

    async def submit(self, messages: Sequence[Message]) -> Sequence[Submission]:
        """Create one message resource for each message."""
        return await collected(messages, self.stream)

    async def stream(self, messages: Sequence[Message], watch: Watch) -> None:
        """Create one message resource for each message, and tell of each."""
        if self._client is None:
            self._client = self._made()
        await stream_each(messages, self._send, self._room, watch)

    async def aclose(self) -> None:
        """Close kept connections."""
        if self._client is not None:
            await self._client.http_client.close()

    def _made(self) -> Any:  # noqa: ANN401  (untyped)
        # Not before the loop runs: its session belongs to one.
        client: Any = Client(
            self._account,
            self._token,
            http_client=_Bounded(timeout=self._timeout),
            environment={"TWILIO_EDGE": ""},
        )
        client.api.base_url = self._base
        return client

    async def _send(self, message: Message, gate: Gate) -> Submission:
        assert isinstance(message.content, SmsContent)
        left = (message.expires - self._context.clock.now()) // timedelta(seconds=1)
        if not gate.leaving():
            raise RuntimeError("taken back")
        made = await self._client.messages.create_async(
            to=message.address.value,
            from_=self._sender,
            body=message.content.body,
            status_callback=f"{self._context.public_url}/callbacks/twilio/{message.delivery}",
            validity_period=min(max(left, 1), 36_000),
            smart_encoded=False,
        )
        return result(message, DeliveryEvent.ACCEPT, reference=made.sid)


class _Bounded(AsyncTwilioHttpClient):  # type: ignore[misc]  # the library has no types
    """Its client, with the time-out that it takes and does not hand down (twilio 9.13)."""

    async def request(self, *words: object, **named: object) -> Response:
        """Ask within the time."""
        return await super().request(*words, **{**named, "timeout": self.timeout})
