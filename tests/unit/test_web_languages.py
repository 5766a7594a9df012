"""Our own pages are whole in every language in which they are offered."""

import re
from pathlib import Path

import pytest

from broadcaster import bootstrap
from broadcaster.domain.campaign import CampaignStatus
from broadcaster.domain.delivery import Reason
from broadcaster.domain.message import Channel, Lane
from broadcaster.errors import ConfigurationError
from broadcaster.render.catalogues import PLACEHOLDER, entries, parse
from broadcaster.render.locales import load_locales
from broadcaster.render.merging import bring_up_to_date, template
from broadcaster.render.pofile import write
from broadcaster.web import labels
from broadcaster.web.extraction import console_uses
from broadcaster.web.figures import Step
from broadcaster.web.languages import Languages, accepted, by_locale

LOCALES = bootstrap.shipped("locales")
CATALOGUES = sorted(LOCALES.glob("*/LC_MESSAGES/console.po"))


@pytest.fixture(scope="module")
def languages() -> Languages:
    """Give the shipped languages."""
    return Languages([LOCALES], load_locales([LOCALES], "ar")[0])


def test_the_template_is_what_the_pages_ask_for() -> None:
    """A text that is not extracted is never translated, and nobody notices."""
    assert (LOCALES / "console.pot").read_text("utf-8") == write(template(console_uses()))


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_catalogues_are_in_step(path: Path) -> None:
    """No text is missing, left over, doubtful, or without its placeholders and mark-up."""
    text = path.read_text("utf-8")
    assert bring_up_to_date(text, template(console_uses()), path.name) == text
    for key, strings, doubt in entries(parse(text, path.name)):
        assert not doubt, key
        for string in strings:
            found = sorted(PLACEHOLDER.findall(string))
            # Where one is said in words its number is left out.
            wanted = (key.singular, key.plural or key.singular)
            assert found in [sorted(PLACEHOLDER.findall(one)) for one in wanted], key
            assert re.findall(r"</?\w+>", string) == re.findall(r"</?\w+>", key.singular), key


def test_arabic_spanish_french_and_english_are_offered(languages: Languages) -> None:
    """In this order, the source language last."""
    assert [one.locale.tag for one in languages.offered()] == ["ar", "es", "fr", "en"]


def test_a_language_that_is_not_whole_is_not_offered(tmp_path: Path) -> None:
    """A page is whole in one language, or it is in another."""
    folder = tmp_path / "fr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder.parent / "locale.toml").write_text((LOCALES / "fr/locale.toml").read_text("utf-8"))
    whole = (LOCALES / "fr/LC_MESSAGES/console.po").read_text("utf-8")
    (folder / "console.po").write_text(whole.replace('msgstr "Campagnes"', 'msgstr ""'))
    (tmp_path / "console.pot").write_text(write(template(console_uses())))
    locales, _ = load_locales([tmp_path, LOCALES], "ar")
    offered = Languages([tmp_path], locales).offered()
    assert [one.locale.tag for one in offered] == ["en"]


def test_a_missing_template_is_a_broken_installation(tmp_path: Path) -> None:
    """It says so at the start, not page by page."""
    with pytest.raises(ConfigurationError, match=r"console\.pot"):
        Languages([tmp_path], load_locales([LOCALES], "ar")[0])


def test_every_word_of_the_inside_has_a_name() -> None:
    """A new reason can't be forgotten here."""
    assert set(labels.STEPS) == set(labels.HINTS) == set(Step)
    assert set(labels.CHANNELS) == set(Channel)
    assert set(labels.LANES) == set(Lane)
    assert set(labels.STATUSES) == set(CampaignStatus)
    assert set(labels.REASONS) == set(Reason)


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("", []),
        ("fr-MA,fr;q=0.9,en;q=0.8", ["fr-MA", "fr", "en"]),
        ("en;q=0.1, ar", ["ar", "en"]),
        ("en;q=0, fr", ["fr"]),
        ("fr;q=junk, ar;q=2, en", ["en"]),
        (",,;;,q=1", ["q=1"]),
    ],
)
def test_accept_language_is_read_by_weight(header: str, tags: list[str]) -> None:
    """Junk is left out; equal weights keep their order."""
    assert accepted(header) == tags


def test_a_huge_accept_language_is_cut() -> None:
    """What is outside is bounded."""
    assert len(accepted(",".join(["fr"] * 10_000))) <= 20


def test_labels_fall_back_to_english(languages: Languages) -> None:
    """Then to the first there is, and to nothing."""
    french = languages.get("fr")
    assert french is not None
    assert by_locale({"fr": "a", "en": "b"}, french) == "a"
    assert by_locale({"ar": "a", "en": "b"}, french) == "b"
    assert by_locale({"ar": "a"}, french) == "a"
    assert by_locale({}, french) == ""
