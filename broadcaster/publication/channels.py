"""A public channel by the library Apprise, which knows more than a hundred of them.

Apprise says only whether it went well. Whether a request left, and what was answered, decides
whether it may be sent again; so the transport that it sends with is watched.
"""

import logging
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from broadcaster.domain.announcement import Announcement, Answer, Outcome
from broadcaster.domain.options import Secret
from broadcaster.errors import ConfigurationError

# The library is loaded where a channel is set up.
# ruff: noqa: PLC0415

#: How long a connection and an answer are waited for, seconds.
_CONNECT, _ANSWER = 5.0, 15.0
_MOVED = range(300, 400)
_LATER = frozenset({425, 429, 503})
#: It was refused; other answers of 5xx, and a time-out at a gateway, may come after the deed.
_CLIENT = range(400, 500)
_TIMEOUT = 408


@dataclass(slots=True)
class _Seen:
    """What was seen of the requests of one announcement."""

    statuses: list[int] = field(default_factory=list)
    #: Whether some request may have left without an answer.
    lost: bool = False
    #: Whether some request is known not to have left.
    kept: bool = False


_watching: ContextVar[_Seen | None] = ContextVar("watching", default=None)
_once = threading.Lock()


class AppriseChannel:
    """Tells one destination, which comes from the settings alone and is shown nowhere."""

    def __init__(
        self, name: str, destination: Secret, locale: str, setting: str = "ANNOUNCE"
    ) -> None:
        """Understand the destination, which `setting` named; ConfigurationError."""
        self.name = name
        self.locale = locale
        _watch()
        self._service = _understood(name, destination, setting)

    def __repr__(self) -> str:
        """Hide where it leads."""
        return f"AppriseChannel({self.name!r})"

    def send(self, announcement: Announcement) -> Answer:
        """Tell it once, and judge by what was seen; never raises."""
        with _seen() as seen:
            try:
                fine = self._service.notify(title=announcement.title, body=announcement.body)
            except Exception:  # noqa: BLE001  (whatever a plug-in of the library raises)
                fine, seen.lost = False, seen.lost or not seen.kept
        return _judged(seen, fine=bool(fine))


def _judged(seen: _Seen, *, fine: bool) -> Answer:
    """Say what came of it; the worst that is possible counts."""
    if fine:
        return Answer(outcome=Outcome.SENT)
    if seen.lost:
        return Answer(outcome=Outcome.DOUBT, reason="no answer")
    if seen.statuses:
        last = seen.statuses[-1]
        return Answer(outcome=_of_status(last, seen.statuses[:-1]), reason=f"answered {last}")
    if seen.kept:
        return Answer(outcome=Outcome.LATER, reason="not reached")
    # Some channels do not speak HTTP; nothing is known of what left.
    return Answer(outcome=Outcome.DOUBT, reason="not known")


def _of_status(last: int, before: Sequence[int]) -> Outcome:
    if last in _LATER:
        # Only if nothing before it was taken: a message in several pieces is not begun again.
        partly = any(status < _MOVED.start for status in before)
        return Outcome.DOUBT if partly else Outcome.LATER
    if last in _MOVED or (last in _CLIENT and last != _TIMEOUT):
        return Outcome.REFUSED
    return Outcome.DOUBT


@contextmanager
def _seen() -> Iterator[_Seen]:
    seen = _Seen()
    token = _watching.set(seen)
    try:
        yield seen
    finally:
        _watching.reset(token)


def _understood(name: str, destination: Secret, setting: str) -> Any:  # noqa: ANN401  (the library has no types)
    import apprise

    # Its log shows destinations and texts, and that of the transport their paths.
    logging.getLogger("apprise").disabled = True
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    asset = apprise.AppriseAsset(
        async_mode=False,
        secure_logging=True,
        app_id="Broadcaster",
        app_desc="Broadcaster",
        # A destination must not lead on to another, such as one inside the network.
        http_redirects=False,
        # When to try again is decided by what was seen, and over hours.
        default_service_retry=0,
        # What a channel would keep on this machine; messages are no concern of it.
        storage_path=None,
    )
    with warnings.catch_warnings():
        # It loads all channels that it knows, and modules that newer versions of Python have not.
        warnings.simplefilter("ignore", DeprecationWarning)
        service = apprise.Apprise.instantiate(
            destination.reveal(), asset=asset, suppress_exceptions=True
        )
    if service is None:
        message = (
            f"BROADCASTER_{setting}_{name.upper()}_URL: is no destination that Apprise knows. "
            "Write one as its documentation shows, such as mastodons://token@host."
        )
        raise ConfigurationError(message)
    service.retry = 0
    service.redirects = False
    service.socket_connect_timeout = _CONNECT
    service.socket_read_timeout = _ANSWER
    return service


@lru_cache(maxsize=1)
def _adapter() -> type:
    from requests.adapters import HTTPAdapter

    return HTTPAdapter


def _watch() -> None:
    """Have the transport say what it sees, once; requests of others pass by unseen."""
    adapter = _adapter()
    with _once:
        if getattr(adapter, "watched", False):
            return
        usual = vars(adapter)["send"]

        def send(self: object, request: object, *given: object, **more: object) -> object:
            seen = _watching.get()
            if seen is None:
                return usual(self, request, *given, **more)
            return _observed(seen, lambda: usual(self, request, *given, **more))

        setattr(adapter, "send", send)  # noqa: B010  (the library's own class, in a way that types allow)
        setattr(adapter, "watched", True)  # noqa: B010  (as above)


def _observed(seen: _Seen, send: Any) -> object:  # noqa: ANN401  (a request of the library)
    import requests

    if seen.statuses and seen.statuses[-1] in _MOVED:
        raise requests.TooManyRedirects
    try:
        response = send()
    except requests.RequestException as error:
        if _left(error):
            seen.lost = True
        else:
            seen.kept = True
        raise
    seen.statuses.append(response.status_code)
    return response


def _left(error: Exception) -> bool:
    """Tell whether a request may have left before this happened."""
    import requests
    from urllib3.exceptions import MaxRetryError, NewConnectionError

    if isinstance(error, requests.ConnectTimeout):
        return False
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(error, requests.exceptions.SSLError):
        # Before a certificate is believed nothing is sent; another fault may come later.
        return "CERTIFICATE_VERIFY_FAILED" not in str(reason)
    return not isinstance(reason, NewConnectionError)
