"""The files of a folder of locales: the list of texts of each domain, and its translations."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from broadcaster.errors import ConfigurationError, DamagedError
from broadcaster.render.extract import all_uses
from broadcaster.render.merging import Ways, bring_up_to_date, header, template
from broadcaster.render.pofile import PoFile, write
from broadcaster.render.poreader import read
from broadcaster.render.sources import read_folder, read_text

#: What customers receive, and what our own pages and commands say.
ADVISORIES, CONSOLE = "advisories", "console"


@dataclass(frozen=True, kw_only=True, slots=True)
class Domain:
    """The texts of one sort, and the files in which they are translated.

    `others` are texts of the same sort that are not asked for here: those of shipped kinds, for a
    folder of an organisation. `listed` tells whether the list of texts is kept beside.
    """

    name: str
    texts: PoFile
    others: PoFile | None = None
    listed: bool = True

    def pot(self, locales: Path) -> Path:
        """Name the list of texts."""
        return locales / f"{self.name}.pot"

    def catalogue(self, locales: Path, tag: str) -> Path:
        """Name the catalogue of one locale."""
        return locales / tag / "LC_MESSAGES" / f"{self.name}.po"

    def catalogues(self, locales: Path) -> Mapping[str, Path]:
        """Name the catalogues that there are, by the tag of their locale."""
        paths = sorted(locales.glob(f"*/LC_MESSAGES/{self.name}.po"))
        return {path.parent.parent.name: path for path in paths}


def advisories(templates: Path, shipped: Path | None = None) -> Domain:
    """Read the texts of a folder of kinds; ConfigurationError where it holds none.

    `shipped` is the folder of what is shipped, where that is another.
    """
    texts = read_folder(templates)
    if not any(name.endswith("kind.toml") for name in texts):
        # With nothing to extract every translation would be set aside.
        message = f"{templates}: holds no kind. Name the folder above the kinds."
        raise ConfigurationError(message)
    others = template(all_uses(read_folder(shipped))) if shipped else None
    return Domain(name=ADVISORIES, texts=template(all_uses(texts)), others=others)


def require(locales: Path) -> Path:
    """Give a folder of locales; ConfigurationError where it is none."""
    if not locales.is_dir():
        message = f"{locales}: is no folder. Name the folder of locales."
        raise ConfigurationError(message)
    return locales


def shown(path: Path, locales: Path) -> str:
    """Name a file as people find it in a folder of locales."""
    return path.relative_to(locales).as_posix()


def read_catalogue_file(path: Path, locales: Path) -> PoFile:
    """Read one file; DamagedError naming it."""
    return read(read_text(path), shown(path, locales))


def damaged(domain: Domain, locales: Path) -> Mapping[str, str]:
    """Tell what is wrong with the catalogues that cannot be read, by the tag of their locale."""
    found: dict[str, str] = {}
    for tag, path in domain.catalogues(locales).items():
        try:
            read_catalogue_file(path, locales)
        except DamagedError as error:
            found[tag] = str(error)
    return found


def extracted(domain: Domain, locales: Path) -> Mapping[Path, str]:
    """Give the list of texts as it should be; nothing where none is kept."""
    return {domain.pot(locales): write(domain.texts)} if domain.listed else {}


def updated(
    domain: Domain,
    locales: Path,
    *,
    suggest: bool = True,
    keep: bool = True,
    without: Collection[str] = (),
) -> Mapping[Path, str]:
    """Give the catalogues as they should be, but those of some locales; DamagedError naming one."""
    ways = Ways(suggest=suggest, keep=keep, others=domain.others)
    return {
        path: bring_up_to_date(read_text(path), domain.texts, shown(path, locales), ways)
        for tag, path in domain.catalogues(locales).items()
        if tag not in without
    }


def begun(domain: Domain, locales: Path, tag: str, plural_forms: str) -> Mapping[Path, str]:
    """Give a new locale's catalogue: every text, none translated; nothing where it has one."""
    path = domain.catalogue(locales, tag)
    if path.exists():
        return {}
    empty = header(tag, plural_forms)
    return {path: bring_up_to_date(empty, domain.texts, shown(path, locales))}


def stale(files: Mapping[Path, str]) -> list[Path]:
    """Name the files that are not as they should be."""
    return [path for path, text in files.items() if not path.exists() or read_text(path) != text]


def save(files: Mapping[Path, str]) -> list[Path]:
    """Write what has changed, each file whole or not at all; the files that changed."""
    changed = stale(files)
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.new")
        beside.write_text(files[path], encoding="utf-8", newline="\n")
        beside.replace(path)
    return changed
