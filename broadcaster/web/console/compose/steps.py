"""Composing a campaign in steps, which can be left and gone on with at any time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster import bootstrap
from broadcaster.domain.access import Action
from broadcaster.domain.campaign import Campaign, CampaignStatus
from broadcaster.domain.wording import REWORDABLE, key
from broadcaster.errors import BroadcasterError, ConflictError, InvalidInputError
from broadcaster.render.kinds import Kind
from broadcaster.render.sheets.page import Look
from broadcaster.web.console.compose import facts, words
from broadcaster.web.console.compose.audiences import Audience, Audiences
from broadcaster.web.console.compose.foretelling import Foretelling, Foretold
from broadcaster.web.console.compose.numbers import whole_number
from broadcaster.web.console.compose.previews import Previews, tidy
from broadcaster.web.console.compose.words import Step
from broadcaster.web.console.compose.works import ChangedMeanwhileError, Work, Works, step_of
from broadcaster.web.console.desk import Desk, Fields, Visit, see_other
from broadcaster.web.languages import Language, by_locale
from broadcaster.web.security import FRAMING_PAGES, SHOWN_MESSAGES

if TYPE_CHECKING:
    from broadcaster.bootstrap import Runtime

#: Octets of a form: a wording may have 20,000 characters in each of several parts.
_MOST = 512 * 1024
#: How many drafts of others are listed.
_DRAFTS = 50
_INT4 = 2**31


class Compose:
    """The pages of composing."""

    def __init__(
        self, runtime: "Runtime", desk: Desk, foretelling: Foretelling, audiences: Audiences
    ) -> None:
        """`foretelling` and `audiences` are shared with those who approve."""
        self._runtime = runtime
        self._desk = desk
        self._zone = ZoneInfo(runtime.settings.time_zone)
        self._works = Works(runtime, self._zone)
        self._audiences = audiences
        self._previews = Previews(runtime)
        self._foretelling = foretelling

    def routes(self) -> list[Route]:
        """List what is answered."""
        post = ["POST"]
        return [
            Route("/compose", self.start),
            Route("/compose", self.begin, methods=post),
            Route("/compose/count", self.count, methods=post),
            Route("/campaigns/{campaign:int}/compose", self.edit, methods=post),
            Route("/compose/{work:int}", self.resume),
            Route("/compose/{work:int}/discard", self.discard, methods=post),
            Route("/compose/{work:int}/preview", self.preview, methods=["GET", "POST"]),
            Route("/compose/{work:int}/forecast", self.forecast),
            Route("/compose/{work:int}/{step}", self.step),
            Route("/compose/{work:int}/{step}", self.save, methods=post),
        ]

    # -- beginning -----------------------------------------------------------------------------

    async def start(self, request: Request) -> Response:
        """Show the kinds to begin with, and what is unfinished."""
        visit = await self._desk.enter(request, Action.WRITE)
        return await self._start(visit)

    async def _start(
        self, visit: Visit, error: InvalidInputError | None = None, status: int = 200
    ) -> Response:
        unfinished = await run_in_threadpool(self._runtime.compositions.unfinished)
        campaigns = await run_in_threadpool(self._runtime.campaigns.list)
        drafts = [one for one in campaigns if one.status in REWORDABLE]
        kinds = self._runtime.renderer.kinds
        values = {
            "groups": await run_in_threadpool(self._grouped, visit.language),
            "unfinished": [
                (one, _label(kinds.get(one.text("kind")), visit.language)) for one in unfinished
            ],
            "drafts": drafts[:_DRAFTS],
            "error": error,
        }
        return self._page(visit, "start", values, status=status)

    def _grouped(self, language: Language) -> Mapping[str, Sequence[tuple[str, str, str]]]:
        """Give the kinds by the class of their messages, those that protect life first."""
        groups: dict[str, list[tuple[str, str, str]]] = {
            name: [] for name in ("safety", "service", "promotional")
        }
        for name, kind in self._runtime.renderer.kinds.items():
            shown = (
                name,
                _label(kind, language),
                self._previews.example(kind, language.locale.tag),
            )
            groups[kind.message_class.value].append(shown)
        return {name: sorted(some, key=lambda one: one[1]) for name, some in groups.items() if some}

    async def begin(self, request: Request) -> Response:
        """Begin one of a kind."""
        visit, fields = await self._desk.submitted(request, Action.WRITE)
        begin = partial(self._works.begin, fields.text("kind"), visit.operator.name)
        try:
            work = await run_in_threadpool(begin)
        except InvalidInputError as error:
            return await self._start(visit, error, 422)
        return see_other(f"/compose/{work}/facts")

    async def edit(self, request: Request) -> Response:
        """Go on with a draft campaign, however that was made."""
        visit, _ = await self._desk.submitted(request, Action.WRITE)
        campaign = await self._found(request.path_params["campaign"])
        work = await run_in_threadpool(self._works.edit, campaign, visit.operator.name)
        return see_other(f"/compose/{work}/facts")

    async def resume(self, request: Request) -> Response:
        """Go to the first step that is not done."""
        await self._desk.enter(request, Action.WRITE)
        work = await self._work(request)
        missing = await run_in_threadpool(self._works.missing, work)
        return see_other(f"/compose/{work.id}/{missing[0] if missing else Step.CHECK}")

    async def discard(self, request: Request) -> Response:
        """Drop what is no campaign yet."""
        visit, _ = await self._desk.submitted(request, Action.WRITE)
        work = await self._work(request)
        await run_in_threadpool(self._runtime.compositions.discard, work.id, visit.operator.name)
        return see_other("/compose")

    # -- steps ---------------------------------------------------------------------------------

    async def step(self, request: Request) -> Response:
        """Show a step."""
        visit = await self._desk.enter(request, Action.WRITE)
        step = _step(request)
        work = await self._work(request)
        return await self._show(visit, work, step)

    async def save(self, request: Request) -> Response:
        """Keep a step, and go on to the next."""
        visit, fields = await self._desk.submitted(request, Action.WRITE, _MOST)
        step = _step(request)
        work = await self._work(request)
        keep: Mapping[Step, Callable[[Visit, Work, Fields], Response | None]] = {
            Step.WORDING: self._save_wording,
            Step.CHECK: self._hand_over,
        }
        did = keep.get(step, partial(self._save_fields, step))
        if fields.text("do") == "count":
            return await self._show(visit, work, step, typed=fields, counted=True)
        try:
            answer = await run_in_threadpool(did, visit, work, fields)
        except ChangedMeanwhileError as error:
            return await self._show(visit, work, step, error=error, typed=fields, status=409)
        except (InvalidInputError, ConflictError) as error:
            fresh = await self._work(request)
            return await self._show(visit, fresh, step, error=error, typed=fields, status=422)
        if answer is None:
            raise HTTPException(404)
        return answer

    def _save_fields(self, step: Step, visit: Visit, work: Work, fields: Fields) -> Response:
        by = visit.operator.name
        given: dict[str, list[str]] = dict(fields)
        if step is Step.AUDIENCE:
            given = self._segment(visit, given)
        version = whole_number("version", fields.text("version"))
        after = self._works.save(work, step, given, version, by)
        going = fields.text("do") != "save"
        ahead = list(Step)[list(Step).index(step) + 1 :]
        if going and step in {Step.PLAN, Step.SCHEDULE} and not self._works.missing(after):
            after = self._works.become(after, by)
        target = ahead[0] if going else step
        return see_other(f"/compose/{after.id}/{target}{'' if going else '?kept=1'}")

    def _segment(self, visit: Visit, given: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Save what was written as a segment, and choose that."""
        chosen = {name: list(values) for name, values in given.items()}
        if next(iter(given.get("how", ())), "") != "own":
            return {**chosen, "expression": [], "segment_name": [], "how": []}
        if not visit.operator.may(Action.EDIT_AUDIENCE):
            raise HTTPException(403)
        name, text = (next(iter(given.get(one, ())), "") for one in ("segment_name", "expression"))
        if not text.strip():
            raise InvalidInputError("expression", "is missing", "Write whom it is for.")
        saved = self._audiences.save(name, text, visit.operator.name)
        return {"segment": [saved], "expression": [], "segment_name": [], "how": []}

    def _save_wording(self, visit: Visit, work: Work, fields: Fields) -> Response:
        campaign, advisory = work.campaign, work.advisory
        tag = fields.text("locale")
        if campaign is None or advisory is None:
            raise HTTPException(404)
        _require_version(work, fields)
        by = visit.operator.name
        clear = fields.text("clear")
        if clear:
            if clear not in self._previews.paths(campaign, advisory):
                raise HTTPException(404)
            self._runtime.wordings.clear(campaign.id, key(clear, tag), by)
            return see_other(f"/compose/{work.id}/wording?locale={tag}")
        texts = {path: fields.text(path) for path in self._previews.paths(campaign, advisory)}
        worded = self._previews.worded(campaign, advisory, tag, texts)
        changed = {
            path: text
            for path, text in worded.items()
            if advisory.wording.get(key(path, tag)) != text
        }
        # All of them, or none: they belong together.
        for keep in (False, True):
            for path, text in changed.items():
                found = bootstrap.reword(self._runtime, campaign, path, tag, text, by, keep=keep)
                blocking = [one for one in found.concerns if one.blocks and one.part == path]
                if blocking:
                    one = blocking[0]
                    raise InvalidInputError(path, one.problem, one.remedy)
        going = fields.text("do") == "next"
        if going:
            return see_other(f"/compose/{work.id}/schedule")
        return see_other(f"/compose/{work.id}/wording?locale={tag}&kept=1")

    def _hand_over(self, visit: Visit, work: Work, fields: Fields) -> Response:
        campaign = work.campaign
        if campaign is None:
            raise HTTPException(404)
        _require_version(work, fields)
        foretold = self._foretelling.whole(campaign)
        people = whole_number("people", fields.text("people"))
        if foretold.fault is not None:
            raise foretold.fault
        if foretold.people != people:
            problem = f"{people:,} would be confirmed, and {foretold.people or 0:,} would be told"
            raise InvalidInputError("people", problem, "Look at the forecast again.")
        bootstrap.hand_over(self._runtime, campaign, people, visit.operator.name)
        return see_other(f"/campaigns/{campaign.id}/approve")

    async def _show(
        self,
        visit: Visit,
        work: Work,
        step: Step,
        *,
        error: BroadcasterError | None = None,
        typed: Fields | None = None,
        status: int = 200,
        counted: bool = False,
    ) -> Response:
        missing = await run_in_threadpool(self._works.missing, work)
        needs_campaign = step in {Step.WORDING, Step.CHECK}
        # A link of another site is nobody's wish to have written something.
        mine = self._desk.begun_here(visit.request)
        if needs_campaign and work.campaign is None and not missing and mine:
            try:
                become = partial(self._works.become, work, visit.operator.name)
                work = await run_in_threadpool(become)
            except InvalidInputError as wrong:
                error = wrong
        values: dict[str, object] = {
            "work": work,
            "step": step,
            "steps": [(one, one in missing) for one in Step],
            "missing": missing,
            "kind_label": _label(work.kind, visit.language),
            "values": _Values(work, typed),
            "error": error,
            "error_step": next(step_of(error.field), None)
            if isinstance(error, InvalidInputError)
            else None,
            "kept": visit.request.query_params.get("kept") == "1" and error is None,
            "zone": self._runtime.settings.time_zone,
            "now": self._runtime.clock.now(),
            "locales": self._runtime.renderer.locales,
            "fact_labels": facts.labels(work.kind, visit.language.locale.language),
        }
        if needs_campaign and work.campaign is None:
            return self._page(visit, "incomplete", values, status=status)
        more = {
            Step.FACTS: self._facts_values,
            Step.AUDIENCE: self._audience_values,
            Step.WORDING: self._wording_values,
            Step.CHECK: self._check_values,
        }.get(step)
        if more is not None:
            values |= await run_in_threadpool(more, visit, work, typed, counted)
        return self._page(visit, step.value, values, status=status)

    def _facts_values(
        self, visit: Visit, work: Work, typed: Fields | None, counted: object
    ) -> dict[str, object]:
        del typed, counted
        language = visit.language.locale.language
        asked = facts.asked(work.kind, language, self._zone) if work.kind else []
        return {
            "asked": [one for one in asked if not one.inherited],
            "inherited": [one for one in asked if one.inherited],
        }

    def _audience_values(
        self,
        visit: Visit,
        work: Work,
        typed: Fields | None,
        counted: bool,  # noqa: FBT001  (one call)
    ) -> dict[str, object]:
        segments = self._audiences.saved()
        own = typed is not None and typed.text("how") == "own"
        chosen = typed.text("segment") if typed is not None else work.text("segment")
        told: Audience | None = None
        wrong: InvalidInputError | None = None
        people = visit.operator.may(Action.SEE_PEOPLE)
        try:
            if own and typed is not None and (counted or typed.text("expression")):
                told = self._audiences.of(typed.text("expression"), visit.language, people=people)
            elif chosen in segments:
                told = self._audiences.of_segment(chosen, visit.language, people=people)
        except InvalidInputError as error:
            wrong = error
        return {"segments": segments, "audience": told, "audience_error": wrong, "own": own}

    def _wording_values(
        self, visit: Visit, work: Work, typed: Fields | None, counted: object
    ) -> dict[str, object]:
        del counted
        if work.campaign is None or work.advisory is None:
            raise AssertionError
        kind = self._runtime.renderer.kind(work.advisory)
        asked = (typed and typed.text("locale")) or visit.request.query_params.get("locale", "")
        usual = next(
            (one for one in kind.locales if one == visit.language.locale.tag), kind.locales[:1][0]
        )
        tag = asked if asked in kind.locales else usual
        parts = self._previews.parts(work.campaign, work.advisory, tag)
        worded = work.advisory.wording
        return {
            "tags": kind.locales,
            "tag": tag,
            "texts": parts,
            "insertions": self._previews.insertions(work.advisory, tag),
            "worded": {one for one in kind.locales if any(n.endswith(f"/{one}") for n in worded)},
        }

    def _check_values(
        self, visit: Visit, work: Work, typed: Fields | None, counted: object
    ) -> dict[str, object]:
        del typed, counted
        if work.campaign is None:
            raise AssertionError
        foretold = self._foretelling.ask(
            work.campaign, anew=visit.request.query_params.get("anew") == "1"
        )
        return {
            **self._foretold(work.campaign.id, foretold),
            "audience_words": self._audiences.words(work.campaign.expression, visit.language),
            "versions": self._runtime.versions.of(work.campaign.id)[:5],
            "handable": work.campaign.status is CampaignStatus.DRAFT,
        }

    @staticmethod
    def _foretold(campaign: int, foretold: Foretold) -> dict[str, object]:
        return {"foretold": foretold, "campaign_id": campaign}

    # -- what pages ask for --------------------------------------------------------------------

    async def count(self, request: Request) -> Response:
        """Answer with whom an expression or a segment selects, as a piece of the page."""
        visit, fields = await self._desk.submitted(request, Action.WRITE)
        people = visit.operator.may(Action.SEE_PEOPLE)
        if fields.text("how") == "own":
            told = partial(self._audiences.of, fields.text("expression"))
        else:
            told = partial(self._audiences.of_segment, fields.text("segment"))
        values: dict[str, object] = {"audience": None, "audience_error": None}
        try:
            ask = partial(told, visit.language, people=people)
            values["audience"] = await run_in_threadpool(ask)
        except InvalidInputError as error:
            values["audience_error"] = error
        return self._piece(visit, "told", values)

    async def preview(self, request: Request) -> Response:
        """Show the messages of a locale with the texts of the form, kept or not."""
        if request.method == "POST":
            visit, fields = await self._desk.submitted(request, Action.WRITE, _MOST)
        else:
            visit, fields = await self._desk.enter(request, Action.WRITE), Fields()
        work = await self._work(request)
        if work.campaign is None or work.advisory is None:
            raise HTTPException(404)
        tag = fields.text("locale") or request.query_params.get("locale", "")
        wanted = request.query_params.get("look", "")
        look = Look(wanted) if wanted in set(Look) else Look.LIGHT
        texts = {name: tidy(fields.text(name)) for name in fields if "/" in name}
        speech = visit.language.locale.tag
        show = partial(
            self._previews.locale, work.campaign, work.advisory, tag, texts, speech, look
        )
        values = await run_in_threadpool(show)
        answer = self._piece(visit, "preview", values)
        return framed(answer)

    async def forecast(self, request: Request) -> Response:
        """Answer with the forecast, or how far it is, as a piece of the page."""
        visit = await self._desk.enter(request, Action.LOOK)
        work = await self._work(request)
        if work.campaign is None:
            raise HTTPException(404)
        foretold = await run_in_threadpool(self._foretelling.ask, work.campaign)
        labels = facts.labels(work.kind, visit.language.locale.language)
        values = {**self._foretold(work.campaign.id, foretold), "fact_labels": labels}
        return self._piece(visit, "forecast", values)

    # -- what all of them need -----------------------------------------------------------------

    async def _work(self, request: Request) -> Work:
        which = request.path_params["work"]
        if which >= _INT4:
            raise HTTPException(404)
        return await run_in_threadpool(self._works.get, which)

    async def _found(self, which: int) -> Campaign:
        if which >= _INT4:
            raise HTTPException(404)
        return await run_in_threadpool(self._runtime.ledger.campaign, which)

    def _page(
        self, visit: Visit, name: str, values: Mapping[str, object], *, status: int = 200
    ) -> Response:
        given = {**words.SHARED, **values}
        answer = self._desk.page(visit, f"console/compose/{name}.html", given, status=status)
        answer.headers["Content-Security-Policy"] = FRAMING_PAGES
        return answer

    def _piece(self, visit: Visit, name: str, values: Mapping[str, object]) -> Response:
        given = {**words.SHARED, **values}
        given |= {"locales": self._runtime.renderer.locales}
        html = self._desk.pages.html(f"console/compose/{name}.html", visit.language, given)
        return Response(html, media_type="text/html")


def framed(answer: Response) -> Response:
    """Let an answer stand in a frame of our own pages, where nothing in it acts."""
    answer.headers["Content-Security-Policy"] = SHOWN_MESSAGES
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


class _Values:
    """What stands in the fields of a step: what was typed just now, else what is kept."""

    def __init__(self, work: Work, typed: Fields | None) -> None:
        self._work = work
        self._typed = typed

    def text(self, name: str) -> str:
        """Give the value of a field."""
        return next(iter(self.every(name)), "")

    def every(self, name: str) -> Sequence[str]:
        """Give all values of a field."""
        if self._typed is not None:
            return self._typed.every(name)
        return self._work.values.get(name, ())

    def some(self, names: Iterable[str]) -> bool:
        """Tell whether something stands in one of them."""
        return any(self.text(name) for name in names)


def _require_version(work: Work, fields: Fields) -> None:
    if whole_number("version", fields.text("version")) != work.version:
        raise ChangedMeanwhileError(work.changed_by, ())


def _step(request: Request) -> Step:
    try:
        return Step(request.path_params["step"])
    except ValueError as error:
        raise HTTPException(404) from error


def _label(kind: Kind | None, language: Language) -> str:
    return by_locale(kind.labels, language) if kind else ""
