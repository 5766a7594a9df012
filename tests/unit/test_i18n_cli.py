"""`broadcaster i18n`: one command for what translators and those who change templates do."""

import gettext
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import polib  # type: ignore[import-untyped]  # (it brings no types)
import pytest

from broadcaster import bootstrap
from broadcaster.cli import main
from broadcaster.render.catalogues import read_catalogue
from broadcaster.render.locales import load_locales
from broadcaster.render.poreader import read
from tests.translation_scene import FR, KIND, Tree, copied, filled_in

_SHIPPED = bootstrap.shipped("locales")


class Said(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401  (whatever it printed)
        """Read what it printed."""
        return json.loads(self.out)


Run = Callable[..., Said]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Copy the shipped folders."""
    return copied(tmp_path)


@pytest.fixture
def run(tree: Tree, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run commands in the copy, as in a checkout."""
    monkeypatch.setenv("BROADCASTER_HOME", str(tree.root / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tree.root)

    def running(*words: str) -> Said:
        code = 0
        try:
            main(["i18n", *words])
        except SystemExit as end:
            code = int(end.code or 0)
        return Said(code, *capsys.readouterr())

    return running


def test_a_stale_catalogue_fails_the_check_and_the_update_mends_it(run: Run, tree: Tree) -> None:
    """The exit code is what fails `make lint`, and with it every change that forgot the update."""
    tree.change("templates/remote_services/sms/body.txt", "{% endtrans %}", "!{% endtrans %}")
    stale = run("check")
    assert stale.code == 1
    assert "advisories.pot: is stale" in stale.out
    assert run("extract").out == "locales/advisories.pot is changed.\n"
    changed = run("update", "--json").json["changed"]
    translated = ("ar", "es", "fr", "zgh")
    assert changed == [f"locales/{tag}/LC_MESSAGES/advisories.po" for tag in translated]
    assert run("update").out == ""
    left = run("check", "--json").json
    assert not [one for one in left if "stale" in one["problem"]]


def test_one_domain_can_be_updated_alone(run: Run, tree: Tree) -> None:
    """As `kinds extract` does, which knows the kinds alone."""
    for name in ("console.pot", "advisories.pot"):
        (tree.locales / name).write_text("", encoding="utf-8")
    assert run("update", "--domain", "console").out == "locales/console.pot is changed.\n"
    assert run("update", "--domain", "advisories").out == "locales/advisories.pot is changed.\n"
    refused = run("update", "--domain", "web")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "--domain: 'web' is unknown. Use one of advisories, console" in refused.err


def test_options_of_the_update(run: Run, tree: Tree) -> None:
    """A changed text comes without its former translation, and nothing is kept."""
    tree.change("templates/remote_services/sms/body.txt", "{% endtrans %}", "!{% endtrans %}")
    run("update", "--no-suggest", "--drop-obsolete")
    assert "fuzzy" not in tree.read(FR)
    assert "#~" not in tree.read(FR)


def test_figures_by_locale_domain_and_kind(run: Run, tree: Tree) -> None:
    """With the longest SMS, measured as networks do."""
    assert run("stats", "--locale", "fr").out.count("\nfr ") == 2
    assert "1 × UCS-2 (63)" in run("stats", "--locale", "ar", "--kinds").out
    tree.change("templates/remote_services/sms/body.txt", "{% endtrans %}", "!{% endtrans %}")
    run("update", "--no-suggest")
    lines = {
        (one["locale"], one["domain"], one["kind"]): one for one in run("stats", "--json").json
    }
    english = lines["en", "advisories", KIND]
    assert english["longest_sms"] == {"encoding": "GSM-7", "units": 155, "segments": 1}
    assert (english["missing"], english["state"]) == (0, "drafted")
    french = lines["fr", "advisories", KIND]
    assert (french["missing"], french["fuzzy"], french["longest_sms"]) == (1, 0, None)
    assert french["texts"] == french["translated"] + 1
    console = lines["zgh", "console", None]
    assert console["missing"] == console["texts"] > 100
    assert lines["en", "console", None]["missing"] == 0
    assert "'tlh' is unknown" in run("stats", "--locale", "tlh").err


def test_fuzzy_texts_are_counted_apart(run: Run, tree: Tree) -> None:
    """They are neither translated nor missing."""
    tree.change(f"locales/{FR}", 'msgid "Hello,"', '#, fuzzy\nmsgid "Hello,"')
    lines = [one for one in run("stats", "--locale", "fr", "--json").json if one["fuzzy"]]
    assert [(one["kind"], one["fuzzy"], one["missing"]) for one in lines] == [
        (None, 1, 0),
        (KIND, 1, 0),
    ]


@pytest.mark.parametrize("tag", ["ar", "fr", "zgh"])
def test_compiled_catalogues_say_what_ours_do(run: Run, tree: Tree, tag: str) -> None:
    """GNU gettext, as Python has it, and polib read each text as we do, plurals included."""
    path = tree.locales / tag / "LC_MESSAGES/advisories.po"
    text = path.read_text("utf-8")
    plural = '\nmsgid "One street."\nmsgid_plural "%(count)s streets."\n'
    count = read(text, tag).plurals
    plural += "".join(f'msgstr[{number}] "form {number}"\n' for number in range(count))
    doubt = '\n#, fuzzy\nmsgid "Doubt"\nmsgstr "?"\n\nmsgctxt "month"\nmsgid "May"\nmsgstr "5"\n'
    path.write_text(text + plural + doubt, encoding="utf-8")
    run("compile", "--locales", "locales")
    compiled = tree.root / "build/locales" / tag / "LC_MESSAGES/advisories.mo"
    with compiled.open("rb") as file:
        theirs = gettext.GNUTranslations(file)
    locales, _ = load_locales([_SHIPPED], "ar")
    ours = read_catalogue(locales[tag], [path.read_text("utf-8")])
    for key, forms in ours.forms.items():
        if key.plural:
            for number in (0, 1, 2, 3, 11, 100, 102):
                said = theirs.ngettext(key.singular, key.plural, number)
                assert said == ours.text(key, number)
        elif key.context:
            assert theirs.pgettext(key.context, key.singular) == forms[0]
        else:
            assert theirs.gettext(key.singular) == forms[0]
    assert theirs.gettext("Doubt") == "Doubt"
    assert {one.msgid for one in polib.mofile(str(compiled))} == {
        key.singular for key in ours.forms
    }


def test_approvals_by_command(run: Run, tree: Tree) -> None:
    """Who, when and for what; adopted unless a native speaker has read the texts."""
    (before,) = run("review", "show", "--kind", KIND, "--locale", "fr", "--json").json
    assert (before["state"], before["by"], before["gate"]) == ("drafted", None, "approved")
    assert before["drafted_by"] == "the authors of Broadcaster"
    given = ("--kind", KIND, "--locale", "fr", "--by", "Amina")
    assert "remote_services in fr is adopted, by Amina" in run("review", "approve", *given).out
    record = run("review", "approve", *given, "--native", "--json").json
    assert record["state"] == "reviewed"
    (after,) = run("review", "show", "--locale", "fr", "--json").json
    assert (after["state"], after["by"], after["at"]) == ("reviewed", "Amina", record["at"])
    assert 'drafted_by = "the authors of Broadcaster"' in tree.read("fr/review.toml")
    assert "reviewed" in run("review", "show").out


@pytest.mark.parametrize(
    ("kind", "locale", "by", "problem"),
    [
        ("nothing", "fr", "A", "'nothing' is unknown"),
        (KIND, "tlh", "A", "'tlh' is unknown"),
        (KIND, "en-XA", "A", "--locale: en-XA is made up"),
        (KIND, "fr", " ", "--by: is no name"),
        (KIND, "zgh", "A", "not translated in zgh, or fuzzy. Translate them before"),
    ],
)
def test_what_can_not_be_approved(
    run: Run, tree: Tree, kind: str, locale: str, by: str, problem: str
) -> None:
    """One clear line, and nothing is written."""
    before = {path: path.read_text("utf-8") for path in tree.locales.rglob("review.toml")}
    said = run("review", "approve", "--kind", kind, "--locale", locale, "--by", by)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert problem in said.err
    assert {path: path.read_text("utf-8") for path in tree.locales.rglob("review.toml")} == before


def test_a_locale_costs_one_folder(run: Run, tree: Tree) -> None:
    """Begun, translated, approved kind by kind and whole: it is offered, and the check is clean."""
    assert run("new", "de", "--formats", "de_DE", "--json").json["changed"] == [
        "locales/de/locale.toml",
        "locales/de/LC_MESSAGES/advisories.po",
        "locales/de/LC_MESSAGES/console.po",
    ]
    assert run("new", "de").out == (
        "Nothing is changed: locales has de/LC_MESSAGES/advisories.po, "
        "de/LC_MESSAGES/console.po, de/locale.toml.\n"
    )
    assert "'de_XX' is unknown to CLDR" in run("new", "de", "--formats", "de_XX").err
    assert "de" not in tree.renderer().kinds[KIND].locales
    for domain in ("advisories", "console"):
        filled_in(tree.locales / f"de/LC_MESSAGES/{domain}.po")
    tree.change("locales/de/locale.toml", "needs_native_review", "per_kind")
    assert "de" not in tree.renderer().kinds[KIND].locales
    run("review", "approve", "--kind", KIND, "--locale", "de", "--by", "Anna", "--native")
    assert "de" in tree.renderer().kinds[KIND].locales
    tree.change("locales/de/locale.toml", "per_kind", "approved")
    assert "de" in tree.renderer().kinds[KIND].locales
    assert run("check").code == 0


def test_a_locale_begins_in_the_folder_of_the_organisation(
    run: Run, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in what is shipped; without --formats it writes dates as most of its readers do."""
    own, other = tree.root / "own", tree.root / "other"
    own.mkdir()
    other.mkdir()
    monkeypatch.setenv("BROADCASTER_LOCALES", f"{own}")
    assert run("new", "de").out.startswith(f"{own}/de/locale.toml is changed.")
    assert 'formats = "de_DE"' in (own / "de/locale.toml").read_text("utf-8")
    assert not (tree.locales / "de").exists()
    monkeypatch.setenv("BROADCASTER_LOCALES", f"{own}{os.pathsep}{other}")
    assert "--locales: is not given, and BROADCASTER_LOCALES names several" in run("new", "it").err


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("de_DE",), "tag: 'de_DE' is no tag of a locale"),
        (("../x",), "is no tag of a locale"),
        (("tlh",), "--plural-forms: is not known for 'tlh'"),
        (("de", "--formats", "xx_YY"), "--formats: 'xx_YY' is unknown to CLDR"),
        (("es",), 'Add plural_forms = "nplurals=2; plural=(n != 1);"'),
    ],
)
def test_a_locale_that_can_not_begin(
    run: Run, tree: Tree, words: tuple[str, ...], problem: str
) -> None:
    """One clear line with the remedy, and nothing is written."""
    if words == ("es",):
        (tree.locales / "es/locale.toml").write_text('autonym = "Español"\n', encoding="utf-8")
    before = sorted(tree.locales.rglob("*"))
    said = run("new", *words)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert problem in said.err
    assert sorted(tree.locales.rglob("*")) == before


def test_folders_that_are_none_are_named(run: Run) -> None:
    """No translation is set aside because a folder was misspelt."""
    assert "holds no kind" in run("update", "--templates", "locales").err
    assert "is no folder" in run("update", "--locales", "nowhere").err
    assert "is no folder" in run("compile", "--locales", "nowhere").err
