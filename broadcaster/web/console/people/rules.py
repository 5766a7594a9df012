"""The page of fair use: quiet hours, caps and holidays, and lists of addresses not to be used."""

from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.suppressing import ListTaken, take_list
from broadcaster.domain.access import Action
from broadcaster.domain.consent import Scope
from broadcaster.domain.hours import WEEK, Day
from broadcaster.domain.message import DELIVERY_CHANNELS, MessageClass
from broadcaster.domain.rulebook import written
from broadcaster.errors import ConflictError, InvalidInputError
from broadcaster.web.console.desk import Desk, Visit, see_other
from broadcaster.web.console.fields import Fields
from broadcaster.web.console.people import uploads, words
from broadcaster.web.console.people.uploads import Upload, required

_ROOT = "/rules"
#: The most rows that the page changes: a form has a bound; longer rules are set by the command.
_QUIET, _CAPS = 20, 20
#: The largest list of addresses, octets.
_LARGEST = 64 * 2**20
_REFUSED = 422


class RulePages:
    """Shows and changes fair use, and takes in lists of addresses."""

    def __init__(self, runtime: Runtime, desk: Desk) -> None:
        """Use everything that is inside."""
        self._runtime = runtime
        self._desk = desk

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [
            Route(_ROOT, self.show),
            Route(_ROOT, self.change, methods=["POST"]),
            Route(f"{_ROOT}/list", self.take, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show what is in force."""
        visit = await self._desk.enter(request, Action.LOOK)
        return await run_in_threadpool(self._page, visit, {})

    def _page(self, visit: Visit, values: Mapping[str, object], status: int = 200) -> Response:
        rules = self._runtime.fairness.rules()
        plain: dict[str, Any] = written(rules)
        own: dict[str, object] = {
            "rules": plain,
            "version": rules.version,
            "history": self._runtime.fairness.history()[:1],
            "counts": self._runtime.suppressions.counts(),
            "many": len(plain["quiet"]) >= _QUIET or len(plain["cap"]) >= _CAPS,
            "error": None,
            "failed": None,
            "taken": None,
            "dry_run": False,
            "done": "done" in visit.request.query_params,
            "all_classes": tuple(MessageClass),
            "all_channels": DELIVERY_CHANNELS,
            "all_days": tuple(Day),
            "week": WEEK,
            "scopes": tuple(Scope),
            "largest": _LARGEST // 2**20,
            "words": words,
        }
        return self._desk.page(visit, "console/people/rules.html", {**own, **values}, status=status)

    async def change(self, request: Request) -> Response:
        """Bring other rules into force, at once."""
        visit, fields = await self._desk.submitted(request, Action.CHANGE_LIMITS)
        return await run_in_threadpool(self._change, visit, fields)

    def _change(self, visit: Visit, fields: Fields) -> Response:
        raw = _raw(fields)
        try:
            self._runtime.fairness.change(raw, visit.operator.name, self._runtime.clock.now())
        except InvalidInputError as error:
            return self._page(visit, {"error": error, "rules": raw}, _REFUSED)
        return see_other(f"{_ROOT}?done=1")

    async def take(self, request: Request) -> Response:
        """Bar the addresses of a list, or only say what it has."""
        taken = uploads.submitted(self._desk, request, Action.CHANGE_PEOPLE, _LARGEST)
        async with taken as (visit, fields, upload):
            return await run_in_threadpool(self._take, visit, fields, upload)

    def _take(self, visit: Visit, fields: Fields, upload: Upload | None) -> Response:
        try:
            found = self._taken(visit, fields, required(upload))
        except (InvalidInputError, ConflictError) as error:
            return self._page(visit, {"failed": error}, _REFUSED)
        return self._page(visit, {"taken": found, "dry_run": fields.ticked("dry_run")})

    def _taken(self, visit: Visit, fields: Fields, upload: Upload) -> ListTaken:
        scope = next((one for one in Scope if one.value == fields.text("scope")), Scope.SERVICE)
        return upload.read(
            lambda path: take_list(
                self._runtime,
                path,
                scope=scope,
                by=visit.operator.name,
                now=self._runtime.clock.now(),
                dry_run=fields.ticked("dry_run"),
            )
        )


def _raw(fields: Fields) -> dict[str, Any]:
    """Read the form's rows as rules are written; empty rows are none."""
    holidays = fields.text("holidays").replace(",", " ").split()
    quiet = [row for place in range(_QUIET + 1) if (row := _quiet(fields, f"q{place}"))]
    caps = [row for place in range(_CAPS + 1) if (row := _cap(fields, f"c{place}"))]
    return {"quiet": quiet, "holidays": holidays, "cap": caps}


def _quiet(fields: Fields, row: str) -> dict[str, object] | None:
    start, end = fields.text(f"{row}-from").strip(), fields.text(f"{row}-to").strip()
    if fields.ticked(f"{row}-gone") or not (start or end):
        return None
    # A browser's field of a time knows no 24:00.
    end = "24:00" if end in {"00:00", ""} else end
    many = {name: fields.every(f"{row}-{name}") for name in ("classes", "channels", "days")}
    return {**many, "from": start, "to": end}


def _cap(fields: Fields, row: str) -> dict[str, object] | None:
    most, days = fields.text(f"{row}-most").strip(), fields.text(f"{row}-days").strip()
    if fields.ticked(f"{row}-gone") or not (most or days):
        return None
    channel = fields.text(f"{row}-channel")
    return {
        "class": fields.text(f"{row}-class"),
        **({"channel": channel} if channel else {}),
        "most": _whole(most),
        "days": _whole(days),
    }


def _whole(text: str) -> object:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else text  # noqa: PLR2004
