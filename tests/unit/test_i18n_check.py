"""The check of translations: what is stale, doubtful, half done or in other words is found."""

from pathlib import Path

import pytest

from broadcaster.channels.sms import measure
from broadcaster.domain.message import Channel
from broadcaster.errors import ConfigurationError
from broadcaster.render import upkeep
from broadcaster.render.check import KindChecker, sample_advisory, sample_reader
from broadcaster.render.findings import Gravity
from broadcaster.render.upkeep import save, updated
from tests.translation_scene import CONSOLE_FR, FR, KIND, Tree, copied

_TITLE = 'msgstr "%(sender)s\u00a0: nos services à distance"'
_ZGH = "zgh/LC_MESSAGES/advisories.po"
_ERROR, _WARNING, _INFO = Gravity.ERROR, Gravity.WARNING, Gravity.INFO


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Copy the shipped folders, to be broken."""
    return copied(tmp_path)


def test_what_is_in_step_has_no_error(tree: Tree) -> None:
    """And says that no native speaker is on record, since none is."""
    assert tree.found(_ERROR) == []
    assert "ar/review.toml: no native speaker is on record for 1 of 1 kinds" in "\n".join(
        tree.found(_INFO)
    )


def test_a_text_that_was_added_makes_every_catalogue_stale(tree: Tree) -> None:
    """Until the update is run: a text that is not extracted is never translated."""
    path = "templates/remote_services/push/title.txt"
    tree.change(path, "{% endtrans %}", "{% endtrans %}{% trans %}Now{% endtrans %}")
    stale = [one for one in tree.found(_ERROR) if "is stale: it lacks 1 text " in one]
    assert [one.partition(":")[0] for one in stale] == [
        "advisories.pot",
        *(f"{tag}/LC_MESSAGES/advisories.po" for tag in ("ar", "es", "fr", "zgh")),
    ]
    assert len(tree.update()) == 5
    left = tree.found(_ERROR)
    assert len(left) == 3
    assert all("1 of " in one and "texts are not translated" in one for one in left)


def test_a_text_of_our_pages_that_nobody_asks_for_is_stale(tree: Tree) -> None:
    """The list of texts is compared as well as the catalogues."""
    extra = '\nmsgid "Nobody asks for this"\nmsgstr ""\n'
    for path in ("console.pot", CONSOLE_FR):
        file = tree.locales / path
        file.write_text(tree.read(path) + extra, encoding="utf-8")
    errors = tree.found(_ERROR)
    assert [one for one in errors if "lacks 0 texts and has 1 that nothing asks for" in one] == [
        f"{path}: is stale: it lacks 0 texts and has 1 that nothing asks for"
        for path in ("console.pot", CONSOLE_FR)
    ]


def test_another_layout_is_stale(tree: Tree) -> None:
    """Or every tool would write the file anew, and nobody could see what changed."""
    tree.change(f"locales/{FR}", 'msgstr "Bonjour,"', 'msgstr ""\n"Bonjour,"')
    assert tree.found(_ERROR) == [
        f"{FR}: is stale: its places, notes or layout are not those of its texts"
    ]


def test_a_fuzzy_translation_is_an_error_and_never_sent(tree: Tree) -> None:
    """Not in a message, not in a preview, and the kind is not offered in its language."""
    tree.change(f"locales/{FR}", f"\n{_TITLE}", f"\n{_TITLE}".replace("nos", "FUZZY"))
    text = tree.read(FR).replace("\n#, python-format\nmsgid", "\n#, fuzzy, python-format\nmsgid")
    (tree.locales / FR).write_text(text, encoding="utf-8")
    assert any("is marked fuzzy: nobody has checked it" in one for one in tree.found(_ERROR))
    renderer = tree.renderer()
    kind = renderer.kinds[KIND]
    assert "fr" not in kind.locales
    assert renderer.choose(KIND, ["fr"]) == "ar"
    advisory = sample_advisory(kind, kind.sample())
    reader = sample_reader(renderer.locales["fr"])
    with pytest.raises(ConfigurationError, match="is not offered in fr"):
        renderer.render(advisory, Channel.PUSH, "fr", reader)
    assert "FUZZY" not in repr(renderer.preview(advisory, Channel.PUSH, "fr", reader))


def test_a_suggestion_is_an_error_until_somebody_checks_it(tree: Tree) -> None:
    """A template is changed, the update suggests, and the kind waits for a translator."""
    title = tree.templates / "remote_services/push/title.txt"
    new = title.read_text("utf-8").replace("use our remote services", "use all remote services")
    title.write_text(new, encoding="utf-8")
    tree.update()
    assert '#, fuzzy, python-format\n#| msgid "%(sender)s: use our remote services"' in tree.read(
        FR
    )
    assert [one for one in tree.found(_ERROR) if "fuzzy" in one and one.startswith("fr/")]
    assert "fr" not in tree.renderer().kinds[KIND].locales


def test_a_language_of_our_pages_that_is_not_whole_is_an_error(tree: Tree) -> None:
    """It would vanish from every page in silence."""
    tree.change(f"locales/{CONSOLE_FR}", 'msgstr "Campagnes"', 'msgstr ""')
    (error,) = tree.found(_ERROR)
    assert "1 of " in error
    assert "no page is offered in this language" in error


@pytest.mark.parametrize(
    ("old", "new"),
    [("<bdi>%(segment)s</bdi>", "%(segment)s"), ("%(when)s", ""), ("%(when)s", "%(whom)s")],
)
def test_translations_of_our_pages_keep_mark_up_and_facts(tree: Tree, old: str, new: str) -> None:
    """A page that asks for an unknown fact breaks when it is shown."""
    head, _, tail = tree.read(CONSOLE_FR).partition('msgid "to <bdi>')
    (tree.locales / CONSOLE_FR).write_text(
        head + 'msgid "to <bdi>' + "".join(_in_translations(tail, old, new)), encoding="utf-8"
    )
    errors = tree.found(_ERROR)
    assert errors
    assert all("has other placeholders or mark-up than its text" in one for one in errors)


def _in_translations(text: str, old: str, new: str) -> list[str]:
    return [
        line.replace(old, new) if line.startswith("msgstr") else line
        for line in text.splitlines(keepends=True)
    ]


def test_a_wrong_plural_header_is_an_error_and_a_wrong_language_a_warning(tree: Tree) -> None:
    """Both are what translation tools go by."""
    tree.change(f"locales/{CONSOLE_FR}", "plural=n > 1;", "plural=n != 1;")
    tree.change(f"locales/{CONSOLE_FR}", "Language: fr", "Language: de")
    assert "has the plural header" in tree.found(_ERROR)[0]
    assert f"{CONSOLE_FR}: says Language: de" in tree.found(_WARNING)


def test_a_word_that_the_glossary_avoids_is_a_warning_with_its_line(tree: Tree) -> None:
    """It names the file, the line and the word to use."""
    tree.change(f"locales/{FR}", "en agence", "en succursale")
    (warning,) = [one for one in tree.findings() if "succursale" in one.problem]
    assert warning.gravity is _WARNING
    line = int(warning.place.rpartition(" ")[2])
    assert tree.read(FR).split("\n")[line - 1].startswith("msgid")
    assert warning.remedy.startswith("Say agence.")


def test_words_outside_of_any_text_are_exposed(tree: Tree) -> None:
    """In a part of each sort: text, mail and page, titles and labels too."""
    tree.change("templates/remote_services/sms/body.txt", "{% endtrans %}", "{% endtrans %} Hurry")
    tree.change("templates/_base/web/page.html", "<main>", '<main aria-label="Notice">')
    tree.change(
        "templates/_base/email/body.mjml", "<mj-body", "<mj-preview>Psst</mj-preview><mj-body"
    )
    exposed = [one for one in tree.found(_WARNING) if "outside of any text" in one]
    assert [one.partition(" outside")[0] for one in sorted(exposed)] == [
        "sms/body.txt: says 'Hurry'",
        "web/page.html: says 'Notice'",
    ]


def test_a_damaged_catalogue_of_an_approved_locale_is_an_error_and_nothing_is_sent(
    tree: Tree,
) -> None:
    """It is named with its line; the other locales go on, and the update leaves it as it is."""
    tree.change(f"locales/{FR}", 'msgid "Hello,"', 'msgid Hello,"')
    before = tree.read(FR)
    (error,) = tree.found(_ERROR)
    assert error.startswith(f"{FR}: {FR}, line ")
    renderer = tree.renderer()
    assert "ar" in renderer.kinds[KIND].locales
    assert "fr" not in renderer.kinds[KIND].locales
    french = renderer.library.locale("fr")
    assert renderer.library.why_not(KIND, french) == "its texts there cannot be read"
    (found,) = [
        one for one in KindChecker(renderer=renderer, measure=measure).check() if one.locale == "fr"
    ]
    assert found.gravity is _ERROR
    assert tree.read(FR) == before


def test_a_damaged_catalogue_that_nobody_is_sent_is_a_warning(tree: Tree) -> None:
    """What is in it waits for a native speaker: checks and updates of the others go on."""
    (tree.locales / _ZGH).write_bytes(b"\x00\xff\xfe")
    (tree.locales / "zgh/LC_MESSAGES/console.po").write_bytes(b"\xff")
    told = [one for one in tree.findings() if one.place.startswith("zgh/LC_MESSAGES")]
    assert {one.place: one.gravity for one in told} == {
        _ZGH: _WARNING,
        "zgh/LC_MESSAGES/console.po": _WARNING,
    }
    assert f"{_ZGH}: is not UTF-8 at octet 1. Save it as UTF-8" in told[0].problem
    assert "put a good copy of the file in its place" in told[0].remedy
    assert tree.found(_ERROR) == []
    assert {"ar", "fr"} <= set(tree.renderer().kinds[KIND].locales)
    kinds = KindChecker(renderer=tree.renderer(), measure=measure).check()
    assert [one.gravity for one in kinds if one.locale == "zgh"] == [_WARNING]
    broken = upkeep.damaged(tree.domains()[0], tree.locales)
    assert list(broken) == ["zgh"]
    assert save(updated(tree.domains()[0], tree.locales, without=broken)) == []


def test_a_file_is_written_whole_or_not_at_all(tree: Tree) -> None:
    """Nothing is left beside it, and what has not changed is not touched."""
    before = (tree.locales / FR).stat().st_mtime_ns
    for domain in tree.domains():
        assert save(updated(domain, tree.locales)) == []
    assert (tree.locales / FR).stat().st_mtime_ns == before
    assert not list(tree.locales.rglob(".*.new"))
