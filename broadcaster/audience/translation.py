"""From the words of a file to those that an import knows, column by column."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial

from broadcaster.audience.attributes import Catalogue, Kind
from broadcaster.audience.cells import CellError
from broadcaster.audience.columns import coordinates
from broadcaster.audience.digits import plain_digits, plain_number
from broadcaster.audience.mapping import ColumnUse
from broadcaster.audience.places import LATITUDE, LONGITUDE
from broadcaster.domain.saying import said

Translate = Callable[[str], str]

_FIGURES = re.compile(r"(\d{1,4})[/.\s-](\d{1,2})[/.\s-](\d{1,4})", re.ASCII)
_ISO_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?", re.ASCII)
#: Thousands are parted before groups of exactly three digits, and otherwise nowhere.
_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?", re.ASCII)
_PLAIN_POINT = re.compile(r"[+-]?\d+\.\d+", re.ASCII)
_GROUPED = re.compile(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(?:\D|$))")
_YEAR = 4
#: A day in each order, and what stands first in it.
_EXAMPLES = {
    "dmy": said("Write 2020-03-20, or 20/03/2020 (day first)."),
    "mdy": said("Write 2020-03-20, or 03/20/2020 (month first)."),
    "ymd": said("Write 2020-03-20, or 2020/03/20 (year first)."),
}
_ARABIC_POINT = "\u066b"
#: Customer numbers are padded when they have been repaired, and not before.
NUMBER = "number"
_OWN = (LATITUDE, LONGITUDE)


def translation(
    column: str, use: ColumnUse | None, catalogue: Catalogue, *, typed: bool = False
) -> Translate | None:
    """Give what is done to the cells of a column before they are read; None for nothing.

    Without a `use` that says otherwise days come before months, and a point before decimals.
    `typed` says that the file is a workbook, whose numbers are written with a point whatever people
    see. What is done raises CellError for a cell that is not as the `use` says.
    """
    steps: list[Translate] = []
    if use and use.words:
        steps.append(partial(_word, words=use.words))
    known = catalogue.current.get(column)
    if known and known.kind is Kind.DATE:
        steps.append(partial(_date, order=use.dates if use and use.dates else "dmy"))
    elif (known and known.kind is Kind.NUMBER) or column in (*_OWN, *coordinates(catalogue)):
        steps.append(partial(_number, decimal=use.decimal if use else "", typed=typed))
    if use and use.width and column != NUMBER:
        steps.append(partial(padded, width=use.width))
    if not steps:
        return None
    return partial(_all, steps=steps) if len(steps) > 1 else steps[0]


def _all(cell: str, steps: list[Translate]) -> str:
    for step in steps:
        cell = step(cell)
    return cell


def _word(cell: str, words: Mapping[str, str]) -> str:
    return words.get(" ".join(cell.split()).casefold(), cell)


def _date(cell: str, order: str) -> str:
    text = plain_digits(cell.strip())
    timed = _ISO_TIME.fullmatch(text)
    if timed:
        return timed[1]
    found = _FIGURES.fullmatch(text)
    if not found:
        return text
    if len(found[1]) == _YEAR:
        order = "ymd"
    elif order == "ymd":
        problem = said("does not begin with the year, as the mapping says that dates do")
        raise CellError(problem, said('Write 2020-03-20, or change "dates" in the mapping.'))
    parts = dict(zip(order, found.groups(), strict=True))
    if len(parts["y"]) != _YEAR or len(parts["d"]) > 2 or len(parts["m"]) > 2:  # noqa: PLR2004
        # Two digits of a year may mean two centuries.
        return text
    day = f"{parts['y']}-{parts['m']:0>2}-{parts['d']:0>2}"
    try:
        date.fromisoformat(day)
    except ValueError as error:
        problem = said("%(value)s is no date", value=repr(text))
        raise CellError(problem, _EXAMPLES[order]) from error
    return day


def _number(cell: str, decimal: str, *, typed: bool) -> str:
    text = _GROUPED.sub("", plain_number(cell.strip()))
    # The Arabic sign says by itself where decimals begin, whatever is usual in the file.
    if decimal != "," or _ARABIC_POINT in cell or (typed and "," not in text):
        return text
    if _COMMA.fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    if _PLAIN_POINT.fullmatch(text):
        problem = said(
            "has a point that parts no thousands, and the mapping has a comma before decimals"
        )
        raise CellError(problem, said('Write 1.234,5 or 6,6; or change "decimal" in the mapping.'))
    return text


def padded(cell: str, width: int) -> str:
    """Put zeros in front of a number that has fewer digits; anything else stays."""
    text = plain_digits(cell.strip())
    return text.zfill(width) if text.isascii() and text.isdigit() else cell
