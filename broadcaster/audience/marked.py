"""What the marks of a workbook's cells mean for an import: what is refused, and what is told."""

from broadcaster.audience.cells import CellError
from broadcaster.audience.sheets.sheet import Mark
from broadcaster.domain.saying import said

_AS_TEXT = said("Format the column as text, and enter the value again.")
_TOLD = (
    (Mark.FORMULA, said("is a formula; the value stored with it was taken")),
    (Mark.PERCENT, said("is shown as a percentage; the number behind it was taken")),
    (Mark.MERGED, said("belongs to merged cells; their value was taken")),
)


def check(mark: int, *, dated: bool) -> None:
    """Refuse what can't be trusted; CellError. `dated` says that the column holds dates."""
    if mark & Mark.NO_VALUE:
        message = said("is a formula that no value was stored with")
        raise CellError(message, said("Open the file in a spreadsheet program, and save it again."))
    if mark & Mark.ROUNDED:
        message = said("has more than 15 digits, of which a spreadsheet keeps 15")
        raise CellError(message, _AS_TEXT)
    if mark & Mark.NO_DATE:
        message = said("is formatted as a date, and there is no such date")
        raise CellError(message, said("Enter the date again."))
    if mark & Mark.DATE and not dated:
        message = said("is a date, as spreadsheets make of values such as 3-4")
        raise CellError(message, _AS_TEXT)


def told(mark: int) -> str | None:
    """Say what was done to get the value; None when nothing was."""
    return next((words for bit, words in _TOLD if mark & bit), None)
