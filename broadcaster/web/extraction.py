"""Keeps console.pot and its translations in step: `python -m broadcaster.web.extraction locales`.

New texts come empty, gone ones leave, and nothing is guessed.
"""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po, write_po

_HERE = Path(__file__).parent
_HEADER = """\
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""
_OPTIONS = {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}
_WIDTH = 96
#: Where the templates of our pages are.
_PAGES = {"pages": _HERE / "pages", "sheets": _HERE.parent / "render" / "sheets"}
#: Where texts stand in code, and how they are marked there.
_SOURCES = {
    "labels.py": _HERE / "labels.py",
    "audience/phrases.py": _HERE.parent / "audience" / "phrases.py",
    "audience/explained.py": _HERE.parent / "audience" / "explained.py",
}
_KEYWORDS = {"_": None, "_n": (1, 2), "gettext": None, "ngettext": (1, 2)}


def template() -> str:
    """Write the catalogue of all texts of our pages: the same bytes for the same texts."""
    return _write(_texts(), _HEADER)


def update(text: str) -> str:
    """Bring one translation into step; its own header stays."""
    catalog = read_po(io.BytesIO(text.encode()), abort_invalid=True)
    catalog.update(_texts(), no_fuzzy_matching=True)
    return _write(catalog, text.partition("\n\n")[0].rstrip("\n") + "\n")


def main(folder: Path) -> None:
    """Write what has changed in a folder of locales, and name it."""
    files = {folder / "console.pot": template()}
    for path in sorted(folder.glob("*/LC_MESSAGES/console.po")):
        files[path] = update(path.read_text(encoding="utf-8"))
    for path, text in files.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{path} is changed.\n")


def _texts() -> Catalog:
    catalog = Catalog(charset="utf-8", fuzzy=False)
    for place, line, message in _found():
        catalog.add(message, locations=[(place, line)])
    return catalog


def _found() -> Iterator[tuple[str, int, str | tuple[str, ...]]]:
    for folder, place in _PAGES.items():
        for path in sorted(place.glob("*.html")):
            options = dict(_OPTIONS)
            with path.open("rb") as stream:
                for line, message, _, _ in extract("jinja2", stream, DEFAULT_KEYWORDS, [], options):
                    yield f"{folder}/{path.name}", line, message
    for name, path in _SOURCES.items():
        with path.open("rb") as stream:
            for line, message, _, _ in extract("python", stream, _KEYWORDS, [], {}):
                yield name, line, message


def _write(catalog: Catalog, header: str) -> str:
    stream = io.BytesIO()
    write_po(stream, catalog, width=_WIDTH, omit_header=True, include_lineno=False)
    return f"{header}\n{stream.getvalue().decode().strip()}\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
