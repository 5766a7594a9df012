"""Which sheet of a workbook is read, and what is said about the others and about hidden parts."""

import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from broadcaster.audience.sheets.sheet import LeftOut, Remark, Sheet, Wanted, letters
from broadcaster.audience.sheets.source import Source
from broadcaster.domain.saying import Listed, said, said_n

_SHOWN = 20
_SHOW = said("Show them, or import with --hidden.")


class Entry(Protocol):
    """A sheet of a workbook."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def hidden(self) -> bool:
        """Whether it is hidden."""
        ...


_Entry = TypeVar("_Entry", bound=Entry)


def choose(
    source: Source, sheets: Sequence[_Entry], wanted: Wanted, filled: Callable[[_Entry], bool]
) -> tuple[_Entry, Sequence[Remark]]:
    """Take the sheet of the name that is wanted, else the first that is not hidden.

    Gives a remark on those that are not read; `filled` says whether one holds anything.
    InvalidInputError when there is none.
    """
    if wanted.sheet:
        chosen = _named(source, sheets, wanted)
    else:
        shown = [one for one in sheets if wanted.hidden or not one.hidden]
        if not shown:
            raise source.fault(
                said("has hidden sheets only"), said("Show one, or import with --hidden.")
            )
        chosen = shown[0]
    others = [one for one in sheets if one is not chosen]
    if wanted.sheet or not others:
        return chosen, []
    named = Listed(
        said('"%(sheet)s" (hidden)', sheet=one.name) if one.hidden else f'"{one.name}"'
        for one in others[:_SHOWN]
    )
    problem = said(
        'the sheet "%(name)s" is read; others were left out: %(named)s',
        name=chosen.name,
        named=named,
    )
    left = LeftOut.SHEETS if any(map(filled, others)) else None
    remedy = said("Name the one that is meant with --sheet.")
    return chosen, [Remark(column="", problem=problem, remedy=remedy, left=left)]


def _named(source: Source, sheets: Sequence[_Entry], wanted: Wanted) -> _Entry:
    names = [one.name for one in sheets]
    found = next((one for one in sheets if one.name == wanted.sheet), None) or next(
        (one for one in sheets if one.name.strip().lower() == wanted.sheet.strip().lower()), None
    )
    if found is None:
        close = difflib.get_close_matches(wanted.sheet, names, n=1)
        listed = ", ".join(f'"{name}"' for name in names[:_SHOWN])
        remedy = (
            said('Did you mean "%(close)s"?', close=close[0])
            if close
            else said("It has %(listed)s.", listed=listed)
        )
        raise source.fault(said("has no sheet %(sheet)s", sheet=repr(wanted.sheet)), remedy)
    if found.hidden and not wanted.hidden:
        raise source.fault(
            said("hides its sheet %(name)s", name=repr(found.name)),
            said("Show it, or add --hidden."),
        )
    return found


def refuse_left_out(sheet: Sheet) -> None:
    """Refuse a file of which something was left out, after its last row; InvalidInputError."""
    for remark in sheet.remarks():
        if remark.left is LeftOut.SHEETS:
            raise sheet.fault(
                remark.problem, said("Save the one that is meant as a file of its own.")
            )
        if remark.left:
            raise sheet.fault(remark.problem, said("Show them, and save the file again."))


def hidden_columns(places: Iterable[int]) -> Remark:
    """Say which columns were left out."""
    named = ", ".join(letters(at) for at in sorted(places)[:_SHOWN])
    problem = said("hidden columns were left out (%(named)s)", named=named)
    return Remark(column="", problem=problem, remedy=_SHOW, left=LeftOut.COLUMNS)


def hidden_rows(count: int) -> Remark:
    """Say how many rows were left out; a filter hides rows too."""
    problem = said_n(
        "%(count)s hidden row was left out (a filter hides rows too)",
        "%(count)s hidden rows were left out (a filter hides rows too)",
        count,
    )
    return Remark(column="", problem=problem, remedy=_SHOW, left=LeftOut.ROWS)
