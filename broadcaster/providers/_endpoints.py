"""Which push services may be called: endpoints come from browsers, hence from anybody.

Without a guard, a made-up subscription would have us call servers of our own network. So: only
services on a list, https only, no redirects, and no private address behind a public name, checked
on the very addresses that are connected to (a name may change between two look-ups).
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from broadcaster.domain.hosts import is_loopback
from broadcaster.domain.options import Options
from broadcaster.domain.public_address import is_public
from broadcaster.providers import _wire

#: The services of the browsers in use: Chrome and others, Firefox, Safari, Edge.
DEFAULT = (
    "fcm.googleapis.com;*.push.services.mozilla.com;web.push.apple.com;*.push.apple.com;"
    "*.notify.windows.com"
)

#: The longest endpoint that is looked at, characters.
_LONGEST = 2048

_VISIBLE = re.compile(r"[\x21-\x7e]+\Z")


@dataclass(frozen=True, slots=True)
class Allowed:
    """An entry of the list: `host`, `*.host` or, for this machine only, `http://host`."""

    scheme: str
    host: str
    port: int

    def fits(self, scheme: str, host: str, port: int) -> bool:
        """Tell whether an endpoint is on this entry."""
        if (scheme, port) != (self.scheme, self.port):
            return False
        if self.host.startswith("*."):
            return host.endswith(self.host[1:])
        return host == self.host


def allowed(options: Options) -> tuple[Allowed, ...]:
    """Read `ALLOWED_HOSTS`; InvalidInputError when an entry is none."""
    entries = []
    for word in options.words("ALLOWED_HOSTS", DEFAULT):
        scheme, separator, rest = word.rpartition("://")
        parts = urlsplit(f"//{rest}")
        try:
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            host, port = "", None
        plain = scheme == "http" and is_loopback(host)
        named = host and parts.netloc == rest and "@" not in rest
        if not named or (separator and not plain and scheme != "https"):
            raise options.refuse(
                "ALLOWED_HOSTS",
                f"{word!r} is no host",
                "Write host, *.host or host:port, separated by semicolons; http:// for loopback.",
            )
        entries.append(Allowed(scheme or "https", host, port or (80 if plain else 443)))
    return tuple(entries)


def origin(endpoint: str, entries: tuple[Allowed, ...]) -> str | None:
    """Give the origin of an endpoint that may be called (RFC 6454), else None."""
    if len(endpoint) > _LONGEST or not _VISIBLE.match(endpoint):
        return None
    try:
        parts = urlsplit(endpoint)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    default = {"https": 443, "http": 80}.get(parts.scheme)
    if not host or default is None or parts.username is not None or "\\" in endpoint:
        return None
    number = port or default
    if not any(entry.fits(parts.scheme, host, number) for entry in entries):
        return None
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + ("" if number == default else f":{number}")


async def resolve_public(host: str, port: int) -> Sequence[_wire.Place]:
    """Look up and keep public addresses only; OSError when there is none, as for no such name.

    `localhost` alone may be this machine, and what stands as an address in an endpoint is not
    looked up: both are on the list, or refused before.
    """
    found = await _wire.resolve(host, port)
    if host == "localhost" or _is_address(host):
        return found
    public = [place for place in found if is_public(str(place[4][0]))]
    if not public:
        raise OSError("no public address")
    return public


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
