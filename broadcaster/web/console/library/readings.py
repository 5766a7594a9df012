"""How a kind reads in a language."""

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from broadcaster import bootstrap
from broadcaster.bootstrap import Runtime
from broadcaster.channels.sms import measure
from broadcaster.domain.access import Action
from broadcaster.render.factlist import NAME
from broadcaster.render.sheets.cells import Sheets
from broadcaster.render.sheets.page import Look, SheetWriter
from broadcaster.web.console.desk import Desk
from broadcaster.web.console.library.shelf import Shelf
from broadcaster.web.security import SHOWN_MESSAGES


class Readings:
    """Shows it, as every channel does."""

    def __init__(self, runtime: Runtime, desk: Desk, shelf: Shelf) -> None:
        """Nothing is written yet."""
        self._runtime = runtime
        self._desk = desk
        self._shelf = shelf
        self._writers: dict[str, SheetWriter] = {}

    async def sheet(self, request: Request) -> Response:
        """Show how a kind reads in a language, in a frame that can do nothing."""
        visit = await self._desk.enter(request, Action.LOOK)
        name, tag = name_of(request), request.query_params.get("in", "")[:40]
        look = Look.DARK if request.query_params.get("look") == Look.DARK else Look.LIGHT
        html = await run_in_threadpool(self._sheet, name, tag, look, visit.language.locale.tag)
        headers = {
            "Content-Security-Policy": SHOWN_MESSAGES,
            "X-Frame-Options": "SAMEORIGIN",
        }
        return HTMLResponse(html, headers=headers)

    def _sheet(self, name: str, tag: str, look: Look, words: str) -> str:
        sheets = Sheets(renderer=self._shelf.now().checker.renderer, measure=measure)
        groups = sheets.sheet([name], [tag] if tag else [])
        if words not in self._writers:
            self._writers[words] = bootstrap.sheet_writer(self._runtime.settings, words)
        return self._writers[words].page(groups, [look])


def name_of(request: Request) -> str:
    """Give the kind of the address; 404 for what no kind is called."""
    name = str(request.path_params["kind"])
    if not NAME.fullmatch(name):
        raise HTTPException(404)
    return name
