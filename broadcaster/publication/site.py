"""The site: files for any web server, made of what is frozen and of how things stand."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from broadcaster.domain.publication import Entry, Publication, Standing
from broadcaster.ports import PublicPages, Record
from broadcaster.publication import records
from broadcaster.publication.feeds import CAP_TYPE
from broadcaster.publication.ground import Ground, Names, SiteFile
from broadcaster.publication.lists import MOST, Lists

_MAIN = re.compile(r"<main\b[^>]*>")
_HEAD = "</head>"


class Site:
    """Makes the files; pure but for the templates, so the same twice over."""

    def __init__(self, pages: PublicPages, names: Names) -> None:
        """Render around with `pages`."""
        self._pages = pages
        self._ground = Ground(pages, names)
        self._lists = Lists(self._ground)
        self._base = self._ground.base

    @property
    def locales(self) -> tuple[str, ...]:
        """The locales in which there are lists."""
        return self._pages.locales

    @cached_property
    def fingerprint(self) -> str:
        """Hash what all files depend on, beside what they tell of."""
        pieces = [self._pages.fingerprint, repr(self._ground.names), repr(MOST)]
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
            yield _file(f"{stem}/{edition.locale}/index.html", html)
        yield _file(f"{stem}/index.html", self._choice(frozen))
        yield _file(f"{stem}/cap.xml", record.cap)
        if record.calling_off is not None:
            yield _file(f"{stem}/cap-cancel.xml", record.calling_off)

    def lists(
        self, entries: Iterable[Entry], standings: Mapping[int, Standing]
    ) -> Iterator[SiteFile]:
        """Make the lists and feeds of every locale; of exercises nothing is listed."""
        return self._lists.files(entries, standings)

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
        head += self._pages.page("icon.html", spoken, {})
        cap = f"{self._base}/{frozen.advisory}/cap.xml"
        head += f'<link rel="alternate" type="{CAP_TYPE}" href="{cap}">\n'
        if frozen.drill:
            head += '<meta name="robots" content="noindex">\n'
        whole = html.replace(_HEAD, f"{head}{_HEAD}", 1)
        return _MAIN.sub(lambda found: f"{found.group()}\n{banner}", whole, count=1)

    def _link(self, entry: Entry | None, tag: str) -> str:
        spoken = self._ground.spoken(entry, tag) if entry else ""
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
        values = {**self._ground.choices(), "address": address, "pages": pages, "alternates": pages}
        return self._pages.page(
            "choice.html", self._ground.first, {**values, "default_url": address}
        )


def _file(path: str, text: str) -> SiteFile:
    return SiteFile(path=path, key="", make=text.encode)
