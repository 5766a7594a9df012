"""Requests as octets (RFC 9112), with nothing in them that a server could read as two."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"https": 443, "http": 80}

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
#: Visible characters and spaces: no line end, no NUL (RFC 9110, section 5.5).
_VALUE = re.compile(r"[\t\x20-\x7e]*\Z")
_TARGET = re.compile(r"/[\x21-\x7e]*\Z")
_HOST = re.compile(r"[0-9A-Za-z]([0-9A-Za-z._-]*[0-9A-Za-z])?\Z|[0-9A-Fa-f:.]+\Z")

#: The longest request target that is sent, characters.
_LONGEST = 8000


@dataclass(frozen=True, slots=True)
class Origin:
    """Whom connections are kept to: a scheme, a host, and a port (RFC 6454)."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """What `Host` says: without the port where it is the scheme's own."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == _DEFAULT_PORTS[self.scheme] else f"{shown}:{self.port}"


def parse(url: str) -> tuple[Origin, str]:
    """Give the origin and the target of an address; ValueError when it can't be asked for."""
    parts = urlsplit(url)
    host, port = (parts.hostname or "").lower(), parts.port
    if parts.scheme not in _DEFAULT_PORTS or not _HOST.match(host) or "@" in parts.netloc:
        raise ValueError("no address of a service")
    target = parts.path or "/"
    if parts.query:
        target += f"?{parts.query}"
    if len(target) > _LONGEST or not _TARGET.match(target):
        raise ValueError("no request target")
    number = _DEFAULT_PORTS[parts.scheme] if port is None else port
    return Origin(parts.scheme, host, number), target


def head(method: str, origin: Origin, target: str, headers: Mapping[str, str]) -> bytes:
    """Write the head of a request up to the number of its body's octets, for `with_body`.

    ValueError when a header can't be: a line end in it would begin another header.
    """
    if method not in {"GET", "POST"} or not _TARGET.match(target):
        raise ValueError("no request")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {origin.authority}"]
    for name, value in {"Accept-Encoding": "identity", **headers}.items():
        if not (_TOKEN.match(name) and _VALUE.match(value)):
            raise ValueError("no header")
        lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, "Content-Length: "]).encode("ascii")


def with_body(begun: bytes, body: bytes) -> bytes:
    """Give a whole request."""
    return b"%b%d\r\n\r\n%b" % (begun, len(body), body)


def basic(user: str, password: str) -> str:
    """Write credentials as RFC 7617 wants them."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
