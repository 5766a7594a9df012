"""The documentation of segments: what it shows can be written so."""

import json
import re
from pathlib import Path

import pytest

from broadcaster.audience.expression import canonical, leaves
from broadcaster.audience.form import from_form
from broadcaster.audience.query import parse
from broadcaster.audience.reading import Names
from tests.catalogues import SHIPPED

_TEXT = (Path(__file__).parents[2] / "docs" / "segments.md").read_text("utf-8")
_TABLE = _TEXT.partition("| you write |")[2].partition("\n\n")[0]
_EXAMPLES = re.findall(r"^\| `([^`]+)` \|", _TABLE, re.MULTILINE)
_NAMES = Names(segments=["water customers"], campaigns=["Water cut"])


@pytest.mark.parametrize("example", _EXAMPLES)
def test_every_example_of_the_table_is_read(example: str) -> None:
    """Nobody copies something from the documentation that is refused."""
    tree = parse(example, SHIPPED, _NAMES)
    assert parse(canonical(tree), SHIPPED, _NAMES) == tree


def test_the_table_has_every_sort_of_condition() -> None:
    """What can be asked is told."""
    shown = {
        type(leaf).__name__
        for example in _EXAMPLES
        for leaf in leaves(parse(example, SHIPPED, _NAMES))
    }
    known = {"Everyone", "Comparison", "OneOf", "Holds", "Has", "HasOf", "Present", "Missing"}
    known |= {"MayReceive", "OptedOut", "Campaign", "InArea", "Near", "InSegment"}
    assert shown == known
    assert len(_EXAMPLES) > 30


def test_the_form_of_the_documentation_is_read() -> None:
    """As it stands there."""
    form = _TEXT.partition('    {"is": "and"')[1] + _TEXT.partition('    {"is": "and"')[2]
    tree = from_form(json.loads(form.partition("\n\n")[0]), SHIPPED, _NAMES)
    assert tree == parse('services has "water" and opened_on > today - 90 days', SHIPPED)
