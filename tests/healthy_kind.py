"""A small kind without a fault, in two languages beside English, for tests that break it."""

from pathlib import Path

from tests.small_kinds import write

KIND = "tank_check"

_TOML = """\
label = { en = "Tank check", fr = "Contrôle du réservoir", ar = "مراقبة الخزان" }
message_class = "service"
channels = ["sms", "email", "push", "web"]
link = "online"
shared = ["sender", "call_centre", "online"]

[cap]
category = ["infra"]
response = ["prepare"]
description = ["what"]
instruction = ["ask"]

[facts.districts]
type = "places"
label = "Districts"
sample = [{ und = "Maarif", ar = "المعاريف" }, { und = "Hay (B)" }]

[facts.hours]
type = "number"
label = "Hours"
minimum = 1
maximum = 48
sample = 3

[facts.ends]
type = "datetime"
label = "Ends"
lapses = true
sample = "2026-05-01T14:00:00+01:00"

[facts.price]
type = "money"
label = "Price"
sample = { amount = "120.50", currency = "MAD" }

[facts.reason]
type = "localized"
label = "Reason"
sample = { en = "We clean it.", fr = "Nous le nettoyons.", ar = "نقوم بتنظيفه." }

[facts.teams]
type = "choice"
label = "Our teams"
choices = ["on_the_way", "at_work"]
sample = "on_the_way"

[facts.teams.choice_labels]
on_the_way = { en = "On the way", fr = "En route", ar = "في الطريق", es = "De camino" }
at_work = { en = "At work", fr = "Au travail", ar = "تعمل في المكان", es = "Trabajando" }

[facts.note]
type = "text"
label = "Note"
required = false
sample = "OK"

[parts."sms/body.txt"]
contacts = ["call_centre"]
blocks = ["message"]

[parts."email/subject.txt"]
blocks = ["headline"]
max_characters = 78

[parts."email/body.txt"]
contacts = ["call_centre", "online"]
blocks = ["what", "ask"]

[parts."email/body.mjml"]
contacts = ["call_centre", "online"]
blocks = ["what", "ask"]

[parts."push/title.txt"]
blocks = ["headline"]
max_characters = 40

[parts."push/body.txt"]
blocks = ["message"]
max_characters = 150

[parts."web/page.html"]
contacts = ["call_centre", "online"]
blocks = ["what", "ask"]
"""

_FACTS = """\
[facts.sender]
type = "name"
label = "Sender"
default = { und = "Lydec", ar = "ليدك" }

[facts.call_centre]
type = "phone"
contact = true
label = "Call centre"
default = { e164 = "+212522312020", display = "0522312020" }

[facts.online]
type = "url"
contact = true
label = "Online agency"
default = "https://client.lydec.ma"
"""

_WORDS = """\
{% macro what(facts) %}
{% trans districts=facts.districts|listing, price=facts.price|money, reason=facts.reason %}\
We check tanks in {{ districts }} for {{ price }}. {{ reason }}{% endtrans %}
{% trans count=facts.hours %}It takes one hour.{% pluralize %}It takes {{ count }} hours.\
{% endtrans %}
{% endmacro %}
{% macro ask(facts) %}
{% trans call_centre=facts.call_centre, online=facts.online %}\
Questions? {{ call_centre }} or {{ online }}{% endtrans %}
{% endmacro %}
"""
_IMPORT = '{% from "tank_check/words.txt" import what, ask %}\n'

_SUBJECT = """\
{% block headline %}{% trans %}Your tank is checked{% endtrans %}{% endblock %}
"""

_MAIL = (
    _IMPORT
    + """\
{% block what %}{{ what(facts) }}{% endblock %}
{% block ask %}{{ ask(facts) }}{% endblock %}
{% if facts.note %}{{ facts.note.raw }}{% endif %}
{{ reader.unsubscribe_url }}
"""
)

_MJML = (
    _IMPORT
    + """\
<mjml lang="{{ locale.lang }}" dir="{{ locale.direction }}"><mj-body><mj-section><mj-column>
<mj-text>{% block what %}{{ what(facts) }}{% endblock %}</mj-text>
<mj-text>{% block ask %}{{ ask(facts) }}{% endblock %}</mj-text>
<mj-text><a href="{{ reader.unsubscribe_url }}">{% trans %}No more mails{% endtrans %}</a></mj-text>
</mj-column></mj-section></mj-body></mjml>
"""
)

_PAGE = (
    _IMPORT
    + """\
<!doctype html>
<html lang="{{ locale.lang }}" dir="{{ locale.direction }}">
<head><title>{% trans %}Your tank is checked{% endtrans %}</title></head>
<body><p>{% block what %}{{ what(facts) }}{% endblock %}</p>
<p>{% block ask %}{{ ask(facts) }}{% endblock %}</p></body></html>
"""
)

_SMS = """\
{% block message %}
{% trans sender=facts.sender, time=facts.ends|time, call_centre=facts.call_centre %}\
{{ sender }}: your tank is checked until {{ time }}. Info: {{ call_centre }}{% endtrans %}
{% endblock %}
"""

_PUSH = """\
{% block message %}{% if facts.teams == "at_work" %}\
{% trans %}Our teams are at work.{% endtrans %}{% else %}\
{% trans %}Please let our teams in.{% endtrans %}{% endif %}{% endblock %}
"""

#: English, then French, then Arabic.
_TEXTS: tuple[tuple[str, str, str], ...] = (
    (
        "We check tanks in %(districts)s for %(price)s. %(reason)s",
        "Nous contrôlons les réservoirs à %(districts)s pour %(price)s. %(reason)s",
        "نراقب الخزانات في %(districts)s مقابل %(price)s. %(reason)s",
    ),
    (
        "Questions? %(call_centre)s or %(online)s",
        "Des questions ? %(call_centre)s ou %(online)s",
        "هل لديكم أسئلة؟ %(call_centre)s أو %(online)s",
    ),
    ("Your tank is checked", "Votre réservoir est contrôlé", "نراقب خزانكم (مجانا)"),
    ("No more mails", "Ne plus recevoir ces messages", "عدم التوصل بهذه الرسائل"),
    (
        "%(sender)s: your tank is checked until %(time)s. Info: %(call_centre)s",
        "%(sender)s: votre réservoir est vérifié, fin à %(time)s. Info: %(call_centre)s",
        "%(sender)s: نراقب خزانكم حتى %(time)s. الهاتف: %(call_centre)s",
    ),
    ("Our teams are at work.", "Nos équipes sont au travail.", "فرقنا تعمل الآن."),
    ("Please let our teams in.", "Merci de laisser entrer nos équipes.", "المرجو استقبال فرقنا."),
)
_ONE, _MANY = "It takes one hour.", "It takes %(count)s hours."
_COUNTED = {
    "fr": ("Cela dure %(count)s heure.", "Cela dure %(count)s heures."),
    "ar": (
        "لا يدوم ذلك.",
        "يدوم ذلك ساعة واحدة.",
        "يدوم ذلك ساعتين.",
        "يدوم ذلك %(count)s ساعات.",
        "يدوم ذلك %(count)s ساعة.",
        "يدوم ذلك %(count)s من الساعات.",
    ),
}
_RULES = {
    "en": "nplurals=2; plural=n != 1;",
    "fr": "nplurals=2; plural=n > 1;",
    "ar": (
        "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : "
        "n%100>=11 ? 4 : 5;"
    ),
}
_FORMATS = {"en": "en_GB", "fr": "fr_MA", "ar": "ar_MA"}

PO = {tag: f"locales/{tag}/LC_MESSAGES/advisories.po" for tag in ("fr", "ar")}
LOCALE = {tag: f"locales/{tag}/locale.toml" for tag in _FORMATS}


def part(path: str) -> str:
    """Give the place of a file of the kind."""
    return f"templates/{KIND}/{path}"


def _po(tag: str, column: int) -> str:
    lines = ['msgid ""', 'msgstr ""', f'"Language: {tag}\\n"', f'"Plural-Forms: {_RULES[tag]}\\n"']
    for texts in _TEXTS:
        lines += ["", f'msgid "{texts[0]}"', f'msgstr "{texts[column]}"']
    lines += ["", f'msgid "{_ONE}"', f'msgid_plural "{_MANY}"']
    lines += [f'msgstr[{number}] "{form}"' for number, form in enumerate(_COUNTED[tag])]
    return "\n".join(lines) + "\n"


def _locale(tag: str) -> str:
    source = "source = true\n" if tag == "en" else ""
    return (
        f'autonym = "{tag}"\nformats = "{_FORMATS[tag]}"\nreview = "approved"\n{source}'
        f'plural_forms = "{_RULES[tag]}"\n'
    )


def healthy(folder: Path) -> Path:
    """Write the kind and its locales into a folder."""
    write(
        folder,
        {
            part("kind.toml"): _TOML,
            part("words.txt"): _WORDS,
            part("sms/body.txt"): _SMS,
            part("email/subject.txt"): _SUBJECT,
            part("email/body.txt"): _MAIL,
            part("email/body.mjml"): _MJML,
            part("push/title.txt"): _SUBJECT,
            part("push/body.txt"): _PUSH,
            part("web/page.html"): _PAGE,
            "templates/_base/facts.toml": _FACTS,
            **{path: _po(tag, column) for column, (tag, path) in enumerate(PO.items(), 1)},
            **{path: _locale(tag) for tag, path in LOCALE.items()},
        },
    )
    return folder
