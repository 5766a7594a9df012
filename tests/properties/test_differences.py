"""Differences between two texts, whatever they are and from wherever they are read."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from broadcaster.domain.differences import Change, differences, words

_WORDS = st.sampled_from(
    ["الماء", "مقطوع", "water", "off", "12", "\u2066+212 522\u2069", " ", "\n", "\u2068", "é", "،"]
)
_TEXTS = st.one_of(st.lists(_WORDS, max_size=30).map("".join), st.text(max_size=60))


@given(_TEXTS)
def test_words_together_are_the_text(text: str) -> None:
    """Nothing is lost between them."""
    assert "".join(words(text)) == text


@given(_TEXTS, _TEXTS)
def test_the_pieces_make_both_texts(old: str, new: str) -> None:
    """What stayed or went is the old one, what stayed or came the new one."""
    pieces = differences(old, new)
    assert "".join(one.text for one in pieces if one.change is not Change.ADDED) == old
    assert "".join(one.text for one in pieces if one.change is not Change.REMOVED) == new
    assert all(one.text for one in pieces) or old == new == ""
    assert all(a.change is not b.change for a, b in pairwise(pieces))


@given(_TEXTS)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    """Then nothing went and nothing came."""
    assert {one.change for one in differences(text, text)} <= {Change.SAME}
