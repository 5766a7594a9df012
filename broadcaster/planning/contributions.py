"""What a customer adds to the size of a message: enough to measure it, and no more; in SQL.

A text of plain characters takes the same room as any other of its length: no alphabet, escape or
cluster (`channels.sms`, `channels.graphemes`) tells them apart, and nothing on the way to the
message changes them. So customers whose names are of one *form* get messages of one size:

- `g12`: twelve plain characters that the GSM 7 bit alphabet has, with single blanks between;
- `u12`: the same with at least one that it has not;
- `x…`: anything else, as it is; that is rendered for each.

Personal columns are read here and nowhere else in planning.
"""

from collections.abc import Mapping, Sequence
from typing import LiteralString

#: Characters that no step changes and that never join others; those of GSM 7 bit, and others.
_BASIC = "A-Za-z0-9._\\-" + "ÄÅÆÇÉÑÖØÜßàäåæèéìñòöøùü"
_OTHER = "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u017f\u0621-\u063a\u0641-\u064a\u2d30-\u2d67"

#: Longer ones are cut when they are shown, and so are looked at one by one.
_LONGEST = 100

#: What stands for a character that the alphabet has, and for one that it has not.
BASIC, FOREIGN = "a", "\u0175"

_FORM: LiteralString = """
CASE WHEN length({value}) < %(form_longest)s AND {value} ~ %(form_basic)s
         THEN 'g' || length({value})
     WHEN length({value}) < %(form_longest)s AND {value} ~ %(form_other)s
         THEN 'u' || length({value})
     ELSE 'x' || {value} END"""

# As the ledger gives it to the one who renders: in the script of the message where it is known.
_NAME: LiteralString = """
(CASE WHEN locale_choice.chosen LIKE 'ar%%' THEN reader.name
      ELSE COALESCE(reader.name_latin, reader.name) END)"""

_VALUES: Mapping[str, LiteralString] = {"name": _NAME, "number": "reader.number"}
_COLUMNS: Mapping[str, LiteralString] = {
    "name": ", customer.name, customer.name_latin",
    "number": ", customer.number",
}
_NAMES: Mapping[str, LiteralString] = {"name": "name_form", "number": "number_form"}

#: The fields that customers have; the links are ours.
FIELDS = tuple(_VALUES)


def columns(fields: Sequence[str]) -> LiteralString:
    """Write the columns of `customer` that are read."""
    return _joined([_COLUMNS[field] for field in fields])


def expressions(fields: Sequence[str], *, whole: bool) -> LiteralString:
    """Write the columns `<field>_form`: the form of a field, or the field itself."""
    return _joined(
        [
            ", "
            + (_VALUES[field] if whole else _FORM.replace("{value}", _VALUES[field]))
            + " AS "
            + _NAMES[field]
            for field in fields
        ]
    )


def names(fields: Sequence[str]) -> LiteralString:
    """Write the names of those columns."""
    return _joined([", " + _NAMES[field] for field in fields])


def values() -> Mapping[str, object]:
    """Give the values of `expressions`."""
    return {
        "form_longest": _LONGEST,
        "form_basic": f"^[{_BASIC}]+(?: [{_BASIC}]+)*$",
        "form_other": f"^[{_BASIC}{_OTHER}]+(?: [{_BASIC}{_OTHER}]+)*$",
    }


def example(form: str) -> str:
    """Give a text of a form."""
    if form.startswith("x"):
        return form[1:]
    return (BASIC if form.startswith("g") else FOREIGN) * int(form[1:])


def _joined(parts: Sequence[LiteralString]) -> LiteralString:
    text: LiteralString = ""
    for part in parts:
        text += part
    return text
