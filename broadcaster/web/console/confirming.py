"""Asking once more who somebody is, before what a screen that was left open must not be enough for.

The form that wanted it is kept in the page that asks, and is done with once the answer fits. The
session gets a new token then: who had the old one has nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from broadcaster.web.console.desk import Desk, Visit

#: The fields of the page that asks, which the form itself does not know.
PASSED_ON = frozenset({"csrf", "confirm_password", "confirm_code"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What somebody gives to confirm who they are; empty where nothing was given."""

    password: str
    code: str


class Ways(Protocol):
    """What somebody can be asked for: a second factor where there is one, else a password."""

    @property
    def password(self) -> bool:
        """Whether there is a password."""
        ...

    @property
    def second(self) -> bool:
        """Whether there is a second factor."""
        ...

    @property
    def lost(self) -> bool:
        """Whether there is an authenticator whose codes can't be compared any more."""
        ...

    @property
    def passkeys(self) -> int:
        """How many passkeys there are."""
        ...

    @property
    def provider(self) -> bool:
        """Whether the identity provider knows them."""
        ...


class Proves(Protocol):
    """Looks at what somebody gives to confirm who they are."""

    def proof(self, operator: int, given: Given, now: datetime) -> bool | timedelta | None:
        """Tell whether it fits; None when nothing was given, a time when it is too often wrong."""
        ...

    def ways(self, operator: int) -> Ways:
        """Say what somebody can be asked for."""
        ...


class ConfirmNeededError(Exception):
    """Somebody has to say again who they are; `fields` is the form that wanted it."""

    def __init__(
        self,
        visit: "Visit",
        fields: Mapping[str, Sequence[str]],
        ways: Ways,
        *,
        proof: bool | timedelta | None,
    ) -> None:
        """`proof` is what became of what was given already."""
        super().__init__(visit.request.url.path)
        self.visit = visit
        self.fields = fields
        self.ways = ways
        self.proof = proof

    def values(self) -> dict[str, object]:
        """Give what the page that asks shows."""
        wait = self.proof if isinstance(self.proof, timedelta) else timedelta(0)
        seconds = -(-wait // timedelta(seconds=1))
        wrong = self.proof is False
        return {"fields": self.fields, "ways": self.ways, "wrong": wrong, "wait": seconds}


def given(text: Callable[[str], str]) -> Given:
    """Take it from a form."""
    return Given(password=text("confirm_password"), code=text("confirm_code"))


class Renewal:
    """Has the browser show a session's new token, whatever page it is that answers."""

    def __init__(self, app: ASGIApp, *, desk: "Desk") -> None:
        """Stand before the pages."""
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)

        async def answer(message: Message) -> None:
            token = getattr(request.state, "renewed", "")
            if message["type"] == "http.response.start" and token:
                self._desk.carry(message, token)
            await send(message)

        await self._app(scope, receive, answer)
