"""The pages around public advisories: lists by place and state, and what is said above a page.

Their templates are `_site/…` in the folders of templates, for an organisation to replace; their
texts are in the same catalogues as those of advisories.
"""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from jinja2 import TemplateError

from broadcaster.render.environment import Sandbox, Setting, broken, make_environment, run
from broadcaster.render.extract import check_known, closure, uses
from broadcaster.render.library import Library
from broadcaster.render.locales import Locale, Review
from broadcaster.render.sources import digest
from broadcaster.render.values import Surface

_FOLDER = "_site/"


class SitePages:
    """Renders them; read once. Not for use by several threads at once."""

    def __init__(self, library: Library, zone: ZoneInfo) -> None:
        """Take the templates from what was read; ConfigurationError naming a broken one."""
        self._library = library
        self._zone = zone
        self._templates = {
            name: text for name, text in library.templates.items() if name.startswith(_FOLDER)
        }
        names = [name for name in self._templates if name.endswith((".html", ".txt"))]
        for name in names:
            check_known(self._templates, name)
        closed = {other for name in names for other in closure(self._templates, name)}
        asked = tuple(use for name in sorted(closed) for use in uses(self._templates, name))
        self.locales: tuple[str, ...] = tuple(
            tag
            for tag, locale in library.locales.items()
            if locale.translatable
            and locale.review is Review.APPROVED
            and not library.missing(asked, locale)
        )
        self._environments: dict[tuple[str, Surface], Sandbox] = {}

    def __repr__(self) -> str:
        """Show what there is."""
        return f"SitePages(locales={self.locales})"

    @property
    def fingerprint(self) -> str:
        """Hash the templates: pages made with others are to be made anew."""
        pieces = [
            text for name in sorted(self._templates) for text in (name, self._templates[name])
        ]
        return digest([self._zone.key, *self.locales, *pieces])

    def locale(self, tag: str) -> Locale:
        """Give a locale; KeyError."""
        return self._library.locales[tag]

    def choose(self, preferred: Sequence[str], offered: Sequence[str]) -> str | None:
        """Give the first of a reader's languages that is offered, fallbacks followed."""
        return self._library.locales.choose(preferred, offered)

    def speaking(self, tag: str) -> str:
        """Give the locale in which something is said to readers of another: its own if it can."""
        chosen = self.choose([tag], self.locales)
        return chosen or next(iter(self.locales))

    def page(self, name: str, tag: str, values: Mapping[str, object]) -> str:
        """Render `_site/<name>` in a locale; ConfigurationError naming the template."""
        path = f"{_FOLDER}{name}"
        surface = Surface.of(path)
        key = (tag, surface)
        locale = self._library.locales[tag]
        if key not in self._environments:
            self._environments[key] = make_environment(
                self._templates,
                self._library.texts(locale, draft=False),
                Setting(surface=surface, locale=locale, zone=self._zone),
            )
        try:
            template = self._environments[key].get_template(path)
        except TemplateError as error:
            raise broken(path, error) from error
        return run(template, {"locale": locale, **values}, surface).strip() + "\n"
