"""Areas that are lists: a CSV of feeders, zones or streets, as another program exports them.

The first row names the attribute, by its name or a label. With a column of areas beside it, each
row says to which area its value belongs.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from broadcaster.audience import cells
from broadcaster.audience.attributes import Attribute, Catalogue, Kind
from broadcaster.audience.cells import CellError, check_error, check_readable
from broadcaster.audience.marked import check
from broadcaster.audience.sheets.choosing import refuse_left_out
from broadcaster.audience.sheets.opening import open_sheet
from broadcaster.audience.sheets.sheet import Sheet, Wanted
from broadcaster.audience.sheets.source import from_path
from broadcaster.domain.saying import Figure, said

#: What the column of areas is headed.
AREA = "area"
_AREAS = frozenset({AREA, "zone_name", "secteur", "المنطقة"})
_NUMBER = "number"
#: The most values of a file, and so of an area.
MOST_VALUES = 100_000
_ASKED = (Kind.TEXT, Kind.CHOICE)


def read_lists(
    path: Path, catalogue: Catalogue, encoding: str = "auto"
) -> tuple[str, Mapping[str, Sequence[str]]]:
    """Give the attribute, and the values by area, "" where the file has no column of areas.

    InvalidInputError naming the file, the row and the remedy; also for hidden rows, columns and
    sheets with values.
    """
    with closing(open_sheet(from_path(path), Wanted(encoding=encoding))) as file:
        rows = iter(file.rows())
        first = next(rows, None)
        header = first.cells if first else ()
        place, attribute, areas = _columns(file, header, catalogue)
        found: dict[str, dict[str, None]] = {}
        for count, (number, row, marks) in enumerate(rows, 1):
            name = _cell(row, areas) if areas is not None else ""
            raw = _cell(row, place)
            if not raw or (areas is not None and not name):
                problem = (
                    said("row %(row)s: the area is missing", row=number)
                    if raw
                    else said(
                        "row %(row)s: %(attribute)s is missing", row=number, attribute=attribute
                    )
                )
                raise file.fault(problem, said("Fill the cell, or remove the row."))
            try:
                for at in (place, areas):
                    check(marks.get(at, 0) if at is not None else 0, dated=False)
                for text in (name, raw):
                    check_readable(text)
                    check_error(text)
                value = _value(raw, catalogue.attributes.get(attribute))
            except CellError as error:
                raise file.fault(
                    said("row %(row)s: %(problem)s", row=number, problem=error.problem),
                    error.remedy,
                ) from error
            found.setdefault(name, {})[value] = None
            if count > MOST_VALUES:
                raise file.fault(
                    said("has more than %(most)s values", most=Figure(MOST_VALUES)),
                    said("Divide it."),
                )
        refuse_left_out(file)
        if not found:
            raise file.fault(
                said("has no values"), said("Give a row for each value, below the header.")
            )
    return attribute, {name: list(values) for name, values in found.items()}


def _columns(
    file: Sheet, header: Sequence[str], catalogue: Catalogue
) -> tuple[int, str, int | None]:
    names = _names(catalogue)
    asked: list[tuple[int, str]] = []
    areas = None
    for place, cell in enumerate(header):
        word = "_".join(cell.replace("_", " ").replace("-", " ").lower().split())
        if word in _AREAS:
            areas = place
        elif word in names:
            asked.append((place, names[word]))
    known = ", ".join(dict.fromkeys(names.values()))
    if len(asked) != 1:
        problem = said("names no attribute") if not asked else said("names several attributes")
        remedy = said(
            "Head one column with %(known)s; and one with '%(area)s' if it has several areas.",
            known=known,
            area=AREA,
        )
        raise file.fault(said("the first row %(problem)s", problem=problem), remedy)
    return (*asked[0], areas)


def _names(catalogue: Catalogue) -> Mapping[str, str]:
    """Give attributes that hold one text, by names and labels; and the customer's number."""
    names = {_NUMBER: _NUMBER}
    for name, attribute in catalogue.current.items():
        if attribute.kind in _ASKED:
            names[name] = name
            for label in attribute.labels.values():
                names.setdefault("_".join(label.lower().split()), name)
    return names


def _cell(row: Sequence[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def _value(raw: str, known: Attribute | None) -> str:
    if known is None:
        return cells.number(raw)
    return str(cells.attribute(raw, known))
