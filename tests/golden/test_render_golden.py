"""Every part of the founding notice in every locale, against files that people have read.

`UPDATE_GOLDEN=1 pytest tests/golden` writes them anew; read the difference before committing it.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broadcaster.domain.advisory import Advisory
from broadcaster.domain.message import Channel
from broadcaster.ports import Reader
from broadcaster.render.check import parts_of
from broadcaster.render.renderer import TemplateRenderer

_ROOT = Path(__file__).parents[2]
_GOLDEN = Path(__file__).parent
_KIND = "remote_services"
_NAMES = {"ar": "فاطمة الزهراء", "fr": "Fatima-Zahra", "en": "Fatima-Zahra"}


@pytest.fixture(scope="module")
def renderer() -> TemplateRenderer:
    """Make a renderer of what is shipped."""
    return TemplateRenderer(
        [_ROOT / "templates"],
        [_ROOT / "locales"],
        default_locale="ar",
        time_zone="Africa/Casablanca",
    )


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("locale", ["ar", "fr", "en"])
def test_parts_read_as_agreed(renderer: TemplateRenderer, locale: str, channel: Channel) -> None:
    """Each rendered part equals its golden file, byte for byte."""
    kind = renderer.kinds[_KIND]
    start = datetime(2026, 3, 20, 9, tzinfo=UTC)
    advisory = Advisory(
        id=1,
        kind=_KIND,
        version=1,
        facts=kind.resolve({}),
        message_class=kind.message_class,
        severity=kind.severity,
        urgency=kind.urgency,
        certainty=kind.certainty,
        effective=start,
        expires=start + timedelta(days=7),
    )
    reader = Reader(
        name=_NAMES[locale],
        number="0000001",
        unsubscribe_url="https://example.test/unsubscribe/1-2.token",
        page_url=f"https://example.test/advisories/1/{locale}",
    )
    for part, text in parts_of(renderer.render(advisory, channel, locale, reader)).items():
        file = _GOLDEN / _KIND / locale / part.replace(".mjml", ".html")
        if os.environ.get("UPDATE_GOLDEN"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="")
        assert text == file.read_bytes().decode()


def test_there_is_no_golden_file_that_nothing_makes(renderer: TemplateRenderer) -> None:
    """A golden file that is left over from a part that is gone would prove nothing."""
    files = {path.relative_to(_GOLDEN / _KIND) for path in (_GOLDEN / _KIND).rglob("*.*")}
    parts = [part.replace(".mjml", ".html") for part in renderer.kinds[_KIND].parts]
    assert files == {Path(locale) / part for locale in _NAMES for part in parts}
