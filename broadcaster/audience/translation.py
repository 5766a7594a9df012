"""From the words of a file to those that an import knows, column by column."""

import re
from collections.abc import Callable, Mapping
from functools import partial

from broadcaster.audience.attributes import Catalogue, Kind
from broadcaster.audience.digits import plain_digits, plain_number
from broadcaster.audience.mapping import ColumnUse

Translate = Callable[[str], str]

_FIGURES = re.compile(r"(\d{1,4})[/.\s-](\d{1,2})[/.\s-](\d{1,4})", re.ASCII)
_ISO_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?", re.ASCII)
_GROUPED = re.compile(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(?:\D|$))")
_YEAR = 4
_COORDINATES = ("latitude", "longitude")


def translation(column: str, use: ColumnUse | None, catalogue: Catalogue) -> Translate | None:
    """Give what is done to the cells of a column before they are read; None for nothing.

    Without a `use` that says otherwise days come before months, and a point before decimals.
    """
    steps: list[Translate] = []
    if use and use.words:
        steps.append(partial(_word, words=use.words))
    known = catalogue.current.get(column)
    if known and known.kind is Kind.DATE:
        steps.append(partial(_date, order=use.dates if use and use.dates else "dmy"))
    elif (known and known.kind is Kind.NUMBER) or column in _COORDINATES:
        steps.append(partial(_number, decimal=use.decimal if use else ""))
    if use and use.width:
        steps.append(partial(_padded, width=use.width))
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
        return text
    parts = dict(zip(order, found.groups(), strict=True))
    if len(parts["y"]) != _YEAR or len(parts["d"]) > 2 or len(parts["m"]) > 2:  # noqa: PLR2004
        # Two digits of a year may mean two centuries.
        return text
    return f"{parts['y']}-{parts['m']:0>2}-{parts['d']:0>2}"


def _number(cell: str, decimal: str) -> str:
    # The Arabic sign of decimals is one whatever the file has between figures otherwise.
    text = cell.strip().replace("\u066b", decimal or ".")
    text = _GROUPED.sub("", plain_number(text))
    if decimal == ",":
        return text.replace(".", "").replace(",", ".")
    return text


def _padded(cell: str, width: int) -> str:
    text = plain_digits(cell.strip())
    return text.zfill(width) if text.isascii() and text.isdigit() else cell
