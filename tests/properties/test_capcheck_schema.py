"""The check of alerts and the schema of OASIS: what the schema refuses, the check refuses too."""

from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree  # type: ignore[import-untyped]  # (the library has no types)

from broadcaster.publication.capcheck import Gravity, check
from tests.unit.test_publication_capcheck import ERRORS, GOOD

_DATA = Path(__file__).parent.parent / "data"
_TEXTS = ("", " ", "hello", "Z", "2026-03-20T09:00:00Z", "Actual", "1,1", "-1", "ar_MA", "\u0627")


@lru_cache(maxsize=1)
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(_DATA / "CAP-v1.2.xsd")))


def _refused(content: bytes) -> bool:
    return any(one.gravity is Gravity.ERROR for one in check(content))


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from(("drop", "double", "last", "say")),
                  st.sampled_from(_TEXTS)),
        min_size=1,
        max_size=3,
    )
)  # fmt: skip
def test_what_the_schema_refuses_is_refused(steps: list[tuple[int, str, str]]) -> None:
    """Whatever is left out, doubled, moved or said otherwise."""
    root = etree.fromstring(GOOD.encode())
    for number, what, text in steps:
        below = [one for one in root.iter() if one is not root]
        if not below:
            break
        one = below[number % len(below)]
        parent = one.getparent()
        if what == "drop":
            parent.remove(one)
        elif what == "double":
            parent.insert(parent.index(one), etree.fromstring(etree.tostring(one)))
        elif what == "last":
            parent.append(one)
        else:
            one.text = text
    content = etree.tostring(root)
    if not _schema().validate(etree.fromstring(content)):
        assert _refused(content)


@pytest.mark.parametrize("number", range(len(ERRORS)))
def test_the_schema_lets_much_through(number: int) -> None:
    """What only the check finds is why it is there; each of these is refused by it."""
    old, new, _, _ = ERRORS[number]
    content = GOOD.replace(old, new, 1).encode()
    assert _refused(content)


def test_more_than_twenty_faults_pass_the_schema() -> None:
    """Updates without references, open polygons, expiry before sending and the like."""
    passed = 0
    for old, new, _, _ in ERRORS:
        try:
            root = etree.fromstring(GOOD.replace(old, new, 1).encode())
        except etree.XMLSyntaxError:
            continue
        passed += bool(_schema().validate(root))
    assert passed > 20
