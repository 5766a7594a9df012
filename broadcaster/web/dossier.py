"""A campaign's evidence as a document that one hands over: one HTML file, in one language.

Nothing in it is fetched, run or sent; all that stands in it is text, whatever it says.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from markupsafe import Markup

from broadcaster.domain.delivery import DeliveryStatus
from broadcaster.render.locales import Locale, Locales
from broadcaster.web import library_labels
from broadcaster.web.console.course_words import BEFALLEN
from broadcaster.web.figures import Bar, bar, together
from broadcaster.web.languages import Language, by_locale
from broadcaster.web.pages import Pages

#: How many rows of each long table a document shows; the archive has them all.
_PLACES, _TRAIL = 200, 500
_HASH = 64

Known = Mapping[str, Any]
People = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """Messages of a channel in a locale (empty: left out before one was chosen), as they stand."""

    channel: str
    locale: str
    bar: Bar


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """The texts of one channel in one locale, by part; `fault` where they can't be shown."""

    channel: str
    locale: str
    parts: Mapping[str, str]
    fault: str


class Documents:
    """Writes the evidence of campaigns."""

    def __init__(self, pages: Pages, locales: Locales, zone: ZoneInfo) -> None:
        """`zone` is that of all moments; `locales` are those of the messages."""
        self._pages = pages
        self._locales = locales
        self._zone = zone

    def document(self, known: Known, language: Language, people: People | None = None) -> str:
        """Write the whole file; `people` are the unreached, where they may be told."""
        style = self.style()
        values = {**self.values(known, language, people), "style": Markup(style)}  # noqa: S704  (our own file)
        return self._pages.html("evidence/document.html", language, values)

    def style(self) -> str:
        """Give the styles of the file."""
        return self._pages.assets["evidence.css"].content.decode()

    @property
    def policy(self) -> str:
        """What the file may do in a browser: be looked at (Content-Security-Policy)."""
        digest = base64.b64encode(hashlib.sha256(self.style().encode()).digest()).decode()
        return (
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'; sandbox"
        )

    def values(self, known: Known, language: Language, people: People | None) -> dict[str, object]:
        """Give what `evidence/body.html` shows."""
        labels = known["advisory"]["labels"]
        texts = list(_texts(known))
        used = {row["locale"] for row in known["spread"] if row["locale"]}
        return {
            "known": known,
            "words": library_labels,
            "befallen": BEFALLEN,
            "kind": by_locale(labels, language) if labels else known["advisory"]["kind"],
            "facts": [_fact(one, language) for one in known["advisory"]["facts"]],
            "whole": bar(_statuses(known)),
            "lines": list(_lines(known)),
            "texts": [one for one in texts if one.locale in used] or texts,
            "unsent": any(one.locale not in used for one in texts) and bool(used),
            "places": known["places"]["rows"][:_PLACES],
            "more_places": _more(known, "places", known["places"]["rows"][_PLACES:]),
            "trail": known["trail"][:_TRAIL],
            "more_trail": _more(known, "trail", known["trail"][_TRAIL:]),
            "people": people,
            "locales": self._locales,
            "autonym": self._autonym,
            "spoken": self._spoken,
            "when": lambda text: self._when(text, language.locale),
            "policy": self.policy,
        }

    def _when(self, text: str, locale: Locale) -> str:
        """Write a moment to the second, in the zone that the document names."""
        here = datetime.fromisoformat(text).astimezone(self._zone)
        date = format_date(here, "long", locale=locale.formats)
        return f"{date} · {format_time(here, 'HH:mm:ss', locale=locale.formats)}"

    def _autonym(self, tag: str) -> str:
        found = self._locales.get(tag)
        return found.autonym if found else tag

    def _spoken(self, tag: str) -> Mapping[str, str]:
        """Give `lang` and `dir` of texts in a locale."""
        found = self._locales.get(tag)
        return (
            {"lang": found.lang, "dir": found.direction} if found else {"lang": "", "dir": "auto"}
        )


def _more(known: Known, name: str, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, int]:
    """Count what a list of the document leaves out: the rows it does not show, and those beyond."""
    beyond = known["more"][name]
    sums = {key: beyond[key] + sum(row[key] for row in rows) for key in beyond if key != "rows"}
    return {"rows": beyond["rows"] + len(rows), **sums}


def _fact(one: Mapping[str, Any], language: Language) -> tuple[str, str]:
    """Give what a fact is called, and what it says, choosing among languages where there are."""
    label = by_locale(one["labels"], language) if one["labels"] else one["name"]
    value = one["value"]
    if one.get("value_labels"):
        return label, by_locale(one["value_labels"], language)
    if isinstance(value, dict):
        tag = language.locale.language
        value = value.get(tag) or value.get("und") or next(iter(value.values()), "")
    if isinstance(value, list):
        value = " · ".join(map(str, value))
    return label, str(value)


def _statuses(known: Known) -> dict[DeliveryStatus, int]:
    return together([_counts(row) for row in known["figures"].get("channels", {}).values()])


def _counts(row: Mapping[str, int]) -> dict[DeliveryStatus, int]:
    return {DeliveryStatus(name): count for name, count in row.items() if name != "units"}


def _lines(known: Known) -> Iterator[Line]:
    """Count by channel and locale; of an archived campaign by channel alone."""
    if not known["spread"]:
        for channel, row in known["figures"].get("channels", {}).items():
            yield Line(channel=channel, locale="", bar=bar(_counts(row)))
        return
    sums: dict[tuple[str, str], dict[DeliveryStatus, int]] = {}
    for row in known["spread"]:
        counts = sums.setdefault((row["channel"], row["locale"]), {})
        status = DeliveryStatus(row["status"])
        counts[status] = counts.get(status, 0) + row["messages"]
    for (channel, locale), counts in sorted(sums.items()):
        yield Line(channel=channel, locale=locale, bar=bar(counts))


def _texts(known: Known) -> Iterator[Text]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    faults: dict[tuple[str, str], str] = {}
    for row in known["texts"]["rows"]:
        key = (row["locale"], row["channel"])
        parts = found.setdefault(key, {})
        if row.get("fault"):
            faults[key] = row["fault"]
        else:
            parts[row["part"]] = row["text"]
    for (locale, channel), parts in found.items():
        fault = faults.get((locale, channel), "")
        yield Text(channel=channel, locale=locale, parts=parts, fault=fault)
