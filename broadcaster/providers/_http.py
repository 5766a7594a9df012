"""HTTP as all providers mean it: answers, faults, and the settings of a service.

What matters most is known of every failed request: whether any of it was written. If not, trying
again is safe; if so, the message may have been taken.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from broadcaster.domain.hosts import is_loopback
from broadcaster.domain.options import Options

#: The longest wait that a service may wish for.
_PATIENCE = timedelta(days=1)


class HttpFaultError(Exception):
    """A request that got no answer; the text is the name of the fault, without any address."""


class NotSentError(HttpFaultError):
    """Nothing of the request was handed to the network."""


class NoAnswerError(HttpFaultError):
    """The request was handed over, wholly or in part, and no whole answer came."""


class Answer(NamedTuple):
    """What a service answered.

    `headers` reads them, with names in lower case: only when they are asked for, as most answers
    say all in their status and body.
    """

    status: int
    headers: Callable[[], Mapping[bytes, bytes]]
    body: bytes

    def __repr__(self) -> str:
        """Show the status alone: bodies repeat addresses."""
        return f"Answer({self.status})"

    def header(self, name: str) -> str:
        """Give a header; empty when there is none."""
        return self.headers().get(name.lower().encode("ascii"), b"").decode("latin-1").strip()

    def retry_after(self, now: datetime) -> timedelta | None:
        """Read the service's wish, seconds or a date (RFC 9110, section 10.2.3)."""
        text = self.header("Retry-After")
        wish = None
        if text.isascii() and text.isdigit():
            # Ten digits are enough for any bound, and no more are worth turning into a number.
            wish = timedelta(seconds=int(text[:10]))
        elif text:
            with suppress(ValueError):
                moment = parsedate_to_datetime(text)
                wish = moment - now if moment.tzinfo else None
        return None if wish is None else min(max(wish, timedelta(0)), _PATIENCE)


def base_url(options: Options, name: str, default: str) -> str:
    """Read the address of a service: https, or http on this machine (a simulated network)."""
    value = options.text(name, default).rstrip("/")
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port or 1
    except ValueError:
        parts, host, port = urlsplit(""), "", 0
    safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    plain = value.isascii() and " " not in value and not (parts.query or parts.fragment)
    if not (host and port and safe and plain and "@" not in parts.netloc):
        raise options.refuse(
            name,
            f"{value!r} is no https address",
            "Give https://host, or http://127.0.0.1:port for the sandbox.",
        )
    return value


def limits(options: Options, concurrency: int) -> tuple[float, int]:
    """Read `TIMEOUT` (seconds) and `CONCURRENCY` (requests at once)."""
    timeout = options.number("TIMEOUT", 10, 0.1, 300)
    return timeout, options.integer("CONCURRENCY", concurrency, 1, 1000)
