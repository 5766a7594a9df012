"""Files of customers for the benchmark of imports, as streams: CSV, and XLSX as Excel writes it.

An XLSX of Excel's own keeps every text once, in a part that its cells point into.
"""

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

_HEADER = (
    "number,name,name_latin,locales,phone,email,contract,services,district,network_zone,feeder,"
    "meter_day,subscribed_kva,life_support,opened_on"
)
_NAMES = ("أمينة بناني", "محمد العلوي", "خديجة التازي", "يوسف الفاسي", "فاطمة الإدريسي")
_DISTRICTS = ("Anfa", "Maârif", "Sidi Belyout", "Derb Sultan", "Aïn Sebaâ", "Hay Hassani")
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
#: Which columns of the XLSX are numbers: the day, the power, and the date.
_NUMBERS = frozenset({11, 12, 14})


def rows(count: int) -> Iterator[Sequence[str]]:
    """Give customers; one in fifty has a fixed line, one in a hundred a broken mailbox."""
    for n in range(count):
        prefix = "066" if n % 50 else "052"
        yield (
            f"C{n:08}",
            f"{_NAMES[n % 5]} {n}",
            f"Amina Bennani {n}",
            "ar-MA fr-MA" if n % 3 else "fr-MA",
            f"{prefix}{n % 10_000_000:07}",
            f"amina{n}@courrier.test" if n % 100 else "amina@@courrier",
            "residential" if n % 9 else "business",
            "water;electricity",
            _DISTRICTS[n % 6],
            f"Z{n % 40}",
            f"F{n % 300}",
            str(n % 28 + 1),
            "3.3",
            "no" if n % 200 else "yes",
            f"2019-{n % 12 + 1:02}-20",
        )


def write_csv(path: Path, count: int) -> None:
    """Write a CSV of so many customers."""
    with path.open("w", encoding="utf-8") as file:
        file.write(_HEADER + "\n")
        for row in rows(count):
            file.write(",".join(row) + "\n")


def write_xlsx(path: Path, count: int) -> None:
    """Write a workbook of so many customers."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in _parts().items():
            archive.writestr(name, text)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write(f'<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            place = 0
            for number, row in enumerate(_all(count), 1):
                cells = []
                for at, text in enumerate(row):
                    where = f"{chr(65 + at)}{number}"
                    if number > 1 and at in _NUMBERS:
                        value = text if at < 14 else str(43_500 + number % 300)  # noqa: PLR2004
                        style = ' s="1"' if at == 14 else ""  # noqa: PLR2004  (the date)
                        cells.append(f'<c r="{where}"{style}><v>{value}</v></c>')
                    else:
                        cells.append(f'<c r="{where}" t="s"><v>{place}</v></c>')
                        place += 1
                part.write(f'<row r="{number}">{"".join(cells)}</row>'.encode())
            part.write(b"</sheetData></worksheet>")
        with archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as part:
            part.write(f'<sst xmlns="{_MAIN}">'.encode())
            for number, row in enumerate(_all(count), 1):
                texts = [t for at, t in enumerate(row) if number == 1 or at not in _NUMBERS]
                part.write("".join(f"<si><t>{text}</t></si>" for text in texts).encode())
            part.write(b"</sst>")


def _all(count: int) -> Iterator[Sequence[str]]:
    yield _HEADER.split(",")
    yield from rows(count)


def _parts() -> dict[str, str]:
    related = "".join(
        f'<Relationship Id="r{at}" Type="{_R}/{kind}" Target="{target}"/>'
        for at, (kind, target) in enumerate(
            (
                ("worksheet", "worksheets/sheet1.xml"),
                ("sharedStrings", "sharedStrings.xml"),
                ("styles", "styles.xml"),
            )
        )
    )
    main = f'<Relationship Id="a" Type="{_R}/officeDocument" Target="xl/workbook.xml"/>'
    return {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}">{main}</Relationships>',
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{_PACKAGE}">{related}</Relationships>'
        ),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_R}"><sheets>'
        '<sheet name="Clients" sheetId="1" r:id="r0"/></sheets></workbook>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs><xf numFmtId="0"/>'
        '<xf numFmtId="14"/></cellXfs></styleSheet>',
    }
