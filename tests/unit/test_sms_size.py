"""The size of an SMS equals the answers of Twilio's calculator."""

import json
import unicodedata
from pathlib import Path

import pytest

from broadcaster.channels import gsm7, sms
from broadcaster.channels.graphemes import clusters
from broadcaster.domain.message import SmsSize
from broadcaster.errors import InvalidInputError

_DATA = Path(__file__).parent.parent / "data"
_VECTORS = json.loads((_DATA / "sms_segments.json").read_text(encoding="utf-8"))
# Random texts with the answers of npm sms-segments-calculator 1.3.0, smart encoding off.
_RANDOM = json.loads((_DATA / "sms_segments_random.json").read_text(encoding="utf-8"))

_BAD_FRENCH = (
    "Lydec: limitez vos déplacements. Conseillers à votre écoute même le week-end au "
    "05 22 31 20 20 – reçus en ligne sur https://client.lydec.ma"
)


@pytest.mark.parametrize("vector", _VECTORS, ids=lambda vector: vector["label"])
def test_size_equals_the_vector(vector: dict[str, str | int]) -> None:
    """Encoding, units and segments are the calculator's."""
    size = sms.measure(str(vector["text"]))
    assert size == SmsSize(
        encoding=str(vector["encoding"]),
        units=int(vector["units"]),
        segments=int(vector["segments"]),
    )


def test_size_equals_the_calculator_on_random_texts() -> None:
    """Emoji families, flags, marks, Hangul, Indic clusters and stray joiners are packed alike."""
    assert len(_RANDOM) > 50
    for text, encoding, units, segments in _RANDOM:
        assert sms.measure(text) == SmsSize(encoding=encoding, units=units, segments=segments)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("👍🏽👍🏽", ["👍🏽", "👍🏽"]),
        ("👨‍👩‍👧‍👦a", ["👨‍👩‍👧‍👦", "a"]),
        ("🇲🇦🇫🇷🇪", ["🇲🇦", "🇫🇷", "🇪"]),
        ("\r\n", ["\r", "\n"]),
        ("한\u1112\u1161\u11ab", ["한", "\u1112\u1161\u11ab"]),
        ("क्षि", ["क्", "षि"]),
        ("a\u200d☺", ["a\u200d", "☺"]),
        ("", []),
    ],
)
def test_clusters_are_what_people_see(text: str, expected: list[str]) -> None:
    """What people see as one character stays together."""
    assert list(clusters(text)) == expected


def test_characters_said_to_stand_alone_do() -> None:
    """No character of the short way extends another, or the short way would miscount."""
    for code in range(0x10000):
        character = chr(code)
        if sms._ALONE.fullmatch(character):
            assert list(clusters("a" + character + "a")) == ["a", character, "a"], hex(code)


def test_a_cluster_longer_than_a_part_is_counted_in_parts() -> None:
    """No part holds more than 67 units, whatever is piled on one letter."""
    assert sms.measure("a" + "\u0301" * 200).segments == 3
    assert sms.measure("x" + "a" + "\u0301" * 66 + "b" + "\u0301" * 66).segments == 3


def test_a_text_beyond_the_bound_is_refused() -> None:
    """A text nobody could send is not measured."""
    with pytest.raises(InvalidInputError, match="longer than 100000"):
        sms.measure("a" * 100_001)
    assert sms.measure("a" * 100_000).segments == -(-100_000 // 153)


def test_the_alphabet_has_its_137_characters() -> None:
    """The tables of 3GPP TS 23.038 are whole: 127 basic without the escape, and 10 extended."""
    inside = [code for code in range(0x10000) if not gsm7.FOREIGN.match(chr(code))]
    assert len(inside) == 137
    assert sum(bool(gsm7.EXTENDED.match(chr(code))) for code in inside) == 10


def test_offending_characters_carry_position_and_cost() -> None:
    """Each character that makes a French text dear is named with what it alone costs."""
    found = sms.offending(_BAD_FRENCH)
    assert [(one.character, one.position, one.cost) for one in found] == [
        ("ê", 61, 2),
        ("–", 95, 2),
        ("ç", 99, 2),
    ]
    assert [one.replacement for one in found] == ["e", "-", "c"]
    assert found[1].name == "EN DASH"


def test_a_text_of_the_alphabet_offends_nothing() -> None:
    """A GSM 7 bit text has no offending characters."""
    assert sms.offending("Électricité: ça non, mais où? €10 {ok}".replace("ç", "Ç")) == ()


def test_a_decomposed_letter_is_reported_with_its_composed_one() -> None:
    """A letter and a separate accent are one offence, mended by composing them."""
    (found,) = sms.offending("Re\u0301seau de\u0301connecte\u0301")
    assert (found.character, found.position, found.count) == ("e\u0301", 1, 3)
    assert found.replacement == "é"


def test_an_invisible_control_in_arabic_is_charged_for() -> None:
    """Two marks that tip an Arabic text into a second segment cost that segment."""
    text = "ليدك: قلصوا تنقلكم للوكالات. اتصلوا 24/24: \u200e0522312020\u200e client.lydec.ma"
    by_character = {one.character: one for one in sms.offending(text)}
    assert by_character["\u200e"].cost == 1
    assert by_character["\u200e"].replacement == ""
    assert by_character["\u200e"].count == 2
    assert by_character["ل"].replacement is None


def test_the_list_of_offences_is_bounded() -> None:
    """Thousands of different characters make a short list, and long texts no endless work."""
    found = sms.offending("".join(chr(0x4E00 + n % 3000) for n in range(30_000)))
    assert len(found) == 100
    assert found[0].cost is not None
    assert found[-1].cost is None


@pytest.mark.parametrize("code", [0x2019, 0xA0, 0x202F, 0xEA, 0x153, 0xAB, 0x2026])
def test_every_suggestion_is_in_the_alphabet(code: int) -> None:
    """What is suggested instead is cheap."""
    suggestion = gsm7.instead(chr(code))
    assert suggestion
    assert not gsm7.FOREIGN.search(suggestion), unicodedata.name(chr(code))
