"""The shipped kinds in languages with accents: short in every scene, in letters of one segment."""

from dataclasses import replace

import pytest

from broadcaster.channels.sms import measure
from broadcaster.domain.advisory import MessageType
from broadcaster.domain.message import Channel
from broadcaster.render.check import parts_of, sample_advisory, sample_reader
from broadcaster.render.renderer import TemplateRenderer
from tests.kind_scenes import KINDS, scenes, shipped


@pytest.fixture(scope="module")
def renderer() -> TemplateRenderer:
    """Make a renderer of what is shipped."""
    return shipped()


@pytest.mark.parametrize("tag", ["fr", "es"])
@pytest.mark.parametrize("name", KINDS)
def test_messages_are_short_with_any_facts(renderer: TemplateRenderer, name: str, tag: str) -> None:
    """An update, which has the longest marker, is one SMS on one line; title and body fit."""
    kind = renderer.kinds[name]
    reader = sample_reader(renderer.locales[tag])
    # A withdrawal tells of an end, and has no marker.
    told_as = MessageType.CANCEL if name == "withdrawal" else MessageType.UPDATE
    for facts in scenes(kind):
        advisory = replace(sample_advisory(kind, facts), message_type=told_as)
        parts = {
            part: text
            for channel in (Channel.SMS, Channel.PUSH)
            for part, text in parts_of(renderer.render(advisory, channel, tag, reader)).items()
        }
        sms = parts.pop("sms/body.txt")
        size = measure(sms)
        assert (size.encoding, size.segments) == ("GSM-7", 1), sms
        assert "\n" not in sms
        for part, text in parts.items():
            assert len(text) <= (kind.rule(part).max_characters or 0), text
