"""The text that an operator begins with is the kind's own, and can be set as it is."""

from pathlib import Path

import pytest

from broadcaster.channels.sms import measure
from broadcaster.domain.message import Channel
from broadcaster.render import bidi
from broadcaster.render.check import KindChecker, parts_of, sample_advisory, sample_reader
from broadcaster.render.heard import heard
from broadcaster.render.launch_check import TextChecker
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.render.starting import frozen, starting_text
from broadcaster.render.worded import MADE_OF
from tests import wordings

_PARTS = ("sms/body.txt", "push/title.txt", "push/body.txt", "email/subject.txt", "email/body.txt")


@pytest.fixture(scope="module")
def shipped() -> TemplateRenderer:
    """Render what is shipped."""
    return wordings.renderer(wordings.ROOT / "templates")


def _kinds() -> list[str]:
    folder = wordings.ROOT / "templates"
    return sorted(path.parent.name for path in folder.glob("[a-z]*/kind.toml"))


@pytest.mark.parametrize("name", _kinds())
def test_every_shipped_kind_can_be_worded_from_its_own_text(
    shipped: TemplateRenderer, name: str
) -> None:
    """Worded with what it says already it says the same in text, and nothing blocks it."""
    kind = shipped.kinds[name]
    own = sample_advisory(kind, kind.sample())
    checker = TextChecker(
        checker=KindChecker(renderer=shipped, measure=measure),
        hosts=("example.org",),
        origin="https://advisories.lydec.test",
    )
    for tag in kind.locales:
        reader = sample_reader(shipped.locales[tag])
        advised = own
        for part in (one for one in _PARTS if one in kind.parts):
            text = starting_text(shipped, kind, own, part, tag)
            assert set(frozen(shipped, kind, own, tag, text)) <= {"minutes"}, (part, tag)
            advised = wordings.worded(advised, part, text, tag)
        found = checker.locale(advised, tag, kind.channels, needed=True)
        assert [one for one in found if one.blocks] == []
        for channel in kind.channels:
            before = parts_of(shipped.render(own, channel, tag, reader))
            after = parts_of(shipped.render(advised, channel, tag, reader))
            for part, text in before.items():
                assert part in MADE_OF or after[part] == text, (part, tag)
                assert _words(after[part], part) == _words(text, part), (part, tag)


def _words(text: str, part: str) -> list[str]:
    """Give the words that a part shows below its title, whatever parts them."""
    below = text.rpartition("</h1>")[2]
    return "".join(bidi.strip(heard(below, part)).split()).replace("-", "").split()


def test_contacts_and_readers_are_written_as_what_they_are(tmp_path: Path) -> None:
    """A number is a fact again, and a name is the reader's; braces stay text."""
    parts = {
        "sms/body.txt": (
            "{% block message %}{{ reader.name }} {% raw %}{{ x }}{% endraw %} {{ facts.sender }} "
            "{{ facts.call_centre }} {{ facts.online|bare_url }} {{ facts.starts|time }}"
            "{% endblock %}"
        )
    }
    texts = wordings.renderer(wordings.write_kind(tmp_path, parts))
    advised = wordings.advisory(texts)
    text = starting_text(texts, texts.kinds["made"], advised, "sms/body.txt", "fr")
    assert text == (
        "{{ reader.name }} {{ '{' }}{ x }} {{ facts.sender }} {{ facts.call_centre }} "
        "{{ facts.online|bare_url }} {{ facts.starts|time }}"
    )
    reader = sample_reader(texts.locales["fr"])
    worded = wordings.worded(advised, "sms/body.txt", text)
    contents = [texts.render(one, Channel.SMS, "fr", reader) for one in (advised, worded)]
    assert contents[0] == contents[1]


def test_times_that_read_alike_are_told_apart(shipped: TemplateRenderer) -> None:
    """Each date is that of its own fact, so that another estimate changes its day alone."""
    kind = shipped.kinds["unplanned_outage"]
    own = sample_advisory(kind, kind.sample())
    for tag in kind.locales:
        text = starting_text(shipped, kind, own, "email/body.txt", tag)
        began, ends = text.index("facts.since|day"), text.index("facts.restoration|day")
        assert began < ends, tag
        assert "facts.districts|listing" in text
        assert "facts.cause" in text
    assert frozen(shipped, kind, own, "en", "Back at 06:30 in Oasis.") == [
        "districts",
        "restoration",
    ]


def test_the_fields_of_a_message_are_those_of_its_wording_too(shipped: TemplateRenderer) -> None:
    """What a forecast and a skeleton go by knows that a wording asks for more than its kind."""
    kind = shipped.kinds["remote_services"]
    own = sample_advisory(kind, kind.sample())
    assert shipped.fields(own, Channel.SMS) == ()
    named = wordings.worded(own, "sms/body.txt", "{{ reader.name }} {{ facts.call_centre }}")
    assert shipped.fields(named, Channel.SMS) == ("name",)
    assert shipped.fields(named, Channel.PUSH) == shipped.fields(own, Channel.PUSH)
