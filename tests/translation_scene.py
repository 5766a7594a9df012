"""A copy of one kind and of all its catalogues, in step, to be broken."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from broadcaster import bootstrap
from broadcaster.channels.sms import measure
from broadcaster.render import upkeep
from broadcaster.render.coverage import KindCoverage
from broadcaster.render.findings import Finding, Gravity
from broadcaster.render.merging import template
from broadcaster.render.pofile import Entry, write
from broadcaster.render.poreader import read
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.render.translated import TranslationChecker
from broadcaster.render.upkeep import Domain
from broadcaster.web.extraction import console_uses

KIND = "remote_services"
FR, CONSOLE_FR = "fr/LC_MESSAGES/advisories.po", "fr/LC_MESSAGES/console.po"


@lru_cache(maxsize=1)
def console() -> Domain:
    """Give the texts of our own pages, read once."""
    return Domain(name=upkeep.CONSOLE, texts=template(console_uses()))


@dataclass(frozen=True)
class Tree:
    """The copy."""

    root: Path

    @property
    def locales(self) -> Path:
        """The folder of locales."""
        return self.root / "locales"

    @property
    def templates(self) -> Path:
        """The folder of kinds."""
        return self.root / "templates"

    def renderer(self) -> TemplateRenderer:
        """Read what is in force."""
        return TemplateRenderer(
            [self.templates],
            [self.locales],
            default_locale="ar",
            time_zone="Africa/Casablanca",
        )

    def domains(self) -> list[Domain]:
        """Read the texts."""
        return [upkeep.advisories(self.templates), console()]

    def update(self) -> list[str]:
        """Bring the catalogues into step; what changed."""
        files = {
            path: text
            for one in self.domains()
            for path, text in (
                *upkeep.extracted(one, self.locales).items(),
                *upkeep.updated(one, self.locales).items(),
            )
        }
        return [upkeep.shown(path, self.locales) for path in upkeep.save(files)]

    def findings(self) -> tuple[Finding, ...]:
        """Check."""
        checker = TranslationChecker(
            renderer=self.renderer(),
            domains=self.domains(),
            locales=self.locales,
            folders=[self.locales],
            kinds=[KIND],
        )
        return checker.check()

    def found(self, gravity: Gravity) -> list[str]:
        """Check, and give what is of one gravity."""
        return [f"{one.place}: {one.problem}" for one in self.findings() if one.gravity is gravity]

    def coverage(self) -> KindCoverage:
        """Count."""
        return KindCoverage(renderer=self.renderer(), measure=measure)

    def read(self, path: str) -> str:
        """Read a file of the folder of locales."""
        return (self.locales / path).read_text("utf-8")

    def change(self, path: str, old: str, new: str) -> None:
        """Change one thing in a file; it must be there."""
        file = self.root / path
        text = file.read_text("utf-8")
        assert old in text, path
        file.write_text(text.replace(old, new, 1), encoding="utf-8")


def copied(root: Path) -> Tree:
    """Make the copy, whole in Arabic and French whatever translators have not come to yet."""
    for path, text in _shipped().items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return Tree(root)


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("_base", KIND):
            shutil.copytree(bootstrap.shipped("templates") / name, root / "templates" / name)
        shutil.copytree(bootstrap.shipped("locales"), root / "locales")
        tree = Tree(root)
        tree.update()
        for tag in ("ar", "fr"):
            for domain in tree.domains():
                filled_in(domain.catalogue(tree.locales, tag))
        files = (path for path in root.rglob("*") if path.is_file())
        return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in files}


def filled_in(path: Path) -> None:
    """Translate what a catalogue lacks into the text itself."""
    po = read(path.read_text("utf-8"), path.name)
    entries = tuple(entry if any(entry.strings) else _filled(entry) for entry in po.entries)
    path.write_text(write(replace(po, entries=entries)), encoding="utf-8")


def _filled(entry: Entry) -> Entry:
    text = entry.key.plural or entry.key.singular
    return replace(entry, strings=(text,) * len(entry.strings))
