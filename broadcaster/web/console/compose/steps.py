"""Composing a campaign in steps, which can be left and gone on with at any time."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.domain.access import Action
from broadcaster.domain.wording import REWORDABLE
from broadcaster.errors import BroadcasterError, ConflictError, InvalidInputError
from broadcaster.web.console.compose import facts
from broadcaster.web.console.compose.audiences import Audiences
from broadcaster.web.console.compose.bench import MOST, Bench, label_of
from broadcaster.web.console.compose.foretelling import Foretelling
from broadcaster.web.console.compose.keeping import Keeping
from broadcaster.web.console.compose.pieces import Pieces
from broadcaster.web.console.compose.showing import Showing, Values
from broadcaster.web.console.compose.words import Step
from broadcaster.web.console.compose.works import ChangedMeanwhileError, Work, step_of
from broadcaster.web.console.desk import Desk, Visit, see_other
from broadcaster.web.console.fields import Fields
from broadcaster.web.languages import Language

if TYPE_CHECKING:
    from broadcaster.bootstrap import Runtime

#: How many drafts of others are listed.
_DRAFTS = 50


class Compose:
    """The pages of composing."""

    def __init__(
        self, runtime: "Runtime", desk: Desk, foretelling: Foretelling, audiences: Audiences
    ) -> None:
        """`foretelling` and `audiences` are shared with those who approve."""
        self._bench = Bench(runtime, desk, foretelling, audiences)
        self._keeping = Keeping(self._bench)
        self._showing = Showing(self._bench)
        self._pieces = Pieces(self._bench)

    def routes(self) -> list[Route]:
        """List what is answered; pieces before the steps, whose addresses would be theirs."""
        post = ["POST"]
        return [
            *self._pieces.routes(),
            Route("/compose", self.start),
            Route("/compose", self.begin, methods=post),
            Route("/campaigns/{campaign:int}/compose", self.edit, methods=post),
            Route("/compose/{work:int}", self.resume),
            Route("/compose/{work:int}/discard", self.discard, methods=post),
            Route("/compose/{work:int}/{step}", self.step),
            Route("/compose/{work:int}/{step}", self.save, methods=post),
        ]

    # -- beginning -----------------------------------------------------------------------------

    async def start(self, request: Request) -> Response:
        """Show the kinds to begin with, and what is unfinished."""
        visit = await self._bench.desk.enter(request, Action.WRITE)
        return await self._start(visit)

    async def _start(
        self, visit: Visit, error: InvalidInputError | None = None, status: int = 200
    ) -> Response:
        unfinished = await run_in_threadpool(self._bench.runtime.compositions.unfinished)
        campaigns = await run_in_threadpool(self._bench.runtime.campaigns.list)
        drafts = [one for one in campaigns if one.status in REWORDABLE]
        kinds = self._bench.runtime.renderer.kinds
        values = {
            "groups": await run_in_threadpool(self._grouped, visit.language),
            "unfinished": [
                (one, label_of(kinds.get(one.text("kind")), visit.language)) for one in unfinished
            ],
            "drafts": drafts[:_DRAFTS],
            "error": error,
        }
        return self._bench.page(visit, "start", values, status=status)

    def _grouped(self, language: Language) -> Mapping[str, Sequence[tuple[str, str, str]]]:
        """Give the kinds by the class of their messages, those that protect life first."""
        groups: dict[str, list[tuple[str, str, str]]] = {
            name: [] for name in ("safety", "service", "promotional")
        }
        for name, kind in self._bench.runtime.renderer.kinds.items():
            shown = (
                name,
                label_of(kind, language),
                self._bench.previews.example(kind, language.locale.tag),
            )
            groups[kind.message_class.value].append(shown)
        return {name: sorted(some, key=lambda one: one[1]) for name, some in groups.items() if some}

    async def begin(self, request: Request) -> Response:
        """Begin one of a kind."""
        visit, fields = await self._bench.desk.submitted(request, Action.WRITE)
        begin = partial(self._bench.works.begin, fields.text("kind"), visit.operator.name)
        try:
            work = await run_in_threadpool(begin)
        except InvalidInputError as error:
            return await self._start(visit, error, 422)
        return see_other(f"/compose/{work}/facts")

    async def edit(self, request: Request) -> Response:
        """Go on with a draft campaign, however that was made."""
        visit, _ = await self._bench.desk.submitted(request, Action.WRITE)
        campaign = await self._bench.found(request.path_params["campaign"])
        work = await run_in_threadpool(self._bench.works.edit, campaign, visit.operator.name)
        return see_other(f"/compose/{work}/facts")

    async def resume(self, request: Request) -> Response:
        """Go to the first step that is not done."""
        await self._bench.desk.enter(request, Action.WRITE)
        work = await self._bench.work(request)
        missing = await run_in_threadpool(self._bench.works.missing, work)
        return see_other(f"/compose/{work.id}/{missing[0] if missing else Step.CHECK}")

    async def discard(self, request: Request) -> Response:
        """Drop what is no campaign yet."""
        visit, _ = await self._bench.desk.submitted(request, Action.WRITE)
        work = await self._bench.work(request)
        await run_in_threadpool(
            self._bench.runtime.compositions.discard, work.id, visit.operator.name
        )
        return see_other("/compose")

    # -- steps ---------------------------------------------------------------------------------

    async def step(self, request: Request) -> Response:
        """Show a step."""
        visit = await self._bench.desk.enter(request, Action.WRITE)
        step = _step(request)
        work = await self._bench.work(request)
        return await self._show(visit, work, step)

    async def save(self, request: Request) -> Response:
        """Keep a step, and go on to the next."""
        visit, fields = await self._bench.desk.submitted(request, Action.WRITE, MOST)
        step = _step(request)
        work = await self._bench.work(request)
        did = partial(self._keeping.keep, step)
        if fields.text("do") == "count":
            return await self._show(visit, work, step, typed=fields, counted=True)
        try:
            answer = await run_in_threadpool(did, visit, work, fields)
        except ChangedMeanwhileError as error:
            return await self._show(visit, work, step, error=error, typed=fields, status=409)
        except (InvalidInputError, ConflictError) as error:
            fresh = await self._bench.work(request)
            return await self._show(visit, fresh, step, error=error, typed=fields, status=422)
        return answer

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
        missing = await run_in_threadpool(self._bench.works.missing, work)
        needs_campaign = step in {Step.WORDING, Step.CHECK}
        # A link of another site is nobody's wish to have written something.
        mine = self._bench.desk.begun_here(visit.request)
        if needs_campaign and work.campaign is None and not missing and mine:
            try:
                become = partial(self._bench.works.become, work, visit.operator.name)
                work = await run_in_threadpool(become)
            except InvalidInputError as wrong:
                error = wrong
        values: dict[str, object] = {
            "work": work,
            "step": step,
            "steps": [(one, one in missing) for one in Step],
            "missing": missing,
            "kind_label": label_of(work.kind, visit.language),
            "values": Values(work, typed),
            "error": error,
            "error_step": next(step_of(error.field), None)
            if isinstance(error, InvalidInputError)
            else None,
            "kept": visit.request.query_params.get("kept") == "1" and error is None,
            "zone": self._bench.runtime.settings.time_zone,
            "now": self._bench.runtime.clock.now(),
            "locales": self._bench.runtime.renderer.locales,
            "fact_labels": facts.labels(work.kind, visit.language.locale.language),
        }
        if needs_campaign and work.campaign is None:
            return self._bench.page(visit, "incomplete", values, status=status)
        more = partial(self._showing.values, step, visit, work, typed, counted)
        values |= await run_in_threadpool(more)
        return self._bench.page(visit, step.value, values, status=status)


def _step(request: Request) -> Step:
    try:
        return Step(request.path_params["step"])
    except ValueError as error:
        raise HTTPException(404) from error
