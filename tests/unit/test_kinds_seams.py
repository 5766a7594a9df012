"""What kinds share and say of themselves: facts, words for CAP, times that lapse, phrases."""

from pathlib import Path

import pytest

from broadcaster.domain.cap import CapWords, Category, ResponseType
from broadcaster.errors import ConfigurationError
from broadcaster.render.check import KindChecker
from tests.small_kinds import make_own, say
from tests.unit.test_kinds_check import measure


def test_a_kind_takes_shared_facts_and_may_change_a_field(tmp_path: Path) -> None:
    """A shared fact is written once; what a kind writes of it itself comes before that."""
    toml = 'shared = ["sender", "online"]\n[facts.online]\ndefault = "https://own.test"\n'
    renderer = make_own(tmp_path, toml, "{{ facts.sender }} {{ facts.online }}")
    assert say(renderer, "fr") == "Lydec https://own.test"
    online = renderer.kinds["own"].facts["online"]
    assert (online.type.value, online.contact, online.labels["fr"]) == (
        "url",
        True,
        "Agence en ligne",
    )


def test_own_shared_facts_replace_the_shipped_ones(tmp_path: Path) -> None:
    """An organisation writes its contacts once, and every kind has them."""
    own = '[facts.sender]\ntype = "name"\ndefault = "Our Water"\n'
    more = {"_base/facts.toml": own, "two/kind.toml": 'channels = ["sms"]\nshared = ["online"]\n'}
    renderer = make_own(tmp_path, 'shared = ["sender"]\n', "{{ facts.sender }}", more=more)
    assert say(renderer, "en") == "Our Water"
    assert "'online', which is no fact of _base/facts.toml" in renderer.library.faults["two"]


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        ('shared = ["fax"]', "'fax', which is no fact of _base/facts.toml. Known are: sender"),
        ('[facts.a]\nlapses = true\nsample = "x"', "facts, a, lapses: is for a datetime alone"),
        ('[cap]\ncategory = ["water"]', "cap, category: names 'water'"),
        ('[cap]\nresponse = ["AllClear"]', "cap, response: names 'AllClear'"),
        ('[cap]\nheadline = ["a"]', "cap, headline: is unknown"),
    ],
)
def test_what_a_kind_says_wrongly_is_refused(tmp_path: Path, toml: str, problem: str) -> None:
    """A misspelt word of `kind.toml` is named."""
    with pytest.raises(ConfigurationError) as refused:
        make_own(tmp_path, f"{toml}\n", "x").library.kind("own")
    assert problem in str(refused.value)


def test_a_kind_says_what_it_is_in_cap(tmp_path: Path) -> None:
    """The words of CAP are read in small letters and spelled as CAP spells them."""
    toml = (
        '[cap]\ncategory = ["infra", "cbrne"]\nresponse = ["prepare", "allclear"]\n'
        'description = ["what", "when"]\ninstruction = ["todo"]\n'
    )
    cap = make_own(tmp_path, toml, "x").kinds["own"].cap
    assert cap == CapWords(
        category=(Category.INFRA, Category.CBRNE),
        response=(ResponseType.PREPARE, ResponseType.ALL_CLEAR),
        description=("what", "when"),
        instruction=("todo",),
    )
    assert [word.spelled for word in cap.category] == ["Infra", "CBRNE"]
    assert [word.spelled for word in cap.response] == ["Prepare", "AllClear"]


def test_words_that_parts_share_are_no_stray_part(tmp_path: Path) -> None:
    """`words.txt` holds macros for the parts and is not complained about."""
    words = "{% macro cut() %}{% trans %}The water is cut.{% endtrans %}{% endmacro %}"
    body = '{% from "own/words.txt" import cut %}{{ cut() }}'
    renderer = make_own(tmp_path, "", body, more={"own/words.txt": words})
    assert say(renderer, "en") == "The water is cut."
    assert [str(use.key) for use in renderer.library.uses("own")] == ["The water is cut."]
    found = KindChecker(renderer=renderer, measure=measure).check("own")
    problems = {finding.problem for finding in found if finding.locale != "zgh"}
    assert {problem[: len("is not translated")] for problem in problems} == {"is not translated"}


_TIMES = (
    '[facts.starts]\ntype = "datetime"\nlapses = true\nsample = "2026-05-01T08:00:00+01:00"\n'
    '[facts.ends]\ntype = "datetime"\nsample = "{}"\n'
)
_SPAN = (
    '{% from "_base/phrases.txt" import span, moment %}'
    "{{ span(facts.starts, facts.ends) }}; {{ moment(facts.ends) }}"
)


@pytest.mark.parametrize(
    ("tag", "one_day", "two_days"),
    [
        (
            "en",
            "on 1 May from 08:00 to 14:00; on 1 May at 14:00",
            "from 1 May, 08:00 to 2 May, 14:00; on 2 May at 14:00",
        ),
        (
            "fr",
            "le 1er mai de 08:00 à 14:00; le 1er mai à 14:00",
            "du 1er mai à 08:00 au 2 mai à 14:00; le 2 mai à 14:00",
        ),
        (
            "ar",
            "يوم 1 ماي من 08:00 إلى 14:00; يوم 1 ماي الساعة 14:00",
            "من 08:00 يوم 1 ماي إلى 14:00 يوم 2 ماي; يوم 2 ماي الساعة 14:00",
        ),
    ],
)
def test_spans_are_words(tmp_path: Path, tag: str, one_day: str, two_days: str) -> None:
    """A range of time is told in words, without a dash, by days of the utility's zone."""
    for ends, told in (("2026-05-01T13:00:00Z", one_day), ("2026-05-02T13:00:00Z", two_days)):
        folder = tmp_path / ends[8:10]
        renderer = make_own(folder, _TIMES.format(ends), _SPAN)
        assert say(renderer, tag) == told
        lapsing = [fact.name for fact in renderer.kinds["own"].facts.values() if fact.lapses]
        assert lapsing == ["starts"]


def test_markers_stand_before_what_follows_an_earlier_message(tmp_path: Path) -> None:
    """An update and a correction say so first; an alert says nothing of it."""
    body = '{% from "_base/phrases.txt" import marker %}{{ marker(facts) }}Text.'
    toml = '[facts.message_type]\ntype = "choice"\nchoices = ["{0}"]\nsample = "{0}"\n'
    told = {
        word: say(make_own(tmp_path / word, toml.format(word), body), "fr")
        for word in ("alert", "update", "correction")
    }
    assert told == {
        "alert": "Text.",
        "update": "Mise à jour : Text.",
        "correction": "Correction : Text.",
    }


def test_templates_see_the_type_of_an_advisory(tmp_path: Path) -> None:
    """What says nothing else is an alert."""
    assert say(make_own(tmp_path, "", "{{ advisory.message_type }}"), "en") == "alert"
