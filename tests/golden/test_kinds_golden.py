"""The text parts of all kinds, as people have read them.

`UPDATE_GOLDEN=1 pytest tests/golden` writes them anew; read the difference before committing it.
"""

import os
from pathlib import Path

import pytest

from broadcaster.domain.message import Channel
from broadcaster.render.check import parts_of, sample_advisory, sample_reader
from broadcaster.render.renderer import TemplateRenderer
from tests.kind_scenes import KINDS, shipped

_GOLDEN = Path(__file__).parent
#: Locales whose wording has been read and agreed.
_AGREED = ("en", "ar", "fr", "es")


@pytest.fixture(scope="module")
def renderer() -> TemplateRenderer:
    """Make a renderer of what is shipped."""
    return shipped()


@pytest.mark.parametrize("tag", _AGREED)
@pytest.mark.parametrize("name", KINDS)
def test_text_parts_read_as_agreed(renderer: TemplateRenderer, name: str, tag: str) -> None:
    """Each text part with the sample facts equals its golden file, and no file is left over."""
    kind = renderer.kinds[name]
    advisory = sample_advisory(kind, kind.sample())
    reader = sample_reader(renderer.locales[tag])
    made = {
        part: text
        for channel in (Channel.SMS, Channel.EMAIL, Channel.PUSH)
        for part, text in parts_of(renderer.render(advisory, channel, tag, reader)).items()
        if part.endswith(".txt")
    }
    folder = _GOLDEN / name / tag
    for part, text in made.items():
        file = folder / part
        if os.environ.get("UPDATE_GOLDEN"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="")
        assert text == file.read_bytes().decode()
    assert {str(path.relative_to(folder)) for path in folder.rglob("*.*")} == set(made)
