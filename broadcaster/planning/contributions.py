"""What a customer adds to the size of a message: enough to measure it, and no more; in SQL.

A text of plain characters takes the same room as any other of its length: no alphabet, escape or
cluster (`channels.sms`, `channels.graphemes`) tells them apart, and nothing on the way to the
message changes them. So customers whose names are of one *form* get messages of one size:

- `g12`: twelve plain characters that the GSM 7 bit alphabet has, with single blanks between;
- `u12`: the same with at least one that it has not;
- `x…`: anything else, as it is; that is rendered for each;
- `o7`: something of customer 7 that is sealed, and has to be opened first.

Personal columns are read here and nowhere else in planning.
"""

import re
from collections.abc import Mapping, Sequence
from typing import LiteralString

#: Characters that no step changes and that never join others; those of GSM 7 bit, and others.
_BASIC = "A-Za-z0-9._\\-" + "ÄÅÆÇÉÑÖØÜßàäåæèéìñòöøùü"
_OTHER = "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u017f\u0621-\u063a\u0641-\u064a\u2d30-\u2d67"

_BASIC_TEXT = re.compile(f"[{_BASIC}]+(?: [{_BASIC}]+)*")
_OTHER_TEXT = re.compile(f"[{_BASIC}{_OTHER}]+(?: [{_BASIC}{_OTHER}]+)*")

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
(CASE WHEN locale_choice.chosen LIKE 'ar%%' THEN reader.{name}
      ELSE COALESCE(reader.{latin}, reader.{name}) END)"""
_PLAIN_NAME = _NAME.replace("{name}", "name").replace("{latin}", "name_latin")
_KEPT_NAME = _NAME.replace("{name}", "kept_name").replace("{latin}", "kept_latin")

# Of a sealed name its form is kept; what is odd, or not looked at yet, is opened one by one.
_SEALED: LiteralString = """
CASE WHEN reader.kept_name IS NULL THEN {plain}
     WHEN {kept} <> 'o' AND NOT {whole} THEN {kept}
     ELSE 'o' || reader.customer_id END"""

#: What tells of which names the kept forms are.
FORMED: LiteralString = "customer.name_digest || COALESCE(customer.latin_digest, ''::bytea)"
_NAME_COLUMNS: LiteralString = (
    ", customer.name, customer.name_latin, CASE WHEN customer.sealed IS NOT NULL THEN CASE WHEN"
    " customer.formed = "
    + FORMED
    + " THEN customer.name_form ELSE 'o' END END AS kept_name, CASE WHEN customer.latin_digest"
    " IS NOT NULL THEN CASE WHEN customer.formed = "
    + FORMED
    + " THEN customer.latin_form ELSE 'o' END END AS kept_latin"
)

_VALUES: Mapping[str, LiteralString] = {"name": _PLAIN_NAME, "number": "reader.number"}
_COLUMNS: Mapping[str, LiteralString] = {
    "name": _NAME_COLUMNS,
    "number": ", customer.number",
}
_NAMES: Mapping[str, LiteralString] = {"name": "name_form", "number": "number_form"}

#: The fields that customers have; the links are ours.
FIELDS = tuple(_VALUES)


def columns(fields: Sequence[str]) -> LiteralString:
    """Write the columns of `customer` that are read."""
    return _joined([_COLUMNS[field] for field in fields])


def expressions(fields: Sequence[str], *, whole: bool) -> LiteralString:
    """Write the columns `<field>_form`: the form of a field; with `whole` always the field itself.

    Of a sealed name that has no form to go by there is `o` and the customer's id.
    """
    return _joined(
        [", " + _expression(field, whole=whole) + " AS " + _NAMES[field] for field in fields]
    )


def _expression(field: str, *, whole: bool) -> LiteralString:
    value = _VALUES[field]
    form: LiteralString = "'x' || " + value if whole else _FORM.replace("{value}", value)
    if field != "name":
        return form
    flag: LiteralString = "true" if whole else "false"
    sealed = _SEALED.replace("{kept}", _KEPT_NAME).replace("{whole}", flag)
    return sealed.replace("{plain}", form)


def names(fields: Sequence[str]) -> LiteralString:
    """Write the names of those columns."""
    return _joined([", " + _NAMES[field] for field in fields])


def values() -> Mapping[str, object]:
    """Give the values of `expressions`."""
    return {
        "form_longest": _LONGEST,
        "form_basic": f"^{_BASIC_TEXT.pattern}$",
        "form_other": f"^{_OTHER_TEXT.pattern}$",
    }


def form(text: str) -> str:
    """Give the form of a text, as SQL does."""
    if len(text) < _LONGEST and _BASIC_TEXT.fullmatch(text):
        return f"g{len(text)}"
    if len(text) < _LONGEST and _OTHER_TEXT.fullmatch(text):
        return f"u{len(text)}"
    return f"x{text}"


def kept(text: str) -> str:
    """Give what may be kept in plain of a sealed text: its form, and of an odd one nothing."""
    found = form(text)
    return "o" if found.startswith("x") else found


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
