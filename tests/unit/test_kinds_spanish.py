"""Spanish, the fourth whole locale: one folder."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from broadcaster.channels.sms import measure
from broadcaster.domain.message import Channel
from broadcaster.errors import ConfigurationError, NotFoundError
from broadcaster.render.check import KindChecker, parts_of, sample_advisory, sample_reader
from broadcaster.render.editions import Editor
from broadcaster.render.kinds import Kind
from broadcaster.render.launch_check import wanted
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.render.sheets.cells import Sheets
from tests.kind_scenes import KINDS, ROOT, shipped

_ALL = (*KINDS, "remote_services")
_OTHERS = ("ar", "en", "fr")
_UNTOLD = "some of its facts have no text in it"
#: What the page of an advisory says of each language in which it stands.
_NAMED = ('hreflang="es"', ">Español<")


@pytest.fixture(scope="module")
def renderer() -> TemplateRenderer:
    """Make a renderer of what is shipped."""
    return shipped()


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> TemplateRenderer:
    """Make one of the same kinds, whose locales lack the one folder."""
    copy = tmp_path_factory.mktemp("without") / "locales"
    shutil.copytree(ROOT / "locales", copy, ignore=lambda _, names: {"es"} & {*names})
    return _renderer(copy)


def _renderer(locales: Path) -> TemplateRenderer:
    return TemplateRenderer(
        [ROOT / "templates"], [locales], default_locale="ar", time_zone="Africa/Casablanca"
    )


def _told(renderer: TemplateRenderer, kind: Kind, tag: str) -> Iterator[tuple[str, str]]:
    """Render all parts of a kind with its samples, but for the lines that name Spanish."""
    advisory = sample_advisory(kind, kind.sample())
    reader = sample_reader(renderer.locales[tag])
    for channel in kind.channels:
        for part, text in parts_of(renderer.render(advisory, channel, tag, reader)).items():
            lines = (line.strip() for line in text.splitlines())
            kept = (line for line in lines if line and not any(word in line for word in _NAMED))
            yield part, "\n".join(kept)


def test_facts_from_before_are_told_in_the_languages_that_they_have(
    renderer: TemplateRenderer, without: TemplateRenderer
) -> None:
    """Readers of the new one get their next; no page, alert or list names it."""
    kind = renderer.kinds["unplanned_outage"]
    cause = {"ar": "تضرر سلك.", "fr": "Un câble est abîmé.", "en": "A cable is damaged."}
    facts = {**kind.sample(), "cause": {**cause, "und": "A cable is damaged."}}
    advisory = replace(sample_advisory(kind, facts), id=7)
    assert set(renderer.kind(advisory).locales) == set(_OTHERS)
    assert renderer.choose(kind.name, ["es", "fr"], facts) == "fr"
    with pytest.raises(ConfigurationError, match="not offered in es: some of its facts"):
        renderer.render(advisory, Channel.SMS, "es", sample_reader(renderer.locales["es"]))
    editions = Editor(renderer, "https://avis.example.test", "MA", {}).editions(advisory, ())
    assert {one.locale for one in editions} == set(_OTHERS)
    assert not any(word in one.html for one in editions for word in _NAMED)
    row = Sheets(renderer=renderer, measure=measure).advisory(advisory).rows
    assert {one.locale.tag for one in row} == set(_OTHERS)
    assert KindChecker(renderer=renderer, measure=measure).check_advisory(advisory) == ()
    (wish,) = wanted(renderer, advisory, {("es", "ar"): 2, ("fr", "fr"): 1})
    assert (wish.locale, wish.told_in, wish.why) == ("es", "ar", _UNTOLD)
    before = without.kinds[kind.name]
    assert before.telling(facts) is before


@pytest.mark.parametrize("name", _ALL)
def test_one_folder_offers_a_kind_and_changes_nothing_else(
    renderer: TemplateRenderer, without: TemplateRenderer, name: str
) -> None:
    """With it each channel speaks Spanish; others say what they said, and name it."""
    kind, before = renderer.kinds[name], without.kinds[name]
    assert {*kind.locales} - {*before.locales} == {"es"}
    assert (before.channels, before.facts) == (kind.channels, kind.facts)
    # A tag that no folder has leads to the default.
    assert (without.choose(name, ["es"]), renderer.choose(name, ["es"])) == ("ar", "es")
    with pytest.raises(NotFoundError, match="locale"):
        without.render(
            sample_advisory(before, before.sample()),
            Channel.SMS,
            "es",
            sample_reader(without.locales["fr"]),
        )
    spanish = dict(_told(renderer, kind, "es"))
    assert set(spanish) == set(kind.parts)
    assert all(spanish.values())
    for tag in _OTHERS:
        now, then = (dict(_told(made, kind, tag)) for made in (renderer, without))
        assert now == then
