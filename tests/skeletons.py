"""Made-up kinds for the tests of skeletons, and what comes of rendering them."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from broadcaster.domain.advisory import Advisory, Certainty, Severity, Urgency
from broadcaster.domain.message import Channel, Content, FilledEmail, MessageClass
from broadcaster.errors import BroadcasterError
from broadcaster.ports import Reader
from broadcaster.render.orders import Order
from broadcaster.render.parts import Parts
from broadcaster.render.renderer import TemplateRenderer

_ROOT = Path(__file__).parents[1]
TAGS = ("ar", "fr", "en")

_TOML = """
[facts.sender]
type = "name"
default = { und = "Ly <dec> & Co", ar = "ليدك" }
[facts.count]
type = "number"
default = 3
[facts.streets]
type = "list"
default = ["Rue A", "زنقة", "c & d"]
"""
#: What templates may say, and how it is said elsewhere; some of it as no translator should.
_WORDS: Mapping[str, tuple[str, str]] = {
    "Hello %(name)s,": ("مرحبا %(name)s،", "Bonjour\u00a0%(name)s,"),
    "%(name)s: 100%% of %(name)s": ("%(name)s", "100\u202f%% de %(name)s…"),
    "Dear %(name)s": ("عزيزي %(name).3s", "Cher %(name)12s"),
    "Plain": ("عادي", "Simple"),
}
_COUNTED = (
    "%(n)s street, %(name)s",
    "%(n)s streets, %(name)s",
    [f"شارع {number} %(n)s %(name)s" for number in range(6)],
    ["%(n)s rue, %(name)s", "%(n)s rues, %(name)s"],
)
_BASE = {
    "_base/piece.txt": "[{{ reader.name }}|{{ reader.page_url }}]",
    "_base/shout.txt": "{% macro shout(a) %}!{{ a }}!{{ caller() if caller else '' }}{% endmacro %}"
    "{% macro weigh(a) %}{% set t %}{{ a }}{% endset %}{{ t|length }}{% endmacro %}",
    "_base/frame.txt": "{% block top %}{{ reader.number }}{% endblock %} {% block main %}"
    "{% endblock %}{{ self.top() }}",
}
_MJML = (
    '<mjml lang="{{ locale.lang }}"><mj-head><mj-title>{{ subject }}</mj-title></mj-head>'
    "<mj-body><mj-section><mj-column>%s</mj-column></mj-section></mj-body></mjml>"
)


def _po(tag: str, plural_forms: str) -> str:
    which = TAGS.index(tag)
    lines = [f'msgid ""\nmsgstr ""\n"Plural-Forms: {plural_forms}\\n"\n']
    lines += [f'msgid "{text}"\nmsgstr "{said[which]}"\n' for text, said in _WORDS.items()]
    lines.append(f'msgid "{_COUNTED[0]}"\nmsgid_plural "{_COUNTED[1]}"')
    forms = (_COUNTED[2], _COUNTED[3])[which]
    lines += [f'msgstr[{number}] "{form}"' for number, form in enumerate(forms)]
    return "\n".join(lines) + "\n"


def write_locales(folder: Path) -> None:
    """Write three locales with the words of the made-up templates alone."""
    for tag in TAGS:
        text = (_ROOT / f"locales/{tag}/locale.toml").read_text(encoding="utf-8")
        (folder / tag / "LC_MESSAGES").mkdir(parents=True)
        (folder / tag / "locale.toml").write_text(text, encoding="utf-8")
        if tag != "en":
            plural_forms = text.partition('plural_forms = "')[2].partition('"')[0]
            file = folder / tag / "LC_MESSAGES/advisories.po"
            file.write_text(_po(tag, plural_forms), encoding="utf-8")


def write_kind(folder: Path, parts: Mapping[str, str], name: str = "made") -> None:
    """Write a kind with these parts."""
    channels = sorted({part.partition("/")[0] for part in parts})
    quoted = ", ".join(f'"{channel}"' for channel in channels)
    files = {**_BASE, f"{name}/kind.toml": f"channels = [{quoted}]\n{_TOML}"}
    files |= {f"{name}/{part}": text for part, text in parts.items()}
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")


def make(folder: Path, locales: Path) -> TemplateRenderer:
    """Make a renderer of one kind."""
    return TemplateRenderer([folder], [locales], default_locale="ar", time_zone="UTC")


class CountingParts(Parts):
    """Parts that count how many were asked for."""

    asked = 0

    def text(self, order: Order, part: str, **more: object) -> str:
        self.asked += 1
        return super().text(order, part, **more)


class Counting(TemplateRenderer):
    """A renderer that counts full renders, and parts rendered for whatever reason."""

    def __init__(self, templates: Path, locales: Path) -> None:
        super().__init__([templates], [locales], default_locale="ar", time_zone="UTC")
        self.renders = 0
        self.parts = CountingParts(self.library, self._zone)
        self._parts = self.parts

    def render(self, advisory: Advisory, channel: Channel, locale: str, reader: Reader) -> Content:
        self.renders += 1
        return super().render(advisory, channel, locale, reader)


def mail(body: str, *, subject: str = "S", text: str = "T") -> dict[str, str]:
    """Give the parts of a mail; `body` is what stands in the column of its HTML part."""
    return {
        "email/subject.txt": subject,
        "email/body.txt": text,
        "email/body.mjml": _MJML.replace("%s", body),
    }


def advise(renderer: TemplateRenderer, kind: str = "made", **facts: object) -> Advisory:
    """Make an advisory of a kind, with its sample facts where no others are given."""
    start = datetime(2026, 3, 20, 18, tzinfo=UTC)
    held = renderer.kinds[kind]
    return Advisory(
        id=1,
        kind=kind,
        version=1,
        facts=held.resolve({**held.sample(), **facts}),
        message_class=MessageClass.SERVICE,
        severity=Severity.MINOR,
        urgency=Urgency.EXPECTED,
        certainty=Certainty.OBSERVED,
        effective=start,
        expires=start + timedelta(days=7),
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of rendering: the content, field by field, or the fault."""

    content: Mapping[str, str]
    fault: str = ""


def outcome(make_content: Callable[[], Content]) -> Outcome:
    """Render and give what came of it."""
    try:
        content = make_content()
    except BroadcasterError as error:
        return Outcome({}, f"{type(error).__name__}: {error}")
    except Exception as error:  # noqa: BLE001  (what a broken template raises has to be the same)
        return Outcome({}, type(error).__name__)
    if isinstance(content, FilledEmail):
        return Outcome({n: getattr(content, n) for n in ("subject", "text", "html")})
    return Outcome(asdict(content))


def differences(
    renderer: TemplateRenderer, channel: Channel, readers: list[Reader], kind: str = "made"
) -> list[tuple[str, Reader, Outcome, Outcome]]:
    """Prepare in every locale and list what is not as the full render has it."""
    advisory = advise(renderer, kind)
    found = []
    for tag in TAGS:
        fill = renderer.prepare(advisory, channel, tag)
        for reader in readers:
            fast = outcome(partial(fill, reader))
            full = outcome(partial(renderer.render, advisory, channel, tag, reader))
            if fast != full:
                found.append((tag, reader, fast, full))
    return found
