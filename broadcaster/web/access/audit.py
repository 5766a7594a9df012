"""The audit trail: who did what, to which thing, and when."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.access.trail import AuditTrail
from broadcaster.domain.access import Action
from broadcaster.web.access import words
from broadcaster.web.console.desk import Desk
from broadcaster.web.console.filters import told, unknown

#: The longest that is searched for.
_LONGEST = 300
#: Lines of a page.
_PAGE = 50
_FIELDS = ("actor", "action", "subject", "since", "until")


class Audit:
    """Shows the audit trail, the newest line first."""

    def __init__(self, desk: Desk, trail: AuditTrail, zone: ZoneInfo) -> None:
        """Days are those of `zone`."""
        self._desk = desk
        self._trail = trail
        self._zone = zone

    def routes(self) -> Sequence[Route]:
        """List what is answered."""
        return [Route("/audit", self.show)]

    async def show(self, request: Request) -> Response:
        """Show a page of what is asked for; it says what of that is no day, or unknown."""
        visit = await self._desk.enter(request, Action.AUDIT)
        given = {name: request.query_params.get(name, "").strip()[:_LONGEST] for name in _FIELDS}
        given = {name: text.replace("\0", "") for name, text in given.items()}
        since, until = (_day(given[name]) for name in ("since", "until"))
        before = _number(request.query_params.get("before", ""))
        actions = await run_in_threadpool(self._trail.actions)
        known = {one: words.ACTIONS[one] for one in actions if one in words.ACTIONS}
        filters: Mapping[str, Mapping[str, str]] = {
            "action": {**{one: one for one in actions}, **told(known, visit.language)},
            "since": {},
            "until": {},
        }
        wrong = unknown(_asked(given, since, until), filters, visit.language)
        lines = (
            []
            if wrong
            else await run_in_threadpool(
                lambda: self._trail.lines(
                    actor=given["actor"] or None,
                    action=given["action"] or None,
                    subject=given["subject"] or None,
                    since=self._begins(since) if since else None,
                    until=self._begins(until + timedelta(days=1)) if until else None,
                    before=before,
                    limit=_PAGE + 1,
                )
            )
        )
        shown = lines[:_PAGE]
        asked = {name: text for name, text in given.items() if text}
        older = urlencode({**asked, "before": shown[-1].id}) if len(lines) > _PAGE else ""
        values = {
            "lines": shown,
            "older": older,
            "newest": before is None,
            "first": urlencode(asked),
            "given": {**given, "since": since or "", "until": until or ""},
            "actions": actions,
            "unknown": wrong,
            "words": words,
        }
        status = 422 if wrong else 200
        return self._desk.page(visit, "console/audit.html", values, status=status)

    def _begins(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone)


def _asked(
    given: Mapping[str, str], since: date | None, until: date | None
) -> Sequence[tuple[str, str]]:
    """Give what can be unknown: a sort of line, and what should be a day and is none."""
    days = {"since": since, "until": until}
    return [
        ("action", given["action"]),
        *((name, given[name]) for name, day in days.items() if day is None),
    ]


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2200 else None  # noqa: PLR2004  (where a database counts, too)


def _number(text: str) -> int | None:
    fits = text.isascii() and text.isdigit() and len(text) < 19  # noqa: PLR2004  (as bigint)
    return int(text) if fits else None
