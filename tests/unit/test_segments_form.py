"""The JSON that forms build: what it refuses, and that nothing of it reaches the text unread."""

import json

import pytest

from broadcaster.audience.form import from_form, read_json
from broadcaster.audience.query import parse
from broadcaster.errors import InvalidInputError
from tests.catalogues import SHIPPED
from tests.expressions import NAMES


def test_a_form_is_the_expression_that_it_shows() -> None:
    """Numbers may be numbers or their texts, days may be told from today."""
    form = {
        "is": "and",
        "parts": [
            {"is": "compare", "attribute": "meter_day", "operator": "<", "value": 15},
            {"is": "compare", "attribute": "subscribed_kva", "operator": "=", "value": "6.6"},
            {
                "is": "not",
                "part": {
                    "is": "compare",
                    "attribute": "opened_on",
                    "operator": ">",
                    "value": {"today": -3, "unit": "month"},
                },
            },
        ],
    }
    text = "meter_day < 15 and subscribed_kva = 6.6 and not opened_on > today - 3 months"
    assert read_json(json.dumps(form), SHIPPED, NAMES) == parse(text, SHIPPED)


def _compared(attribute: str, value: object, operator: str = "=") -> dict[str, object]:
    return {"is": "compare", "attribute": attribute, "operator": operator, "value": value}


_DEEP: dict[str, object] = {"is": "all"}
for _ in range(60):
    _DEEP = {"is": "not", "part": _DEEP}


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ([], "where a condition belongs"),
        ({}, 'is no value of "is"'),
        ({"is": ["all"]}, 'is no value of "is"'),
        ({"is": "and", "parts": [{"is": "all"}]}, "fewer than two"),
        ({"is": "and", "parts": "all"}, "missing or no list"),
        ({"is": "not"}, '"part" is missing'),
        ({"is": "compare", "attribute": "x or all", "operator": "=", "value": "a"}, "one word"),
        ({"is": "compare", "attribute": "district", "operator": "or", "value": "a"}, "Use ="),
        ({"is": "compare", "attribute": "district", "operator": "="}, "Give a text"),
        (_compared("distrct", "a"), '"district"?'),
        (_compared("meter_day", "1 or all"), "Give a number"),
        (_compared("meter_day", value=True), "Write a number"),
        (_compared("meter_day", 1e300), "Give a number"),
        (_compared("opened_on", {"today": "1"}), "is no day"),
        ({"is": "has", "attribute": "services", "value": "wather"}, 'Did you mean "water"?'),
        ({"is": "text", "attribute": "district", "place": 'is "', "text": "a"}, "Give words"),
        ({"is": "campaign", "outcome": "received", "campaign": "cvt"}, 'Did you mean "cut"?'),
        ({"is": "segment", "segment": "watr"}, 'Did you mean "water"?'),
        ({"is": "may_receive", "class": "service", "channel": "fax"}, "Use one of"),
        (_DEEP, "nested too deep"),
        ({"is": "one_of", "attribute": "district", "values": ["a"] * 5000}, "too long"),
    ],
)  # fmt: skip
def test_a_wrong_form_is_refused(form: object, words: str) -> None:
    """With the problem and a remedy; the same bounds hold as for text."""
    with pytest.raises(InvalidInputError) as refused:
        from_form(form, SHIPPED, NAMES)
    assert words in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"is": "all"}' + " " * 300_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    """Also when it is deep or long."""
    with pytest.raises(InvalidInputError, match=r"is no JSON|is too long|condition belongs"):
        read_json(text, SHIPPED, NAMES)
