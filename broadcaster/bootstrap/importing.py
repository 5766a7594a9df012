"""An import that runs by itself, of a file that somebody handed over."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO

from broadcaster.bootstrap.import_steps import nothing, open_reading, store
from broadcaster.errors import BroadcasterError

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from broadcaster.audience.filereading import Reading
    from broadcaster.audience.sheets.source import Source
    from broadcaster.audience.tally import Tally
    from broadcaster.bootstrap.runtime import Runtime

_log = logging.getLogger(__name__)

#: How many findings of a sort are told, and how often it is noted how far it is.
_STEP, _OFTEN = 1000, timedelta(seconds=2)
#: What stands in quotes in a problem is what stood in the file.
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


@dataclass(frozen=True, kw_only=True, slots=True)
class Handed:
    """A file that was handed over, and how it is to be read; `which` is the number of its import.

    `mapping` is the name of a saved one, or empty. `as_of` is when what it says was true; with
    `snapshot` its customers are all there are, and others have left.
    """

    which: int
    name: str
    file: BinaryIO
    size: int
    mapping: str
    dry_run: bool
    as_of: datetime | None = None
    snapshot: bool = False


def require_readable(runtime: "Runtime", handed: Handed) -> None:
    """Refuse at once what is no table, or lacks a column, or a mapping; the file is begun anew."""
    from broadcaster.audience.sheets.source import from_stream

    handed.file.seek(0)
    with _opened(runtime, handed, from_stream(handed.file, handed.name)):
        pass
    handed.file.seek(0)


def bring_in(runtime: "Runtime", handed: Handed) -> None:
    """Read a file and store its customers, all of them or none; what came of it is noted.

    Never raises. The file is closed.
    """
    from broadcaster.audience.tally import Tally

    tally = Tally()
    try:
        figures, status = _brought(runtime, handed, tally), "done"
    except BroadcasterError as error:
        figures, status = {**told(tally), "problem": _told(str(error))}, "refused"
    except Exception as error:  # noqa: BLE001  (its end must be noted, whatever it was)
        extra = {"action": "import_failed", "fault": type(error).__name__}
        _log.error("an import failed", extra=extra)
        figures, status = {"problem": "Something went wrong inside."}, "refused"
    finally:
        handed.file.close()
    runtime.imports.end(handed.which, status, figures, tally.rows, runtime.clock.now())


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


def _brought(runtime: "Runtime", handed: Handed, tally: "Tally") -> Mapping[str, object]:
    from broadcaster.audience.leaving import Snapshot
    from broadcaster.audience.sheets.source import from_stream

    source = from_stream(handed.file, handed.name)
    with _opened(runtime, handed, source) as reading:
        saved = store(
            runtime,
            reading,
            tally,
            proof=handed.name,
            as_of=handed.as_of,
            snapshot=Snapshot() if handed.snapshot else None,
            dry_run=handed.dry_run,
            moved=_noting(runtime, handed, reading, tally),
        )
    if not tally.good:
        raise nothing(tally, handed.name)
    if saved.objection:
        raise saved.objection
    if not handed.dry_run:
        by = runtime.imports.get(handed.which, runtime.clock.now()).made_by
        stored = {
            "file": handed.name,
            "inserted": saved.inserted,
            "updated": saved.updated,
            "left": saved.left,
        }
        runtime.accesses.record(by, "import_customers", "customers", "import", stored)
    return {
        "inserted": saved.inserted,
        "updated": saved.updated,
        "unchanged": saved.unchanged,
        "left": saved.left,
        "consents_left": saved.consents_left,
        **told(tally),
    }


def _opened(runtime: "Runtime", handed: Handed, source: "Source") -> "Reading":
    from broadcaster.audience.sheets.sheet import Wanted

    return open_reading(runtime, source, mapping=handed.mapping, wanted=Wanted())


def _noting(
    runtime: "Runtime", handed: Handed, reading: "Reading", tally: "Tally"
) -> Callable[[int], None]:
    """Note now and then how far it is, for whoever asks and so that it does not seem lost."""
    noted = runtime.clock.now()

    def moved(position: int) -> None:
        nonlocal noted
        now = runtime.clock.now()
        if now - noted > _OFTEN:
            noted = now
            share = position / max(1, reading.size)
            runtime.imports.move(handed.which, int(handed.size * share), tally.rows, now)

    return moved
