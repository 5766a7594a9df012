"""The course of an import, whoever runs it: opened, read, stored, counted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from broadcaster.errors import InvalidInputError

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from broadcaster.audience.filereading import Reading
    from broadcaster.audience.leaving import Snapshot
    from broadcaster.audience.sheets.sheet import Wanted
    from broadcaster.audience.sheets.source import Source
    from broadcaster.audience.store import Saved
    from broadcaster.audience.suggesting import Suggested
    from broadcaster.audience.tally import Tally
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.domain.customer import CustomerRecord

_STEP = 200


def open_reading(
    runtime: "Runtime", source: "Source", *, mapping: str, wanted: "Wanted", region: str = ""
) -> "Reading":
    """Open a file as its mapping says, and as `wanted` says instead; InvalidInputError.

    The source is closed when it can not be read.
    """
    from broadcaster.audience.mapping import ColumnMapping
    from broadcaster.bootstrap.people import importer

    try:
        known = runtime.mappings.get(mapping) if mapping else ColumnMapping()
        reader = importer(runtime.settings, runtime.definitions.catalogue(), region or known.region)
        return reader.open(source, _wanted(known.wanted, wanted), known if mapping else None)
    except BaseException:
        source.close()
        raise


def _wanted(usual: "Wanted", given: "Wanted") -> "Wanted":
    return replace(
        usual,
        encoding=usual.encoding if given.encoding == "auto" else given.encoding,
        separator=usual.separator if given.separator == "auto" else given.separator,
        sheet=given.sheet or usual.sheet,
        hidden=given.hidden or usual.hidden,
    )


def store(
    runtime: "Runtime",
    reading: "Reading",
    tally: "Tally",
    *,
    proof: str,
    as_of: datetime | None,
    snapshot: "Snapshot | None",
    dry_run: bool,
    moved: Callable[[int], None],
) -> "Saved":
    """Store the customers of a file, or with `dry_run` only say what that would do.

    One transaction: an import that is ended half way has stored nothing and is started again.
    `moved` hears how much was read. Errors as `Customers.save`.
    """
    for finding in reading.header_findings():
        tally.note(finding)
    saved = runtime.customers.save(
        _records(reading, tally, snapshot, moved),
        proof=proof[:200],
        as_of=as_of,
        given=frozenset(reading.header.places),
        snapshot=snapshot,
        dry_run=dry_run,
    )
    for finding in reading.closing_findings():
        tally.note(finding)
    return saved


def _records(
    reading: "Reading",
    tally: "Tally",
    snapshot: "Snapshot | None",
    moved: Callable[[int], None],
) -> "Iterator[CustomerRecord]":
    for row in reading:
        tally.count(row)
        if row.record is not None:
            yield row.record
        elif snapshot:
            if row.named:
                snapshot.refused.append(row.named)
            else:
                snapshot.nameless += 1
        if tally.rows % _STEP == 0:
            moved(reading.position)
    moved(reading.size)
    if snapshot:
        snapshot.unread.extend(reading.unread())
    if not tally.good and snapshot:
        # An empty list would let everybody go.
        raise nothing(tally, "the file")


def nothing(tally: "Tally", name: str) -> InvalidInputError:
    """Say that a file has no good row."""
    problem = f"none of its {tally.rows:,} rows can be read" if tally.rows else "has no rows"
    return InvalidInputError(name, problem, "Mend what was found and try again.")


def suggested(runtime: "Runtime", source: "Source") -> "Sequence[Suggested]":
    """Say of each column of a file what it probably is; InvalidInputError for what is no table."""
    from broadcaster.audience.sheets.opening import open_sheet
    from broadcaster.audience.sheets.sheet import Wanted
    from broadcaster.audience.suggesting import suggest
    from broadcaster.bootstrap.people import phone_check

    sheet = open_sheet(source, Wanted())
    try:
        return suggest(sheet, runtime.definitions.catalogue(), phone_check(runtime.settings))
    finally:
        sheet.close()
