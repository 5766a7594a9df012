"""Publications as JSON: what the database and the folder keep, and how it is read back."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from broadcaster.domain.advisory import Certainty, MessageType, Severity, Urgency
from broadcaster.domain.publication import Edition, Entry, Heading, Publication, Reference

_SUMMARY = 300
_WORDS = {
    "message_type": MessageType,
    "severity": Severity,
    "urgency": Urgency,
    "certainty": Certainty,
}
_LISTS = ("categories", "responses", "polygons", "circles", "place_keys")
_TIMES = ("sent", "effective", "onset", "expires", "cancelled_at")


def written(publication: Publication) -> str:
    """Write a publication: the same text for the same value."""
    return _text(asdict(publication))


def read(text: str) -> Publication:
    """Read what `written` wrote; ValueError, KeyError or TypeError when it is something else."""
    values = _plain(json.loads(text))
    return Publication(
        **{
            **values,
            "references": tuple(Reference(**_plain(one)) for one in values["references"]),
            "editions": tuple(
                Edition(**{**one, "places": tuple(one["places"])}) for one in values["editions"]
            ),
        }
    )


def digest(text: str) -> str:
    """Hash what is frozen."""
    return hashlib.sha256(text.encode()).hexdigest()


def entry(publication: Publication, cancelled_at: datetime | None, frozen: str) -> Entry:
    """Give what lists say of a publication; `frozen` is its text."""
    shared = {field.name for field in fields(Entry)} & {one.name for one in fields(Publication)}
    return Entry(
        **{name: getattr(publication, name) for name in shared},
        cancelled_at=cancelled_at,
        headings={one.locale: _heading(one) for one in publication.editions},
        digest=digest(frozen),
    )


def entry_values(one: Entry) -> dict[str, Any]:
    """Give an entry as JSON values."""
    values: dict[str, Any] = json.loads(_text(asdict(one)))
    return values


def read_entry(values: Mapping[str, Any]) -> Entry:
    """Read an entry; errors as `read`."""
    given = _plain(values)
    headings = {
        tag: Heading(**{**one, "places": tuple(one["places"])})
        for tag, one in given["headings"].items()
    }
    return Entry(**{**given, "headings": headings})


def _heading(edition: Edition) -> Heading:
    text = " ".join(edition.description.split())
    short = text if len(text) <= _SUMMARY else text[:_SUMMARY].rpartition(" ")[0] + " …"
    return Heading(
        lang=edition.lang,
        direction=edition.direction,
        headline=edition.headline,
        summary=short,
        places=edition.places,
    )


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    given = dict(values)
    for name in _TIMES:
        if given.get(name) is not None:
            given[name] = datetime.fromisoformat(given[name])
    for name, word in _WORDS.items():
        if name in given:
            given[name] = word(given[name])
    for name in _LISTS:
        if name in given:
            given[name] = tuple(given[name])
    return given


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=_simple)


def _simple(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value))
