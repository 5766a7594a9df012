"""What a person may ask for: to be told all that is kept of them, and to be erased.

Whoever does it need not be allowed to look at people: nothing of them is shown here.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.disclosing import disclosed
from broadcaster.domain.access import Action
from broadcaster.errors import (
    BroadcasterError,
    ConfigurationError,
    ConflictError,
    InvalidInputError,
)
from broadcaster.web.console.desk import Desk, Visit
from broadcaster.web.console.fields import Fields
from broadcaster.web.console.people import words

_ROOT = "/requests"
_REFUSED = 422


class RequestPages:
    """Hands out what is kept of a person, and erases them."""

    def __init__(self, runtime: Runtime, desk: Desk) -> None:
        """Use everything that is inside."""
        self._runtime = runtime
        self._desk = desk

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [
            Route(_ROOT, self.form),
            Route(f"{_ROOT}/disclose", self.disclose, methods=["POST"]),
            Route(f"{_ROOT}/erase", self.erase, methods=["POST"]),
        ]

    async def form(self, request: Request) -> Response:
        """Ask of whom."""
        visit = await self._desk.enter(request, Action.ERASE)
        return self._page(visit, Fields(number=[request.query_params.get("number", "")]), {})

    def _page(
        self, visit: Visit, fields: Fields, values: Mapping[str, object], status: int = 200
    ) -> Response:
        own = {"given": fields, "refused": None, "act": "", "erased": None, "other": False}
        shown = {**own, "words": words, **values}
        return self._desk.page(visit, "console/people/requests.html", shown, status=status)

    async def disclose(self, request: Request) -> Response:
        """Give everything that is kept of a person as a file of JSON."""
        visit, fields = await self._desk.submitted(request, Action.ERASE)
        number, why = fields.text("number").strip(), fields.text("reason")
        try:
            held = await run_in_threadpool(
                disclosed, self._runtime, number, visit.operator.name, why
            )
        except (InvalidInputError, ConfigurationError) as error:
            return self._refused(visit, fields, "disclose", error)
        text = json.dumps(held, ensure_ascii=False, indent=2, default=_text)
        headers = {"Content-Disposition": 'attachment; filename="what-is-kept.json"'}
        return Response(text + "\n", media_type="application/json", headers=headers)

    async def erase(self, request: Request) -> Response:
        """Erase a person, whose number was written twice."""
        visit, fields = await self._desk.submitted(request, Action.ERASE)
        number = fields.text("number").strip()
        if not number or fields.text("again").strip() != number:
            return self._page(visit, fields, {"act": "erase", "other": True}, _REFUSED)
        now = self._runtime.clock.now()
        try:
            done = await run_in_threadpool(
                self._runtime.erasure.erase,
                number,
                visit.operator.name,
                fields.text("reason"),
                now,
            )
        except (InvalidInputError, ConflictError, ConfigurationError) as error:
            return self._refused(visit, fields, "erase", error)
        return self._page(visit, Fields(), {"erased": done})

    def _refused(self, visit: Visit, fields: Fields, act: str, error: BroadcasterError) -> Response:
        return self._page(visit, fields, {"act": act, "refused": error}, _REFUSED)


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
