"""What all pages of composing stand on: what is worked on, and how it is shown."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from broadcaster.domain.campaign import Campaign
from broadcaster.render.kinds import Kind
from broadcaster.web.console.compose import words
from broadcaster.web.console.compose.audiences import Audiences
from broadcaster.web.console.compose.foretelling import Foretelling
from broadcaster.web.console.compose.previews import Previews
from broadcaster.web.console.compose.works import Work, Works
from broadcaster.web.console.desk import Desk, Visit
from broadcaster.web.languages import Language, by_locale
from broadcaster.web.security import FRAMING_PAGES, SHOWN_MESSAGES

if TYPE_CHECKING:
    from broadcaster.bootstrap import Runtime

#: Octets of a form: a wording may have 20,000 characters in each of several parts.
MOST = 512 * 1024
_INT4 = 2**31


class Bench:
    """Finds works and campaigns, and answers with pages and pieces of them."""

    def __init__(
        self, runtime: "Runtime", desk: Desk, foretelling: Foretelling, audiences: Audiences
    ) -> None:
        """`foretelling` and `audiences` are shared with those who approve."""
        self.runtime = runtime
        self.desk = desk
        self.zone = ZoneInfo(runtime.settings.time_zone)
        self.works = Works(runtime, self.zone)
        self.audiences = audiences
        self.previews = Previews(runtime)
        self.foretelling = foretelling

    async def work(self, request: Request) -> Work:
        """Give what an address names; 404."""
        which = request.path_params["work"]
        if which >= _INT4:
            raise HTTPException(404)
        return await run_in_threadpool(self.works.get, which)

    async def found(self, which: int) -> Campaign:
        """Give a campaign; 404."""
        if which >= _INT4:
            raise HTTPException(404)
        return await run_in_threadpool(self.runtime.ledger.campaign, which)

    def page(
        self, visit: Visit, name: str, values: Mapping[str, object], *, status: int = 200
    ) -> Response:
        """Answer with a page."""
        given = {**words.SHARED, **values}
        answer = self.desk.page(visit, f"console/compose/{name}.html", given, status=status)
        answer.headers["Content-Security-Policy"] = FRAMING_PAGES
        return answer

    def piece(self, visit: Visit, name: str, values: Mapping[str, object]) -> Response:
        """Answer with a piece of one."""
        given = {**words.SHARED, **values}
        given |= {"locales": self.runtime.renderer.locales}
        html = self.desk.pages.html(f"console/compose/{name}.html", visit.language, given)
        return Response(html, media_type="text/html")


def framed(answer: Response) -> Response:
    """Let an answer stand in a frame of our own pages, where nothing in it acts."""
    answer.headers["Content-Security-Policy"] = SHOWN_MESSAGES
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


def label_of(kind: Kind | None, language: Language) -> str:
    """Give what a kind is called; empty for none."""
    return by_locale(kind.labels, language) if kind else ""
