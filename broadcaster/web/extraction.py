"""The texts of our own pages, and of what the console says: the domain `console`."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.extract import DEFAULT_KEYWORDS, extract

from broadcaster.render.extract import NOTE, OPTIONS, Use, use_of

_HERE = Path(__file__).parent
#: Where the templates of our pages are.
_PAGES = {"pages": _HERE / "pages", "sheets": _HERE.parent / "render" / "sheets"}
#: Where texts stand in code, and how they are marked there.
_SOURCES = {
    "labels.py": _HERE / "labels.py",
    "field_labels.py": _HERE / "field_labels.py",
    "library_labels.py": _HERE / "library_labels.py",
    "access/words.py": _HERE / "access" / "words.py",
    "console/compose/words.py": _HERE / "console" / "compose" / "words.py",
    "console/integration_words.py": _HERE / "console" / "integration_words.py",
    "alerting.py": _HERE / "alerting.py",
    "console/filters.py": _HERE / "console" / "filters.py",
    "console/navigation.py": _HERE / "console" / "navigation.py",
    "console/people/words.py": _HERE / "console" / "people" / "words.py",
    "console/course_words.py": _HERE / "console" / "course_words.py",
    "render/codes.py": _HERE.parent / "render" / "codes.py",
    "audience/phrases.py": _HERE.parent / "audience" / "phrases.py",
    "audience/explained.py": _HERE.parent / "audience" / "explained.py",
}
#: How the inside marks what it says to people (`domain.saying`), and what names that.
_SAYS = "from broadcaster.domain.saying import"
_KEYWORDS = {
    "_": None,
    "_n": (1, 2),
    "_p": ((1, "c"), 2),
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "said": None,
    "said_n": (1, 2),
}


@cache
def console_uses() -> tuple[Use, ...]:
    """List the texts of all pages, then those that stand in code; read once."""
    pages = {
        f"{name}/{path.relative_to(folder).as_posix()}": path
        for name, folder in _PAGES.items()
        for path in sorted(folder.rglob("*.html"))
    }
    return (
        *(use for name, path in pages.items() for use in _of(path, name, "jinja2")),
        *(use for name, path in _SOURCES.items() for use in _of(path, name, "python")),
        *sayings(),
    )


@cache
def sayings() -> tuple[Use, ...]:
    """List what the inside says to people; read once."""
    return tuple(use for name, path in _sayings().items() for use in _of(path, name, "python"))


def _sayings() -> dict[str, Path]:
    """Find the code of the inside that says something to people."""
    package = _HERE.parent
    return {
        path.relative_to(package).as_posix(): path
        for path in sorted(package.rglob("*.py"))
        if _SAYS in path.read_text("utf-8")
    }


def _of(path: Path, place: str, language: str) -> Iterator[Use]:
    keywords = DEFAULT_KEYWORDS if language == "jinja2" else _KEYWORDS
    options = dict(OPTIONS) if language == "jinja2" else {}
    with path.open("rb") as stream:
        for line, message, comments, context in extract(
            language, stream, keywords, [NOTE], options
        ):
            yield use_of(place, line, message, comments, context)
