"""What advice says that a change saves is what measuring the changed messages gives."""

from hypothesis import given
from hypothesis import strategies as st

from broadcaster.channels.savings import savings
from broadcaster.channels.sms import measure

_WORDS = st.sampled_from(
    ("Bonjour ", "forêt ", "maïs ", "l’été ", "x" * 60, "x" * 152, "€", "مرحبا ", "e\u0301 ", "…")
)
_WORDING = st.lists(_WORDS, max_size=4).map("".join)
_TEXTS = st.builds(
    lambda before, after, names: {(before, name, after): count for name, count in names.items()},
    _WORDING,
    _WORDING,
    st.dictionaries(
        st.sampled_from(("Amina", "Benoît", "أمينة", "Zoé", "")), st.integers(1, 1000), min_size=1
    ),
)


@given(texts=_TEXTS)
def test_each_figure_is_that_of_the_messages_measured_anew(
    texts: dict[tuple[str, ...], int],
) -> None:
    """Characters replaced in the wording alone; names are as they are."""
    found, looked = savings(texts)
    assert looked == sum(texts.values())
    for one in found:
        if not one.what.startswith("replace"):
            continue
        saved = 0
        for (before, name, after), count in texts.items():
            new = [before, after]
            for old, instead in zip(one.characters, one.instead, strict=True):
                new = [piece.replace(old, instead) for piece in new]
            now = measure(before + name + after).segments
            saved += count * max(0, now - measure(new[0] + name + new[1]).segments)
        assert one.saved == saved > 0


def test_the_example_of_the_brief_comes_out() -> None:
    """One letter of the French text makes every message dearer."""
    text = "Coupure d'eau dans la forêt lundi, de 9 h à 16 h, pour tous les clients du secteur 7."
    (first, *_), _ = savings({(text,): 41_200})
    assert (first.what, first.characters, first.instead) == ("replace", ("ê",), ("e",))
    assert (first.count, first.saved) == (1, 41_200)


def test_a_text_a_little_too_long_is_told_by_how_much() -> None:
    """The fewest characters that bring most people's message under the border."""
    texts: dict[tuple[str, ...], int] = {
        ("x" * 150, "a" * length, "y"): 10 for length in (5, 9, 12, 13)
    }
    (one,), _ = savings(texts)
    assert (one.what, one.count, one.saved) == ("shorten", 4, 20)


def test_names_that_make_it_dear_are_told_apart_from_the_wording() -> None:
    """Nobody can change a name; the text can do without it."""
    found, _ = savings({("x" * 100, "ŵ" * 4, ""): 7, ("x" * 100, "aaaa", ""): 5})
    assert [(one.what, one.saved) for one in found] == [("names", 7)]
