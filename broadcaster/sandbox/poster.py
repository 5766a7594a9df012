"""Calls out to the product: status callbacks and confirmations of devices."""

import asyncio
import logging
from collections.abc import Mapping
from urllib.parse import urlsplit

import aiohttp

from broadcaster.domain.hosts import is_loopback

_log = logging.getLogger(__name__)

#: Twilio gives a callback ten seconds to connect and fifteen in all.
_TIMEOUT = aiohttp.ClientTimeout(total=15, connect=10)
_LONGEST_ANSWER = 65536
_RETRY_AFTER = 2.0


class Poster:
    """Posts to URLs on this machine and to no other, over kept connections."""

    def __init__(self, *, base: str, pace: float, connections: int) -> None:
        """Deliver to `base` whatever the host of a URL, when it is given."""
        self._base = base.rstrip("/")
        self._pace = pace
        # Servers close idle connections after five seconds: ours must not outlive that.
        connector = aiohttp.TCPConnector(limit=connections, keepalive_timeout=3)
        jar = aiohttp.DummyCookieJar()
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=_TIMEOUT, cookie_jar=jar, trust_env=False
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> str:
        """Post once, and once more when no connection came about; tell what came of it.

        That is the status of the answer, `unreachable`, `timeout`, or `forbidden` for a URL that
        leads off this machine.
        """
        target = self._target(url)
        if target is None:
            _log.warning("callback leads off this machine", extra={"action": "sandbox.callback"})
            return "forbidden"
        for last in (False, True):
            try:
                return str(await self._once(target, body, headers))
            except TimeoutError:
                return "timeout"
            except aiohttp.ClientError:
                if not last:
                    await asyncio.sleep(self._pace * _RETRY_AFTER)
        return "unreachable"

    async def _once(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        request = self._session.post(url, data=body, headers=headers, allow_redirects=False)
        async with request as response:
            await response.content.read(_LONGEST_ANSWER)
            return response.status

    def _target(self, url: str) -> str | None:
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            return None
        if parts.scheme not in {"http", "https"} or not host:
            return None
        if self._base:
            query = f"?{parts.query}" if parts.query else ""
            return f"{self._base}{parts.path}{query}"
        return url.partition("#")[0] if is_loopback(host) else None

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()
