"""Figures of other scripts are read by one rule, wherever they are written."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from broadcaster.audience import repairs
from broadcaster.audience.digits import plain_digits, plain_number
from broadcaster.audience.draft import Draft
from broadcaster.audience.location import read_location
from broadcaster.audience.tokens import tokens
from broadcaster.audience.translation import _number

#: The zero of each script that has figures.
_ZEROS = [sign for sign in map(chr, range(0x1_0000)) if unicodedata.decimal(sign, None) == 0]
_POINTS = st.sampled_from((".", "\u066b"))


def _written(text: str, zero: str) -> str:
    return "".join(chr(ord(zero) + int(one)) if one.isdecimal() else one for one in text)


@given(
    whole=st.integers(0, 89),
    rest=st.integers(0, 99),
    zero=st.sampled_from(_ZEROS),
    point=_POINTS,
    minus=st.sampled_from(("", "-", "\u2212")),
)
def test_a_number_is_the_same_in_a_file_a_place_and_a_segment(
    whole: int, rest: int, zero: str, point: str, minus: str
) -> None:
    """In the figures of any script, with either point and either minus."""
    plain = f"{'-' if minus else ''}{whole}.{rest:02}"
    text = minus + _written(f"{whole}", zero) + point + _written(f"{rest:02}", zero)
    assert plain_number(text) == plain
    assert [one.text for one in tokens(text)] == [plain, ""]
    place = read_location(Draft(2, {"latitude": text, "longitude": "1"}), "")
    assert place == (1, float(plain))
    for decimal in ("", ".", ","):
        given_ = text.replace(".", decimal or ".")
        assert _number(given_, decimal, typed=False) == plain


@given(zero=st.sampled_from(_ZEROS), number=st.integers(0, 10**9))
def test_a_customer_number_keeps_its_dash(zero: str, number: int) -> None:
    """Figures are read as 0 to 9; what may be a dash in a name of a thing stays one."""
    found = repairs.number(f"A\u2013{_written(str(number), zero)}")
    assert (found.value if found else f"A\u2013{number}") == f"A\u2013{number}"
    assert plain_digits("2020\u060d03") == "2020/03"
