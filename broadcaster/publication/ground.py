"""What all files of the site share: addresses, names, languages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from broadcaster.domain.publication import Entry
from broadcaster.ports import PublicPages


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteFile:
    """A file of the site, by its path below the site's root; made when it is asked for.

    `key` is the same for the same content; empty where that is known otherwise.
    """

    path: str
    key: str
    make: Callable[[], bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """What stands on every page: where the site is, and whose, by locale.

    `follow` is where a browser subscribes to alerts; empty where that is not set up.
    """

    public_url: str
    organisations: Mapping[str, str]
    follow: str = ""


class Ground:
    """Addresses and languages of the site."""

    def __init__(self, pages: PublicPages, names: Names) -> None:
        """Render with `pages`."""
        self.pages = pages
        self.names = names
        self.base = f"{names.public_url}/advisories"
        #: The locale of pages that are for readers of any.
        self.first = pages.speaking("")

    def spoken(self, entry: Entry, tag: str) -> str:
        """Say in which locale a list of another shows an entry; empty when it has none."""
        offered = sorted(entry.headings)
        return self.pages.choose([tag], offered) or (offered[0] if offered else "")

    def around(self, tag: str, everywhere: str) -> dict[str, object]:
        """Give what every page has; `everywhere` is its address, with a gap for the locale."""
        return {
            "organisation": self.names.organisations[tag],
            "home": f"{self.base}/{tag}",
            "default_url": self.base,
            "follow": f"{self.names.follow}?lang={tag}" if self.names.follow else "",
            "alternates": [
                {"locale": self.pages.locale(other), "url": everywhere.format(other)}
                for other in self.pages.locales
            ],
        }

    def choices(self) -> dict[str, object]:
        """Give what the page has on which readers choose their language."""
        pages = [
            {
                "locale": self.pages.locale(tag),
                "url": f"{self.base}/{tag}",
                "headline": self.names.organisations[tag],
            }
            for tag in self.pages.locales
        ]
        around = self.around(self.first, f"{self.base}/{{}}")
        return {**around, "home": self.base, "address": self.base, "pages": pages}
