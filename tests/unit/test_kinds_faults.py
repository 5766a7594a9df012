"""Faults seeded one by one into a healthy kind: each turns the check red, and it says where."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from broadcaster.channels.sms import measure
from broadcaster.render.check import KindChecker
from broadcaster.render.findings import Finding, Gravity
from tests.healthy_kind import KIND, LOCALE, PO, healthy, part
from tests.small_kinds import open_kinds

_AR, _FR = PO["ar"], PO["fr"]
_TOML, _WORDS, _SMS = part("kind.toml"), part("words.txt"), part("sms/body.txt")
_MAIL, _MJML, _PAGE = part("email/body.txt"), part("email/body.mjml"), part("web/page.html")
_SHARED = "templates/_base/facts.toml"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing changed in one file, and what the check is to say: where, and of what."""

    name: str
    path: str
    old: str
    new: str
    where: str
    problem: str


_FAULTS = (
    # What the kind says of itself.
    Fault("misspelt key", _TOML, "link =", "lnik =", "kind.toml  lnik", "is unknown"),
    Fault("unknown channel", _TOML, '"push", "web"', '"fax"', "channels", "'fax'"),
    Fault("unknown word of CAP", _TOML, '"prepare"', '"run"', "cap.response", "'run'"),
    Fault("CAP of no block", _TOML, '["what"]\ninst', '["waht"]\ninst', "block waht", "nothing"),
    Fault("shared fact not there", _TOML, '"sender", ', '"sendre", ', "shared", "'sendre'"),
    Fault("lapsing place", _TOML, '"places"', '"places"\nlapses = true', "lapses", "datetime"),
    Fault("link to no address", _TOML, 'link = "online"', 'link = "price"', "link", "nowhere"),
    Fault("fact without sample", _TOML, "sample = 3\n", "", "facts.hours", "neither default"),
    Fault("sample out of range", _TOML, "sample = 3\n", "sample = 99\n", "facts.hours", "range"),
    Fault("moment without offset", _TOML, "00+01:00", "00", "facts.ends", "offset"),
    Fault("unknown currency", _TOML, '"MAD"', '"DHM"', "facts.price", "currency"),
    Fault("money of three digits", _TOML, '"120.50"', '"120.505"', "facts.price", "2 digits"),
    Fault("contact not known", _TOML, '["call_centre"]', '["hotline"]', "contacts", "'hotline'"),
    Fault("prose not in Arabic", _TOML, ', ar = "نقوم بتنظيفه."', "", "ar", "no text for ar"),
    Fault("place not in French", _TOML, 'und = "Maarif", ', "", "fr", "no text for"),
    # Contacts and other facts.
    Fault("two numbers", _SHARED, 'display = "0522312020"', 'display = "0522312021"', "", "differ"),
    Fault("number in groups", _SHARED, '"0522312020"', '"05 22 31 20 20"', "sms/body.txt", "wrong"),
    Fault("number in brackets", _SHARED, '"0522312020"', '"0522(312020)"', "sms", "'0522(312020)'"),
    Fault("hidden character", _SHARED, '"Lydec"', '"Ly\u200bdec"', "facts.sender", "U+200B"),
    Fault("address not https", _SHARED, "https://", "http://", "facts.online", "https"),
    Fault("bracket in a fact", _TOML, '"Hay (B)"', '"Hay (B"', "ar", "without its partner"),
    Fault("sender in Latin", _SHARED, ', ar = "ليدك"', "", "sms/body.txt", "left to right"),
    # Templates.
    Fault("broken syntax", _SMS, "{% endblock %}", "", "sms/body.txt", "endblock"),
    Fault("unknown fact", _WORDS, "facts.price", "facts.cost", "email", "cost"),
    Fault("unknown filter", _SMS, "|time", "|hour", "sms", "hour"),
    Fault("layout not there", _MAIL, "tank_check/words.txt", "words.txt", "email", "not there"),
    Fault("words past translators", _PAGE, "<p>{% block a", "<p>Hi! {% block a", "web", "outside"),
    Fault(
        "contact in a template", _PAGE, "<p>{% block a", "<p>0522312020 {% block a", "web", "phone"
    ),
    Fault(
        "link in a template", _PAGE, "<body>", '<body><a href="https://x.test">', "web", "web addr"
    ),
    Fault(
        "mark-up in a text",
        _MAIL,
        "{{ reader",
        "{% trans %}<b>a</b>{% endtrans %}{{ reader",
        "email",
        "mark-up",
    ),
    Fault(
        "escaping off",
        _PAGE,
        "<body>",
        "<body>{% autoescape false %}{% endautoescape %}",
        "web",
        "escaping",
    ),
    Fault("method of Python", _SMS, "facts.sender,", "''.join(facts),", "sms", "not safely"),
    Fault("block renamed", _PAGE, "block ask", "block asks", "block ask", "says nothing"),
    Fault("contact dropped", _WORDS, " or {{ online }}", "", "email/body.txt", "contact online"),
    Fault(
        "no way out", _MJML, "{{ reader.unsubscribe_url }}", "#", "email/body.mjml", "no way to end"
    ),
    Fault("no direction", _PAGE, ' dir="{{ locale.direction }}"', "", "web/page.html", "direction"),
    Fault("no language", _MJML, ' lang="{{ locale.lang }}"', "", "email/body.mjml", "language"),
    Fault("fact taken for granted", _MAIL, "{% if facts.note %}", "{% if 1 %}", "note", "raw"),
    # Catalogues.
    Fault(
        "not translated",
        _FR,
        'msgstr "Merci de laisser entrer nos équipes."',
        'msgstr ""',
        "fr",
        "not translated",
    ),
    Fault(
        "fuzzy",
        _AR,
        'msgid "No more mails"',
        '#, fuzzy\nmsgid "No more mails"',
        "No more mails",
        "fuzzy",
    ),
    Fault(
        "placeholder dropped", _FR, " pour %(price)s", "", "fr", "drops the placeholder %(price)s"
    ),
    Fault(
        "placeholder unknown",
        _AR,
        "مقابل %(price)s",
        "مقابل %(prix)s",
        "ar",
        "unknown placeholder %(prix)s",
    ),
    Fault("lone percent", _FR, "Nous contrôlons", "Nous contrôlons à 100 %", "fr", "percent"),
    Fault("plural header", _AR, "? 4 : 5;\\n", "? 5 : 4;\\n", "Plural-Forms", "pins"),
    Fault(
        "plural form empty",
        _AR,
        'msgstr[4] "يدوم ذلك %(count)s ساعة."',
        'msgstr[4] ""',
        "ar",
        "no plural form 4",
    ),
    Fault(
        "count dropped", _AR, "ذلك %(count)s ساعات", "ذلك ساعات", "ar", "%(count)s in plural form 3"
    ),
    Fault(
        "source pasted", _AR, "المرجو استقبال فرقنا.", "Please let our teams in.", "ar", "no letter"
    ),
    Fault("hidden in a text", _FR, "Merci de", "Merci\u00ad de", "fr", "U+00AD"),
    Fault("override in a text", _AR, "المرجو استقبال", "\u202eالمرجو", "ar", "direction marks"),
    Fault("bracket turned", _AR, "(مجانا)", ")مجانا(", "ar", "without its partner"),
    Fault("range with a dash", _AR, "استقبال فرقنا", "استقبال فرقنا 8-12", "ar", "'8-12.'"),
    Fault("address in a text", _FR, "équipes.", "équipes, info@x.ma", "fr", "mail address"),
    # Lengths.
    Fault(
        "letter beyond GSM-7",
        _FR,
        "est vérifié",
        "est contrôlé" + " bien" * 14,
        "fr",
        "segments",
    ),
    Fault(
        "three segments", _AR, "نراقب خزانكم حتى", "نراقب خزانكم " * 12 + "حتى", "ar", "3 segments"
    ),
    Fault(
        "title too long",
        _FR,
        "Votre réservoir est contrôlé",
        "Votre réservoir est contrôlé" * 2,
        "push/title.txt",
        "characters",
    ),
    Fault(
        "one choice too long",
        _FR,
        "sont au travail",
        "sont au travail" + " ici" * 40,
        "teams at_work",
        "characters",
    ),
    # Locales.
    Fault(
        "another language's dates", LOCALE["ar"], "ar_MA", "fr_MA", "formats", "another language"
    ),
    Fault("another plural rule", LOCALE["fr"], "n > 1", "n != 1", "plural_forms", "0 and 1"),
    Fault("too few forms", LOCALE["ar"], "nplurals=6", "nplurals=3", "plural_forms", "how many"),
)


def _check(folder: Path) -> list[Finding]:
    renderer = open_kinds(folder / "templates", locales=folder / "locales")
    return list(KindChecker(renderer=renderer, measure=measure).check(KIND))


def test_a_healthy_kind_is_clean(tmp_path: Path) -> None:
    """Without a fault nothing is found, not so much as a warning."""
    assert _check(healthy(tmp_path)) == []


def test_a_template_may_itself_speak_by_language(tmp_path: Path) -> None:
    """Words that a template says in one language alone are pointed out, and may stand."""
    file = healthy(tmp_path) / _PAGE
    said = "{% if locale.tag == 'ar' %}<p>مرحبا</p>{% else %}<p>Hi</p>{% endif %}<p>{% block a"
    text = file.read_text(encoding="utf-8").replace("<p>{% block a", said)
    file.write_text(text, encoding="utf-8")
    found = [(finding.gravity, finding.place) for finding in _check(tmp_path)]
    assert found == [(Gravity.WARNING, "مرحباHi")]


def test_a_choice_without_a_label_is_pointed_out(tmp_path: Path) -> None:
    """In each language that is complete; a warning, for nobody of the public sees it."""
    file = healthy(tmp_path) / _TOML
    text = file.read_text(encoding="utf-8")
    text = text.replace(', fr = "Au travail"', "").replace("on_the_way = {", "# on_the_way = {")
    file.write_text(text, encoding="utf-8")
    told = {finding.locale: finding for finding in _check(tmp_path)}
    assert set(told) == {"en", "fr", "ar"}
    assert told["ar"].gravity is Gravity.WARNING
    assert (told["ar"].part, told["ar"].place) == ("kind.toml", "facts.teams")
    assert told["ar"].problem.endswith("for on_the_way")
    assert told["fr"].problem.endswith("for on_the_way, at_work")


def test_a_label_of_no_choice_is_refused(tmp_path: Path) -> None:
    """A misspelt choice must not pass unseen."""
    file = healthy(tmp_path) / _TOML
    text = file.read_text(encoding="utf-8").replace("at_work = {", "at_wrok = {")
    file.write_text(text, encoding="utf-8")
    errors = [one for one in _check(tmp_path) if one.gravity is Gravity.ERROR]
    assert [one.place.endswith("choice_labels.at_wrok") for one in errors] == [True]


def test_there_are_at_least_thirty_faults() -> None:
    """Each has a name of its own."""
    assert len({fault.name for fault in _FAULTS}) == len(_FAULTS) >= 30


@pytest.mark.parametrize("fault", _FAULTS, ids=lambda fault: fault.name)
def test_each_seeded_fault_turns_the_check_red(tmp_path: Path, fault: Fault) -> None:
    """The check finds the fault, names the place, and says what to do."""
    file = healthy(tmp_path) / fault.path
    text = file.read_text(encoding="utf-8")
    assert fault.old in text
    file.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
    errors = [finding for finding in _check(tmp_path) if finding.gravity is Gravity.ERROR]
    hits = [finding for finding in errors if fault.problem in finding.problem]
    assert hits, errors
    named = [f"{hit.part} {hit.locale} {hit.place} {hit.problem}" for hit in hits]
    assert any(fault.where in place for place in named), named
    assert all(len(finding.remedy.split()) > 1 for finding in errors)
