"""Segments told in words: every condition, in every language of the console."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings

from broadcaster import bootstrap
from broadcaster.audience.explained import counted, explain
from broadcaster.audience.expression import Expression
from broadcaster.audience.query import parse
from broadcaster.errors import NotFoundError
from broadcaster.render.bidi import balanced, strip
from broadcaster.render.catalogues import UntranslatedError
from broadcaster.render.locales import load_locales
from broadcaster.render.speech import ConsoleSpeech, speech
from tests.catalogues import SHIPPED
from tests.expressions import EXPRESSIONS, KNOWN

_FOLDERS = [bootstrap.shipped("locales")]
_LOCALES, _ = load_locales(_FOLDERS, "ar")
_SPEECH = {tag: speech(tag, _LOCALES, _FOLDERS) for tag in ("en", "fr-MA", "ar-MA")}


def _say(text: str, tag: str) -> str:
    return strip(explain(parse(text, KNOWN), KNOWN, _SPEECH[tag]))


@pytest.mark.parametrize("tag", sorted(_SPEECH))
def test_every_expression_can_be_told(tag: str) -> None:
    """A condition without a translation would be an error; values stand isolated and balanced."""

    @given(expression=EXPRESSIONS)
    @settings(max_examples=250, deadline=None)
    def told(expression: Expression) -> None:
        said = explain(expression, KNOWN, _SPEECH[tag])
        assert said.endswith(".")
        assert "%(" not in said
        assert balanced(said)

    told()


@pytest.mark.parametrize(
    ("text", "tag", "said"),
    [
        ("all", "en", "Every customer is selected."),
        ("all", "fr-MA", "Tous les clients sont sélectionnés."),
        ("all", "ar-MA", "يُختار جميع الزبناء."),
        (
            'services has "water" and district in ("Anfa", "Maârif") and not life_support',
            "en",
            (
                "A customer is selected when this is so: “services” includes “water”, and"
                " “district” is one of these: “Anfa”, “Maârif”, and it is not so that"
                " (“life support equipment” is yes)."
            ),
        ),
        (
            'services has "water" and district in ("Anfa", "Maârif") and not life_support',
            "fr-MA",
            (
                "Un client est sélectionné lorsque ceci est vrai\u00a0: le champ"
                " «\u00a0services\u00a0» comprend «\u00a0eau\u00a0», et le champ"
                " «\u00a0quartier\u00a0» a l’une des valeurs suivantes\u00a0:"
                " «\u00a0Anfa\u00a0», «\u00a0Maârif\u00a0», et ceci est faux\u00a0:"
                " (le champ «\u00a0appareil médical vital\u00a0» a la valeur oui)."
            ),
        ),
        (
            'meter_place in area "Old town" or meter_place within 1.5 km of 33.59, -7.62',
            "en",
            (
                "A customer is selected when this is so: “meter place” is in the area “Old town”,"
                " or “meter place” is at most 1.5 km from the point 33.59, -7.62."
            ),
        ),
        (
            "meter_place within 500 m of 33.59, -7.62",
            "fr-MA",
            (
                "Un client est sélectionné lorsque ceci est vrai\u00a0: le lieu"
                " «\u00a0lieu du compteur\u00a0» se trouve à 500 m au plus du point"
                " 33.59, -7.62."
            ),
        ),
        (
            'meter_place in area "anfa"',
            "ar-MA",
            "يُختار الزبون إذا صح ما يلي: الموقع «مكان العداد» داخل المنطقة «anfa».",
        ),
        (
            'services has "water"',
            "ar-MA",
            "يُختار الزبون إذا صح ما يلي: خانة «الخدمات» تشمل «الماء».",
        ),
        (
            "subscribed_kva >= 6.6 or opened_on > 2020-03-20",
            "fr-MA",
            (
                "Un client est sélectionné lorsque ceci est vrai\u00a0: le champ «\u00a0puissance"
                " souscrite\u00a0» est supérieur ou égal à 6,6, ou le champ «\u00a0contrat ouvert"
                " le\u00a0» est postérieur à cette date\u00a0: 20 mars 2020."
            ),
        ),
    ],
)
def test_a_sentence_is_whole_and_right(text: str, tag: str, said: str) -> None:
    """Labels and choices are in the reader's language, numbers and dates in its way."""
    assert _say(text, tag) == said


@pytest.mark.parametrize(
    ("count", "word"),
    [(1, "يوم"), (2, "يومين"), (5, "أيام"), (11, "يومًا"), (90, "يومًا"), (100, "يوم")],
)
def test_arabic_counts_days_in_their_forms(count: int, word: str) -> None:
    """Six forms, the one that the number wants."""
    said = _say(f"opened_on > today - {count} days", "ar-MA")
    assert said.endswith(f"بمدة {count} {word}.")


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 client est sélectionné actuellement."),
        (1, "1 client est sélectionné actuellement."),
        (2, "2 clients sont sélectionnés actuellement."),
    ],
)
def test_french_counts_none_as_one(count: int, said: str) -> None:
    """As its plural rule has it."""
    assert counted(count, _SPEECH["fr-MA"]) == said


def test_values_stand_isolated_in_arabic() -> None:
    """A Latin name, a number and a point would otherwise turn their surroundings."""
    said = explain(
        parse('district = "Anfa (2)" and location within 500 m of 33.59, -7.62', SHIPPED),
        SHIPPED,
        _SPEECH["ar-MA"],
    )
    for value in ("Anfa (2)", "500", "33.59, -7.62"):
        assert f"\u2068{value}\u2069" in said
    assert "\u2068" not in explain(parse('district = "Anfa"', SHIPPED), SHIPPED, _SPEECH["en"])


def test_the_version_of_an_area_is_called_as_the_area() -> None:
    """What was pinned has a hash behind its name, which nobody reads."""
    pinned, named = 'location in area "Oasis #0123456789ab"', 'location in area "Oasis"'
    assert _say(pinned, "en") == _say(named, "en")
    assert "Oasis #12" in _say('location in area "Oasis #12"', "en")


def test_a_missing_translation_is_an_error_and_no_english(tmp_path: Path) -> None:
    """Nobody reads half a sentence."""
    folder = tmp_path / "fr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    whole = (_FOLDERS[0] / "fr/LC_MESSAGES/console.po").read_text("utf-8")
    text = whole.replace('msgstr "le champ %(what)s est renseigné"', 'msgstr ""')
    assert text != whole
    (folder / "console.po").write_text(text, "utf-8")
    spoken = speech("fr", _LOCALES, [tmp_path])
    with pytest.raises(UntranslatedError, match="is known"):
        explain(parse("district is present", SHIPPED), SHIPPED, spoken)


def test_a_locale_that_does_not_exist_is_named() -> None:
    """With those that there are."""
    with pytest.raises(NotFoundError, match="Use one of ar, en, es, fr"):
        speech("xx", _LOCALES, _FOLDERS)
    assert isinstance(_SPEECH["ar-MA"], ConsoleSpeech)
    assert _SPEECH["ar-MA"].day(date(2020, 3, 20)) == "20 مارس 2020"
