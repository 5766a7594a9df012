"""What an XLSX workbook says of itself: sheets, parts and formats (ECMA-376, part 1)."""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

from broadcaster.audience.sheets.archive import Archive
from broadcaster.audience.sheets.markup import MarkupError, attribute, elements
from broadcaster.audience.sheets.numbers import PLAIN, Format, format_of
from broadcaster.domain.saying import said

_RELATIONS = "_rels/.rels"
_MOST_SHEETS = 1_000
_MOST_FORMATS = 100_000
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_WANTED = frozenset({"sharedStrings", "styles"})


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetEntry:
    """A sheet of a workbook: its name, the part that holds it, and whether it is hidden."""

    name: str
    part: str
    hidden: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Workbook:
    """What is needed to read a sheet. Formats are in the order in which cells name them."""

    sheets: Sequence[SheetEntry]
    strings: str
    formats: Sequence[Format]
    from_1904: bool


def read_workbook(archive: Archive) -> Workbook:
    """Read the parts that describe it; MarkupError when they are broken or missing."""
    main = _main(archive)
    related = _related(archive, main)
    sheets: list[SheetEntry] = []
    from_1904 = False
    for name, attributes in elements(archive.stream(main)):
        if name == "workbookPr":
            from_1904 = attributes.get("date1904", "0") in ("1", "true")
        elif name == "sheet" and len(sheets) < _MOST_SHEETS:
            kind, part = related.get(attribute(attributes, "id"), ("", ""))
            if kind == "worksheet":
                sheets.append(
                    SheetEntry(
                        name=attributes.get("name", ""),
                        part=part,
                        hidden=attributes.get("state", "visible") != "visible",
                    )
                )
    if not sheets:
        raise MarkupError(said("has no sheet"))
    parts = {kind: part for kind, part in related.values() if kind in _WANTED}
    formats = _formats(archive, parts["styles"]) if parts.get("styles") in archive.names else []
    strings = parts.get("sharedStrings", "")
    return Workbook(
        sheets=sheets,
        strings=strings if strings in archive.names else "",
        formats=formats,
        from_1904=from_1904,
    )


def _main(archive: Archive) -> str:
    for name, attributes in elements(archive.stream(_RELATIONS)):
        kind = attributes.get("Type", "")
        if name == "Relationship" and kind.endswith("/officeDocument"):
            return attributes.get("Target", "").lstrip("/")
    raise MarkupError(said("lacks its workbook"))


def _related(archive: Archive, main: str) -> dict[str, tuple[str, str]]:
    folder, _, name = main.rpartition("/")
    relations = f"{folder}/_rels/{name}.rels".lstrip("/")
    found = {}
    for element, attributes in elements(archive.stream(relations)):
        if element == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else f"{folder}/{target}"
            kind = attributes.get("Type", "").rpartition("/")[2]
            found[attributes.get("Id", "")] = (kind, posixpath.normpath(path).lstrip("/"))
    return found


def _formats(archive: Archive, part: str) -> list[Format]:
    codes: dict[int, str] = {}
    formats: list[Format] = []
    in_cells = False
    for name, attributes in elements(archive.stream(part)):
        if name == "numFmt" and len(codes) < _MOST_FORMATS:
            codes[_number(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
        elif name in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            in_cells = name == "cellXfs"
        elif name == "xf" and in_cells and len(formats) < _MOST_FORMATS:
            number = _number(attributes.get("numFmtId"))
            formats.append(format_of(number, codes.get(number, "")))
    return formats or [PLAIN]


def _number(text: str | None) -> int:
    return int(text) if text and _NUMBER.fullmatch(text) else 0
