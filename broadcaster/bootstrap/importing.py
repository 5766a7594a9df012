"""An import from beginning to end, whoever runs it: begun, stored, noted in register and audit."""

import hashlib
import logging
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from broadcaster import __version__
from broadcaster.bootstrap.import_steps import Begun, Order, nothing, open_reading, store
from broadcaster.domain.saying import Figure, Listed, Saying, packed, said
from broadcaster.errors import BroadcasterError, InvalidInputError
from broadcaster.ports.auditing import note

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from psycopg import Connection

    from broadcaster.audience.draft import Finding
    from broadcaster.audience.imports import Asked, Import
    from broadcaster.audience.marks import Ending
    from broadcaster.audience.sheets.source import Source
    from broadcaster.audience.store import Saved
    from broadcaster.audience.tally import Tally
    from broadcaster.bootstrap.runtime import Runtime

__all__ = ["Begun", "Came", "Order", "audited", "begin", "beside", "carry", "forgotten", "refused"]

_log = logging.getLogger(__name__)

#: How many findings of a sort are told, how many sorts, and how often it is noted how far it is.
_STEP, _SORTS, _OFTEN = 1000, 20, timedelta(seconds=2)
#: What stands in quotes in a problem is what stood in the file.
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
#: What a cell held, by its name among the values of a saying.
_OF_CELLS = frozenset({"value"})
_BLOCK = 2**20


@dataclass(frozen=True, kw_only=True, slots=True)
class Came:
    """What came of an import; `fault` is why nothing was stored, or nothing would be."""

    saved: "Saved"
    fault: InvalidInputError | None


def begin(
    runtime: "Runtime", order: Order, source: "Source", *, patience: timedelta | None = None
) -> Begun:
    """Open a file, and have the register to oneself; the file is closed when that fails.

    InvalidInputError for what is no table, or lacks a column, or a mapping; and for a file that was
    ended half way and is not what it was. ConflictError while another import runs.
    """
    from broadcaster.audience.imports import PATIENCE
    from broadcaster.audience.tally import Tally

    size = source.size
    content = _content(source) if order.in_parts and not order.dry_run else ""
    reading = open_reading(
        runtime, source, mapping=order.mapping, wanted=order.wanted, region=order.region
    )
    try:
        options = _options(runtime, order, content)
        asked = _asked(order, size, options)
        now = runtime.clock.now()
        patience = PATIENCE if patience is None else patience
        run = runtime.imports.begin(
            asked,
            now,
            anew=order.anew,
            patience=patience,
            check=lambda earlier: _require_same(earlier, options),
        )
    except BaseException:
        reading.__exit__(None, None, None)
        raise
    return Begun(order=order, reading=reading, run=run, tally=Tally(), size=size)


def carry(
    runtime: "Runtime",
    begun: Begun,
    *,
    moved: Callable[[int], None] = lambda _: None,
    going_on: Callable[[int], None] = lambda _: None,
) -> Came:
    """Store what a file has, or look what that would do; what comes of it is noted, and all closed.

    Errors as `Customers.save`; nothing is stored then, or what was stored in parts stays.
    """
    order, run, tally = begun.order, begun.run, begun.tally
    with run, begun.reading:
        try:
            moving = _noting(runtime, begun, moved)
            saved = store(runtime, begun, moving, going_on, _ending(runtime, begun))
        except BaseException as error:
            _cut_short(runtime, begun, error)
            raise
        fault = saved.objection if tally.good else nothing(tally, order.name)
        if fault is not None:
            _end(runtime, begun, "refused", saved, fault)
        elif order.dry_run:
            _end(runtime, begun, "done", saved)
    return Came(saved=saved, fault=fault)


def beside(
    runtime: "Runtime",
    begun: Begun,
    report: "AbstractContextManager[Callable[[Finding], None]] | None" = None,
    stored: Callable[[], None] = lambda: None,
) -> None:
    """Do the same in a thread of its own; it never raises, and the register has what came of it.

    Findings go into a `report`, and `stored` is called when customers were. Where the process ends
    before the thread does, it is as if the process had been killed.
    """

    def work() -> None:
        try:
            with begun.run, begun.reading, report or nullcontext() as write:
                begun.tally.write = write
                came = carry(runtime, begun)
            if came.fault is None and not begun.order.dry_run:
                stored()
        except BroadcasterError:
            return
        except Exception as error:  # noqa: BLE001  (the register has it)
            extra = {"action": "import_failed", "fault": type(error).__name__}
            _log.error("an import failed", extra=extra)

    threading.Thread(target=work, name="import", daemon=True).start()


def refused(runtime: "Runtime", order: Order, size: int, error: InvalidInputError) -> int:
    """Note that a file can't be read at all; the number of its import."""
    now = runtime.clock.now()
    shown = {"sorts": [], "fault": [_packed(error.problem), _packed(error.remedy)]}
    # What it was to be, for when its columns are said.
    options = {"as_of": order.as_of.isoformat() if order.as_of else "", "snapshot": _share(order)}
    with runtime.imports.begin(_asked(order, size, options), now) as run:
        run.end("refused", {"problem": _told(str(error))}, shown, 0, now)
        return run.id


def audited(by: str, file: str, via: str) -> "Ending":
    """Give what writes the line of an import into the audit trail, as a part of what it stores."""

    def ending(connection: "Connection[Any]", saved: "Saved") -> None:
        stored = {
            "file": file,
            "via": via,
            "inserted": saved.inserted,
            "updated": saved.updated,
            "left": saved.left,
            "purpose": "import",
        }
        note(connection, by, "import_customers", "customers", stored)

    return ending


def _ending(runtime: "Runtime", begun: Begun) -> "Ending":
    audit = audited(begun.order.by, begun.order.name, begun.order.via)

    def ending(connection: "Connection[Any]", saved: "Saved") -> None:
        # Of a file without a good row nothing is stored.
        if begun.tally.good:
            audit(connection, saved)
            _end(runtime, begun, "done", saved, within=connection)

    return ending


def _cut_short(runtime: "Runtime", begun: Begun, error: BaseException) -> None:
    """Note how it ended: it was refused, or it can be gone on with where it is stored in parts."""
    whole = not begun.order.in_parts or begun.order.dry_run
    refused = isinstance(error, InvalidInputError) or (whole and isinstance(error, Exception))
    fault = error if isinstance(error, BroadcasterError) else None
    if fault is None and isinstance(error, Exception):
        fault = BroadcasterError(said("Something went wrong inside."))
    try:
        _end(runtime, begun, "refused" if refused else "lost", None, fault)
    except BroadcasterError:
        # Then it is found to be lost.
        _log.warning("the end of an import is not noted", extra={"action": "import_failed"})


def _end(
    runtime: "Runtime",
    begun: Begun,
    status: str,
    saved: "Saved | None",
    fault: BroadcasterError | None = None,
    within: "Connection[Any] | None" = None,
) -> None:
    figures = {**(saved.told() if saved else {}), **told(begun.tally)}
    if fault is not None:
        figures["problem"] = _told(str(fault))
    shown = _shown(begun.tally, fault)
    now, rows = runtime.clock.now(), begun.tally.rows
    begun.run.end(status, figures, shown, rows, now, within=within)


def told(tally: "Tally") -> dict[str, object]:
    """Give the figures without the values that were found: they are somebody's."""
    figures = tally.figures()
    for name in ("problems", "findings"):
        listed = figures[name]
        if isinstance(listed, list):
            figures[name] = [
                {
                    key: _told(value) if isinstance(value, str) else value
                    for key, value in one.items()
                    if key not in {"value", "read_as"}
                }
                for one in listed[:_STEP]
            ]
    return figures


def _told(text: str) -> str:
    return _QUOTED.sub("…", text)[:500]


def _shown(tally: "Tally", fault: BroadcasterError | None) -> dict[str, object]:
    """Give what a page tells in its reader's language, without the values either."""
    sorts = [
        {
            "count": sort.count,
            "column": sort.first.column,
            "outcome": sort.first.outcome,
            "problem": _packed(sort.first.problem),
            "remedy": _packed(sort.first.remedy),
        }
        for sort in tally.summary.listed()[:_SORTS]
    ]
    if fault is None:
        return {"sorts": sorts}
    if isinstance(fault, InvalidInputError):
        return {"sorts": sorts, "fault": [_packed(fault.problem), _packed(fault.remedy)]}
    return {"sorts": sorts, "fault": [_packed(fault.args[0] if fault.args else "")]}


def _packed(text: str) -> object:
    return packed(text, _OF_CELLS) if isinstance(text, Saying) else _told(text)


def _noting(runtime: "Runtime", begun: Begun, also: Callable[[int], None]) -> Callable[[int], None]:
    """Note now and then how far it is, for whoever looks on."""
    noted = runtime.clock.now()

    def moved(position: int) -> None:
        nonlocal noted
        also(position)
        now = runtime.clock.now()
        if now - noted > _OFTEN:
            noted = now
            part = position / max(1, begun.reading.size)
            counts = begun.tally.counts()
            begun.run.move(int(begun.size * part), begun.tally.rows, counts, now)

    return moved


#: What decides what comes of a file, as people call it.
_DECIDING: Mapping[str, Saying] = {
    "file": said("its name"),
    "content": said("what it holds"),
    "mapping": said("the mapping of its columns"),
    "reading": said("how it is to be read"),
    "as_of": said("when it was true"),
    "snapshot": said("whether it has all customers"),
    "attributes": said("the attributes of customers"),
    "settings": said("the settings, or the program"),
}


def _asked(order: Order, size: int, options: Mapping[str, str]) -> "Asked":
    from broadcaster.audience.imports import Asked

    return Asked(
        file=order.name,
        by=order.by,
        via=order.via,
        size=size,
        mapping=order.mapping,
        dry_run=order.dry_run,
        in_parts=order.in_parts,
        kept=order.kept,
        options=options,
    )


def _options(runtime: "Runtime", order: Order, content: str) -> dict[str, str]:
    """Give everything that decides what comes of a file."""
    from broadcaster.audience.mapping import write_mapping

    settings = runtime.settings
    known = write_mapping(runtime.mappings.get(order.mapping)) if order.mapping else ""
    reading = [*asdict(order.wanted).values(), order.region]
    places = [settings.default_locale, settings.time_zone, settings.region, __version__]
    return {
        "file": order.name,
        "content": content,
        "mapping": _digest(known),
        "reading": " ".join(map(str, reading)),
        "as_of": order.as_of.isoformat() if order.as_of else "",
        "snapshot": _share(order),
        "attributes": _digest(repr(dict(runtime.definitions.catalogue().current))),
        "settings": " ".join(places),
    }


def _share(order: Order) -> str:
    return "" if order.most is None else f"{order.most:g}"


def _require_same(earlier: "Import", options: Mapping[str, str]) -> None:
    """Refuse to go on with a file that is not what it was, or is to be read otherwise."""
    differs = [
        text for name, text in _DECIDING.items() if earlier.options.get(name) != options[name]
    ]
    if not differs:
        return
    problem = said(
        "was ended half way, after row %(row)s (import %(number)s), and is not the same now: "
        "%(differs)s",
        row=Figure(earlier.mark.row),
        differs=Listed(differs),
        number=earlier.id,
    )
    remedy = said(
        "Give it as it was, and it goes on. To store it from its first row, begin anew: --anew, "
        "or anew=true in the API."
    )
    raise InvalidInputError(earlier.file, problem, remedy)


def _content(source: "Source") -> str:
    source.file.seek(0)
    digest = hashlib.sha256()
    while block := source.file.read(_BLOCK):
        digest.update(block)
    source.file.seek(0)
    return digest.hexdigest()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32] if text else ""


def forgotten(runtime: "Runtime", which: int, by: str) -> None:
    """Forget an import that was ended half way; what it stored stays. NotFoundError."""
    with runtime.trail.noting(by, "forget_import", f"import {which}"):
        runtime.imports.forget(which, runtime.clock.now())
