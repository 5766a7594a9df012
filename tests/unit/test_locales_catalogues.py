"""Catalogues: read safely, in step with the templates, and with the right plurals."""

from pathlib import Path

import pytest

from broadcaster.errors import ConfigurationError
from broadcaster.render.catalogues import (
    Key,
    UntranslatedError,
    pseudo,
    read_catalogue,
    same_header,
)
from broadcaster.render.extract import all_uses
from broadcaster.render.kinds import load_base, load_kinds
from broadcaster.render.library import Library
from broadcaster.render.locales import Locale, load_locales
from broadcaster.render.merging import bring_up_to_date, template
from broadcaster.render.pofile import write

_ROOT = Path(__file__).parents[2]
_LOCALES = _ROOT / "locales"
_KEY = Key(None, "One street.", "%(count)s streets.")


def _templates() -> dict[str, str]:
    folders = [_ROOT / "templates"]
    kinds, faults = load_kinds(folders)
    assert not faults
    return dict(load_base(folders)) | {
        f"{kind.name}/{path}": text for kind in kinds.values() for path, text in kind.texts.items()
    }


def enumerated(*counts: list[int]) -> list[tuple[int, int]]:
    """Pair each count with the number of its form."""
    return [(count, form) for form, given in enumerate(counts) for count in given]


def _locale(tag: str) -> Locale:
    locales, _ = load_locales([_LOCALES], "ar")
    return locales[tag]


def _arabic(header: str | None = None) -> str:
    header = header or _locale("ar").plural_forms
    forms = "\n".join(f'msgstr[{number}] "{number}"' for number in range(6))
    return (
        f'msgid ""\nmsgstr ""\n"Language: ar\\n"\n"Plural-Forms: {header}\\n"\n\n'
        f'msgid "One street."\nmsgid_plural "%(count)s streets."\n{forms}\n'
    )


def test_pot_is_in_step_with_the_templates() -> None:
    """The committed list of texts is what `broadcaster i18n extract` finds."""
    committed = (_LOCALES / "advisories.pot").read_text(encoding="utf-8")
    assert committed == write(template(all_uses(_templates())))


@pytest.mark.parametrize("tag", ["ar", "fr", "zgh"])
def test_catalogues_are_in_step_with_the_templates(tag: str) -> None:
    """Every committed catalogue has the texts of the templates, no more and no less."""
    committed = (_LOCALES / tag / "LC_MESSAGES/advisories.po").read_text(encoding="utf-8")
    assert committed == _updated(committed, _templates())


def _updated(text: str, templates: dict[str, str]) -> str:
    return bring_up_to_date(text, template(all_uses(templates)), "fr")


def test_update_adds_new_texts_empty_and_sets_gone_ones_aside() -> None:
    """A new text comes empty, and the translation of a gone one is kept where nothing reads it."""
    templates = {"a/sms/body.txt": "{% trans %}Hello there{% endtrans %}"}
    old = 'msgid ""\nmsgstr ""\n"X: y\\n"\n\nmsgid "Hello"\nmsgstr "Salut"\n'
    new = _updated(old, templates)
    assert 'msgid "Hello there"\nmsgstr ""' in new
    assert new.endswith('\n\n#~ msgid "Hello"\n#~ msgstr "Salut"\n')
    assert not read_catalogue(_locale("fr"), [new]).forms
    # A header of one line stands on that line, as GNU gettext writes it.
    assert new.startswith('msgid ""\nmsgstr "X: y\\n"\n\n')


@pytest.mark.parametrize(
    ("count", "form"),
    enumerated([0], [1], [2], [3, 10, 103], [11, 99, 111], [100, 101, 102, 200]),
)
def test_arabic_counts_take_their_form(count: int, form: int) -> None:
    """11 takes `many`, 100 takes `other`: Babel's own table has these two exchanged."""
    catalogue = read_catalogue(_locale("ar"), [_arabic()])
    assert catalogue.text(_KEY, count) == str(form)


def test_a_wrong_plural_header_makes_plurals_doubtful() -> None:
    """With another header the same file would give other words: its plurals are not used."""
    header = _locale("ar").plural_forms.replace("? 4 : 5", "? 5 : 4")
    catalogue = read_catalogue(_locale("ar"), [_arabic(header)])
    with pytest.raises(UntranslatedError, match="One street"):
        catalogue.text(_KEY, 11)
    assert same_header(_locale("ar").plural_forms, catalogue.headers[0]) is False


@pytest.mark.parametrize("tag", ["ar", "fr", "zgh"])
def test_committed_headers_are_the_pinned_ones(tag: str) -> None:
    """Each catalogue states the plural rule that its locale pins."""
    catalogue = Library([], [_LOCALES], default_locale="ar").catalogues[tag]
    assert len(catalogue.headers) == 1
    assert same_header(catalogue.headers[0], _locale(tag).plural_forms)


def test_an_untranslated_text_is_an_error_never_english() -> None:
    """Nothing falls back inside a message."""
    catalogue = read_catalogue(_locale("fr"), [])
    with pytest.raises(UntranslatedError, match="fr: 'Hello,' is not translated"):
        catalogue.text(Key(None, "Hello,", None))


@pytest.mark.parametrize("text", ["garbage", 'msgid "a"\nmsgid "b"\n', 'msgid "a\n'])
def test_unreadable_catalogues_are_refused(text: str) -> None:
    """A broken file is named, not skipped."""
    with pytest.raises(ConfigurationError, match=r"fr/LC_MESSAGES/advisories\.po"):
        read_catalogue(_locale("fr"), [text])


def test_pseudo_keeps_placeholders() -> None:
    """Pseudo text is accented, longer, in brackets, with its placeholders untouched."""
    text = pseudo("Call %(call_centre)s at 100%% today")
    assert text.startswith("[Ćáĺĺ %(call_centre)s áť 100%% ")
    assert text.endswith("~]")


def test_contacts_are_written_in_one_place() -> None:
    """No template and no catalogue has a contact's value: only facts do, each in one file."""
    shared = ["0522312020", "212522312020", "lydec.co.ma", "client.lydec.ma", "ليدك"]
    homes = {
        _ROOT / "templates/_base/facts.toml": shared,
        _ROOT / "templates/remote_services/kind.toml": ["Tasshilat"],
    }
    for folder in (_ROOT / "templates", _LOCALES):
        for path in folder.rglob("*.*"):
            text = path.read_text(encoding="utf-8") if path.is_file() else ""
            found = [value for value in (*shared, "Tasshilat") if value in text]
            assert found == homes.get(path, [])


def test_an_empty_entry_of_an_organisation_hides_nothing() -> None:
    """What it has not translated is said as shipped; what it doubts is not said at all."""
    locale = _locale("fr")
    head = f'msgid ""\nmsgstr ""\n"Plural-Forms: {locale.plural_forms}\\n"\n\n'
    own = (
        head + 'msgid "a"\nmsgstr ""\n\n#, fuzzy\nmsgid "b"\nmsgstr "B"\n\nmsgid "c"\nmsgstr "C"\n'
    )
    shipped = head + "\n".join(f'msgid "{one}"\nmsgstr "shipped"\n' for one in "abc")
    catalogue = read_catalogue(locale, [own, shipped])
    found = {key.singular: forms for key, forms in catalogue.forms.items()}
    assert found == {"a": ("shipped",), "c": ("C",)}
    assert [key.singular for key in catalogue.doubtful] == ["b"]
