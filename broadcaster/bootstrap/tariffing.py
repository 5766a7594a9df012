"""Tariffs as somebody writes them: one, or a table (CSV) of them, checked as a whole."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from broadcaster.channels.phones import calling_code, country
from broadcaster.domain.tariff import Tariff, tariff
from broadcaster.errors import InvalidInputError

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime

#: The columns of a table.
COLUMNS = ("provider", "prefix", "price", "per", "currency", "valid_from")
#: Bounds of a table: its size, octets, and its rows.
LARGEST, _ROWS = 5_000_000, 20_000
_REMEDY = f"Its first line is {','.join(COLUMNS)}; save it as CSV in UTF-8."


def keep_tariffs(runtime: "Runtime", entries: Sequence[Tariff], by: str) -> int:
    """Keep them all or none; how many are new or changed. InvalidInputError.

    Tariffs of providers that are not there are refused: no forecast would ever use them.
    """
    known = list(runtime.providers)
    for entry in entries:
        if entry.provider not in known:
            problem = f"{entry.provider!r} is unknown"
            raise InvalidInputError("provider", problem, f"Use one of {', '.join(known)}.")
    return runtime.tariffs.put(entries, by)


def tariff_file(file: Path) -> list[Tariff]:
    """Read a file of tariffs; InvalidInputError naming line and field."""
    try:
        if file.stat().st_size > LARGEST:
            raise InvalidInputError("FILE", f"{file} is larger than {LARGEST:,} octets", _REMEDY)
        content = file.read_bytes()
    except OSError as error:
        raise InvalidInputError("FILE", f"{file}: {error.strerror}", "Name a file.") from error
    return list(tariff_table(content, str(file)))


def tariff_table(content: bytes, name: str) -> Iterator[Tariff]:
    """Read a table of tariffs, called `name` in what is said of it; errors as `tariff_file`."""
    if len(content) > LARGEST:
        raise InvalidInputError("FILE", f"{name} is larger than {LARGEST:,} octets", _REMEDY)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError("FILE", f"{name} is not UTF-8", _REMEDY) from error
    try:
        rows = list(csv.reader(text.splitlines(), strict=True))
    except csv.Error as error:
        raise InvalidInputError("FILE", f"{name} is no CSV ({error})", _REMEDY) from error
    head = [name.strip().lower() for name in rows[0]] if rows else []
    if sorted(head) != sorted(COLUMNS) or len(rows) > _ROWS:
        problem = f"{name} has other columns, or more than {_ROWS:,} rows"
        raise InvalidInputError("FILE", problem, _REMEDY)
    for number, row in enumerate(rows[1:], 2):
        if not any(map(str.strip, row)):
            continue
        if len(row) != len(head):
            problem = f"has {len(row)} values and not {len(head)}"
            raise InvalidInputError(f"FILE, line {number}", problem, _REMEDY)
        values = dict(zip(head, row, strict=True))
        try:
            yield written_tariff([values[name] for name in COLUMNS])
        except InvalidInputError as error:
            where = f"FILE, line {number}, {error.field}"
            raise InvalidInputError(where, error.problem, error.remedy) from error


def written_tariff(words: Sequence[str]) -> Tariff:
    """Read one tariff from the values of `COLUMNS`; InvalidInputError naming the field."""
    provider, prefix, price, per, currency, valid_from = (word.strip() for word in words)
    if prefix.isalpha():
        code = calling_code(prefix)
        if country(code) != prefix.upper():
            problem = f"{prefix} shares {code} with other countries"
            raise InvalidInputError("prefix", problem, "Give + and its own first digits.")
        prefix = code
    return tariff(
        provider,
        prefix,
        price,
        per=per or "1",
        currency=currency,
        valid_from=valid_from or "1970-01-01",
    )
