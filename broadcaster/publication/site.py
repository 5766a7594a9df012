"""The site: files for any web server, made of what is frozen and of how things stand."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from broadcaster.domain.publication import Entry, Publication, PublicState, Standing
from broadcaster.ports import PublicPages, Record
from broadcaster.publication import records
from broadcaster.publication.feeds import (
    ATOM_TYPE,
    CAP_TYPE,
    JSON_TYPE,
    Feed,
    Item,
    atom,
    json_feed,
)

#: So many of each sort a list shows; a page stays below 100 kB. The rest is in the archive.
_MOST = {"active": 70, "planned": 30, "ended": 20}
_CHUNK = 100
_PLACES, _FEED = 60, 50
#: The folders of a locale that hold as many lists as there are places, or hundreds of notices.
PARTS = ("places", "archive")
_MAIN = re.compile(r"<main\b[^>]*>")
_HEAD = "</head>"


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteFile:
    """A file of the site, by its path below the site's root."""

    path: str
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """What stands on every page: where the site is, and whose, by locale."""

    public_url: str
    organisations: Mapping[str, str]


class Site:
    """Makes the files; pure but for the templates, so the same twice over."""

    def __init__(self, pages: PublicPages, names: Names) -> None:
        """Render around with `pages`."""
        self._pages = pages
        self._names = names
        self._base = f"{names.public_url}/advisories"

    @property
    def locales(self) -> tuple[str, ...]:
        """The locales in which there are lists."""
        return self._pages.locales

    @cached_property
    def fingerprint(self) -> str:
        """Hash what all files depend on, beside what they tell of."""
        pieces = [self._pages.fingerprint, repr(self._names), repr(_MOST)]
        return hashlib.sha256("\n".join(pieces).encode()).hexdigest()

    def key(self, entry: Entry, standing: Standing, known: Mapping[int, Entry]) -> str:
        """Give what the files of a publication depend on."""
        newest = known.get(standing.newest or 0)
        former = known.get(entry.follows or 0)
        pieces = (
            entry.digest,
            standing.state.value,
            str(standing.newest),
            repr(newest and sorted(newest.headings)),
            repr(former and sorted(former.headings)),
            str(entry.cancelled_at),
        )
        return hashlib.sha256("\n".join(pieces).encode()).hexdigest()[:32]

    def publication(
        self, record: Record, entry: Entry, standing: Standing, known: Mapping[int, Entry]
    ) -> Iterator[SiteFile]:
        """Make the files of one publication."""
        frozen = records.read(record.frozen)
        stem = f"advisories/{entry.advisory}"
        for edition in frozen.editions:
            html = self._dressed(edition.html, edition.locale, frozen, standing, known)
            yield SiteFile(path=f"{stem}/{edition.locale}/index.html", content=html.encode())
        yield SiteFile(path=f"{stem}/index.html", content=self._choice(frozen).encode())
        yield SiteFile(path=f"{stem}/cap.xml", content=record.cap.encode())
        if record.calling_off is not None:
            yield SiteFile(path=f"{stem}/cap-cancel.xml", content=record.calling_off.encode())

    def lists(
        self, entries: Iterable[Entry], standings: Mapping[int, Standing]
    ) -> Iterator[SiteFile]:
        """Make the lists and feeds of every locale; of exercises nothing is listed."""
        listed = sorted(
            (one for one in entries if not one.drill), key=lambda one: one.advisory, reverse=True
        )
        for tag in self._pages.locales:
            yield from self._locale(tag, listed, standings)
        html = self._pages.page("choice.html", self._first(), self._choices())
        yield SiteFile(path="advisories/index.html", content=html.encode())

    def _locale(
        self, tag: str, listed: Sequence[Entry], standings: Mapping[int, Standing]
    ) -> Iterator[SiteFile]:
        stem = f"advisories/{tag}"
        parts = _parted(listed, standings)
        shown = [one for part in parts.values() for one in part]
        places = self._places(shown, tag)
        chunks = -(-len(listed) // _CHUNK)
        older = f"{self._base}/{tag}/archive/{chunks}" if len(shown) < len(listed) else None
        values = {
            "sections": self._sections(parts, standings, tag),
            "places": [
                {"name": name, "url": f"{self._base}/{tag}/places/{_slug(key)}"}
                for key, name in places.items()
            ],
            "older": older,
        }
        yield self._page(f"{stem}/index.html", tag, "", values)
        for key, name in places.items():
            here = [one for one in listed if key in one.place_keys]
            path = f"places/{_slug(key)}"
            sections = self._sections(_parted(here, standings), standings, tag)
            found = {"sections": sections, "place": name}
            yield self._page(f"{stem}/{path}/index.html", tag, f"/{path}", found)
        if older:
            yield from self._archive(tag, listed, standings)
        yield from self._feeds(tag, listed, standings)

    def _archive(
        self, tag: str, listed: Sequence[Entry], standings: Mapping[int, Standing]
    ) -> Iterator[SiteFile]:
        """Make chunks that hold the same for ever, the first ones first."""
        oldest = list(reversed(listed))
        chunks = range(1, -(-len(oldest) // _CHUNK) + 1)
        for number in chunks:
            held = oldest[(number - 1) * _CHUNK : number * _CHUNK]
            section = {"state": "all", "entries": self._rows(reversed(held), standings, tag)}
            newer = f"/archive/{number + 1}" if number < chunks[-1] else ""
            values = {
                "sections": [section],
                "archive": str(number),
                "older": f"{self._base}/{tag}/archive/{number - 1}" if number > 1 else None,
                "newer": f"{self._base}/{tag}{newer}",
            }
            path = f"archive/{number}"
            yield self._page(f"advisories/{tag}/{path}/index.html", tag, f"/{path}", values)

    def _feeds(
        self, tag: str, listed: Sequence[Entry], standings: Mapping[int, Standing]
    ) -> Iterator[SiteFile]:
        items = [
            Item(
                entry=one,
                standing=standings[one.advisory],
                heading=one.headings[spoken],
                url=f"{self._base}/{one.advisory}/{spoken}",
                cap_url=self._cap_url(one),
            )
            for one in listed[:_FEED]
            if (spoken := self._spoken(one, tag))
        ]
        home, organisation = f"{self._base}/{tag}", self._names.organisations[tag]
        feed = Feed(
            title=self._pages.page("title.txt", tag, {"organisation": organisation}).strip(),
            organisation=organisation,
            lang=str(getattr(self._pages.locale(tag), "lang", tag)),
            home=home,
            atom_url=f"{home}/atom.xml",
            json_url=f"{home}/feed.json",
            items=items,
        )
        yield SiteFile(path=f"advisories/{tag}/atom.xml", content=atom(feed))
        yield SiteFile(path=f"advisories/{tag}/feed.json", content=json_feed(feed))

    def _page(self, path: str, tag: str, below: str, values: Mapping[str, object]) -> SiteFile:
        everywhere = f"{self._base}/{{}}{'' if below.startswith('/archive') else below}"
        usual: dict[str, object] = {
            **self._around(tag, everywhere),
            "address": f"{self._base}/{tag}{below}",
            "places": [],
            "place": None,
            "archive": None,
            "older": None,
            "newer": None,
            "feeds": [
                {"name": "Atom", "type": ATOM_TYPE, "url": f"{self._base}/{tag}/atom.xml"},
                {"name": "JSON Feed", "type": JSON_TYPE, "url": f"{self._base}/{tag}/feed.json"},
            ],
        }
        html = self._pages.page("index.html", tag, {**usual, **values})
        return SiteFile(path=path, content=html.encode())

    def _around(self, tag: str, everywhere: str) -> dict[str, object]:
        return {
            "organisation": self._names.organisations[tag],
            "home": f"{self._base}/{tag}",
            "default_url": self._base,
            "alternates": [
                {"locale": self._pages.locale(other), "url": everywhere.format(other)}
                for other in self._pages.locales
            ],
        }

    def _sections(
        self,
        parts: Mapping[str, Sequence[Entry]],
        standings: Mapping[int, Standing],
        tag: str,
    ) -> list[dict[str, object]]:
        return [
            {"state": state, "entries": self._rows(held, standings, tag)}
            for state, held in parts.items()
            if held or state == "active"
        ]

    def _rows(
        self, entries: Iterable[Entry], standings: Mapping[int, Standing], tag: str
    ) -> list[dict[str, object]]:
        return [
            {
                "url": f"{self._base}/{one.advisory}/{spoken}",
                "headline": one.headings[spoken].headline,
                "lang": one.headings[spoken].lang,
                "direction": one.headings[spoken].direction,
                "places": list(one.headings[spoken].places),
                "state": standings[one.advisory].state.value,
                "sent": one.sent,
                "onset": one.onset,
                "expires": one.expires,
            }
            for one in entries
            if (spoken := self._spoken(one, tag))
        ]

    def _places(self, entries: Iterable[Entry], tag: str) -> Mapping[str, str]:
        """Name the places of some entries in a locale, each once."""
        found: dict[str, str] = {}
        for one in entries:
            spoken = self._spoken(one, tag)
            if spoken:
                pairs = zip(one.place_keys, one.headings[spoken].places, strict=True)
                found |= {key: name for key, name in pairs if key not in found}
        return dict(sorted(list(found.items())[:_PLACES], key=lambda pair: pair[1]))

    def _spoken(self, entry: Entry, tag: str) -> str:
        """Say in which locale a list of another shows an entry."""
        offered = sorted(entry.headings)
        return self._pages.choose([tag], offered) or (offered[0] if offered else "")

    def _cap_url(self, entry: Entry) -> str:
        name = "cap" if entry.cancelled_at is None else "cap-cancel"
        return f"{self._base}/{entry.advisory}/{name}.xml"

    def _dressed(
        self,
        html: str,
        tag: str,
        frozen: Publication,
        standing: Standing,
        known: Mapping[int, Entry],
    ) -> str:
        """Say above a frozen page how it stands now; the page itself stays as it was."""
        spoken = self._pages.speaking(tag)
        values = {
            "state": standing.state.value,
            "drill": frozen.drill,
            "type": frozen.message_type.value,
            "onset": frozen.onset,
            "expires": frozen.expires,
            "newest": self._link(known.get(standing.newest or 0), tag),
            "former": self._link(known.get(frozen.follows or 0), tag),
            "index": f"{self._base}/{spoken}",
        }
        banner = self._pages.page("state.html", spoken, values)
        head = self._pages.page("state_style.html", spoken, values)
        cap = f"{self._base}/{frozen.advisory}/cap.xml"
        head += f'<link rel="alternate" type="{CAP_TYPE}" href="{cap}">\n'
        if frozen.drill:
            head += '<meta name="robots" content="noindex">\n'
        whole = html.replace(_HEAD, f"{head}{_HEAD}", 1)
        return _MAIN.sub(lambda found: f"{found.group()}\n{banner}", whole, count=1)

    def _link(self, entry: Entry | None, tag: str) -> str:
        spoken = self._spoken(entry, tag) if entry else ""
        return f"{self._base}/{entry.advisory}/{spoken}" if entry and spoken else ""

    def _choice(self, frozen: Publication) -> str:
        pages = [
            {
                "locale": self._pages.locale(edition.locale),
                "url": f"{self._base}/{frozen.advisory}/{edition.locale}",
                "headline": edition.headline,
            }
            for edition in frozen.editions
        ]
        address = f"{self._base}/{frozen.advisory}"
        values = {**self._choices(), "address": address, "pages": pages, "alternates": pages}
        return self._pages.page("choice.html", self._first(), {**values, "default_url": address})

    def _choices(self) -> dict[str, object]:
        around = self._around(self._first(), f"{self._base}/{{}}")
        pages = [
            {
                "locale": self._pages.locale(tag),
                "url": f"{self._base}/{tag}",
                "headline": self._names.organisations[tag],
            }
            for tag in self._pages.locales
        ]
        return {**around, "home": self._base, "address": self._base, "pages": pages}

    def _first(self) -> str:
        """Give the locale of pages that are for readers of any."""
        return self._pages.speaking("")


def _parted(
    listed: Sequence[Entry], standings: Mapping[int, Standing]
) -> Mapping[str, Sequence[Entry]]:
    parts: dict[str, list[Entry]] = {"active": [], "planned": [], "ended": []}
    for one in listed:
        state = standings[one.advisory].state
        parts[state.value if state.current else PublicState.ENDED.value].append(one)
    return {name: held[: _MOST[name]] for name, held in parts.items()}


def _slug(key: str) -> str:
    """Name a place in an address: the same in every language, and no secret."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]
