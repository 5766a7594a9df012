"""Translations by language: how far they are, and the files that translators work on."""

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster import bootstrap
from broadcaster.bootstrap import Placed, Runtime
from broadcaster.bootstrap.own_texts import LARGEST_CATALOGUE
from broadcaster.domain.access import Action
from broadcaster.errors import InvalidInputError, NotFoundError
from broadcaster.render.locales import Locale
from broadcaster.web import library_labels
from broadcaster.web.console.desk import Desk, Visit, see_other
from broadcaster.web.console.library.shelf import Shelf
from broadcaster.web.console.library.uploads import Uploaded, uploaded

_MOST = LARGEST_CATALOGUE + 100_000
_FINDINGS = 300


class Translations:
    """Shows translations, hands out catalogues and takes them."""

    def __init__(self, runtime: Runtime, desk: Desk, shelf: Shelf) -> None:
        """Take the whole inside; `shelf` is shared with the pages of kinds."""
        self._runtime = runtime
        self._desk = desk
        self._shelf = shelf

    def routes(self) -> list[Route]:
        """List what is answered; what has a dash is no name of a kind."""
        return [
            Route("/kinds/by-language", self.languages),
            Route("/kinds/by-language/{tag}/advisories.po", self.download, methods=["GET"]),
            Route("/kinds/by-language/{tag}/advisories.po", self.upload, methods=["POST"]),
        ]

    async def languages(self, request: Request) -> Response:
        """Show every language: how far it is, and who answers for how much."""
        visit = await self._desk.enter(request, Action.LOOK)
        return await self._page(visit)

    async def _page(
        self,
        visit: Visit,
        *,
        placed: Placed | None = None,
        error: InvalidInputError | None = None,
        tag: str = "",
        status: int = 200,
    ) -> Response:
        read = self._shelf.now()
        coverage = await run_in_threadpool(lambda: read.coverage)
        library = read.checker.renderer.library
        rows = []
        for locale in read.locales:
            lines = [one for (_, of), one in coverage.items() if of == locale.tag]
            rows.append(
                {
                    "locale": locale,
                    "texts": sum(one.texts for one in lines),
                    "translated": sum(one.translated for one in lines),
                    "fuzzy": sum(one.fuzzy for one in lines),
                    "missing": sum(one.missing for one in lines),
                    "reviewed": sum(one.state == "reviewed" for one in lines),
                    "adopted": sum(one.state == "adopted" for one in lines),
                    "lapsed": sum(one.state == "lapsed" for one in lines),
                    "kinds": len(lines),
                    "damaged": library.damaged.get(locale.tag, ""),
                }
            )
        values = {
            "words": library_labels,
            "rows": rows,
            "overlay": bool(self._runtime.settings.locales),
            "placed": placed,
            "findings": placed.findings[:_FINDINGS] if placed else (),
            "error": error,
            "tag": tag,
            "done": visit.request.query_params.get("done", ""),
        }
        return self._desk.page(visit, "console/translations.html", values, status=status)

    async def download(self, request: Request) -> Response:
        """Give the file that a translator of the language goes on with."""
        await self._desk.enter(request, Action.LOOK)
        locale = self._locale(request)
        settings = self._runtime.settings
        text = await run_in_threadpool(bootstrap.catalogue_text, settings, locale)
        if text is None:
            raise HTTPException(404)
        name = f"advisories-{locale.tag}.po"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(text, media_type="text/x-gettext-translation", headers=headers)

    async def upload(self, request: Request) -> Response:
        """Check a catalogue aside, and put it in its place when nothing is wrong."""
        visit, _, files = await uploaded(
            self._desk, request, Action.EDIT_KINDS, most=_MOST, files=1
        )
        locale = self._locale(request)
        try:
            placed = await run_in_threadpool(self._place, visit, locale, files)
        except InvalidInputError as error:
            return await self._page(visit, error=error, tag=locale.tag, status=422)
        if not placed.placed:
            return await self._page(visit, placed=placed, tag=locale.tag, status=422)
        await run_in_threadpool(self._shelf.read_again)
        return see_other("/kinds/by-language?done=placed")

    def _place(self, visit: Visit, locale: Locale, files: Sequence[Uploaded]) -> Placed:
        if not files:
            raise InvalidInputError("catalogue", "is empty", "Choose a file that ends in .po.")
        content, by = files[0].content, visit.operator.name
        return bootstrap.place_catalogue(self._runtime, locale, content, by)

    def _locale(self, request: Request) -> Locale:
        """Give the language of the address; 404 for one that is none, or has no file."""
        tag = str(request.path_params["tag"])[:40]
        found = next((one for one in self._shelf.now().locales if one.tag == tag), None)
        if found is None or found.source:
            raise NotFoundError("locale", "is unknown", "Look at the list of languages.")
        return found
