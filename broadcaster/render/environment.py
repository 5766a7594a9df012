"""The sandbox in which templates run: few filters, no files, no code, bounded output."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import CodeType
from zoneinfo import ZoneInfo

from jinja2 import DictLoader, StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.bccache import Bucket, BytecodeCache
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS
from markupsafe import Markup

from broadcaster.errors import ConfigurationError
from broadcaster.render import bidi, formats
from broadcaster.render.catalogues import Key, Texts
from broadcaster.render.locales import Locale
from broadcaster.render.values import Shown, Surface, show_free, show_url

#: What a part may come to, in characters. Gmail cuts a mail off at 102 kB; a page may be longer.
_LIMITS: Mapping[Surface, int] = {
    Surface.SMS: 4_000,
    Surface.TEXT: 50_000,
    Surface.MAIL: 200_000,
    Surface.PAGE: 500_000,
}
_FACTOR = 1_000_000
EXTENSIONS = ("jinja2.ext.i18n",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """Where and for whom a template runs."""

    surface: Surface
    locale: Locale
    zone: ZoneInfo


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja without Python: no methods of built-in values, no globals, arithmetic in bounds."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Refuse `{% autoescape false %}`: a customer's name would be mark-up of the page."""
        tree = super()._parse(source, name, filename)
        found = tree.find(nodes.EvalContextModifier)
        if found is not None:
            message = "escaping cannot be turned off"
            raise TemplateSyntaxError(message, found.lineno, name)
        return tree

    def is_safe_callable(self, obj: object) -> bool:
        """Refuse methods of texts, lists and numbers: `'x'.ljust(10**9)` fills the memory."""
        owner = getattr(obj, "__self__", None)
        plain = isinstance(owner, str | bytes | int | float | list | tuple | dict | date)
        return not plain and super().is_safe_callable(obj)

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        """Allow these operators on modest numbers alone."""
        for side in (left, right):
            if not isinstance(side, int | float) or abs(side) > _FACTOR:
                message = f"{operator} is for numbers up to {_FACTOR}"
                raise SecurityError(message)
        if operator == "**":
            message = "** is not there"
            raise SecurityError(message)
        return super().call_binop(context, operator, left, right)


class _Compiled(BytecodeCache):
    """Templates as they were compiled, for every locale: only what they look up differs."""

    def __init__(self) -> None:
        self._kept: dict[tuple[object, str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get(self._name(bucket))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            if len(self._kept) >= _COMPILED:
                self._kept.clear()
            self._kept[self._name(bucket)] = bucket.code

    def _name(self, bucket: Bucket) -> tuple[object, str, str]:
        return bucket.environment.autoescape, bucket.key, bucket.checksum


#: How many compiled templates are kept.
_COMPILED = 2000
_compiled = _Compiled()


def make_environment(templates: Mapping[str, str], texts: Texts, setting: Setting) -> Sandbox:
    """Make the environment for one surface and locale."""
    environment = Sandbox(
        loader=DictLoader(templates),
        undefined=StrictUndefined,
        autoescape=setting.surface in {Surface.MAIL, Surface.PAGE},
        extensions=list(EXTENSIONS),
        # Nothing is worked out beforehand: a filter gives another text in each locale.
        optimized=False,
        bytecode_cache=_compiled,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.globals.clear()
    environment.filters = {name: FILTERS[name] for name in ("escape", "forceescape", "length")}
    environment.filters |= _filters(setting)
    environment.tests = {name: TESTS[name] for name in ("defined", "none", "eq", "in")}
    _speak(environment, texts)
    return environment


def _speak(environment: Sandbox, texts: Texts) -> None:
    """Give the templates their texts."""

    def one(text: str) -> str:
        return texts.text(Key(None, text, None))

    def counted(singular: str, plural: str, count: float) -> str:
        return texts.text(Key(None, singular, plural), _whole(count, singular))

    def within(context: str, text: str) -> str:
        return texts.text(Key(context, text, None))

    def counted_within(context: str, singular: str, plural: str, count: float) -> str:
        return texts.text(Key(context, singular, plural), _whole(count, singular))

    install: Callable[..., None] = environment.install_gettext_callables  # type: ignore[attr-defined]  # (the i18n extension adds it to the instance)
    install(one, counted, newstyle=True, pgettext=within, npgettext=counted_within)


def _whole(count: object, text: str) -> int:
    """Give what picks a plural form; ConfigurationError for what is no whole number."""
    if not isinstance(count, int | float) or count != int(count):
        message = f"{text!r}: counts {count!s:.20}. Count whole things, or write the text without."
        raise ConfigurationError(message)
    return abs(int(count))


def _filters(setting: Setting) -> dict[str, Callable[..., object]]:
    """Make the filters, bound to surface, locale and time zone."""
    surface, locale = setting.surface, setting.locale

    def local(moment: datetime | date) -> datetime | date:
        return moment.astimezone(setting.zone) if isinstance(moment, datetime) else moment

    def time(moment: datetime) -> Shown:
        return formats.clock(moment.astimezone(setting.zone), surface, locale)

    def bare_url(url: Shown) -> Shown:
        return show_url(bare(url.raw), surface, locale, url.href)

    def isolate(value: object) -> Shown:
        return show_free(str(value), surface, always=True, locale=locale)

    def plain(text: object) -> Markup | str:
        # For where no mark-up may stand: titles, attributes, the line that mail programs preview.
        if surface not in {Surface.MAIL, Surface.PAGE}:
            return str(text)
        return Markup.escape(formats.without_markup(Markup.escape(text), locale))

    return {
        "date": lambda moment: formats.date_in_words(local(moment), surface, locale),
        "short_date": lambda moment: formats.date_in_figures(local(moment), surface, locale),
        "weekday_date": lambda moment: formats.weekday_in_words(local(moment), surface, locale),
        "day": lambda moment: formats.day_in_words(local(moment), surface, locale),
        "time": time,
        "number": lambda value: formats.number(value, surface, locale),
        "money": lambda value: formats.money(value, surface, locale),
        "listing": lambda values: formats.listing(values, surface, locale),
        "bare_url": bare_url,
        "isolate": isolate,
        "plain": plain,
    }


def bare(url: str) -> str:
    """Take the scheme from a web address, and the slash of a bare host: 70 units have no room."""
    short = url.removeprefix("https://")
    return short.removesuffix("/") if short.find("/") == len(short) - 1 else short


def run(template: Template, context: Mapping[str, object], surface: Surface) -> str:
    """Run a template, stopping when it says too much; ConfigurationError naming the template."""
    size, pieces = 0, []
    try:
        for piece in template.generate(context):
            size += len(piece)
            if size > _LIMITS[surface]:
                message = f"{template.name}: comes to more than {_LIMITS[surface]} characters."
                raise ConfigurationError(f"{message} Shorten it.")
            pieces.append(piece)
    except TemplateError as error:
        raise broken(str(template.name), error) from error
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise broken(str(template.name), error) from error
    return "".join(pieces)


def broken(name: str, error: Exception) -> ConfigurationError:
    """Make the error for a template that cannot be read or run."""
    line = getattr(error, "lineno", None)
    place = f"{name}, line {line}" if line else name
    return ConfigurationError(f"{place}: {str(error) or type(error).__name__}. Mend the template.")


#: What French software writes and GSM-7 has not; each of these makes an SMS three times as dear.
_GSM = str.maketrans(
    {
        "\u00a0": " ",
        "\u202f": " ",
        "’": "'",
        "‘": "'",
        "“": '"',
        "”": '"',
        "«": '"',
        "»": '"',
        "–": "-",
        "—": "-",
        "…": "...",
    }
)
#: Finds what of this stands in a text.
TYPOGRAPHY = re.compile("[" + "".join(map(chr, _GSM)) + "]")


def finish_sms(text: str, locale: Locale) -> str:
    """Make the text of an SMS as it is sent: no isolates, and no marks where nothing needs them.

    In Latin script typographic characters become those of GSM-7; letters are never changed.
    """
    if locale.script == "Latn":
        return bidi.strip(text.translate(_GSM)).strip()
    kept = bidi.LRM + bidi.RLM if bidi.has_rtl(text) else ""
    return "".join(c for c in text if c in kept or c not in bidi.CONTROLS).strip()


def finish_line(text: str) -> str:
    """Make one line: subjects and push texts have no breaks, and none can be smuggled in."""
    return " ".join(text.split())


def finish_text(text: str) -> str:
    """Make a text part: no trailing blanks, no more than one empty line together."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        if line.strip() or (lines and lines[-1]):
            lines.append(line.rstrip())
    return "\n".join(lines) + "\n"
