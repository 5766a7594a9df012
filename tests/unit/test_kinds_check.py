"""The check of kinds: each fault, made on purpose, is found, and nothing else is."""

import shutil
from pathlib import Path

import pytest

from broadcaster.domain.message import SmsSize
from broadcaster.errors import NotFoundError
from broadcaster.render.check import KindChecker
from broadcaster.render.findings import Finding, Gravity
from broadcaster.render.renderer import TemplateRenderer

_ROOT = Path(__file__).parents[2]
_AR, _FR = "locales/ar/LC_MESSAGES/advisories.po", "locales/fr/LC_MESSAGES/advisories.po"
_ZGH = "locales/zgh/LC_MESSAGES/advisories.po"
_SHARED = "templates/_base/facts.toml"
_MAIL = "templates/remote_services/email/body.txt"


def measure(text: str) -> SmsSize:
    """Count roughly: enough to tell one segment from two."""
    wide = any(ord(character) > 0xFF or character in "êç" for character in text)
    units = len(text.encode("utf-16-le")) // 2
    room = 70 if wide else 160
    return SmsSize(
        encoding="UCS-2" if wide else "GSM-7", units=units, segments=1 if units <= room else 2
    )


def check(root: Path, kind: str | None = None) -> list[Finding]:
    """Check what is in a folder."""
    renderer = TemplateRenderer(
        [root / "templates"],
        [root / "locales"],
        default_locale="ar",
        time_zone="Africa/Casablanca",
    )
    return list(KindChecker(renderer=renderer, measure=measure).check(kind))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy the founding kind, the layouts and the locales, to be broken."""
    for name in ("_base", "remote_services"):
        shutil.copytree(_ROOT / "templates" / name, tmp_path / "templates" / name)
    shutil.copytree(_ROOT / "locales", tmp_path / "locales")
    return tmp_path


def change(root: Path, path: str, old: str, new: str) -> None:
    """Change one thing in a file; it must be there."""
    file = root / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_what_is_shipped_has_no_error() -> None:
    """All kinds are clean in all approved locales; Tamazight awaits its reader."""
    found = check(_ROOT)
    assert [finding for finding in found if finding.gravity is not Gravity.INFO] == []
    awaited = {finding.kind: finding.problem for finding in found}
    assert {finding.locale for finding in found} == {"zgh"}
    assert all("awaits review" in problem for problem in awaited.values())
    assert "21 texts are not translated" in awaited["remote_services"]


@pytest.mark.parametrize(
    ("path", "old", "new", "problem", "place"),
    [
        # The catalogue.
        (_AR, 'msgstr "مرحبا،"', 'msgstr ""', "is not translated", "email"),
        (_AR, 'msgid "Hello,"', '#, fuzzy\nmsgid "Hello,"', "fuzzy", "email"),
        (
            _AR,
            "الإلكتروني %(email)s",
            "الإلكتروني %(mail)s",
            "drops the placeholder %(email)s",
            "email",
        ),
        (_AR, "تطبيق %(app)s", "تطبيق", "drops the placeholder %(app)s", "email"),
        (_AR, "تطبيق %(app)s", "تطبيق %(app)s %(apps)s", "unknown placeholder", "email"),
        (_AR, "تطبيق %(app)s", "تطبيق %(app)s 5%", "lone percent", "email"),
        (_AR, "اللغات", "اللغات 0522312020", "phone number written out", "web"),
        (_AR, "اللغات", "اللغات a@b.ma", "mail address written out", "web"),
        (_AR, "اللغات", "اللغات client.lydec.ma", "web address written out", "web"),
        (_FR, "Langues", "<b>Langues</b>", "mark-up", "web"),
        (_FR, "Langues", "Langues&nbsp;", "mark-up", "web"),
        (_AR, "اللغات", "اللغات \u202e", "stray direction", "web"),
        (_AR, "اللغات", "اللغات \u2066", "stray direction", "web"),
        (_AR, "اللغات", "اللغات 8-12", "shown wrongly", "web"),
        (_AR, "(كوفيد 19)", ")كوفيد 19(", "without its partner", "email"),
        (_AR, "n%100>=11 ? 4 : 5", "n%100>=11 ? 5 : 4", "locale.toml pins", ""),
        # What comes out.
        (
            _FR,
            "limitez vos déplacements",
            "limitez " + "vos " * 9 + "déplacements",
            "segments",
            "sms",
        ),
        (_FR, "limitez vos", "même limitez vos", "UCS-2", "sms"),
        (_AR, ": قلصوا تنقلكم", ": المرجو منكم جميعا قلصوا تنقلكم", "segments", "sms"),
        (_FR, "nos services à distance", "nos services à distance" * 3, "characters", "push/title"),
        (_SHARED, 'display = "0522312020"', 'display = "05 22 31 20 20"', "wrongly", "sms"),
        (_SHARED, "https://client.lydec.ma", "https://client.lydec.ma/a/", "wrongly", "sms"),
        (_SHARED, 'ar = "ليدك", zgh', "zgh", "left to right", "sms"),
        (_MAIL, "{{ online }}{% endtrans %}", "{% endtrans %}", "", "email/body.txt"),
        (_MAIL, "block closing", "block ending", "says nothing", "email/body.txt"),
    ],
)
def test_each_fault_is_found(
    copy: Path, path: str, old: str, new: str, problem: str, place: str
) -> None:
    """A fault made on purpose is an error that names locale, part, problem and remedy."""
    change(copy, path, old, new)
    errors = [finding for finding in check(copy) if finding.gravity is Gravity.ERROR]
    hits = [finding for finding in errors if problem in finding.problem]
    assert hits, errors
    assert all(finding.remedy for finding in errors)
    if path in {_AR, _FR}:
        tag = path.split("/")[1]
        assert {finding.locale for finding in errors} == {tag}
    assert any(place in finding.part for finding in hits)


def test_a_contact_that_a_template_forgot_is_found(copy: Path) -> None:
    """A contact that no longer stands in the part that must list it is found in every locale."""
    change(copy, _MAIL, "{% trans %}Partner banks", "{% trans %}Partner banks")
    text = (copy / _MAIL).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if "facts.online" not in line]
    (copy / _MAIL).write_text("\n".join(lines), encoding="utf-8")
    found = [finding for finding in check(copy) if finding.gravity is Gravity.ERROR]
    assert {(finding.locale, finding.part) for finding in found} == {
        (tag, "email/body.txt") for tag in ("ar", "fr", "en", "es")
    }
    assert {finding.problem for finding in found} == {"does not show the contact online"}


def test_a_dropped_number_leaves_the_locale_unsendable(copy: Path) -> None:
    """A text that is missing in a locale takes the locale away from the kind."""
    change(copy, _AR, 'msgstr "مرحبا،"', 'msgstr ""')
    renderer = TemplateRenderer(
        [copy / "templates"], [copy / "locales"], default_locale="ar", time_zone="UTC"
    )
    assert renderer.kinds["remote_services"].locales == ("en", "es", "fr")
    assert renderer.choose("remote_services", ["ar"]) == "fr"


_PLURAL = (
    "{% trans count=facts.streets|length %}One street.{% pluralize %}{{ count }} streets."
    "{% endtrans %}"
)


def _plural(copy: Path, *forms: str) -> list[Finding]:
    folder = copy / "templates/outage"
    (folder / "sms").mkdir(parents=True)
    (folder / "sms/body.txt").write_text(_PLURAL, encoding="utf-8")
    (folder / "kind.toml").write_text(
        'channels = ["sms"]\n[facts.streets]\ntype = "list"\nsample = ["a"]\n', encoding="utf-8"
    )
    lines = [f'msgstr[{number}] "{form}"' for number, form in enumerate(forms)]
    entry = ["", 'msgid "One street."', 'msgid_plural "%(count)s streets."', *lines, ""]
    with (copy / _AR).open("a", encoding="utf-8") as file:
        file.write("\n".join(entry))
    return [one for one in check(copy, "outage") if one.locale == "ar"]


def test_every_plural_form_must_be_there(copy: Path) -> None:
    """Arabic has six plural forms; a catalogue that lacks two of them is not whole."""
    found = _plural(copy, "ا", "ا", "ا", "%(count)s")
    assert [finding.problem for finding in found] == ["has no plural form 4, 5"]


def test_words_may_stand_for_none_one_and_two_only(copy: Path) -> None:
    """A count may be dropped where the words say it, and nowhere else."""
    found = _plural(copy, "لا", "زنقة", "زنقتان", "زنقات", "%(count)s", "%(count)s")
    assert [finding.problem for finding in found] == [
        "drops the placeholder %(count)s in plural form 3"
    ]


def test_whole_plurals_pass(copy: Path) -> None:
    """Six forms, with the count where it must be, are right."""
    assert _plural(copy, "لا", "زنقة", "زنقتان", "%(count)s", "%(count)s", "%(count)s") == []


def test_faults_of_an_unreviewed_locale_are_warnings(copy: Path) -> None:
    """What is wrong in a locale that goes to nobody stops nobody, but is said."""
    change(copy, _ZGH, "%(call_centre)s – ", "")
    found = [finding for finding in check(copy) if finding.locale == "zgh"]
    assert [finding.gravity for finding in found] == [Gravity.WARNING, Gravity.INFO]
    assert "drops the placeholder %(call_centre)s" in found[0].problem


def test_missing_and_stray_parts_are_found(copy: Path) -> None:
    """A part that is missing is an error; a file that is no part is never sent, and said so."""
    folder = copy / "templates/remote_services"
    (folder / "push/title.txt").unlink()
    (folder / "sms/text.txt").write_text("x", encoding="utf-8")
    found = check(copy)
    assert ("push/title.txt", "is missing") in {(one.part, one.problem) for one in found}
    stray = [one for one in found if one.part == "sms/text.txt"]
    assert [one.gravity for one in stray] == [Gravity.WARNING]


def test_literals_in_templates_are_found(copy: Path) -> None:
    """A number written into a template's text is found at its source."""
    change(copy, _MAIL, "{% trans %}Partner banks", "{% trans %}0522312020 Partner banks")
    found = [one for one in check(copy) if "phone number" in one.problem]
    assert found
    assert found[0].part == "remote_services/email/body.txt"


def test_broken_and_unknown_kinds(copy: Path) -> None:
    """A broken kind is a finding; an unknown one is refused."""
    (copy / "templates/broken").mkdir()
    found = check(copy, "broken")
    assert (found[0].part, found[0].problem) == ("kind.toml", "is missing")
    with pytest.raises(NotFoundError, match="remote_services"):
        check(copy, "nothing")
