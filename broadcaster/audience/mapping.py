"""A column mapping: which column of a file is what, and what the words in it mean.

It is written once for the files of a program, saved under a name, and used for every file of it.
"""

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from broadcaster.audience.sheets.encodings import ENCODINGS
from broadcaster.audience.sheets.separated import SEPARATORS
from broadcaster.audience.sheets.sheet import MOST_COLUMNS, Wanted
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

#: Bounds of a mapping: columns, words of a column, characters of a word, octets of the whole.
MOST_USES = 200
MOST_WORDS = 500
LONGEST_WORD = 200
LARGEST = 2**18
DATES = ("", "dmy", "mdy", "ymd")
DECIMALS = ("", ".", ",")
_WIDEST = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnUse:
    """What one column of a file is.

    The column is found by its `heading`, or by its `position` from 1 where that is empty. `column`
    is the name it has in an import; empty leaves it out. `words` gives for words of the file those
    that an import knows, `RES` for `residential`. `dates` is the order of day, month and year in
    dates with figures only, `decimal` the sign before decimals, and `width` the digits that a
    number has at least, with zeros in front.
    """

    column: str
    heading: str = ""
    position: int = 0
    words: Mapping[str, str] = field(default_factory=dict)
    dates: str = ""
    decimal: str = ""
    width: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnMapping:
    """The uses of a file's columns, and how the file is read where that is not found out."""

    uses: Sequence[ColumnUse] = ()
    region: str = ""
    wanted: Wanted = field(default_factory=Wanted)


def read_mapping(text: str, columns: Sequence[str]) -> ColumnMapping:
    """Read a mapping from JSON; `columns` are the names that imports know.

    InvalidInputError with the place in it, what is wrong and the remedy.
    """
    if len(text.encode("utf-8", "surrogatepass")) > LARGEST:
        raise _wrong(
            "mapping",
            said("is larger than %(most)s KiB", most=LARGEST // 2**10),
            said("Shorten it."),
        )
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        remedy = said("Let 'mappings suggest FILE' write one, and change that.")
        raise _wrong("mapping", said("is no JSON"), remedy) from error
    if not isinstance(given, dict):
        raise _wrong("mapping", said("is no JSON object"), said('Write {"columns": [...]}.'))
    listed = given.get("columns", [])
    if not isinstance(listed, list) or len(listed) > MOST_USES:
        raise _wrong(
            "columns",
            said("is no list of at most %(most)s", most=MOST_USES),
            said("Shorten it."),
        )
    _known(given, "mapping", {"columns", "region", "encoding", "separator", "sheet", "hidden"})
    uses = [_use(one, f"columns[{at}]", columns) for at, one in enumerate(listed, 1)]
    wanted = Wanted(
        encoding=_one_of(given, "encoding", ENCODINGS, "auto"),
        separator=_one_of(given, "separator", ("auto", *SEPARATORS), "auto"),
        sheet=_text(given, "sheet", "sheet"),
        hidden=given.get("hidden") is True,
    )
    made = ColumnMapping(uses=uses, region=_text(given, "region", "region"), wanted=wanted)
    _once(made)
    return made


def write_mapping(mapping: ColumnMapping) -> str:
    """Write a mapping as JSON that people can change; what is not set is left out."""
    content: dict[str, object] = {}
    if mapping.region:
        content["region"] = mapping.region
    for name in ("encoding", "separator", "sheet", "hidden"):
        value = getattr(mapping.wanted, name)
        if value not in ("auto", "", False):
            content[name] = value
    content["columns"] = [_written(use) for use in mapping.uses]
    return json.dumps(content, ensure_ascii=False, indent=2)


def _written(use: ColumnUse) -> dict[str, object]:
    place: dict[str, object] = (
        {"heading": use.heading} if use.heading else {"position": use.position}
    )
    more = {
        "dates": use.dates,
        "decimal": use.decimal,
        "width": use.width,
        "words": dict(use.words),
    }
    return {**place, "column": use.column, **{name: one for name, one in more.items() if one}}


def _use(given: object, where: str, columns: Sequence[str]) -> ColumnUse:
    if not isinstance(given, dict):
        raise _wrong(
            where, said("is no JSON object"), said('Write {"heading": "...", "column": "..."}.')
        )
    names = {"heading", "position", "column", "words", "dates", "decimal", "width"}
    _known(given, where, names)
    column = _text(given, "column", f"{where}.column")
    if column and column not in columns:
        raise _wrong(
            f"{where}.column",
            said("%(column)s is no column", column=repr(column)),
            _nearest(column, columns),
        )
    heading = _text(given, "heading", f"{where}.heading")
    position = _whole(given, "position", f"{where}.position", MOST_COLUMNS)
    if bool(heading) is bool(position):
        problem = said("needs a heading or a position, and not both")
        raise _wrong(where, problem, said('Write "heading": "Tél. client", or "position": 3.'))
    return ColumnUse(
        column=column,
        heading=heading,
        position=position,
        words=_words(given.get("words", {}), f"{where}.words"),
        dates=_one_of(given, "dates", DATES, ""),
        decimal=_one_of(given, "decimal", DECIMALS, ""),
        width=_whole(given, "width", f"{where}.width", _WIDEST),
    )


def _words(given: object, where: str) -> Mapping[str, str]:
    if not isinstance(given, dict) or len(given) > MOST_WORDS:
        problem = said("is no JSON object of at most %(most)s words", most=MOST_WORDS)
        raise _wrong(where, problem, said('Write {"RES": "residential"}.'))
    for word, meaning in given.items():
        if not isinstance(meaning, str) or max(len(word), len(meaning)) > LONGEST_WORD:
            problem = said(
                "%(value)s is not given a text of at most %(most)s characters",
                value=repr(word[:40]),
                most=LONGEST_WORD,
            )
            raise _wrong(where, problem, said('Write {"RES": "residential"}.'))
    return {" ".join(word.split()).casefold(): meaning for word, meaning in given.items()}


def _once(mapping: ColumnMapping) -> None:
    for name in ("column", "heading", "position"):
        values = [getattr(use, name) for use in mapping.uses if getattr(use, name)]
        double = next((value for value in values if values.count(value) > 1), None)
        if double:
            raise _wrong(
                "columns",
                said("%(name)s %(double)s is there twice", name=name, double=repr(double)),
                said("Keep one of them."),
            )


def _text(given: Mapping[str, object], name: str, where: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str) or len(value) > LONGEST_WORD or not value.isprintable():
        problem = said("is no text of at most %(most)s printable characters", most=LONGEST_WORD)
        raise _wrong(where, problem, said("Correct it."))
    return value.strip()


def _whole(given: Mapping[str, object], name: str, where: str, most: int) -> int:
    value = given.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise _wrong(
            where, said("is no whole number from 1 to %(most)s", most=most), said("Correct it.")
        )
    return value


def _one_of(given: Mapping[str, object], name: str, known: Sequence[str], usual: str) -> str:
    value = given.get(name, usual)
    if value not in known or not isinstance(value, str):
        listed = ", ".join(one for one in known if one)
        raise _wrong(
            name,
            said("%(value)s is unknown", value=repr(str(value)[:40])),
            said("Use one of %(known)s.", known=listed),
        )
    return value


def _known(given: Mapping[str, object], where: str, names: set[str]) -> None:
    for name in given:
        if name not in names:
            raise _wrong(
                where,
                said("has %(name)s, which is unknown", name=repr(name[:40])),
                _nearest(name, sorted(names)),
            )


def _nearest(word: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, names, n=1)
    return (
        said('Did you mean "%(close)s"?', close=close[0])
        if close
        else said("Use one of %(known)s.", known=", ".join(names))
    )


def _wrong(field_name: str, problem: str, remedy: str) -> InvalidInputError:
    return InvalidInputError(field_name, problem, remedy)
