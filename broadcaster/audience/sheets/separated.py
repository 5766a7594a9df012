"""CSV and TSV files as people's programs write them, read as a stream.

Separated by commas, semicolons, tabs or bars, as the header and the rows after it show; quoted
cells may hold line breaks; lines may end as on any system, mixed even.
"""

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

from broadcaster.audience.sheets import encodings
from broadcaster.audience.sheets.encodings import ENCODINGS, Guess
from broadcaster.audience.sheets.sheet import MOST_COLUMNS, NO_MARKS, Remark, SheetRow, Wanted
from broadcaster.audience.sheets.source import Source
from broadcaster.domain.saying import Figure, said
from broadcaster.errors import InvalidInputError

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
#: The longest line, characters.
_LONGEST_LINE = 200_000
_LONGEST_HEADER = 2_000_000
_SAMPLE = 20
_SAVE = said("Save it as 'CSV UTF-8'.")
_EMPTY = said("Give a file with a header and rows.")


class SeparatedSheet:
    """An open file; an implementation of `Sheet`."""

    ragged = False

    def __init__(self, source: Source, wanted: Wanted) -> None:
        """Find out how it is written; InvalidInputError when that can't be told."""
        self._source = source
        self._row = 0
        self._guess = self._encoding(wanted.encoding)
        self._text = io.TextIOWrapper(
            source.file, encoding=self._guess.codec, newline="", errors="strict"
        )
        self._ahead = self._sample()
        self._separator = self._separated_by(wanted.separator)

    @property
    def size(self) -> int:
        """The octets of the file."""
        return self._source.size

    @property
    def position(self) -> int:
        """How many of them have been read."""
        return self._source.file.tell()

    @property
    def unseen(self) -> Collection[int]:
        """None: nothing is hidden."""
        return ()

    def about(self) -> Mapping[str, str]:
        """Say how it is written."""
        names = {sign: name for name, sign in SEPARATORS.items()}
        return {
            "format": "TSV" if self._separator == "\t" else "CSV",
            "encoding": encodings.NAMES[str(self._guess.codec)],
            "sure": self._guess.sure,
            "separator": names[self._separator],
        }

    def remarks(self) -> Sequence[Remark]:
        """Say how the encoding was guessed, where it was."""
        codec, sure, _ = self._guess
        if not sure.startswith(("likely", "very likely")):
            return []
        problem = said(
            "was read as %(name)s (%(sure)s)", name=encodings.NAMES[str(codec)], sure=sure
        )
        remedy = said("Look at the names in 'customers preview'; --encoding names another one.")
        return [Remark(column="", problem=problem, remedy=remedy)]

    def fault(self, problem: str, remedy: str) -> InvalidInputError:
        """Make an error about the file."""
        return self._source.fault(problem, remedy)

    def close(self) -> None:
        """Close the file."""
        self._text.close()

    def rows(self) -> Iterator[SheetRow]:
        """Give the rows."""
        rows = csv.reader(self._lines(), delimiter=self._separator, strict=True)
        while True:
            try:
                cells = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                problem = said(
                    "row %(row)s: its quotes are broken (%(value)s)", row=self._row + 1, value=error
                )
                remedy = said("Double every quote inside a quoted cell, and close each cell.")
                raise self.fault(problem, remedy) from error
            self._row += 1
            if len(cells) > MOST_COLUMNS:
                problem = said(
                    "row %(row)s: has more than %(most)s columns",
                    row=self._row,
                    most=Figure(MOST_COLUMNS),
                )
                raise self.fault(problem, said("Remove the empty ones."))
            if any(cells) and any(cell.strip() for cell in cells):
                yield SheetRow(self._row, cells, NO_MARKS)

    def _encoding(self, wanted: str) -> Guess:
        if wanted not in ENCODINGS:
            remedy = said("Use one of %(known)s.", known=", ".join(ENCODINGS))
            raise InvalidInputError(
                "--encoding", said("%(value)s is unknown", value=repr(wanted)), remedy
            )
        found = encodings.detect(self._source.file)
        if not self._source.head(4096).strip():
            raise self.fault(said("is empty"), _EMPTY)
        if wanted == "auto":
            if found.codec is None:
                remedy = (
                    _SAVE
                    if "text" in found.problem
                    else said("%(save)s %(name_it)s", save=_SAVE, name_it=_NAME_IT)
                )
                raise self.fault(found.problem, remedy)
            return found
        self._check(wanted, found)
        return Guess(found.codec if found.sure.endswith("the mark") else wanted, "named")

    def _check(self, wanted: str, found: Guess) -> None:
        """Refuse an encoding that the file shows it does not have."""
        # What is alike in both, or plain in all, may be called any of them.
        alike = "alike" in found.sure or "ASCII" in found.sure
        certain = found.sure.startswith("certain") and not alike
        if certain and _family(wanted) != _family(str(found.codec)):
            name = encodings.NAMES[str(found.codec)]
            problem = said(
                "%(wanted)s was named, and the file is %(name)s (%(sure)s)",
                wanted=wanted,
                name=name,
                sure=found.sure,
            )
            raise InvalidInputError("--encoding", problem, said("Leave --encoding out."))
        if found.codec is None and found.problem == "is no text":
            raise self.fault(found.problem, _SAVE)

    def _sample(self) -> list[str]:
        """Read the header's line and some more; Excel may announce its separator before it."""
        lines: list[str] = []
        for line in self._raw_lines(_LONGEST_HEADER):
            if line.strip() and not line.lower().startswith("sep="):
                lines.append(line)
                break
            self._row += 1
        if not lines:
            raise self.fault(said("is empty"), _EMPTY)
        return lines + list(islice(self._raw_lines(_LONGEST_LINE), _SAMPLE))

    def _separated_by(self, wanted: str) -> str:
        """Take the separator by which most rows have as many cells as the header, and most."""
        if wanted in SEPARATORS:
            return SEPARATORS[wanted]
        if wanted != "auto":
            remedy = said("Use one of %(known)s.", known=", ".join(("auto", *SEPARATORS)))
            raise InvalidInputError(
                "--separator", said("%(value)s is unknown", value=repr(wanted)), remedy
            )
        bare = "".join(self._ahead[0].split('"')[::2])
        return max(SEPARATORS.values(), key=lambda sign: (self._fitting(sign), bare.count(sign)))

    def _fitting(self, sign: str) -> float:
        try:
            rows = [row for row in csv.reader(self._ahead, delimiter=sign) if any(row)]
        except csv.Error:
            return 0
        if not rows or len(rows[0]) == 1:
            return 0
        # The last one may be cut short by the end of the sample.
        looked_at = rows[1:-1] or rows[1:]
        same = sum(len(row) == len(rows[0]) for row in looked_at)
        return 0.5 + same / len(looked_at) if looked_at else 0.5

    def _lines(self) -> Iterator[str]:
        yield from self._ahead
        yield from self._raw_lines(_LONGEST_LINE)

    def _raw_lines(self, longest: int) -> Iterator[str]:
        read = self._text.readline
        try:
            while line := read(longest + 1):
                if len(line) > longest:
                    problem = said(
                        "row %(row)s: a line is longer than %(most)s characters",
                        row=self._row + 1,
                        most=longest,
                    )
                    raise self.fault(problem, said("Is it a CSV file? Shorten the line."))
                yield line
        except UnicodeError as error:
            name = encodings.NAMES[str(self._guess.codec)]
            problem = said("is not %(name)s somewhere after row %(row)s", name=name, row=self._row)
            raise self.fault(
                problem, said("%(save)s %(name_it)s", save=_SAVE, name_it=_NAME_IT)
            ) from error
        except OSError as error:
            raise self.fault(
                said("can't be read (%(strerror)s)", strerror=error.strerror), said("Try again.")
            ) from error


_NAME_IT = said("Or name its encoding, such as --encoding cp1252 or cp1256.")


def _family(codec: str) -> str:
    return "utf-8" if codec.startswith("utf-8") else codec[:6]
