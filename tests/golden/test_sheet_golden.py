"""What the preview sheet shows of every kind in every locale, against files that people have read.

`UPDATE_GOLDEN=1 make test ARGS=tests/golden/test_sheet_golden.py` writes them anew; read the
difference before committing it.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from broadcaster.channels.sms import measure
from broadcaster.render.catalogues import SourceTexts
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.render.sheets.cells import Sheets
from broadcaster.render.sheets.page import SheetWriter
from broadcaster.render.speech import ConsoleSpeech
from tests.sheets import parse, seen

_ROOT = Path(__file__).parents[2]
_GOLDEN = Path(__file__).parent / "sheets"
_KINDS = sorted(path.parent.name for path in (_ROOT / "templates").glob("*/kind.toml"))


@pytest.fixture(scope="module")
def sheet() -> Mapping[str, Mapping[str, str]]:
    """Read a sheet of all that is shipped, in each locale in which it goes to customers."""
    renderer = TemplateRenderer(
        [_ROOT / "templates"],
        [_ROOT / "locales"],
        default_locale="ar",
        time_zone="Africa/Casablanca",
    )
    speech = ConsoleSpeech(locale=renderer.locales["en"], texts=SourceTexts())
    groups = Sheets(renderer=renderer, measure=measure).sheet(_KINDS)
    page = parse(SheetWriter(speech=speech).page(groups))
    return {
        group.kind: {
            row.locale.tag: "\n".join(seen(shown)) + "\n"
            for row, shown in zip(group.rows, section.one("tbody").all("tr"), strict=True)
        }
        for group, section in zip(groups, page.all("section"), strict=True)
    }


@pytest.mark.parametrize("kind", _KINDS)
def test_sheets_show_what_was_read(sheet: Mapping[str, Mapping[str, str]], kind: str) -> None:
    """What customers see of each kind, and what its SMS costs, is as somebody agreed to it."""
    for locale, text in sheet[kind].items():
        file = _GOLDEN / kind / f"{locale}.txt"
        if os.environ.get("UPDATE_GOLDEN"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="")
        assert text == file.read_bytes().decode(), file


def test_there_is_no_golden_sheet_that_nothing_makes(
    sheet: Mapping[str, Mapping[str, str]],
) -> None:
    """A file that is left over from a kind or locale that is gone would prove nothing."""
    made = {f"{kind}/{locale}.txt" for kind, rows in sheet.items() for locale in rows}
    assert {path.relative_to(_GOLDEN).as_posix() for path in _GOLDEN.rglob("*.txt")} == made
