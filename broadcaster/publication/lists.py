"""The lists of the site: by state and place, an archive, and feeds, in every locale."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from broadcaster.domain.publication import Entry, PublicState, Standing
from broadcaster.publication.feeds import ATOM_TYPE, JSON_TYPE, Feed, Item, atom, json_feed
from broadcaster.publication.ground import Ground, SiteFile

#: So many of each sort a list shows; a page stays below 100 kB. The rest is in the archive.
MOST = {"active": 70, "planned": 30, "ended": 20}
#: The folders of a locale that hold as many lists as there are places, or hundreds of notices.
PARTS = ("places", "archive")
_CHUNK = 100
_PLACES, _FEED = 60, 50

_Standings = Mapping[int, Standing]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Page:
    """A list: of which locale, where below its index, what by state, and what else it shows."""

    tag: str
    below: str
    parts: Mapping[str, Sequence[Entry]]
    values: Mapping[str, object]


class Lists:
    """Makes them; each says by its key whether it has to be made anew."""

    def __init__(self, ground: Ground) -> None:
        """Stand on what all files share."""
        self._ground = ground
        self._pages = ground.pages
        self._base = ground.base

    def files(
        self, entries: Iterable[Entry], standings: Mapping[int, Standing]
    ) -> Iterator[SiteFile]:
        """Make the lists and feeds of every locale; of exercises nothing is listed."""
        listed = sorted(
            (one for one in entries if not one.drill), key=lambda one: one.advisory, reverse=True
        )
        for tag in self._pages.locales:
            yield from self._locale(tag, listed, standings)
        yield SiteFile(path="advisories/index.html", key="choice", make=self._choice)

    def _choice(self) -> bytes:
        return self._pages.page("choice.html", self._ground.first, self._ground.choices()).encode()

    def _locale(
        self, tag: str, listed: Sequence[Entry], standings: _Standings
    ) -> Iterator[SiteFile]:
        parts = _parted(listed, standings)
        shown = [one for part in parts.values() for one in part]
        places = self._places(shown, tag)
        chunks = -(-len(listed) // _CHUNK)
        older = f"{self._base}/{tag}/archive/{chunks}" if len(shown) < len(listed) else None
        named = [
            {"name": name, "url": f"{self._base}/{tag}/places/{_slug(key)}"}
            for key, name in places.items()
        ]
        page = _Page(tag=tag, below="", parts=parts, values={"places": named, "older": older})
        yield self._page(page, standings)
        for key, name in places.items():
            here = _parted([one for one in listed if key in one.place_keys], standings)
            below = f"/places/{_slug(key)}"
            yield self._page(
                _Page(tag=tag, below=below, parts=here, values={"place": name}), standings
            )
        if older:
            yield from self._archive(tag, listed, standings)
        yield from self._feeds(tag, listed[:_FEED], standings)

    def _archive(
        self, tag: str, listed: Sequence[Entry], standings: _Standings
    ) -> Iterator[SiteFile]:
        """Make chunks that hold the same for ever, the first ones first."""
        oldest = list(reversed(listed))
        chunks = range(1, -(-len(oldest) // _CHUNK) + 1)
        for number in chunks:
            held = oldest[(number - 1) * _CHUNK : number * _CHUNK]
            newer = f"/archive/{number + 1}" if number < chunks[-1] else ""
            values = {
                "archive": str(number),
                "older": f"{self._base}/{tag}/archive/{number - 1}" if number > 1 else None,
                "newer": f"{self._base}/{tag}{newer}",
            }
            parts = {"all": list(reversed(held))}
            page = _Page(tag=tag, below=f"/archive/{number}", parts=parts, values=values)
            yield self._page(page, standings)

    def _feeds(
        self, tag: str, listed: Sequence[Entry], standings: _Standings
    ) -> Iterator[SiteFile]:
        key = _key(listed, standings, tag)

        def feed() -> Feed:
            return self._feed(tag, listed, standings)

        stem = f"advisories/{tag}"
        yield SiteFile(path=f"{stem}/atom.xml", key=key, make=lambda: atom(feed()))
        yield SiteFile(path=f"{stem}/feed.json", key=key, make=lambda: json_feed(feed()))

    def _feed(self, tag: str, listed: Sequence[Entry], standings: _Standings) -> Feed:
        items = [
            Item(
                entry=one,
                standing=standings[one.advisory],
                heading=one.headings[spoken],
                url=f"{self._base}/{one.advisory}/{spoken}",
                cap_url=self._cap_url(one),
            )
            for one in listed
            if (spoken := self._ground.spoken(one, tag))
        ]
        home, organisation = f"{self._base}/{tag}", self._ground.names.organisations[tag]
        return Feed(
            title=self._pages.page("title.txt", tag, {"organisation": organisation}).strip(),
            organisation=organisation,
            lang=str(getattr(self._pages.locale(tag), "lang", tag)),
            home=home,
            atom_url=f"{home}/atom.xml",
            json_url=f"{home}/feed.json",
            items=items,
        )

    def _page(self, page: "_Page", standings: _Standings) -> SiteFile:
        listed = [one for part in page.parts.values() for one in part]
        names = (page.tag, page.below, list(page.parts), sorted(page.values.items()))
        return SiteFile(
            path=f"advisories/{page.tag}{page.below}/index.html",
            key=_key(listed, standings, repr(names)),
            make=lambda: self._html(page, standings),
        )

    def _html(self, page: "_Page", standings: _Standings) -> bytes:
        tag, below = page.tag, page.below
        home = f"{self._base}/{tag}"
        # A part of the archive is not the same in every language.
        everywhere = f"{self._base}/{{}}{'' if below.startswith('/archive') else below}"
        usual: dict[str, object] = {
            **self._ground.around(tag, everywhere),
            "address": f"{home}{below}",
            "places": [],
            "place": None,
            "archive": None,
            "older": None,
            "newer": None,
            "feeds": [
                {"name": "Atom", "type": ATOM_TYPE, "url": f"{home}/atom.xml"},
                {"name": "JSON Feed", "type": JSON_TYPE, "url": f"{home}/feed.json"},
            ],
            "sections": [
                {"state": state, "entries": self._rows(held, standings, tag)}
                for state, held in page.parts.items()
                if held or state == "active"
            ],
        }
        return self._pages.page("index.html", tag, {**usual, **page.values}).encode()

    def _rows(
        self, entries: Iterable[Entry], standings: _Standings, tag: str
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
            if (spoken := self._ground.spoken(one, tag))
        ]

    def _places(self, entries: Iterable[Entry], tag: str) -> Mapping[str, str]:
        """Name the places of some entries in a locale, each once."""
        found: dict[str, str] = {}
        for one in entries:
            spoken = self._ground.spoken(one, tag)
            if spoken:
                pairs = zip(one.place_keys, one.headings[spoken].places, strict=True)
                found |= {key: name for key, name in pairs if key not in found}
        return dict(sorted(list(found.items())[:_PLACES], key=lambda pair: pair[1]))

    def _cap_url(self, entry: Entry) -> str:
        name = "cap" if entry.cancelled_at is None else "cap-cancel"
        return f"{self._base}/{entry.advisory}/{name}.xml"


def _parted(listed: Sequence[Entry], standings: _Standings) -> Mapping[str, Sequence[Entry]]:
    parts: dict[str, list[Entry]] = {"active": [], "planned": [], "ended": []}
    for one in listed:
        state = standings[one.advisory].state
        parts[state.value if state.current else PublicState.ENDED.value].append(one)
    return {name: held[: MOST[name]] for name, held in parts.items()}


def _key(listed: Sequence[Entry], standings: _Standings, more: str) -> str:
    """Hash what a list depends on, beside templates and names."""
    whole = hashlib.sha256(more.encode())
    for one in listed:
        stands = standings[one.advisory]
        said = (one.advisory, one.digest, stands.state.value, stands.changed, one.cancelled_at)
        whole.update(repr(said).encode())
    return whole.hexdigest()[:32]


def _slug(key: str) -> str:
    """Name a place in an address: the same in every language, and no secret."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]
