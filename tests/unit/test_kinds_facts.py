"""`kinds facts`: what a kind takes, a file to begin with, and all that is wrong with facts."""

import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broadcaster import bootstrap
from broadcaster.errors import InvalidInputError, NotFoundError, SeveralFaultsError
from broadcaster.render.factfile import read_facts
from broadcaster.render.factsheet import asked, sample_file
from broadcaster.render.renderer import TemplateRenderer

_NOW = datetime(2031, 7, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def shipped() -> TemplateRenderer:
    """Read what is shipped."""
    return TemplateRenderer(
        [bootstrap.shipped("templates")],
        [bootstrap.shipped("locales")],
        default_locale="ar",
        time_zone="Africa/Casablanca",
    )


def test_the_sample_file_of_every_kind_is_accepted(
    shipped: TemplateRenderer, tmp_path: Path
) -> None:
    """As it stands, whenever it is written; and with everything in it that may be left out."""
    library = shipped.library
    for kind in library.kinds.values():
        text = sample_file(kind, asked(kind, library.shared), _NOW)
        file = tmp_path / f"{kind.name}.toml"
        file.write_text(text, encoding="utf-8")
        facts = kind.resolve(read_facts(file))
        lapses = kind.lapses(facts)
        assert lapses is None or lapses > _NOW + timedelta(days=1), kind.name
        lines = [line.removeprefix("# ") for line in text.splitlines() if " = " in line]
        assert set(tomllib.loads("\n".join(lines))) == set(kind.facts)
        kind.resolve(tomllib.loads("\n".join(lines)))


def test_who_has_to_give_what_is_told(shipped: TemplateRenderer) -> None:
    """A contact of all kinds has a value; what a campaign is about has to be given."""
    library = shipped.library
    told = {one.fact.name: one for one in asked(library.kind("planned_outage"), library.shared)}
    assert (told["districts"].needed, told["streets"].needed) == (True, False)
    assert told["sender"].shared
    assert told["sender"].default.startswith('{ und = "Lydec"')


def test_all_that_is_wrong_with_facts_is_told_at_once(shipped: TemplateRenderer) -> None:
    """Each with the form it takes, and where all are shown."""
    kind = shipped.library.kind("planned_outage")
    with pytest.raises(SeveralFaultsError) as refused:
        kind.resolve({"distrits": ["Oasis"], "districts": [], "service": "gas"})
    told = [str(fault) for fault in refused.value.faults]
    assert told[:3] == [
        'facts.distrits: is no fact of planned_outage. Did you mean "districts"?',
        "facts.service: is no choice. Use one of electricity, water.",
        'facts.districts: is empty. Write ["…", {"und": "…", "ar": "…"}].',
    ]
    assert 'facts.starts: is missing. Give it as "2026-05-01T08:00:00+01:00".' in told
    assert str(refused.value).endswith(
        "'broadcaster kinds facts planned_outage' shows what it takes."
    )


def test_a_choice_is_said_in_the_language_of_the_team(shipped: TemplateRenderer) -> None:
    """In its own words where there are, else in English, else by its name made readable."""
    teams = shipped.library.kind("flooding").facts["teams"]
    assert teams.choice_label("on_the_way", "fr") == "En route"
    assert teams.choice_label("on_the_way", "de") == "On the way"
    assert replace(teams, choice_labels={}).choice_label("on_the_way", "fr") == "on the way"
    told = sample_file(
        shipped.library.kind("flooding"), asked(shipped.library.kind("flooding"), ()), _NOW
    )
    assert '# One of "on_the_way" (On the way), "at_work" (At work there).' in told


def test_an_empty_file_is_told_how_its_own_language_is_written(tmp_path: Path) -> None:
    """TOML is not mended with JSON."""
    (tmp_path / "facts.toml").write_text("", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="Write a line fact = value for each"):
        read_facts(tmp_path / "facts.toml")


def test_a_mistyped_name_is_asked_about(shipped: TemplateRenderer) -> None:
    """Kinds and locales alike."""
    with pytest.raises(NotFoundError, match='Did you mean "water_boil"'):
        shipped.library.kind("water_boyl")
    with pytest.raises(NotFoundError, match='Did you mean "zgh"'):
        shipped.library.locale("zghh")
