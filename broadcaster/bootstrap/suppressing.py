"""Taking in a list of addresses that must not be used, for a page: checked whole, then stored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from broadcaster.audience.draft import Finding
    from broadcaster.audience.listfile import SuppressionFile
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.domain.consent import ListedAddress, Scope

#: How many refused rows are told.
_TOLD = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class ListTaken:
    """What came of a list: its rows, those that were refused with the first faults, and the rest.

    `recorded` addresses are barred by it; of `known` ones it says nothing new.
    """

    rows: int
    refused: int
    faults: Sequence["Finding"]
    recorded: int = 0
    known: int = 0


def take_list(
    runtime: "Runtime", file: Path, *, scope: "Scope", by: str, now: datetime, dry_run: bool
) -> ListTaken:
    """Read a list twice, so that one that breaks half way has changed nothing, and store it.

    InvalidInputError when it is no table; ConflictError while customers are stored.
    """
    from broadcaster.audience.draft import Finding

    rows = refused = 0
    faults: list[Finding] = []
    with _opened(runtime, file, scope, now) as opened:
        for row in opened:
            rows += 1
            if isinstance(row, Finding):
                refused += 1
                if len(faults) < _TOLD:
                    faults.append(row)
    if dry_run or rows == refused:
        return ListTaken(rows=rows, refused=refused, faults=faults)
    with _opened(runtime, file, scope, now) as opened:
        taken = runtime.suppressions.take(_good(opened), by, file.name, now)
    return ListTaken(
        rows=rows, refused=refused, faults=faults, recorded=taken.recorded, known=taken.known
    )


def _opened(runtime: "Runtime", file: Path, scope: "Scope", now: datetime) -> "SuppressionFile":
    from broadcaster.audience.listfile import SuppressionFile
    from broadcaster.bootstrap.people import address_reader

    settings = runtime.settings
    return SuppressionFile(
        file,
        address_reader(settings),
        encoding="auto",
        scope=scope,
        as_of=None,
        now=now,
        zone=ZoneInfo(settings.time_zone),
    )


def _good(file: "SuppressionFile") -> "Iterator[ListedAddress]":
    from broadcaster.domain.consent import ListedAddress

    for row in file:
        if isinstance(row, ListedAddress):
            yield row
