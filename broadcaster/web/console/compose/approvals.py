"""Approving: a second person sees exactly what will be sent, and what differs from before."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from broadcaster import bootstrap
from broadcaster.bootstrap.handing import compared
from broadcaster.domain.access import Action
from broadcaster.domain.campaign import STEPS, Campaign
from broadcaster.domain.changes import Changed, changes
from broadcaster.domain.saying import Figure, said
from broadcaster.errors import BroadcasterError, ConflictError, InvalidInputError
from broadcaster.ledger.versions import Event, Version
from broadcaster.render.kinds import Kind
from broadcaster.render.sheets.page import Look
from broadcaster.web.console.compose import words
from broadcaster.web.console.compose.audiences import Audiences
from broadcaster.web.console.compose.bench import framed
from broadcaster.web.console.compose.facts import labels, on_clock
from broadcaster.web.console.compose.foretelling import Foretelling
from broadcaster.web.console.compose.numbers import whole_number
from broadcaster.web.console.compose.previews import Previews
from broadcaster.web.console.desk import Desk, Visit, see_other
from broadcaster.web.console.fields import Fields
from broadcaster.web.labels import CHANNELS, LANES
from broadcaster.web.languages import Language, by_locale
from broadcaster.web.security import FRAMING_PAGES

if TYPE_CHECKING:
    from broadcaster.bootstrap import Runtime

_INT4 = 2**31


class Approvals:
    """The pages of approving."""

    def __init__(
        self, runtime: "Runtime", desk: Desk, foretelling: Foretelling, audiences: Audiences
    ) -> None:
        """`foretelling` and `audiences` are shared with those who compose."""
        self._runtime = runtime
        self._desk = desk
        self._zone = ZoneInfo(runtime.settings.time_zone)
        self._audiences = audiences
        self._previews = Previews(runtime)
        self._foretelling = foretelling

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [
            Route("/approvals", self.queue),
            Route("/campaigns/{campaign:int}/approve", self.look),
            Route("/campaigns/{campaign:int}/approve", self.decide, methods=["POST"]),
            Route("/campaigns/{campaign:int}/sheet", self.sheet),
            Route("/campaigns/{campaign:int}/forecast", self.forecast),
        ]

    async def queue(self, request: Request) -> Response:
        """List what waits for approval, the longest waiting first."""
        visit = await self._desk.enter(request, Action.LOOK)
        waiting = await run_in_threadpool(self._waiting)
        return self._page(visit, "approvals", {"waiting": waiting})

    def _waiting(self) -> Sequence[tuple[Version, Campaign]]:
        return [
            (one, self._runtime.ledger.campaign(one.campaign))
            for one in self._runtime.versions.waiting()
        ]

    async def look(self, request: Request) -> Response:
        """Show what will be sent, and what differs."""
        visit = await self._desk.enter(request, Action.LOOK)
        campaign = await self._campaign(request)
        return await self._show(visit, campaign)

    async def decide(self, request: Request) -> Response:
        """Approve it, approve and launch it, or give it back."""
        visit, fields = await self._desk.submitted(request, Action.APPROVE)
        campaign = await self._campaign(request)
        launches = fields.text("do") == "launch"
        if launches and not visit.operator.may(Action.LAUNCH):
            raise HTTPException(403)
        if fields.text("bypass").strip():
            if not visit.operator.may(Action.BYPASS):
                raise HTTPException(403)
            # A screen that was left open is not enough for it.
            visit = await self._desk.confirmed(visit, fields)
        decide = self._return if fields.text("do") == "return" else self._approve
        try:
            await run_in_threadpool(decide, visit, campaign, fields)
        except (InvalidInputError, ConflictError) as error:
            fresh = await self._campaign(request)
            return await self._show(visit, fresh, error=error, typed=fields, status=422)
        return see_other("/approvals" if decide == self._return else f"/campaigns/{campaign.id}")

    def _approve(self, visit: Visit, campaign: Campaign, fields: Fields) -> None:
        by = visit.operator.name
        bypass = fields.text("bypass").strip()
        _require_same(campaign, fields)
        advisory = self._runtime.ledger.advisory(campaign.advisory_id)
        if fields.text("content") != self._runtime.hash(campaign, advisory):
            # Its kind reads otherwise by now, which is no change of the campaign's own.
            raise _changed(campaign)
        foretold = self._foretelling.whole(campaign)
        people = whole_number("people", fields.text("people"))
        if foretold.people is not None and foretold.people != people:
            problem = said(
                "%(people)s would be confirmed, and %(people_2)s would be told",
                people=Figure(people),
                people_2=Figure(foretold.people),
            )
            raise InvalidInputError("people", problem, said("Look at the forecast again."))
        bootstrap.approve(self._runtime, campaign, by, bypass=bypass, people=people)
        if fields.text("do") == "launch":
            approved = self._runtime.ledger.campaign(campaign.id)
            bootstrap.launch(self._runtime, approved, by)

    def _return(self, visit: Visit, campaign: Campaign, fields: Fields) -> None:
        _require_same(campaign, fields)
        bootstrap.give_back(self._runtime, campaign, fields.text("comment"), visit.operator.name)

    async def sheet(self, request: Request) -> Response:
        """Show all texts in all languages, for a frame."""
        visit = await self._desk.enter(request, Action.LOOK)
        campaign = await self._campaign(request)
        wanted = request.query_params.get("look", "")
        look = Look(wanted) if wanted in set(Look) else Look.LIGHT
        show = partial(self._previews.sheet, campaign, visit.language.locale.tag, look)
        return framed(HTMLResponse(await run_in_threadpool(show)))

    async def forecast(self, request: Request) -> Response:
        """Answer with the forecast, or how far it is, as a piece of the page."""
        visit = await self._desk.enter(request, Action.LOOK)
        campaign = await self._campaign(request)
        foretold = await run_in_threadpool(self._foretelling.shown, campaign)
        advisory = await run_in_threadpool(self._runtime.ledger.advisory, campaign.advisory_id)
        kind = self._runtime.renderer.library.kinds.get(advisory.kind)
        html = self._desk.pages.html(
            "console/compose/forecast.html",
            visit.language,
            {
                **words.SHARED,
                "foretold": foretold,
                "campaign_id": campaign.id,
                "locales": self._runtime.renderer.locales,
                "fact_labels": labels(kind, visit.language.locale.language),
            },
        )
        return HTMLResponse(html)

    async def _show(
        self,
        visit: Visit,
        campaign: Campaign,
        *,
        error: BroadcasterError | None = None,
        typed: Fields | None = None,
        status: int = 200,
    ) -> Response:
        values = await run_in_threadpool(self._values, visit.language, campaign)
        own = campaign.wrote(visit.operator.name)
        values |= {
            "error": error,
            "typed": typed or Fields(),
            "own": own,
            "may_approve": visit.may("approve") and (not own or visit.may("bypass")),
            "approvable": campaign.status in STEPS["approve"][0],
        }
        return self._page(visit, "approve", values, status=status)

    def _values(self, language: Language, campaign: Campaign) -> dict[str, object]:
        advisory = self._runtime.ledger.advisory(campaign.advisory_id)
        kind = self._runtime.renderer.library.kind(advisory.kind)
        versions = self._runtime.versions.of(campaign.id)
        since, differences = self._since(campaign, language)
        return {
            "campaign": campaign,
            "content": self._runtime.hash(campaign, advisory),
            "advisory": advisory,
            "kind": kind,
            "kind_label": by_locale(kind.labels, language),
            "versions": versions[:10],
            "latest": versions[0] if versions else None,
            "waits": bool(versions)
            and versions[0].event is Event.HANDED
            and versions[0].revision == campaign.revision,
            "since": since,
            "differences": differences,
            "audience_words": self._audiences.words(campaign.expression, language),
            "foretold": self._foretelling.shown(campaign),
            "campaign_id": campaign.id,
            "zone": self._runtime.settings.time_zone,
            "fact_labels": labels(kind, language.locale.language),
        }

    def _since(
        self, campaign: Campaign, language: Language
    ) -> tuple[Version | None, Sequence[Changed]]:
        """Compare with what was approved last, else with what was handed over or given back."""
        pair = compared(self._runtime, campaign)
        if pair is None:
            return None, ()
        since, before, present = pair
        kinds = self._runtime.renderer.library.kinds
        said = [
            self._said(one, language, kinds.get(str(one.get("kind")))) for one in (before, present)
        ]
        return since, changes(*said)

    def _said(
        self, content: Mapping[str, Any], language: Language, kind: Kind | None
    ) -> dict[str, Any]:
        """Give a version in the words of the reader: its choices and its times."""
        say = language.gettext
        tables: Mapping[str, Mapping[str, str]] = {
            "message_class": {one.value: text for one, text in words.CLASSES.items()},
            "plan": {one.value: text for one, text in words.PLANS.items()},
            "one_per": {one.value: text for one, text in words.ONE_PER.items()},
            "lane": {one.value: text for one, text in LANES.items()},
        }
        channels = {one.value: say(text) for one, text in CHANNELS.items()}
        told = dict(content)
        for name, table in tables.items():
            value = str(content.get(name, ""))
            told[name] = say(table[value]) if value in table else value
        for name in ("effective", "expires", "scheduled"):
            if content.get(name):
                moment = datetime.fromisoformat(str(content[name]))
                told[name] = on_clock(moment, self._zone).replace("T", " ")
        told["channels"] = [channels.get(one, one) for one in content.get("channels", ())]
        chosen = {one.name: one for one in kind.facts.values() if one.choices} if kind else {}
        told["facts"] = {
            name: chosen[name].choice_label(str(value), language.locale.language)
            if name in chosen and value is not None
            else value
            for name, value in content.get("facts", {}).items()
        }
        told["drill"] = say(words.FIELDS["drill"]) if content.get("drill") else ""
        return told

    async def _campaign(self, request: Request) -> Campaign:
        which = request.path_params["campaign"]
        if which >= _INT4:
            raise HTTPException(404)
        return await run_in_threadpool(self._runtime.ledger.campaign, which)

    def _page(
        self, visit: Visit, name: str, values: Mapping[str, Any], *, status: int = 200
    ) -> Response:
        given = {
            **words.SHARED,
            "locales": self._runtime.renderer.locales,
            **values,
        }
        answer = self._desk.page(visit, f"console/compose/{name}.html", given, status=status)
        answer.headers["Content-Security-Policy"] = FRAMING_PAGES
        return answer


def _require_same(campaign: Campaign, fields: Fields) -> None:
    """Refuse to decide on what the page did not show; ConflictError."""
    if whole_number("revision", fields.text("revision")) != campaign.revision:
        raise _changed(campaign)


def _changed(campaign: Campaign) -> ConflictError:
    return ConflictError(
        said(
            "Campaign %(campaign)s was changed meanwhile. Look again.", campaign=repr(campaign.name)
        )
    )
