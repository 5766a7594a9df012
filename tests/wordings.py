"""A made-up kind whose parts are worded, and short ways to do it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from broadcaster.domain.advisory import Advisory
from broadcaster.domain.wording import key
from broadcaster.render.check import sample_advisory
from broadcaster.render.renderer import TemplateRenderer

ROOT = Path(__file__).parents[1]

KIND = """
channels = ["sms", "email", "push", "web"]
[facts.sender]
type = "name"
default = { und = "Lydec", ar = "ليدك" }
[facts.call_centre]
type = "phone"
contact = true
default = { e164 = "+212522312020", display = "0522312020" }
[facts.online]
type = "url"
contact = true
default = "https://client.lydec.ma"
[facts.streets]
type = "list"
sample = ["Rue A", "زنقة ب", "c & d"]
[facts.service]
type = "choice"
choices = ["water", "power"]
sample = "water"
[facts.starts]
type = "datetime"
sample = "2026-03-21T08:00:00+01:00"
[facts.back]
type = "datetime"
lapses = true
sample = "2026-03-21T18:00:00+01:00"
[facts.reason]
type = "text"
required = false
[parts."sms/body.txt"]
contacts = ["call_centre"]
blocks = ["message"]
max_segments = { "GSM-7" = 2, "UCS-2" = 3 }
[parts."push/body.txt"]
blocks = ["message"]
max_characters = 150
[parts."email/subject.txt"]
blocks = ["headline"]
[parts."email/body.txt"]
contacts = ["call_centre"]
blocks = ["what", "todo"]
[parts."email/body.mjml"]
contacts = ["call_centre"]
blocks = ["what", "todo"]
[parts."web/page.html"]
contacts = ["call_centre"]
blocks = ["headline", "what", "todo"]
"""
_PARTS = {
    "sms/body.txt": "{% block message %}{{ facts.sender }}: {{ facts.call_centre }}{% endblock %}",
    "push/title.txt": "{{ facts.sender }}",
    "push/body.txt": (
        "{% block message %}{{ facts.sender }}: {{ facts.streets|listing }}{% endblock %}"
    ),
    "email/subject.txt": "{% block headline %}{{ facts.sender }}{% endblock %}",
    "email/body.txt": (
        "{% if reader.name %}{{ reader.name }}{% endif %}\n{% block what %}{{ facts.call_centre }}"
        "{% endblock %}\n{% block todo %}- {{ facts.service }}{% endblock %}\n"
        "{{ reader.unsubscribe_url }}"
    ),
    "email/body.mjml": (
        '<mjml lang="{{ locale.lang }}" dir="{{ locale.direction }}"><mj-head><mj-title>'
        "{{ subject }}</mj-title></mj-head>"
        "<mj-body><mj-section><mj-column>{% block what %}<mj-text>{{ facts.call_centre }}</mj-text>"
        "{% endblock %}<mj-text><ul>{% block todo %}<li>{{ facts.service }}</li>{% endblock %}</ul>"
        "{{ reader.unsubscribe_url }}</mj-text></mj-column></mj-section></mj-body></mjml>"
    ),
    "web/page.html": (
        '<!doctype html><html lang="{{ locale.lang }}" dir="{{ locale.direction }}"><head><title>'
        "{{ self.headline() }}</title>"
        "</head><body><h1>{% block headline %}{{ facts.sender }}{% endblock %}</h1>"
        "<p>{% block what %}{{ facts.call_centre }}{% endblock %}</p><ul>{% block todo %}"
        "<li>{{ facts.service }}</li>{% endblock %}</ul></body></html>"
    ),
}


def write_kind(folder: Path, changes: Mapping[str, str] | None = None, name: str = "made") -> Path:
    """Write the kind, with some files changed; the folder of kinds."""
    for path, text in {"kind.toml": KIND, **_PARTS, **(changes or {})}.items():
        file = folder / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def renderer(folder: Path) -> TemplateRenderer:
    """Make a renderer of a folder of kinds, with the locales that are shipped."""
    return TemplateRenderer(
        [folder], [ROOT / "locales"], default_locale="ar", time_zone="Africa/Casablanca"
    )


def advisory(texts: TemplateRenderer, name: str = "made", **facts: object) -> Advisory:
    """Make an advisory of a kind, with its samples and these facts."""
    kind = texts.kinds[name]
    given = {**kind.sample(), **facts}
    return sample_advisory(kind, kind.resolve({n: v for n, v in given.items() if v is not None}))


def worded(advised: Advisory, part: str, text: str, locale: str = "fr") -> Advisory:
    """Word a part of an advisory."""
    return replace(advised, wording={**advised.wording, key(part, locale): text})
