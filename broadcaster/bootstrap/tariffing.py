"""Tariffs as somebody writes them: one, or a table of them, checked as a whole."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from broadcaster.channels.phones import calling_code, country
from broadcaster.domain.saying import Figure, said
from broadcaster.domain.tariff import Tariff, tariff
from broadcaster.errors import InvalidInputError

if TYPE_CHECKING:
    from broadcaster.audience.sheets.source import Source
    from broadcaster.bootstrap.runtime import Runtime

# ruff: noqa: PLC0415  (readers of tables are loaded where there is one)

#: The columns of a table.
COLUMNS = ("provider", "prefix", "price", "per", "currency", "valid_from")
#: Bounds of a table: its size, octets, and its rows.
LARGEST, _ROWS = 5_000_000, 20_000
_REMEDY = f"Its first line is {','.join(COLUMNS)}; commas, semicolons and tabs do."


def keep_tariffs(runtime: "Runtime", entries: Sequence[Tariff], by: str) -> int:
    """Keep them all or none; how many are new or changed. InvalidInputError.

    Tariffs of providers that are not there are refused: no forecast would ever use them.
    """
    known = list(runtime.providers)
    for entry in entries:
        if entry.provider not in known:
            problem = said("%(provider)s is unknown", provider=repr(entry.provider))
            raise InvalidInputError(
                "provider", problem, said("Use one of %(names)s.", names=", ".join(known))
            )
    return runtime.tariffs.put(entries, by)


def tariff_file(file: Path) -> list[Tariff]:
    """Read a file of tariffs; InvalidInputError naming line and field."""
    from broadcaster.audience.sheets.source import from_path

    return list(_table(from_path(file), str(file)))


def tariff_table(content: bytes, name: str) -> Iterator[Tariff]:
    """Read a table of tariffs, called `name` in what is said of it; errors as `tariff_file`."""
    from broadcaster.audience.sheets.source import from_stream

    return _table(from_stream(BytesIO(content)), name)


def _table(source: "Source", name: str) -> Iterator[Tariff]:
    rows = _rows(source, name)
    head = [column.strip().lower() for column in rows[0][1]] if rows else []
    if sorted(head) != sorted(COLUMNS):
        raise InvalidInputError("FILE", said("%(name)s has other columns", name=name), _REMEDY)
    for number, row in rows[1:]:
        if not any(map(str.strip, row)):
            continue
        if len(row) != len(head):
            problem = said(
                "has %(count)s values and not %(count_2)s", count=len(row), count_2=len(head)
            )
            raise InvalidInputError(f"FILE, line {number}", problem, _REMEDY)
        values = dict(zip(head, row, strict=True))
        try:
            yield written_tariff([values[column] for column in COLUMNS])
        except InvalidInputError as error:
            where = f"FILE, line {number}, {error.field}"
            raise InvalidInputError(where, error.problem, error.remedy) from error


def _rows(source: "Source", name: str) -> list[tuple[int, Sequence[str]]]:
    from broadcaster.audience.sheets.choosing import refuse_left_out
    from broadcaster.audience.sheets.opening import open_sheet
    from broadcaster.audience.sheets.sheet import Wanted

    if source.size > LARGEST:
        source.close()
        raise InvalidInputError(
            "FILE",
            said("%(name)s is larger than %(largest)s octets", name=name, largest=Figure(LARGEST)),
            _REMEDY,
        )
    sheet = open_sheet(source, Wanted())
    try:
        rows = [(row.number, row.cells) for row in islice(sheet.rows(), _ROWS + 2)]
        refuse_left_out(sheet)
    finally:
        sheet.close()
    if len(rows) > _ROWS + 1:
        raise InvalidInputError(
            "FILE",
            said("%(name)s has more than %(rows)s rows", name=name, rows=Figure(_ROWS)),
            _REMEDY,
        )
    return rows


def written_tariff(words: Sequence[str]) -> Tariff:
    """Read one tariff from the values of `COLUMNS`; InvalidInputError naming the field."""
    provider, prefix, price, per, currency, valid_from = (word.strip() for word in words)
    if prefix.isalpha():
        code = calling_code(prefix)
        if country(code) != prefix.upper():
            problem = said(
                "%(prefix)s shares %(code)s with other countries", prefix=prefix, code=code
            )
            raise InvalidInputError("prefix", problem, said("Give + and its own first digits."))
        prefix = code
    return tariff(
        provider,
        prefix,
        price,
        per=per or "1",
        currency=currency,
        valid_from=valid_from or "1970-01-01",
    )
