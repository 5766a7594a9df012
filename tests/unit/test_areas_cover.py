"""Which areas an expression is bound to: where all whom it selects must be."""

from decimal import Decimal

import pytest

from broadcaster.audience.areas.cover import cover
from broadcaster.audience.expression import InArea, Near
from broadcaster.audience.query import parse
from tests.catalogues import SHIPPED

_NEAR = Near(Decimal(500), Decimal("33.59"), Decimal("-7.62"))


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("all", ()),
        ('location in area "A"', (InArea("A"),)),
        ('location in area "A" or location in area "B"', (InArea("A"), InArea("B"))),
        ('location in area "A" or location in area "A"', (InArea("A"),)),
        ('location in area "A" and meter_day < 15', (InArea("A"),)),
        ('meter_day < 15 and location in area "B"', (InArea("B"),)),
        ('location in area "A" and not location in area "B"', (InArea("A"),)),
        ('location in area "A" or meter_day < 15', ()),
        ('not location in area "A"', ()),
        ("location within 500 m of 33.59,-7.62", (_NEAR,)),
        (
            '(location in area "A" or location within 500 m of 33.59,-7.62) and meter_day < 15',
            (InArea("A"), _NEAR),
        ),
    ],
)
def test_an_expression_is_bound_where_everybody_must_be(
    text: str, places: tuple[InArea | Near, ...]
) -> None:
    """Of what holds together one is enough, of what may hold instead all; what is out, none."""
    assert cover(parse(text, SHIPPED)).places == places
