"""A kind of a few lines beside the shared layout and the shipped locales, for tests of language."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from broadcaster.domain.message import (
    Channel,
    Content,
    EmailContent,
    PushContent,
    SmsContent,
    WebContent,
)
from broadcaster.render.check import sample_advisory, sample_reader
from broadcaster.render.renderer import TemplateRenderer

ROOT = Path(__file__).parents[1]
#: Above `_base` alone: the other kinds would only be read.
_BASE = "_base"
_PARTS = {
    "sms": ("sms/body.txt",),
    "email": ("email/subject.txt", "email/body.txt", "email/body.mjml"),
    "push": ("push/title.txt", "push/body.txt"),
    "web": ("web/page.html",),
}
_MJML = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section></mj-body>"
    "</mjml>"
)


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder, by their path."""
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


@lru_cache
def _base() -> dict[str, str]:
    folder = ROOT / "templates" / _BASE
    return {
        f"{_BASE}/{file.relative_to(folder).as_posix()}": file.read_text(encoding="utf-8")
        for file in folder.rglob("*.*")
        if file.is_file()
    }


def open_kinds(folder: Path, *, locales: Path | None = None) -> TemplateRenderer:
    """Make a renderer of a folder of kinds, and of the shipped locales unless told otherwise."""
    return TemplateRenderer(
        [folder],
        [locales or ROOT / "locales"],
        default_locale="ar",
        time_zone="Africa/Casablanca",
    )


def make_own(
    folder: Path,
    toml: str,
    body: str,
    *,
    channels: tuple[str, ...] = ("sms",),
    more: Mapping[str, str] | None = None,
) -> TemplateRenderer:
    """Make a renderer of the shared layout and a kind `own`, whose every part is `body`.

    `toml` is what its `kind.toml` says beside its channels; `more` are files by their path.
    """
    files = {f"own/{part}": body for channel in channels for part in _PARTS[channel]}
    if "email" in channels:
        files["own/email/body.mjml"] = _MJML.format(body)
    words = ", ".join(f'"{channel}"' for channel in channels)
    files["own/kind.toml"] = f"channels = [{words}]\n{toml}"
    write(folder, {**_base(), **files, **(more or {})})
    return open_kinds(folder)


def render_own(
    renderer: TemplateRenderer,
    channel: Channel,
    tag: str,
    facts: Mapping[str, object] | None = None,
) -> Content:
    """Render `own` for a reviewer, with its samples or the facts given."""
    kind = renderer.kinds["own"]
    resolved = kind.sample() if facts is None else kind.resolve(facts)
    advisory = sample_advisory(kind, resolved)
    return renderer.preview(advisory, channel, tag, sample_reader(renderer.locales[tag]))


def say(renderer: TemplateRenderer, tag: str, facts: Mapping[str, object] | None = None) -> str:
    """Render the SMS of `own`."""
    content = render_own(renderer, Channel.SMS, tag, facts)
    assert isinstance(content, SmsContent)
    return content.body


def texts_of(content: Content) -> tuple[str, ...]:
    """Give all texts of a message."""
    if isinstance(content, SmsContent):
        return (content.body,)
    if isinstance(content, EmailContent):
        return (content.subject, content.text, content.html)
    if isinstance(content, PushContent):
        return (content.title, content.body)
    assert isinstance(content, WebContent)
    return (content.html,)
