"""The files that `broadcaster mappings` reads and writes, and how suggestions look."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from broadcaster import bootstrap
from broadcaster.audience.mapping import LARGEST
from broadcaster.audience.sheets.opening import open_sheet
from broadcaster.audience.sheets.sheet import Wanted, letters
from broadcaster.audience.suggesting import Suggested, suggest
from broadcaster.bootstrap.people import phone_check
from broadcaster.cli.importing import source
from broadcaster.errors import InvalidInputError
from broadcaster.settings import load

_SHOWN = 5


def looked_at(file: Path, wanted: Wanted, region: str) -> Sequence[Suggested]:
    """Look at a file; InvalidInputError when it is no table."""
    settings = load()
    check = phone_check(settings, region)
    with bootstrap.running(settings) as runtime:
        sheet = open_sheet(source(file), wanted)
        try:
            return suggest(sheet, runtime.definitions.catalogue(), check)
        finally:
            sheet.close()


def shown(found: Sequence[Suggested]) -> None:
    """Show a line for each column."""
    table = Table("", "column of the file", "probably is", "why", box=None, pad_edge=False)
    for one in found:
        words = ", ".join(list(one.unknown_words)[:_SHOWN])
        why = one.why + (f"; say what these mean: {words}" if words else "")
        table.add_row(letters(one.place), Text(one.heading), Text(one.use.column or "?"), Text(why))
    Console().print(table)


def written(path: Path, text: str) -> None:
    """Write a new file; InvalidInputError when there is one, or it can't be written."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text + "\n")
    except FileExistsError as error:
        problem = f"{path} is there already"
        raise InvalidInputError("--output", problem, "Name another file.") from error
    except OSError as error:
        problem = f"{path} can't be written ({error.strerror})"
        raise InvalidInputError("--output", problem, "Name another place.") from error


def read_text(path: Path) -> str:
    """Read a mapping's file; InvalidInputError when it can't be read or is too large."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            return file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no UTF-8"
        problem = f"can't be read ({reason})"
        raise InvalidInputError(ascii(str(path)), problem, "Name a file of JSON.") from error
