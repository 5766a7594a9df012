"""Our own pages: templates, assets, and how figures and moments are written in each language."""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, format_timedelta
from babel.numbers import format_decimal, format_percent
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from broadcaster.web import labels
from broadcaster.web.field_labels import LABELS
from broadcaster.web.figures import WHOLE, Share
from broadcaster.web.languages import Language, Languages
from broadcaster.web.telling import Telling

_HERE = Path(__file__).parent
#: Below this a rate has a decimal.
_SMALL = 100
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


class _Compiled(BytecodeCache):
    """Templates that were compiled, which is the same in every language."""

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._held:
            bucket.bytecode_from_string(self._held[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._held[bucket.key] = bucket.bytecode_to_string()


class Pages:
    """Renders our own pages in the reader's language."""

    def __init__(self, languages: Languages, zone: ZoneInfo) -> None:
        """Write moments in `zone`."""
        self.languages = languages
        self._zone = zone
        self._environments: dict[str, Environment] = {}
        self._compiled = _Compiled()

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

    def telling(self, language: Language) -> Telling:
        """Give what tells what the inside says, for answers that are no pages."""
        return Telling(language, self._zone)

    def _make(self, language: Language) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(_HERE / "pages"),
            autoescape=True,
            undefined=StrictUndefined,
            bytecode_cache=self._compiled,
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
        telling = self.telling(language)
        environment.filters.update(
            number=lambda value: format_decimal(value, locale=formats),
            percent=lambda share: _percent(share, formats),
            moment=lambda moment: _moment(moment, self._zone, formats),
            hour=lambda moment: _hour(moment, self._zone, formats),
            lasting=lambda time: _lasting(time, formats),
            rate=lambda value: _rate(value, formats),
            query=_query,
            when=lambda text: _moment(datetime.fromisoformat(text), self._zone, formats),
        )
        environment.globals.update(
            locale=language.locale,
            languages=[other.locale for other in self.languages.offered()],
            asset=lambda name: f"/assets/{name}?v={self.assets[name].tag}",
            labels=labels,
            told=telling.told,
            field_name=lambda field: _field(field, language),
            recalled=telling.recalled,
            remedied=telling.remedied,
        )
        return environment


def _field(name: str, language: Language) -> str:
    return language.gettext(LABELS[name]) if name in LABELS else name


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
    return f"{date} · {_hour(moment, zone, formats)}"


def _hour(moment: datetime, zone: ZoneInfo, formats: str) -> str:
    return format_time(moment.astimezone(zone), "HH:mm", locale=formats)


def _lasting(time: timedelta, formats: str) -> str:
    """Write how long something takes, in the largest unit that says enough: `4 minutes`."""
    return format_timedelta(time, threshold=1.5, locale=formats)


def _rate(value: float, formats: str) -> str:
    """Write a rate: small ones with a decimal, large ones without, none as a sign."""
    if math.isinf(value):
        return "∞"
    return format_decimal(round(value, 1 if value < _SMALL else 0), "#,##0.#", locale=formats)


def _query(values: Mapping[str, object]) -> str:
    """Write the query of an address; what is empty is left out."""
    return urlencode({name: str(value) for name, value in values.items() if value})
