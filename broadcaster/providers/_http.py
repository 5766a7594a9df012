"""HTTP as all providers use it: one kept session, bounded, without redirects or blind retries.

What matters most is known of every failed request: whether any of it was written. If not, trying
again is safe; if so, the message may have been taken.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver

from broadcaster.domain.hosts import is_loopback
from broadcaster.domain.options import Options

#: The longest answer that is read, octets.
_LONGEST = 2**20

#: Kept connections are closed before services close theirs, so that few requests meet a closed one.
_KEEP = 10.0

#: The longest wait that a service may wish for.
_PATIENCE = timedelta(days=1)


class NotSentError(Exception):
    """Nothing of the request was written; the text is the name of the fault."""


class NoAnswerError(Exception):
    """The request was written, wholly or in part, and no whole answer came."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered; header names are as they come, looked up without regard to case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        """Show the status alone: bodies repeat addresses."""
        return f"Answer({self.status})"

    def retry_after(self, now: datetime) -> timedelta | None:
        """Read the service's wish, seconds or a date (RFC 9110, section 10.2.3)."""
        text = self.headers.get("Retry-After", "").strip()
        wish = None
        if text.isascii() and text.isdigit():
            # Ten digits are enough for any bound, and no more are worth turning into a number.
            wish = timedelta(seconds=int(text[:10]))
        elif text:
            with suppress(ValueError):
                moment = parsedate_to_datetime(text)
                wish = moment - now if moment.tzinfo else None
        return None if wish is None else min(max(wish, timedelta(0)), _PATIENCE)


class Http:
    """A client for one provider; connections are kept until `aclose`."""

    def __init__(
        self,
        *,
        timeout: float,
        concurrency: int,
        user_agent: str,
        resolver: type[AbstractResolver] | None = None,
    ) -> None:
        """Connect to nothing yet. `timeout` bounds a whole request, in seconds."""
        self._timeout = timeout
        self._concurrency = concurrency
        self._user_agent = user_agent
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask once; NotSentError when nothing was written, NoAnswerError when something was."""
        sent = SimpleNamespace(written=False)
        try:
            async with self._open().request(
                method,
                url,
                headers=headers,
                data=data,
                params=params,
                allow_redirects=False,
                trace_request_ctx=sent,
            ) as response:
                body = await response.content.read(_LONGEST)
                while len(body) < _LONGEST and not response.content.at_eof():
                    body += await response.content.read(_LONGEST - len(body))
                return Answer(response.status, response.headers, body)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            fault = type(error).__name__
            # The cause would show addresses in a traceback: its name is enough.
            raise (NoAnswerError(fault) if sent.written else NotSentError(fault)) from None

    async def aclose(self) -> None:
        """Close kept connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            trace = aiohttp.TraceConfig()
            trace.on_request_headers_sent.append(_note_written)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._concurrency,
                    keepalive_timeout=_KEEP,
                    resolver=self._resolver() if self._resolver else None,
                ),
                timeout=aiohttp.ClientTimeout(total=self._timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self._user_agent},
                trace_configs=[trace],
            )
        return self._session


async def _note_written(
    _session: aiohttp.ClientSession,
    context: SimpleNamespace,
    _parameters: aiohttp.TraceRequestHeadersSentParams,
) -> None:
    context.trace_request_ctx.written = True


def base_url(options: Options, name: str, default: str) -> str:
    """Read the address of a service: https, or http on this machine (a simulated network)."""
    value = options.text(name, default).rstrip("/")
    parts = urlsplit(value)
    plain = parts.scheme == "http" and is_loopback(parts.hostname or "")
    if not parts.hostname or not (parts.scheme == "https" or plain):
        raise options.refuse(
            name,
            f"{value!r} is no https address",
            "Give https://host, or http://127.0.0.1:port for the sandbox.",
        )
    return value


def limits(options: Options, concurrency: int) -> tuple[float, asyncio.Semaphore, int]:
    """Read `TIMEOUT` (seconds) and `CONCURRENCY`; gives also the room for that many requests."""
    timeout = options.number("TIMEOUT", 10, 0.1, 300)
    concurrency = options.integer("CONCURRENCY", concurrency, 1, 1000)
    return timeout, asyncio.Semaphore(concurrency), concurrency
