"""The kinds that are shipped: whole, short and clean with whatever facts."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from broadcaster.channels.sms import measure
from broadcaster.domain.advisory import MessageType
from broadcaster.domain.cap import Category, ResponseType
from broadcaster.domain.message import Channel, MessageClass, WebContent
from broadcaster.render import bidi
from broadcaster.render.check import KindChecker, parts_of, sample_advisory, sample_reader
from broadcaster.render.findings import Gravity
from broadcaster.render.kinds import Kind
from broadcaster.render.locales import PSEUDO
from broadcaster.render.renderer import TemplateRenderer
from tests.kind_scenes import KINDS, scenes, shipped

#: Room for what an update or a correction begins with, in units of GSM-7.
_MARKER = len("Correction: ")
_TAG = re.compile(r"<(style|head)\b.*?</\1>|<!--.*?-->|<[^>]*>", re.DOTALL)


@pytest.fixture(scope="module")
def renderer() -> TemplateRenderer:
    """Make a renderer of what is shipped."""
    return shipped()


def told(renderer: TemplateRenderer, kind: Kind, tag: str = "en") -> Iterator[dict[str, str]]:
    """Render all parts but the mail's mark-up, whose words are the page's, for every scene."""
    reader = sample_reader(renderer.locales[tag])
    for facts in scenes(kind):
        advisory = sample_advisory(kind, facts)
        parts: dict[str, str] = {}
        for channel in (Channel.SMS, Channel.PUSH, Channel.WEB):
            parts |= parts_of(renderer.preview(advisory, channel, tag, reader))
        for part in ("email/subject.txt", "email/body.txt"):
            blocks = renderer.blocks(advisory, part, tag, reader)
            parts[part] = "\n".join(blocks.get(name, "") for name in kind.rule(part).blocks)
        yield parts


@pytest.mark.parametrize("name", KINDS)
def test_every_message_is_short_and_whole(renderer: TemplateRenderer, name: str) -> None:
    """With any facts: one segment with a marker in front, lines that fit, no gaps, no leftovers."""
    kind = renderer.kinds[name]
    for parts in told(renderer, kind):
        size = measure(parts["sms/body.txt"])
        assert (size.encoding, size.segments) == ("GSM-7", 1)
        assert size.units + _MARKER <= 160
        for part in ("push/title.txt", "push/body.txt", "email/subject.txt"):
            most = kind.rule(part).max_characters
            assert most is not None
            assert len(parts[part].strip()) + (0 if "body" in part else _MARKER) <= most
        for text in parts.values():
            words = _TAG.sub("", text)
            assert not re.search(r"None|[^\s ] {2,}\S| [.,:]|\(\)|: ?\.|\{", words), words


@pytest.mark.parametrize("name", [name for name in KINDS if name != "withdrawal"])
def test_what_follows_says_so_first(renderer: TemplateRenderer, name: str) -> None:
    """SMS, subject and push title of a correction begin with the word for it; others do not."""
    kind = renderer.kinds[name]
    alert = sample_advisory(kind, kind.sample())
    reader = sample_reader(renderer.locales["en"])
    for channel in (Channel.SMS, Channel.EMAIL, Channel.PUSH):
        first, second = (
            next(iter(parts_of(renderer.render(advisory, channel, "en", reader)).values()))
            for advisory in (alert, replace(alert, message_type=MessageType.CORRECTION))
        )
        assert second == f"Correction: {first}"


@pytest.mark.parametrize("name", KINDS)
def test_no_word_of_a_choice_is_shown(renderer: TemplateRenderer, name: str) -> None:
    """Choices are told in translated words: where all texts are accented, none is in plain ones."""
    kind = renderer.kinds[name]
    raw = "|".join(choice for fact in kind.facts.values() for choice in fact.choices)
    for parts in told(renderer, kind, PSEUDO):
        for text in parts.values():
            assert not (raw and re.search(rf"\b({raw})\b", _TAG.sub("", text)))


@pytest.mark.parametrize("name", KINDS)
def test_mail_and_page_say_the_same(renderer: TemplateRenderer, name: str) -> None:
    """Each block says the same words in the mail's text, in its mark-up and on the page."""
    kind = renderer.kinds[name]
    advisory, reader = sample_advisory(kind, kind.sample()), sample_reader(renderer.locales["en"])
    said = [
        {
            block: "".join(bidi.strip(html.unescape(_TAG.sub("", text))).replace("- ", "").split())
            for block, text in renderer.blocks(advisory, part, "en", reader).items()
            if block in {"what", "when", "todo", "ask"}
        }
        for part in ("email/body.txt", "email/body.mjml", "web/page.html")
    ]
    assert said[0] == said[1] == said[2]
    assert len(said[0]) == 4
    assert all(said[0].values())


def test_a_title_has_no_mark_up(renderer: TemplateRenderer) -> None:
    """A place in another script is isolated in a heading, and plain where tags cannot stand."""
    kind = renderer.kinds["flooding"]
    facts = kind.resolve({**kind.sample(), "districts": ["درب <غلف> & Co"]})
    reader = sample_reader(renderer.locales["en"])
    content = renderer.render(sample_advisory(kind, facts), Channel.WEB, "en", reader)
    assert isinstance(content, WebContent)
    place = "درب &lt;غلف&gt; &amp; Co"
    assert f"<title>Danger, flooding: \u2068{place}\u2069</title>" in content.html
    assert f'content="There is flooding in \u2068{place}\u2069.' in content.html
    assert f"<h1>Danger, flooding: <bdi>{place}</bdi></h1>" in content.html


@pytest.mark.parametrize("name", KINDS)
def test_each_is_clean_where_it_is_written(renderer: TemplateRenderer, name: str) -> None:
    """The check finds nothing in English and French, in any part, and both are offered."""
    checker = KindChecker(renderer=renderer, measure=measure)
    found = [finding for finding in checker.check(name) if finding.gravity is Gravity.ERROR]
    assert [finding for finding in found if finding.locale in {"", "en", "fr"}] == []
    assert {"en", "fr"} <= set(renderer.kinds[name].locales)


@pytest.mark.parametrize("name", KINDS)
def test_each_is_labelled_in_four_languages(renderer: TemplateRenderer, name: str) -> None:
    """Kinds and facts are named in the languages of the console and in Spanish."""
    kind = renderer.kinds[name]
    facts = kind.facts.values()
    choices = [fact.choice_labels[one] for fact in facts for one in fact.choices]
    for labels in (kind.labels, *(fact.labels for fact in facts), *choices):
        assert set(labels) == {"en", "fr", "ar", "es"}


def test_only_dangers_to_health_are_safety_messages(renderer: TemplateRenderer) -> None:
    """What passes an opt-out of service messages is kept for what may harm."""
    safety = {n for n in KINDS if renderer.kinds[n].message_class is MessageClass.SAFETY}
    water = {"water_do_not_drink", "water_boil", "water_all_clear"}
    assert safety == {*water, "flooding", "weather"}
    assert renderer.kinds["service_survey"].message_class is MessageClass.PROMOTIONAL
    for name in water:
        assert Category.HEALTH in renderer.kinds[name].cap.category
    assert renderer.kinds["water_all_clear"].cap.response == (ResponseType.ALL_CLEAR,)


def test_a_danger_to_health_ends_by_an_all_clear_alone(renderer: TemplateRenderer) -> None:
    """No time of such a message can be read as its end: what may lapse is the next news."""
    for name in ("water_do_not_drink", "water_boil"):
        facts = renderer.kinds[name].facts.values()
        assert [fact.name for fact in facts if fact.lapses] == ["next_news"]
