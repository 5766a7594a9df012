"""Locales: which one a reader gets, and what their folders must say."""

from pathlib import Path

import pytest

from broadcaster.errors import ConfigurationError
from broadcaster.render.locales import PSEUDO, canonical, load_locales

_LOCALES = Path(__file__).parents[2] / "locales"
_OFFERED = frozenset({"ar", "fr", "en", "es"})


@pytest.mark.parametrize(
    ("preferred", "chosen"),
    [
        (["ar"], "ar"),
        (["ar-MA"], "ar"),
        (["ar_MA"], "ar"),
        (["AR-ma"], "ar"),
        (["ary"], "ar"),
        (["ary-MA", "fr"], "ar"),
        (["fr-MA"], "fr"),
        (["fr-Latn-CA"], "fr"),
        (["en-US"], "en"),
        (["es"], "es"),
        (["es-419", "en"], "es"),
        (["zgh"], "ar"),
        (["zgh-MA", "fr"], "fr"),
        (["zgh-Tfng-MA"], "ar"),
        (["zgh-Latn", "fr"], "fr"),
        (["ar-Latn", "fr"], "fr"),
        (["zz"], "ar"),
        (["zz", "fr"], "fr"),
        ([""], "ar"),
        (["not a tag", "x" * 400, "fr"], "fr"),
        ([PSEUDO], "en"),
        (["ar-MA-u-nu-arab"], "ar"),
        ([], "ar"),
    ],
)
def test_choice_for_a_reader(preferred: list[str], chosen: str) -> None:
    """Each preference leads to a whole locale by an explicit chain, or to the default."""
    locales, _ = load_locales([_LOCALES], "ar")
    assert locales.choose(preferred, _OFFERED) == chosen


def test_fallbacks_come_in_their_order() -> None:
    """Tamazight falls back to Arabic, and to French only where Arabic is not offered either."""
    locales, _ = load_locales([_LOCALES], "ar")
    assert locales.choose(["zgh"], {"fr", "en"}) == "fr"
    assert locales.choose(["zgh"], {"en"}) is None


def test_whoever_reads_a_locale_without_texts_is_written_to_in_its_fallback(tmp_path: Path) -> None:
    """A folder that says no more than a name and a fallback is known, and offered by nobody."""
    (tmp_path / "de").mkdir()
    text = 'autonym = "Deutsch"\nformats = "de_DE"\nfallback = ["fr"]\n'
    (tmp_path / "de/locale.toml").write_text(text, encoding="utf-8")
    locales, _ = load_locales([tmp_path, _LOCALES], "ar")
    assert locales.choose(["de"], _OFFERED) == "fr"
    assert locales.choose(["de", "en"], _OFFERED) == "en"


def test_nothing_fits_where_nothing_is_offered() -> None:
    """A kind that is whole in no locale is offered to nobody."""
    locales, _ = load_locales([_LOCALES], "ar")
    assert locales.choose(["ar", "fr"], set()) is None


@pytest.mark.parametrize(
    ("tag", "written"),
    [
        ("zgh_tfng_ma", "zgh-Tfng-MA"),
        ("AR", "ar"),
        ("fr-ma", "fr-MA"),
        ("es-419", "es-419"),
        ("", None),
        ("a", None),
        ("ar/../..", None),
        ("ar\n", "ar"),
        ("١٢", None),
    ],
)
def test_canonical_tags(tag: str, written: str | None) -> None:
    """Tags are written as BCP 47 does; what is no tag is nothing."""
    assert canonical(tag) == written


def test_directions_scripts_and_regional_formats() -> None:
    """Direction comes from CLDR; dates and numbers are those of Morocco, not of the language."""
    locales, _ = load_locales([_LOCALES], "ar")
    assert (locales["ar"].direction, locales["ar"].formats) == ("rtl", "ar_MA")
    assert (locales["fr"].direction, locales["fr"].formats) == ("ltr", "fr_MA")
    assert (locales["en"].direction, locales["en"].formats) == ("ltr", "en_GB")
    assert (locales["zgh"].direction, locales["zgh"].script) == ("ltr", "Tfng")
    assert locales["zgh"].lang == "zgh-Tfng"


def _folder(tmp_path: Path, tag: str, text: str) -> list[Path]:
    (tmp_path / tag).mkdir()
    (tmp_path / tag / "locale.toml").write_text(text, encoding="utf-8")
    return [tmp_path, _LOCALES]


@pytest.mark.parametrize(
    ("tag", "text", "problem"),
    [
        ("de", 'formats = "xx_YY"', "unknown to CLDR"),
        ("de", 'fallback = ["tlh"]', "tlh"),
        ("de", 'alias = "tlh"', "tlh"),
        ("de", 'fallbacks = ["fr"]', "spelling"),
        ("de", "review = 5", "unknown word"),
        ("de", "= broken", "not TOML"),
        ("de", 'plural_forms = "nplurals=2; plural=n !! 1"', "plural"),
        ("german", 'formats = "de"', "BCP 47"),
    ],
)
def test_bad_metadata_is_refused(tmp_path: Path, tag: str, text: str, problem: str) -> None:
    """A locale that cannot work is refused with its file's name."""
    from broadcaster.render.library import Library  # noqa: PLC0415  (the whole reading)

    with pytest.raises(ConfigurationError, match=problem) as refused:
        Library([], _folder(tmp_path, tag, text), default_locale="ar")
    assert tag in str(refused.value)


@pytest.mark.parametrize("default", ["tlh", "", PSEUDO])
def test_an_unknown_default_is_refused(default: str) -> None:
    """The default locale must be one that exists for customers."""
    with pytest.raises(ConfigurationError, match="DEFAULT_LOCALE"):
        load_locales([_LOCALES], default)
