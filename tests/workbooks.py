"""XLSX and ODS workbooks for tests, written by hand: also such as no program would write."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_OPEN = "urn:oasis:names:tc:opendocument:xmlns"
_NAMES = " ".join(
    f'xmlns:{name}="{_OPEN}:{path}:1.0"'
    for name, path in (
        ("office", "office"),
        ("table", "table"),
        ("text", "text"),
        ("style", "style"),
    )
)
ODS_KIND = "application/vnd.oasis.opendocument.spreadsheet"


def zipped(parts: Mapping[str, str | bytes], level: int = 6) -> bytes:
    """Pack parts into an archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def cell(place: str, value: str, kind: str = "inlineStr", style: str = "") -> str:
    """Write a cell of a sheet: a text, or a value of another kind."""
    styled = f' s="{style}"' if style else ""
    if kind == "inlineStr":
        return f'<c r="{place}" t="inlineStr"{styled}><is><t>{escape(value)}</t></is></c>'
    typed = f' t="{kind}"' if kind else ""
    return f'<c r="{place}"{typed}{styled}><v>{escape(value)}</v></c>'


def row(number: int, *cells: str, more: str = "") -> str:
    """Write a row; texts that are no cells yet become some, from A on."""
    made = [
        one if one.startswith("<") else cell(f"{chr(65 + at)}{number}", one)
        for at, one in enumerate(cells)
    ]
    return f'<row r="{number}"{more}>{"".join(made)}</row>'


def xlsx_parts(
    rows: str | Sequence[str],
    *,
    sheets: Mapping[str, str] | None = None,
    before: str = "",
    after: str = "",
    strings: str | None = None,
    formats: Sequence[str] = (),
    properties: str = "",
) -> dict[str, str | bytes]:
    """Give the parts of a workbook.

    `rows` are those of the first sheet, `before` and `after` what stands around them. `sheets` are
    names and more attributes (`state="hidden"`); `formats` the codes of styles 1, 2, ….
    """
    body = rows if isinstance(rows, str) else "".join(rows)
    named = sheets or {"Clients": ""}
    first = f"<worksheet {_MAIN}>{before}<sheetData>{body}</sheetData>{after}</worksheet>"
    other = f"<worksheet {_MAIN}><sheetData>{row(1, 'other', 'sheet')}</sheetData></worksheet>"
    entries = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{at}" r:id="rId{at}" {more}/>'
        for at, (name, more) in enumerate(named.items(), 1)
    )
    relations = "".join(
        f'<Relationship Id="rId{at}" Type="{_R}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at in range(1, len(named) + 1)
    )
    relations += f'<Relationship Id="s" Type="{_R}/styles" Target="/xl/styles.xml"/>'
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="a" '
        f'Type="{_R}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_R}">{properties}'
        f"<sheets>{entries}</sheets></workbook>",
        "xl/styles.xml": _styles(formats),
    }
    for at in range(1, len(named) + 1):
        parts[f"xl/worksheets/sheet{at}.xml"] = first if at == 1 else other
    if strings is not None:
        relations += f'<Relationship Id="t" Type="{_R}/sharedStrings" Target="sharedStrings.xml"/>'
        parts["xl/sharedStrings.xml"] = f"<sst {_MAIN}>{strings}</sst>"
    parts["xl/_rels/workbook.xml.rels"] = (
        f'<Relationships xmlns="{_PACKAGE}">{relations}</Relationships>'
    )
    return parts


def _styles(formats: Sequence[str]) -> str:
    codes = "".join(
        f'<numFmt numFmtId="{163 + at}" formatCode={quoteattr(code)}/>'
        for at, code in enumerate(formats, 1)
    )
    xfs = "".join(f'<xf numFmtId="{163 + at}"/>' for at in range(1, len(formats) + 1))
    return (
        f'<styleSheet {_MAIN}><numFmts>{codes}</numFmts><cellStyleXfs><xf numFmtId="14"/>'
        f'</cellStyleXfs><cellXfs><xf numFmtId="0"/>{xfs}</cellXfs></styleSheet>'
    )


def ods_cell(value: str, more: str = "") -> str:
    """Write a cell with a text."""
    return f"<table:table-cell {more}><text:p>{escape(value)}</text:p></table:table-cell>"


def ods_row(*cells: str, more: str = "") -> str:
    """Write a row; texts that are no cells yet become some."""
    made = [one if one.startswith("<") else ods_cell(one) for one in cells]
    return f"<table:table-row {more}>{''.join(made)}</table:table-row>"


def ods_parts(
    *rows: str,
    before: str = "",
    others: str = "",
    styles: str = "",
    more: str = "",
    manifest: str = "",
) -> dict[str, str | bytes]:
    """Give the parts of a workbook: its first sheet, and what stands around it."""
    content = (
        f"<office:document-content {_NAMES}><office:automatic-styles>{styles}"
        "</office:automatic-styles><office:body><office:spreadsheet>"
        f'<table:table table:name="Clients" {more}>{before}{"".join(rows)}</table:table>'
        f"{others}</office:spreadsheet></office:body></office:document-content>"
    )
    return {
        "mimetype": ODS_KIND,
        "META-INF/manifest.xml": f"<manifest>{manifest}</manifest>",
        "content.xml": content,
    }
