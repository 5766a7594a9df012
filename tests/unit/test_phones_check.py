"""Telephone numbers are read as the vectors say, and stricter where a guess would be dangerous."""

import json
from pathlib import Path
from typing import Any

import pytest

from broadcaster.channels.phones import check, reader, trunk
from broadcaster.domain.customer import PhoneCheck
from broadcaster.errors import InvalidInputError

_VECTORS = json.loads(
    (Path(__file__).parent.parent / "data" / "phones_ma.json").read_text(encoding="utf-8")
)
#: What the library accepts and we refuse, and as what.
_STRICTER = {"0661ABCDEF": "LETTERS", "هاتف: 0522312020": "LETTERS"}


@pytest.mark.parametrize("vector", _VECTORS, ids=lambda vector: ascii(vector["raw"]))
def test_check_equals_the_vector(vector: dict[str, Any]) -> None:
    """Number, type, fault and fitness for SMS are the vector's, where we are not stricter."""
    found = check(vector["raw"], vector["region"])
    if vector["raw"] in _STRICTER:
        assert (found.e164, found.error) == (None, _STRICTER[vector["raw"]])
        assert not found.sms_capable
        return
    assert (found.e164, found.type, found.error, found.sms_capable) == (
        vector["e164"],
        vector["type"],
        vector["error"],
        vector["sms_capable"],
    )


@pytest.mark.parametrize("region", ["MA", "FR", "BE", "GB", "TN", "ES", "US"])
def test_what_reads_many_numbers_answers_as_what_reads_one(region: str) -> None:
    """For every vector, and for numbers around the plans' borders, whatever the region's rules."""
    numbers = [vector["raw"] for vector in _VECTORS]
    numbers += [f"0{n}{m:07}" for n in range(10, 100) for m in (0, 1234567, 9999999)]
    numbers += [f"+{code}{n}1234567" for code in (33, 212, 44) for n in range(10, 100)]
    fast = reader(region)
    assert [fast(raw) for raw in numbers] == [check(raw, region) for raw in numbers]


def test_what_is_dialled_in_front_is_the_regions() -> None:
    """A zero in Morocco, nothing in Spain."""
    assert (trunk("MA"), trunk("ES")) == ("0", "")


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("O661234567", "LETTERS"),
        ("0661234567 Amina", "LETTERS"),
        ("tel 0661234567", "LETTERS"),
        ("GSM:0661234567", "LETTERS"),
        ("0661234567/x12", "LETTERS"),
        ('="0661234567"', "JUNK"),
        ("*0661234567", "JUNK"),
        ("0661234567?", "JUNK"),
        ("😀0661234567", "JUNK"),
        ("½0661234567", "JUNK"),
    ],
)
def test_what_the_library_would_skip_is_refused(raw: str, kind: str) -> None:
    """Letters and stray signs make a number doubtful: it is not dialled."""
    found = check(raw, "MA")
    assert (found.e164, found.type, found.error, found.sms_capable) == (None, None, kind, False)
    assert found.problem
    assert found.remedy


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("0661\u202f23\u202f45\u202f67", "U+202F"),
        ("6.61234567E8", "scientific notation"),
        ("6,61E+08", "scientific notation"),
        ("661234567.0", "ends in .0"),
        ("0522312020 / 0661234567", "two numbers"),
        ("0661234567 0522312020", "two numbers"),
        ("0661\u200e234567", "U+200E"),
        ("19", "short code"),
        ("0" * 300, "longer than 250"),
        ("+999123456789", "country code"),
        ("0790123456", "numbering plan"),
    ],
)
def test_the_fault_is_named(raw: str, words: str) -> None:
    """A person reads what happened to the number, and what to do."""
    found = check(raw, "MA")
    assert found.error
    assert not found.sms_capable
    assert words in (found.problem or "")
    assert found.remedy


@pytest.mark.parametrize(
    "raw", ["\u200etel:+212661234567", "'tel:+212 661 234567", "\ufeff'0661234567"]
)
def test_what_stands_before_a_number_hides_it_not(raw: str) -> None:
    """Marks that programs leave, a text's apostrophe and a link's beginning are no letters."""
    assert check(raw, "MA").e164 == "+212661234567"


@pytest.mark.parametrize(
    ("raw", "e164"),
    [
        ("tel:0661234567;phone-context=+212", "+212661234567"),
        ("TEL:661-234-567;Phone-Context=+212", "+212661234567"),
        ("tel:0661234567;ext=12;phone-context=+212", "+212661234567"),
        ("tel:7911 123456;phone-context=+44", "+447911123456"),
    ],
)
def test_a_link_says_where_its_number_is_dialled(raw: str, e164: str) -> None:
    """The context of a link is the country code (RFC 3966), whatever the region here."""
    found = check(raw, "MA")
    assert (found.e164, found.error, found.sms_capable) == (e164, None, True)
    assert reader("MA")(raw) == found


@pytest.mark.parametrize(
    ("raw", "kind", "words"),
    [
        ("tel:0661234567;phone-context=example.com", "CONTEXT", "no country code"),
        ("tel:0661234567;phone-context=+999", "CONTEXT", "no country code"),
        ("tel:0661234567;phone-context=", "CONTEXT", "no country code"),
        ("tel:+212661234567;phone-context=+212", "CONTEXT_OF_WHOLE", "beside a whole number"),
        ("tel:0661234567;isub=1;phone-context=+212", "LETTERS", "letters"),
    ],
)
def test_a_link_that_does_not_say_it_is_refused(raw: str, kind: str, words: str) -> None:
    """A number of a company's own exchange is nobody's mobile."""
    found = check(raw, "MA")
    assert (found.e164, found.error) == (None, kind)
    assert words in (found.problem or "")


def test_a_fixed_line_is_good_and_takes_no_sms() -> None:
    """A landline has its E.164 form; it is no destination for SMS, and the message says so."""
    found = check("05 22 31 20 20", "ma")
    assert (found.e164, found.error, found.sms_capable) == ("+212522312020", None, False)
    assert "fixed line" in (found.problem or "")


def test_a_number_of_another_country_is_not_taken_for_moroccan() -> None:
    """+1 212 is New York, where the plan does not tell mobiles from fixed lines."""
    found = check("+1 212 661 2345", "MA")
    assert (found.e164, found.sms_capable) == ("+12126612345", False)


@pytest.mark.parametrize("region", ["XX", "", "MAROC", "001", "م"])
def test_an_unknown_region_is_refused(region: str) -> None:
    """A region that no plan belongs to is a fault of the caller's, named with its remedy."""
    with pytest.raises(InvalidInputError, match="region"):
        check("0661234567", region)


def test_a_check_does_not_show_the_number() -> None:
    """A repr may end up in a log."""
    assert "661" not in repr(check("0661234567", "MA"))
    assert isinstance(check("0661234567", "MA"), PhoneCheck)
