"""Telling an endpoint: one request to an address that was looked at, and a little of the answer.

Endpoints are named by people, so a made-up one must not have us call servers of our own network
(OWASP, Server-Side Request Forgery). The name is looked up once; every address that is no public
one is left out, and it is connected to the very address that was looked at: a name that changes
between two look-ups (DNS rebinding) gains nothing. Redirects are not followed. All of it has an
end: a server that sends an octet a second is cut off too.
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from broadcaster.domain.hosts import is_loopback
from broadcaster.domain.public_address import is_public
from broadcaster.domain.webhook import Destination, Reply, destination
from broadcaster.errors import InvalidInputError

#: How long a step, and all of it, may take, seconds.
_STEP, _WHOLE = 5.0, 10.0
#: The most octets of an answer that are read.
_MOST = 4096
#: How many addresses of a name are tried.
_TRIED = 3

Resolve = Callable[[str, int], Sequence[str]]


def resolve(host: str, port: int) -> Sequence[str]:
    """Look a name up; OSError when there is none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[4][0]) for place in found))


class Sender:
    """Sends one request after the other; each has a connection of its own."""

    def __init__(
        self,
        user_agent: str,
        *,
        loopback: bool,
        resolve: Resolve = resolve,
        context: ssl.SSLContext | None = None,
        whole: float = _WHOLE,
    ) -> None:
        """`loopback` allows http to this machine; `context` says whose certificates count."""
        self._user_agent = user_agent
        self._loopback = loopback
        self._resolve = resolve
        self._context = context or ssl.create_default_context()
        self._whole = whole

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Post it; what came of that. Never raises, and names no address in a fault."""
        begun = time.monotonic()
        try:
            place = destination(url, loopback=self._loopback)
            status = self._sent(place, headers, body, begun)
        except InvalidInputError:
            return Reply(status=None, fault="may not be called", seconds=0.0)
        except TimeoutError:
            fault = "took too long"
        except ssl.SSLError:
            fault = "has no good certificate"
        except _PrivateError:
            fault = "has no public address"
        except (OSError, http.client.HTTPException) as error:
            late = time.monotonic() - begun >= self._whole
            fault = "took too long" if late else f"did not answer ({type(error).__name__})"
        else:
            return Reply(status=status, fault="", seconds=time.monotonic() - begun)
        return Reply(status=None, fault=fault, seconds=time.monotonic() - begun)

    def _sent(
        self, place: Destination, headers: Mapping[str, str], body: bytes, begun: float
    ) -> int:
        connection = self._connected(place, begun)
        left = max(0.1, self._whole - (time.monotonic() - begun))
        # Each step has its time; this ends them all, however many there are.
        watch = threading.Timer(left, _cut, [connection])
        watch.daemon = True
        watch.start()
        try:
            told = {
                **headers,
                "Content-Type": "application/json",
                "User-Agent": self._user_agent,
                "Connection": "close",
            }
            connection.request("POST", place.target, body, told)
            answer = connection.getresponse()
            answer.read(_MOST)
            return answer.status
        finally:
            watch.cancel()
            connection.close()

    def _connected(self, place: Destination, begun: float) -> http.client.HTTPConnection:
        found = self._resolve(place.host, place.port)
        good = [one for one in found if self._allowed(place, one)]
        if not good:
            raise _PrivateError
        fault: OSError | None = None
        for address in good[:_TRIED]:
            if time.monotonic() - begun > self._whole:
                break
            connection = http.client.HTTPConnection(place.host, place.port, timeout=_STEP)
            try:
                plain = socket.create_connection((address, place.port), _STEP)
            except OSError as error:
                fault = error
                continue
            try:
                connection.sock = (
                    self._context.wrap_socket(plain, server_hostname=place.host)
                    if place.secure
                    else plain
                )
            except OSError:
                plain.close()
                raise
            return connection
        raise fault or TimeoutError

    def _allowed(self, place: Destination, address: str) -> bool:
        if self._loopback and is_loopback(place.host):
            return is_loopback(address)
        return is_public(address)


class _PrivateError(OSError):
    """A name leads to no public address."""


def _cut(connection: http.client.HTTPConnection) -> None:
    if connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return
