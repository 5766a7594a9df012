"""Rules of holes: what they refuse, and that cleaning does the same by the short way."""

import operator
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcaster.ports import Reader
from broadcaster.render.environment import finish_line, finish_sms, finish_text
from broadcaster.render.holes import LONG, SHORT, Barred, Hole, HoleError, StandIns, cleaner
from broadcaster.render.locales import load_locales
from broadcaster.render.usage import FIELDS
from broadcaster.render.values import Surface, clean_name, show_name
from tests.skeleton_sources import NAMES, URLS

_LOCALES, _ = load_locales([Path(__file__).parents[2] / "locales"], "ar")
_LOCALE = st.sampled_from([_LOCALES[tag] for tag in ("ar", "fr", "en", "zgh")])
_STANDS = st.sampled_from([SHORT, LONG])
_AROUND = st.text(st.sampled_from("a م.\n\u200e \u00a0<"), max_size=10)


def _reader(field: str, value: str) -> Reader:
    empty = dict.fromkeys(FIELDS, "")
    return Reader(**{**empty, field: value})


@given(NAMES)
@settings(deadline=None)
def test_names_are_cleaned_the_same_by_the_short_way(name: str) -> None:
    """A name that can be printed needs no look at each character; the outcome is as with one."""
    text = unicodedata.normalize("NFC", name[:400])
    looked = "".join(
        " " if character.isspace() else character
        for character in text
        if character.isspace() or unicodedata.category(character)[0] != "C"
    )
    assert clean_name(name) == " ".join(looked.split())[:100]


@given(st.sampled_from(FIELDS), NAMES | URLS)
@settings(deadline=None)
def test_values_that_are_filled_in_are_firm(field: str, value: str) -> None:
    """No end of a pipe changes a value that is filled in: its blanks are single and inside."""
    taken = cleaner(field)(_reader(field, value))
    if taken:
        assert finish_line(taken) == taken
        assert finish_text(taken) == f"{taken}\n"
        assert finish_sms(taken, _LOCALES["ar"]) == taken


@given(st.sampled_from(("name", "number")), NAMES, st.sampled_from(Surface), _LOCALE)
@settings(deadline=None)
def test_holes_show_what_names_show(
    field: str, name: str, surface: Surface, locale: object
) -> None:
    """A filled hole is the shown name, in text and in mark-up."""
    value = cleaner(field)(_reader(field, name))
    if not value:
        return
    shown = show_name(name, surface, locale)  # type: ignore[arg-type]  # (sampled from a list)
    for stand in (SHORT, LONG):
        hole = stand.hole(field, surface, locale)  # type: ignore[arg-type]  # (as above)
        values = [value, str(show_name(name, Surface.SMS, _LOCALES["en"]).raw)]
        for text, expected in ((str(hole), str(shown)), (hole.__html__(), shown.__html__())):
            pieces = stand.split(text)
            escaped = shown.__html__().removeprefix('<span dir="auto">').removesuffix("</span>")
            escaped = escaped.removeprefix("<bdi>").removesuffix("</bdi>")
            filled = "".join(
                p if isinstance(p, str) else (escaped if p % 2 else values[0]) for p in pieces
            )
            assert filled == expected


@given(st.lists(_AROUND, min_size=2, max_size=4), _STANDS, st.sampled_from(FIELDS))
@settings(deadline=None)
def test_texts_are_parted_at_their_holes(around: list[str], stand: StandIns, field: str) -> None:
    """Splitting finds every hole, and what stood around it."""
    hole = str(stand.hole(field, Surface.SMS, _LOCALES["en"]))
    pieces = stand.split(hole.join(around))
    assert list(pieces[::2]) == around
    assert set(pieces[1::2]) == {2 * FIELDS.index(field)}


@pytest.mark.parametrize("change", [str.upper, lambda t: t[:-1], lambda t: t.replace("&", "+")])
def test_changed_stand_ins_are_noticed(change: Callable[[str], str]) -> None:
    """A text in which something was done to a long stand-in has no holes."""
    hole = str(LONG.hole("name", Surface.SMS, _LOCALES["en"]))
    with pytest.raises(HoleError):
        LONG.split(change(hole))


@pytest.mark.parametrize(
    "look",
    [
        *(len, hash, repr, iter, int, float, round, list, format, operator.index),
        lambda hole: hole == "x",
        lambda hole: "x" != hole,  # noqa: SIM300  (the other way round is another method)
        lambda hole: hole in ["x", "y"],
        lambda hole: hole < hole,  # noqa: PLR0124  (any order gives it away)
        lambda hole: hole[0],
        lambda hole: "x" in hole,
        lambda hole: hole + "x",
        lambda hole: "x" + hole,
        lambda hole: hole.href,
        lambda hole: hole.raw.raw,
        lambda hole: f"{hole}",
        lambda hole: {hole: 1},
    ],
)
def test_holes_do_not_tell_what_they_stand_for(look: Callable[[Hole], object]) -> None:
    """Nothing that depends on the value can be asked of a hole."""
    with pytest.raises(HoleError):
        look(SHORT.hole("name", Surface.TEXT, _LOCALES["ar"]))


@pytest.mark.parametrize("look", [str, bool, lambda hole: hole.__html__(), lambda hole: hole.raw])
def test_barred_values_cannot_even_be_put_out(look: Callable[[Hole], object]) -> None:
    """Where a text is looked at a value may not be in it."""
    with pytest.raises(HoleError):
        look(Barred())
