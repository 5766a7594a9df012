"""Twilio's own library, over our connections."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

# The library has no types.
from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]
from twilio.http import AsyncHttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from broadcaster.ports import Clock
from broadcaster.providers import _wire_request
from broadcaster.providers._http import Answer
from broadcaster.providers._twilio_answers import taken
from broadcaster.providers._wire import Wire

#: What the library makes of an answer that it can't read.
UNREADABLE = (TwilioException, ValueError, TypeError, AttributeError, RecursionError)

#: A clock that is further away than this is no help.
_NONSENSE = timedelta(hours=1)

Leaving = Callable[[], bool]

#: Asked when the request of this task is about to leave: the library has no way to hand it down.
_leaving: ContextVar[Leaving] = ContextVar("leaving", default=lambda: True)


class RefusedError(Exception):
    """Twilio answered with something else than success."""

    def __init__(self, answer: Answer) -> None:
        """Keep the answer."""
        super().__init__(answer.status)
        self.answer = answer


class _Transport(AsyncHttpClient):  # type: ignore[misc]  # the library has no types
    """The library's way to the network."""

    def __init__(self, wire: Wire, base_url: str, clock: Clock) -> None:
        self.is_async = True
        #: How far their clock is ahead of ours, as far as they have said.
        self.ahead = timedelta(0)
        self._wire = wire
        self._clock = clock
        self._origin, _ = _wire_request.parse(base_url)

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
        if params:
            url += ("&" if "?" in url else "?") + urlencode(_texts(params))
        origin, target = _wire_request.parse(url)
        if origin != self._origin:
            # A page may name the next one: our credentials go to nobody else for it.
            raise ValueError("another origin")
        given = {**(headers or {}), "Authorization": _wire_request.basic(*(auth or ("", "")))}
        octets = _wire_request.with_body(
            _wire_request.head(method, origin, target, given),
            urlencode(_texts(data or {})).encode("ascii"),
        )
        answer = await self._wire.ask(origin, octets, _leaving.get())
        if method == "GET":
            self._compare(answer.header("Date"))
        if not taken(answer):
            raise RefusedError(answer)
        # Of the headers the library reads none.
        return Response(answer.status, answer.body.decode("utf-8", "replace"), {})

    def _compare(self, date: str) -> None:
        with suppress(ValueError):
            moment = parsedate_to_datetime(date)
            if moment.tzinfo is not None:
                ahead = moment - self._clock.now()
                self.ahead = ahead if abs(ahead) < _NONSENSE else timedelta(0)


def client(account: str, token: str, wire: Wire, base_url: str, clock: Clock) -> Any:  # noqa: ANN401  (untyped)
    """Make the library's client; its `http_client.ahead` tells how far their clock is ahead."""
    made: Any = Client(
        account,
        token,
        http_client=_Transport(wire, base_url, clock),
        # Not the process's environment: what is sent where is said by our settings alone.
        environment={"TWILIO_EDGE": ""},
    )
    made.api.base_url = base_url
    return made


async def create(made: Any, leaving: Leaving, **parameters: object) -> Any:  # noqa: ANN401  (untyped)
    """Create a message resource, asking when it is about to leave.

    RefusedError, one of UNREADABLE, or what `Wire.ask` raises.
    """
    _leaving.set(leaving)
    return await made.messages.create_async(**parameters)


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    # Twilio reads booleans in lower case.
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in values.items()
    }
