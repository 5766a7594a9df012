"""Finding out what a file is, by what it holds and never by its name, and opening it."""

from broadcaster.audience.sheets.archive import Archive
from broadcaster.audience.sheets.markup import MarkupError
from broadcaster.audience.sheets.separated import SeparatedSheet
from broadcaster.audience.sheets.sheet import Sheet, Wanted
from broadcaster.audience.sheets.source import Source
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CSV = said("Give a CSV, TSV, XLSX or ODS file.")
#: What else people take for a table, by its first octets.
_OTHERS = (
    (b"\x89PNG", said("is a picture (PNG)")),
    (b"\xff\xd8\xff", said("is a picture (JPEG)")),
    (b"GIF8", said("is a picture (GIF)")),
    (b"%PDF", said("is a PDF")),
    (b"\x1f\x8b", said("is compressed (gzip)")),
    (b"7z\xbc\xaf", said("is an archive (7z)")),
    (b"Rar!", said("is an archive (RAR)")),
    (b"{\\rtf", said("is a text document (RTF)")),
    (b"<?xml", said("is XML")),
    (b"<!DOCTYPE", said("is a web page")),
    (b"<html", said("is a web page, as some programs call a table")),
    (b"SQLite format 3", said("is a database (SQLite)")),
)
_MIME = "application/vnd.oasis.opendocument.spreadsheet"
_LONGEST_MIME = 100
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_SECTOR = 512
_DIRECTORY = 4 * 4096


def open_sheet(source: Source, wanted: Wanted) -> Sheet:
    """Open the table that a source holds; the source is closed with it, and when it is none.

    InvalidInputError naming the source, what it is instead, and the remedy.
    """
    try:
        return _opened(source, wanted)
    except BaseException:
        source.close()
        raise


def _opened(source: Source, wanted: Wanted) -> Sheet:
    head = source.head(_SECTOR)
    if head.startswith(_ZIP):
        return _workbook(source, wanted)
    if head.startswith(_OLE):
        raise _old(source, head)
    bare = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for mark, problem in _OTHERS:
        if bare.lower().startswith(mark.lower()):
            raise source.fault(problem, _CSV)
    if wanted.sheet:
        raise source.fault(said("is a CSV file, which has no sheets"), said("Leave --sheet out."))
    return SeparatedSheet(source, wanted)


def _workbook(source: Source, wanted: Wanted) -> Sheet:
    try:
        archive = Archive(source.file)
        names = archive.names
        if "mimetype" in names and archive.size("mimetype") <= _LONGEST_MIME:
            kind = archive.stream("mimetype").read().decode("ascii", "replace").strip()
            if kind == _MIME:
                from broadcaster.audience.sheets.ods import OdsSheet  # noqa: PLC0415  (only where needed)

                return OdsSheet(source, wanted)
            raise source.fault(said("is an OpenDocument file, and no table"), _CSV)
    except MarkupError as error:
        raise source.fault(error.args[0], said("Save it again as XLSX, ODS or CSV.")) from error
    if any(name.endswith("workbook.bin") for name in names):
        raise source.fault(said("is a binary workbook (XLSB)"), said("Save it as XLSX."))
    if any(name.endswith(("workbook.xml", "workbook2.xml")) for name in names):
        from broadcaster.audience.sheets.xlsx import XlsxSheet  # noqa: PLC0415  (only where needed)

        return XlsxSheet(source, wanted)
    if "word/document.xml" in names:
        raise source.fault(said("is a document"), _CSV)
    raise source.fault(said("is an archive, and no workbook"), _CSV)


def _old(source: Source, head: bytes) -> InvalidInputError:
    """Tell an encrypted workbook from an old one: both are compound files (MS-CFB, 2.2)."""
    sector = 1 << min(int.from_bytes(head[30:32], "little"), 16)
    first = int.from_bytes(head[48:52], "little")
    source.file.seek(min((first + 1) * sector, source.size))
    if _ENCRYPTED in source.file.read(_DIRECTORY):
        remedy = said("Open it with its password and save it without one.")
        return source.fault(said("is an encrypted workbook"), remedy)
    return source.fault(
        said("is an old Excel workbook (XLS)"), said("Save it as XLSX, or as 'CSV UTF-8'.")
    )
