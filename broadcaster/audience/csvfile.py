"""Reading CSV files as people's programs write them, within bounds.

UTF-8 with or without its mark, UTF-16 with its mark, or an encoding that is named; separated by
commas, semicolons, tabs or bars, as the header shows; quoted cells may hold line breaks. What can't
be told for sure is refused: Windows-1252 and Windows-1256 are both plausible for any octets, and a
wrong guess would garble names.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from broadcaster.errors import InvalidInputError

#: The largest file, octets, and the longest line, characters.
LARGEST = 4 * 2**30
_LONGEST_LINE = 200_000
_SAMPLE = 65_536
_SEPARATORS = ",;\t|"

#: What may be named as an encoding.
ENCODINGS = ("auto", "utf-8", "utf-16", "cp1252", "cp1256")
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_NO_CSV = (
    (b"PK\x03\x04", "is a workbook or an archive"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook"),
    (b"%PDF", "is a PDF"),
    (b"\x1f\x8b", "is compressed"),
)
_SAVE = "Save it as 'CSV UTF-8'."


class CsvFile:
    """An open file; a context manager and an iterator over rows of cells, the header first.

    InvalidInputError naming the file, the row and the remedy when it is no CSV file, is broken,
    or goes beyond a bound.
    """

    def __init__(self, path: Path, encoding: str = "auto") -> None:
        """Open the file and find out how it is written."""
        self._path = path
        self._row = 0
        self._binary, self.size = _opened(path)
        try:
            sample = self._binary.read(_SAMPLE)
            self._binary.seek(0)
            codec = self._codec(sample, encoding)
            self._text = io.TextIOWrapper(self._binary, encoding=codec, newline="")
            self._first = self._header_line()
        except BaseException:
            self._binary.close()
            raise

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._text.close()

    @property
    def position(self) -> int:
        """How many octets have been read."""
        return self._binary.tell()

    def fault(self, problem: str, remedy: str) -> InvalidInputError:
        """Make an error about the file."""
        return InvalidInputError(str(self._path), problem, remedy)

    def __iter__(self) -> Iterator[tuple[int, Sequence[str]]]:
        """Give rows with their numbers, counted from 1 as spreadsheets do; blank ones left out."""
        rows = csv.reader(self._lines(), delimiter=self._separator(), strict=True)
        while True:
            try:
                cells = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                problem = f"row {self._row + 1}: its quotes are broken ({error})"
                remedy = "Double every quote inside a quoted cell, and close each cell."
                raise self.fault(problem, remedy) from error
            self._row += 1
            if any(cell.strip() for cell in cells):
                yield self._row, cells

    def _codec(self, sample: bytes, encoding: str) -> str:
        if encoding not in ENCODINGS:
            remedy = f"Use one of {', '.join(ENCODINGS)}."
            raise InvalidInputError("--encoding", f"{encoding!r} is unknown", remedy)
        for mark, problem in _NO_CSV:
            if sample.startswith(mark):
                raise self.fault(problem, f"Open it, and {_SAVE[0].lower()}{_SAVE[1:]}")
        if not sample.strip():
            raise self.fault("is empty", "Give a file with a header and rows.")
        for mark, codec in _MARKS:
            if sample.startswith(mark):
                return codec
        if encoding == "auto" and b"\0" in sample:
            raise self.fault("is no text, or UTF-16 without its mark", _SAVE)
        return "utf-8" if encoding == "auto" else encoding

    def _header_line(self) -> str:
        """Read the first line that is not blank; Excel may announce its separator before it."""
        for line in self._raw_lines():
            if line.strip() and not line.lower().startswith("sep="):
                return line
            self._row += 1
        raise self.fault("is empty", "Give a file with a header and rows.")

    def _separator(self) -> str:
        bare = "".join(self._first.split('"')[::2])
        return max(_SEPARATORS, key=bare.count)

    def _lines(self) -> Iterator[str]:
        yield self._first
        yield from self._raw_lines()

    def _raw_lines(self) -> Iterator[str]:
        while line := self._read_line():
            if len(line) > _LONGEST_LINE:
                problem = f"row {self._row + 1}: a line is longer than {_LONGEST_LINE} characters"
                raise self.fault(problem, "Is it a CSV file? Shorten the line.")
            yield line

    def _read_line(self) -> str:
        try:
            return self._text.readline(_LONGEST_LINE + 1)
        except UnicodeError as error:
            problem = f"is not {self._text.encoding.upper()} somewhere after row {self._row}"
            remedy = f"{_SAVE} Or name its encoding, such as --encoding cp1252 or cp1256."
            raise self.fault(problem, remedy) from error
        except OSError as error:
            raise self.fault(f"can't be read ({error.strerror})", "Try again.") from error


def _opened(path: Path) -> tuple[BinaryIO, int]:
    try:
        if not path.is_file():
            problem = "is a folder or device" if path.exists() else "does not exist"
            raise InvalidInputError(str(path), problem, "Name a CSV file.")
        size = path.stat().st_size
        if size > LARGEST:
            problem = f"is larger than {LARGEST // 2**30} GiB"
            raise InvalidInputError(str(path), problem, "Divide it into several files.")
        return path.open("rb"), size
    except (OSError, ValueError) as error:
        # A name with a NUL is a ValueError.
        problem = f"can't be read ({getattr(error, 'strerror', None) or 'no file name'})"
        raise InvalidInputError(ascii(str(path)), problem, "Name a CSV file.") from error
