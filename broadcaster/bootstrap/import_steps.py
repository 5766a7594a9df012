"""The course of an import, whoever runs it: opened, read, stored, counted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from broadcaster.audience.sheets.sheet import Wanted
from broadcaster.domain.saying import Figure, said
from broadcaster.errors import ConflictError, InvalidInputError

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from broadcaster.audience.filereading import Reading
    from broadcaster.audience.imports import Run
    from broadcaster.audience.leaving import Snapshot
    from broadcaster.audience.marks import Ending
    from broadcaster.audience.sheets.source import Source
    from broadcaster.audience.store import Saved
    from broadcaster.audience.suggesting import Suggested
    from broadcaster.audience.tally import Tally
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.domain.customer import CustomerRecord

_STEP = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """How a file is to be brought in: by whom, and via `api`, `console` or `command`.

    `mapping` is the name of a saved one, or empty. `as_of` is when what it says was true. With
    `most` its customers are all there are, and that many of a hundred may have left. `in_parts`
    keeps what is stored when it is ended half way, and goes on from there; `anew` begins anew.
    `kept` says that the console keeps the file.
    """

    name: str
    by: str
    via: str
    mapping: str = ""
    wanted: Wanted = field(default_factory=Wanted)
    region: str = ""
    as_of: datetime | None = None
    most: float | None = None
    dry_run: bool = False
    in_parts: bool = False
    anew: bool = False
    kept: bool = False

    @property
    def snapshot(self) -> "Snapshot | None":
        """What is to be known of a full list; None for one that is not."""
        from broadcaster.audience.leaving import Snapshot

        return None if self.most is None else Snapshot(most=self.most)


@dataclass(kw_only=True, slots=True, repr=False)
class Begun:
    """An import that nobody else runs now: its file is open, and it is in the register.

    `size` is the file's. The end of what an earlier run stored is in `run.mark`.
    """

    order: Order
    reading: "Reading"
    run: "Run"
    tally: "Tally"
    size: int


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
    begun: Begun,
    moved: Callable[[int], None],
    going_on: Callable[[int], None],
    ending: "Ending",
) -> "Saved":
    """Store the customers of a file, or for a dry run only say what that would do.

    One transaction, so that an import that is ended half way has stored nothing; or one for each
    part, with a note of how far it is. `moved` hears how much was read, and `going_on` how much
    when something new comes. `ending` is done in the last transaction. Errors as `Customers.save`.
    """
    order, reading, tally = begun.order, begun.reading, begun.tally
    for finding in reading.header_findings():
        tally.note(finding)
    snapshot = order.snapshot
    records = _records(reading, tally, snapshot, moved)
    origin: dict[str, Any] = {
        "proof": order.name[:200],
        "as_of": order.as_of,
        "given": frozenset(reading.header.places),
        "snapshot": snapshot,
        "ending": ending,
    }
    if order.dry_run or not order.in_parts:
        return runtime.customers.save(records, **origin, dry_run=order.dry_run)
    known = _marked(records, begun, lambda: going_on(reading.position))
    return runtime.customers.save_in_parts(known, begun.run, **origin)


def _marked(
    records: "Iterator[CustomerRecord]", begun: Begun, going_on: Callable[[], None]
) -> "Iterator[CustomerRecord]":
    """Give the records on, and tell from which rows they are; those before a mark are known."""
    run, tally, mark = begun.run, begun.tally, begun.run.mark
    for record in records:
        if tally.good == mark.records and tally.row != mark.row:
            message = said("The file reads otherwise than before. Begin anew.")
            raise ConflictError(message)
        run.reached(tally.good, tally.row)
        if tally.good == mark.records + 1:
            going_on()
        yield record


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
    for finding in reading.closing_findings():
        tally.note(finding)


def nothing(tally: "Tally", name: str) -> InvalidInputError:
    """Say that a file has no good row."""
    problem = (
        said("none of its %(rows)s rows can be read", rows=Figure(tally.rows))
        if tally.rows
        else said("has no rows")
    )
    return InvalidInputError(name, problem, said("Mend what was found and try again."))


def suggested(runtime: "Runtime", source: "Source") -> "Sequence[Suggested]":
    """Say of each column of a file what it probably is; InvalidInputError for what is no table."""
    from broadcaster.audience.sheets.opening import open_sheet
    from broadcaster.audience.suggesting import suggest
    from broadcaster.bootstrap.people import phone_check

    sheet = open_sheet(source, Wanted())
    try:
        return suggest(sheet, runtime.definitions.catalogue(), phone_check(runtime.settings))
    finally:
        sheet.close()
