"""Our own pages: templates, assets, and how figures and moments are written in each language."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from broadcaster.web import labels
from broadcaster.web.figures import WHOLE, Share
from broadcaster.web.languages import Language, Languages

_HERE = Path(__file__).parent
_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """A file that pages load; `tag` changes with its content."""

    content: bytes
    media_type: str
    tag: str


class Pages:
    """Renders our own pages in the reader's language."""

    def __init__(self, languages: Languages, zone: ZoneInfo) -> None:
        """Write moments in `zone`."""
        self.languages = languages
        self._zone = zone
        self._environments: dict[str, Environment] = {}

    @cached_property
    def assets(self) -> Mapping[str, Asset]:
        """The files that pages load, by name."""
        return {path.name: _asset(path) for path in (_HERE / "assets").iterdir()}

    def routes(self) -> list[Route]:
        """Serve the assets."""
        return [Route("/assets/{name}", self.asset)]

    async def asset(self, request: Request) -> Response:
        """Give a file, for ever: its address changes with its content."""
        found = self.assets.get(request.path_params["name"])
        if found is None:
            return Response("no such file\n", 404, media_type="text/plain")
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(found.content, media_type=found.media_type, headers=headers)

    def html(self, template: str, language: Language, values: Mapping[str, object]) -> str:
        """Render a template."""
        return self._environment(language).get_template(template).render(values)

    def page(
        self,
        template: str,
        request: Request,
        values: Mapping[str, object],
        *,
        language: Language | None = None,
        status: int = 200,
    ) -> Response:
        """Answer with a page in the language that the request wants, unless one is given."""
        spoken = language or self.languages.of(request)
        html = self.html(template, spoken, {"path": request.url.path, **values})
        headers = {"Content-Language": spoken.locale.lang, "Vary": "Accept-Language"}
        return HTMLResponse(html, status, headers=headers)

    def _environment(self, language: Language) -> Environment:
        tag = language.locale.tag
        if tag not in self._environments:
            self._environments[tag] = self._make(language)
        return self._environments[tag]

    def _make(self, language: Language) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(_HERE / "pages"),
            autoescape=True,
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.policies["ext.i18n.trimmed"] = True
        # Given by the extension, which has no types.
        install: Callable[..., None] = vars(environment)["install_gettext_callables"]
        install(
            language.gettext,
            language.ngettext,
            newstyle=True,
            pgettext=language.pgettext,
            npgettext=language.npgettext,
        )
        formats = language.locale.formats
        environment.filters.update(
            number=lambda value: format_decimal(value, locale=formats),
            percent=lambda share: _percent(share, formats),
            moment=lambda moment: _moment(moment, self._zone, formats),
        )
        environment.globals.update(
            locale=language.locale,
            languages=[other.locale for other in self.languages.offered()],
            asset=lambda name: f"/assets/{name}?v={self.assets[name].tag}",
            labels=labels,
        )
        return environment


def _asset(path: Path) -> Asset:
    content = path.read_bytes()
    tag = hashlib.sha256(content).hexdigest()[:12]
    return Asset(content=content, media_type=_TYPES[path.suffix], tag=tag)


def _percent(share: Share, formats: str) -> str:
    """Write a share; what is too small or too near the whole to be shown says so."""
    value = share.thousandths
    if share.least:
        return f"<\N{WORD JOINER}{_tenths(1, formats)}"
    if share.most:
        return f">\N{WORD JOINER}{_tenths(WHOLE - 1, formats)}"
    return _tenths(value, formats)


def _tenths(thousandths: int, formats: str) -> str:
    pattern = Locale.parse(formats).percent_formats[None].pattern.replace("0", "0.0")
    return format_percent(thousandths / WHOLE, format=pattern, locale=formats)


def _moment(moment: datetime, zone: ZoneInfo, formats: str) -> str:
    here = moment.astimezone(zone)
    date = format_date(here, "long", locale=formats)
    return f"{date} · {format_time(here, 'HH:mm', locale=formats)}"
