"""Customers imported a second, by this product and a row at a time, with the memory it takes.

The row-at-a-time importer is the usual one: a CSV reader, phone numbers checked by the library, and
for each row an INSERT … ON CONFLICT for the customer and each address, and a commit. It keeps less
(no faults, no consents) and checks less. Each run has a process of its own and an empty database;
XLSX, the same file again and a dry run are measured beside it.
"""

import csv
import json
import multiprocessing
import os
import re
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import phonenumbers
import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks import _chart, _frame, _tables
from broadcaster import bootstrap
from broadcaster.audience.draft import Finding
from broadcaster.audience.sheets.source import from_path
from broadcaster.bootstrap.importing import Order, begin, carry
from broadcaster.bootstrap.people import importer
from broadcaster.embedded.postgres import EmbeddedPostgres
from broadcaster.errors import UnavailableError
from broadcaster.ledger import schema
from broadcaster.settings import load

_NAME = "importing"
_ROWS = {False: 20_000, True: 1_000_000}
#: A row at a time is measured on so few of them, which is enough for a rate.
_SINGLE, _PART = 1_000, 50
_TARGET = 10.0
_MEMORY = 200.0
_DRY, _AGAIN = "ours, CSV, dry run of what is there", "ours, CSV, again"
_PARTS, _GONE_ON = "ours, CSV, in parts", "ours, CSV, in parts, read over what is stored"
#: An import in parts, that of the whole being 1, is to be at least so fast.
_AS_FAST = 0.9

_CUSTOMER = """
INSERT INTO customer (number, name, name_latin, locales, time_zone, attributes)
VALUES (%s, %s, %s, %s, 'Africa/Casablanca', %s)
ON CONFLICT (number) DO UPDATE SET name = excluded.name, name_latin = excluded.name_latin,
    locales = excluded.locales, attributes = excluded.attributes, updated_at = now()
RETURNING id
"""
_ADDRESS = """
INSERT INTO address (scheme, channel, value) VALUES (%s, %s, %s)
ON CONFLICT (scheme, value) DO UPDATE SET value = excluded.value RETURNING id
"""
_OWNED = """
INSERT INTO customer_address (customer_id, channel, ordinal, address_id) VALUES (%s, %s, 1, %s)
ON CONFLICT (customer_id, channel, ordinal) DO UPDATE SET address_id = excluded.address_id
"""
_MAILBOX = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_KEPT = ("contract", "services", "district", "network_zone", "feeder", "opened_on")


def ours(url: str, path: Path, *, dry_run: bool = False) -> tuple[int, float]:
    """Import a file as the command does; rows, and the most memory that the process had, MiB."""
    runtime = bootstrap.Runtime(load(), url, "redis://127.0.0.1:1/0")
    try:
        reader = importer(runtime.settings, runtime.definitions.catalogue())
        with reader.open(path) as reading:
            records = (row.record for row in reading if row.record)
            saved = runtime.customers.save(records, dry_run=dry_run)
    finally:
        runtime.close()
    return saved.inserted + saved.updated + saved.unchanged, _peak()


def in_parts(url: str, path: Path, *, cut: bool = False) -> tuple[int, float]:
    """Import a file in parts, as the command does; with `cut` up to its end, which then fails."""
    runtime = bootstrap.Runtime(load(), url, "redis://127.0.0.1:1/0")
    order = Order(name=path.name, by="benchmark", via="command", in_parts=True)
    try:
        begun = begin(runtime, order, from_path(path))
        if cut:
            # All parts are stored, and what comes after them is not.
            begun.reading.closing_findings = _fail  # type: ignore[method-assign]
        with suppress(UnavailableError):
            carry(runtime, begun)
        rows = begun.tally.rows
    finally:
        runtime.close()
    return rows, _peak()


def _fail() -> Sequence[Finding]:
    message = "cut short"
    raise UnavailableError(message)


def row_at_a_time(url: str, path: Path) -> tuple[int, float]:
    """Import a CSV the usual way."""
    done = 0
    with (
        path.open(encoding="utf-8", newline="") as file,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        for row in csv.DictReader(file):
            with connection.transaction():
                _store(connection, row)
            done += 1
    return done, _peak()


def _store(connection: psycopg.Connection, row: dict[str, str]) -> None:
    attributes = json.dumps({name: row[name] for name in _KEPT})
    values = (row["number"], row["name"], row["name_latin"], row["locales"].split(), attributes)
    (customer,) = connection.execute(_CUSTOMER, values).fetchone() or (0,)
    addresses = []
    number = phonenumbers.parse(row["phone"], "MA")
    if phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE:
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        addresses.append(("tel", "sms", e164))
    if _MAILBOX.fullmatch(row["email"]):
        addresses.append(("mailto", "email", row["email"]))
    for scheme, channel, value in addresses:
        (address,) = connection.execute(_ADDRESS, (scheme, channel, value)).fetchone() or (0,)
        connection.execute(_OWNED, (customer, channel, address))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _run(
    work: Callable[[], tuple[int, float]],
    answer: "multiprocessing.Queue[tuple[float, float, float]]",
) -> None:
    begun, used = time.perf_counter(), time.process_time()
    count, memory = work()
    spent = (time.process_time() - used) / count
    answer.put((count / (time.perf_counter() - begun), memory, spent))


class Bench:
    """A server, the files, and what was measured."""

    def __init__(self, url: str, folder: Path, wished: _frame.Wishes) -> None:
        """Write the files."""
        self._url = url
        self.count = wished.count or _ROWS[wished.full]
        self.single = min(self.count, max(_SINGLE, self.count // _PART))
        self._csv, self._few = folder / "customers.csv", folder / "few.csv"
        self._xlsx = folder / "customers.xlsx"
        _tables.write_csv(self._csv, self.count)
        _tables.write_csv(self._few, self.single)
        _tables.write_xlsx(self._xlsx, self.count)
        self.memory: dict[str, float] = {}
        self.spent: dict[str, list[float]] = {}
        self._databases = 0

    def ways(self) -> dict[str, Callable[[], float]]:
        """Give the ways of measuring; each gives rows a second."""
        return {
            "ours, CSV": lambda: self._first("ours, CSV", ours, self._csv),
            "row at a time, CSV": lambda: self._first(
                "row at a time, CSV", row_at_a_time, self._few
            ),
            "ours, XLSX": lambda: self._first("ours, XLSX", ours, self._xlsx),
            _PARTS: lambda: self._first(_PARTS, in_parts, self._csv),
        }

    def again(self) -> dict[str, list[float]]:
        """Measure a file that is there already: a dry run, and a run that changes nothing."""
        cut = self._database()
        self._child("cut", partial(in_parts, cut, self._csv, cut=True))
        gone_on = self._child(_GONE_ON, partial(in_parts, cut, self._csv))
        url = self._database()
        self._child("first", partial(ours, url, self._csv))
        dry = self._child(_DRY, partial(ours, url, self._csv, dry_run=True))
        return {
            _DRY: [dry],
            _AGAIN: [self._child(_AGAIN, partial(ours, url, self._csv))],
            _GONE_ON: [gone_on],
        }

    def _first(
        self, name: str, work: Callable[[str, Path], tuple[int, float]], path: Path
    ) -> float:
        return self._child(name, partial(work, self._database(), path))

    def _database(self) -> str:
        self._databases += 1
        name = f"bench_{self._databases}"
        with psycopg.connect(self._url, autocommit=True) as connection:
            if self._databases > 1:
                connection.execute(f"DROP DATABASE IF EXISTS bench_{self._databases - 1}")
            connection.execute(f"CREATE DATABASE {name}")
        url = make_conninfo(self._url, dbname=name)
        schema.upgrade(url)
        return url

    def _child(self, name: str, work: Callable[[], tuple[int, float]]) -> float:
        context = multiprocessing.get_context("spawn")
        answer: multiprocessing.Queue[tuple[float, float, float]] = context.Queue()
        child = context.Process(target=_run, args=(work, answer))
        child.start()
        rate, memory, spent = answer.get()
        child.join()
        self.memory[name] = max(memory, self.memory.get(name, 0))
        self.spent.setdefault(name, []).append(spent)
        return float(rate)


def measure(wished: _frame.Wishes) -> _frame.Result:
    """Measure all ways in turns."""
    with tempfile.TemporaryDirectory(prefix="importing-") as made:
        folder = Path(made)
        os.environ["BROADCASTER_HOME"] = made
        with EmbeddedPostgres(folder).used() as url:
            bench = Bench(url, folder, wished)
            rates = _frame.interleaved(bench.ways(), wished.rounds())
            rates.update(bench.again())
    return _frame.Result(
        name=_NAME,
        title="Import of customers: rows a second",
        full=wished.full,
        ratios=[
            _frame.Ratio(
                name="ours / a row at a time, CSV",
                value=_frame.ratio(rates["ours, CSV"], rates["row at a time, CSV"]),
                at_least=_TARGET,
            ),
            _frame.Ratio(
                name="in parts / as a whole, CSV",
                value=_frame.ratio(rates[_PARTS], rates["ours, CSV"]),
                at_least=_AS_FAST,
            ),
            *(
                _frame.Ratio(
                    name=f"most memory, {name}",
                    value=bench.memory[f"ours, {name}"],
                    at_most=_MEMORY,
                    unit=" MiB",
                )
                for name in ("CSV", "XLSX")
            ),
        ],
        figures=_frame.rates_shown(rates, bench.spent),
        sizes={"customers": bench.count, "row at a time": bench.single},
        notes=["A row has 15 columns; it becomes a customer with two addresses."],
    )


def main() -> None:
    """Measure, print, keep."""
    wished = _frame.wishes(__doc__)
    result = measure(wished)
    _frame.publish(result, wished)
    if wished.keep:
        _chart.rates(result, _frame.PICTURES / f"bench-{_NAME}.svg")


if __name__ == "__main__":
    main()
