"""Direction: what is shown wrongly in Arabic text, and how values are kept apart."""

import pytest

from broadcaster.render import bidi

# The table of shapes comes from running the Unicode bidirectional algorithm on each after an
# Arabic word: the first list keeps its order, the second does not.
_SAFE = [
    "0522312020",
    "05.22.31.20.20",
    "24/7",
    "20/03/2020",
    "https://client.lydec.ma",
    "client.lydec.ma",
    "contact@lydec.co.ma",
    "COVID-19",
    "M-Post",
]
_DANGEROUS = [
    "05 22 31 20 20",
    "0522-312020",
    "+212522312020",
    "+212 5 22 31 20 20",
    "8-12",
    "08:00–12:00",
    "2020-03-20",
    "-5",
    "12%",
    "https://client.lydec.ma/",
]


@pytest.mark.parametrize("shape", _SAFE)
def test_safe_shapes_pass(shape: str) -> None:
    """A shape that keeps its order in Arabic text is not complained about."""
    assert bidi.dangers(f"الهاتف {shape} اليوم") == []


@pytest.mark.parametrize("shape", _DANGEROUS)
def test_dangerous_shapes_are_found_unless_isolated(shape: str) -> None:
    """A shape whose pieces swap places is found, and no longer once it is isolated."""
    assert bidi.dangers(f"الهاتف {shape} اليوم")
    assert bidi.dangers(f"الهاتف {bidi.isolate_ltr(shape)} اليوم") == []
    assert bidi.dangers(f"الهاتف {bidi.LRM}{shape}{bidi.LRM} اليوم") == []


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("", True),
        ("\u2066a\u2069", True),
        ("\u2066a\u2067b\u2069\u2069", True),
        ("\u2066a", False),
        ("a\u2069", False),
        ("\u2069a\u2066", False),
        ("\u2066a\nb\u2069", False),
    ],
)
def test_isolates_must_be_closed_on_their_line(text: str, *, whole: bool) -> None:
    """An isolate that is left open would swallow the rest of the paragraph."""
    assert bidi.balanced(text) is whole


def test_first_strong_letter_decides_direction() -> None:
    """Digits and punctuation have no direction of their own."""
    assert bidi.first_strong("24/7: ليدك Lydec") == "rtl"
    assert bidi.first_strong("24/7: Lydec ليدك") == "ltr"
    assert bidi.first_strong("0522312020 – 24/7") is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("(كوفيد 19)", None),
        (")كوفيد 19(", ")"),
        ("(كوفيد 19", "("),
        ("«ليدك» (أ [ب])", None),
        ("([)]", ")"),
    ],
)
def test_brackets_stored_the_wrong_way_round_are_found(text: str, fault: str | None) -> None:
    """The founding notice itself was published with its brackets reversed."""
    assert bidi.bracket_fault(text) == fault
