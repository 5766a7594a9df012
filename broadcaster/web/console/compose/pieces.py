"""What the pages of composing ask for meanwhile: counts, previews, the forecast."""

from collections.abc import Sequence
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.domain.access import Action
from broadcaster.errors import InvalidInputError
from broadcaster.render.sheets.page import Look
from broadcaster.web.console.compose import facts
from broadcaster.web.console.compose.bench import MOST, Bench, framed
from broadcaster.web.console.compose.previews import tidy
from broadcaster.web.console.compose.showing import foretold_values
from broadcaster.web.console.fields import Fields


class Pieces:
    """Answers with pieces of pages."""

    def __init__(self, bench: Bench) -> None:
        """Work on what is worked on."""
        self._bench = bench

    def routes(self) -> Sequence[Route]:
        """List what is answered."""
        return [
            Route("/compose/count", self.count, methods=["POST"]),
            Route("/compose/{work:int}/preview", self.preview, methods=["GET", "POST"]),
            Route("/compose/{work:int}/forecast", self.forecast),
        ]

    async def count(self, request: Request) -> Response:
        """Answer with whom an expression or a segment selects, as a piece of the page."""
        visit, fields = await self._bench.desk.submitted(request, Action.WRITE)
        people = visit.operator.may(Action.SEE_PEOPLE)
        if fields.text("how") == "own":
            told = partial(self._bench.audiences.of, fields.text("expression"))
        else:
            told = partial(self._bench.audiences.of_segment, fields.text("segment"))
        values: dict[str, object] = {"audience": None, "audience_error": None}
        try:
            ask = partial(told, visit.language, people=people)
            values["audience"] = await run_in_threadpool(ask)
        except InvalidInputError as error:
            values["audience_error"] = error
        return self._bench.piece(visit, "told", values)

    async def preview(self, request: Request) -> Response:
        """Show the messages of a locale with the texts of the form, kept or not."""
        if request.method == "POST":
            visit, fields = await self._bench.desk.submitted(request, Action.WRITE, MOST)
        else:
            visit, fields = await self._bench.desk.enter(request, Action.WRITE), Fields()
        work = await self._bench.work(request)
        if work.campaign is None or work.advisory is None:
            raise HTTPException(404)
        tag = fields.text("locale") or request.query_params.get("locale", "")
        wanted = request.query_params.get("look", "")
        look = Look(wanted) if wanted in set(Look) else Look.LIGHT
        texts = {name: tidy(fields.text(name)) for name in fields if "/" in name}
        speech = visit.language.locale.tag
        show = partial(
            self._bench.previews.locale, work.campaign, work.advisory, tag, texts, speech, look
        )
        values = await run_in_threadpool(show)
        answer = self._bench.piece(visit, "preview", values)
        return framed(answer)

    async def forecast(self, request: Request) -> Response:
        """Answer with the forecast, or how far it is, as a piece of the page."""
        visit = await self._bench.desk.enter(request, Action.LOOK)
        work = await self._bench.work(request)
        if work.campaign is None:
            raise HTTPException(404)
        foretold = await run_in_threadpool(self._bench.foretelling.ask, work.campaign)
        labels = facts.labels(work.kind, visit.language.locale.language)
        values = {**foretold_values(work.campaign.id, foretold), "fact_labels": labels}
        return self._bench.piece(visit, "forecast", values)
