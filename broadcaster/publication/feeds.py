"""Feeds of a locale: Atom (RFC 4287) and JSON Feed (1.1), with links to the alerts in CAP."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement

from broadcaster.domain.publication import Entry, Heading, Standing
from broadcaster.publication.xml import put, written

_ATOM = "http://www.w3.org/2005/Atom"
CAP_TYPE, ATOM_TYPE, JSON_TYPE = (
    "application/cap+xml",
    "application/atom+xml",
    "application/feed+json",
)
_BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One notice in a feed."""

    entry: Entry
    standing: Standing
    heading: Heading
    url: str
    cap_url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """A feed before it is written; items the newest first."""

    title: str
    organisation: str
    lang: str
    home: str
    atom_url: str
    json_url: str
    items: Sequence[Item]


def atom(feed: Feed) -> bytes:
    """Write Atom; the identifiers of entries are those of their alerts."""
    root = Element("feed", {"xmlns": _ATOM, "xml:lang": feed.lang})
    put(root, "id", feed.atom_url)
    put(root, "title", feed.title)
    put(root, "updated", _moment(_latest(feed)))
    SubElement(root, "link", {"rel": "self", "type": ATOM_TYPE, "href": feed.atom_url})
    SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": feed.home})
    put(SubElement(root, "author"), "name", feed.organisation)
    for item in feed.items:
        entry = SubElement(root, "entry", {"xml:lang": item.heading.lang})
        put(entry, "id", item.entry.identifier)
        put(entry, "title", item.heading.headline)
        put(entry, "published", _moment(item.entry.sent))
        put(entry, "updated", _moment(_changed(item)))
        SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": item.url})
        SubElement(entry, "link", {"rel": "related", "type": CAP_TYPE, "href": item.cap_url})
        SubElement(entry, "category", {"term": item.standing.state.value})
        SubElement(entry, "category", {"term": item.entry.kind})
        put(entry, "summary", item.heading.summary)
    return written(root).encode()


def json_feed(feed: Feed) -> bytes:
    """Write JSON Feed."""
    values = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": feed.json_url,
        "language": feed.lang,
        "authors": [{"name": feed.organisation}],
        "items": [
            {
                "id": item.entry.identifier,
                "url": item.url,
                "title": item.heading.headline,
                "content_text": item.heading.summary,
                "date_published": _moment(item.entry.sent),
                "date_modified": _moment(_changed(item)),
                "language": item.heading.lang,
                "tags": [item.standing.state.value, item.entry.kind],
                "attachments": [{"url": item.cap_url, "mime_type": CAP_TYPE}],
            }
            for item in feed.items
        ],
    }
    return (json.dumps(values, ensure_ascii=False, indent=1) + "\n").encode()


def _changed(item: Item) -> datetime:
    """Say when somebody changed it; that its time has passed is no change."""
    changed = item.standing.changed
    return item.entry.sent if changed == item.entry.expires else changed


def _latest(feed: Feed) -> datetime:
    return max((_changed(item) for item in feed.items), default=_BEGINNING)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
