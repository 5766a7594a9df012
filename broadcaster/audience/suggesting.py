"""What the columns of a file probably are: by their headings, and by what stands in them."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from broadcaster.audience import columns
from broadcaster.audience.attributes import Attribute, Catalogue, Kind
from broadcaster.audience.cells import CellError, attribute
from broadcaster.audience.digits import plain_digits
from broadcaster.audience.mapping import ColumnMapping, ColumnUse
from broadcaster.audience.sheets.sheet import Sheet, Wanted, letters
from broadcaster.domain.saying import said
from broadcaster.ports import CheckPhone

#: How many rows are looked at, and how many words of a column are listed.
_LOOKED_AT = 500
_LISTED = 30
#: From which part of the values on a column is taken for what they look like.
_MOST = 0.7
_MAILBOX = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_FIGURES = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-]\d{4}", re.ASCII)
_MONTHS = 12
#: From so many letters on a word says something as a part of others too.
_TELLING = 4

#: What headings have in them, in the words of billing programs, by the column that they mean.
_WORDS: tuple[tuple[str, str], ...] = (
    ("e_mail", "email"),
    ("email", "email"),
    ("mail", "email"),
    ("courriel", "email"),
    ("بريد", "email"),
    ("gsm", "phone"),
    ("mobile", "phone"),
    ("portable", "phone"),
    ("tel", "phone"),
    ("tél", "phone"),
    ("tél.", "phone"),
    ("tel.", "phone"),
    ("téléphone", "phone"),
    ("telephone", "phone"),
    ("phone", "phone"),
    ("هاتف", "phone"),
    ("n°_client", "number"),
    ("client_n", "number"),
    ("num_client", "number"),
    ("code_client", "number"),
    ("ref_client", "number"),
    ("police", "number"),
    ("contrat_n", "number"),
    ("customer_id", "number"),
    ("رقم", "number"),
    ("raison_sociale", "name"),
    ("nom", "name"),
    ("name", "name"),
    ("اسم", "name"),
    ("langue", "locales"),
    ("language", "locales"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggested:
    """What a column probably is, why, and the words in it that an import does not know."""

    place: int
    heading: str
    use: ColumnUse
    why: str
    unknown_words: Mapping[str, int]


def suggest(sheet: Sheet, catalogue: Catalogue, check_phone: CheckPhone) -> Sequence[Suggested]:
    """Look at the first rows; one suggestion for each column that has a heading or values."""
    rows = sheet.rows()
    header = next(rows, None)
    if header is None:
        raise sheet.fault(said("has no rows"), said("Give a file with a header and rows."))
    looked_at = [row.cells for row in islice(rows, _LOOKED_AT)]
    known = columns.headings(catalogue)
    taken: set[str] = set()
    found = []
    for place, heading in enumerate(header.cells):
        values = [cells[place].strip() for cells in looked_at if place < len(cells)]
        values = [value for value in values if value]
        if not heading.strip() and not values:
            continue
        column, why = _column(columns.heading(heading), values, known, check_phone, taken)
        if column and column in taken:
            column, why = "", f"{column} is there already"
        taken.add(column)
        found.append(_suggested(place, heading, column, why, values, catalogue))
    return found


def as_mapping(suggested: Sequence[Suggested], wanted: Wanted, region: str = "") -> ColumnMapping:
    """Make a mapping of the suggestions; words that are not known are given as themselves."""
    uses = []
    for one in suggested:
        words = {word: word for word in one.unknown_words}
        uses.append(replace(one.use, words=words))
    return ColumnMapping(uses=uses, region=region, wanted=wanted)


def _column(
    word: str,
    values: Sequence[str],
    known: Mapping[str, str],
    check_phone: CheckPhone,
    taken: set[str],
) -> tuple[str, str]:
    if word in known:
        return known[word], "by its heading"
    parts = frozenset(word.split("_"))
    for part, column in _WORDS:
        if (part in word if len(part) >= _TELLING else part in parts) and column not in taken:
            return column, "by a word in its heading"
    for label, column in known.items():
        if len(word) >= _TELLING and f"_{word}_" in f"_{label}_" and column not in taken:
            return column, "by a part of what it is called here"
    if values and _share(values, lambda one: bool(_MAILBOX.fullmatch(one))) >= _MOST:
        return _free("email", taken), "by its values: mailboxes"
    if values and _share(values, lambda one: check_phone(one).sms_capable) >= _MOST:
        return _free("phone", taken), "by its values: mobile numbers"
    return "", "nothing tells"


def _free(column: str, taken: set[str]) -> str:
    return f"{column}_2" if column in taken else column


def _suggested(
    place: int, heading: str, column: str, why: str, values: Sequence[str], catalogue: Catalogue
) -> Suggested:
    known = catalogue.current.get(column)
    dates = _order(values) if known and known.kind is Kind.DATE else ""
    plain = " ".join(heading.split())
    use = ColumnUse(
        column=column,
        heading=plain,
        position=0 if plain else place + 1,
        dates=dates,
        decimal="," if known and known.kind is Kind.NUMBER and _comma(values) else "",
    )
    unknown = _unknown(values, known) if known else {}
    return Suggested(
        place=place,
        heading=plain or letters(place),
        use=use,
        why=why,
        unknown_words=unknown,
    )


def _order(values: Sequence[str]) -> str:
    """Tell whether months come before days: a figure above twelve is no month."""
    pairs = [found for value in values if (found := _FIGURES.fullmatch(plain_digits(value)))]
    second = any(int(found[2]) > _MONTHS for found in pairs)
    first = any(int(found[1]) > _MONTHS for found in pairs)
    return "mdy" if second and not first else "dmy" if first and not second else ""


def _comma(values: Sequence[str]) -> bool:
    return any(re.fullmatch(r"-?\d+,\d+", plain_digits(value)) for value in values)


def _unknown(values: Sequence[str], known: Attribute) -> Mapping[str, int]:
    """Count the words of a choice, a set or a yes and no that an import would refuse."""
    if known.kind not in (Kind.CHOICE, Kind.SET, Kind.BOOLEAN):
        return {}
    counted = Counter(value for value in values if not _is_known(value, known))
    return dict(counted.most_common(_LISTED))


def _is_known(word: str, known: Attribute) -> bool:
    try:
        attribute(word, known)
    except CellError:
        return False
    return True


def _share(values: Sequence[str], good: Callable[[str], bool]) -> float:
    return sum(map(good, values)) / len(values)
