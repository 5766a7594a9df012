"""A wording that a correction takes over begins with the word that the kind has there."""

from dataclasses import replace

import pytest

from broadcaster.domain.advisory import Advisory, MessageType
from broadcaster.domain.message import Channel, EmailContent, PushContent, SmsContent
from broadcaster.render.check import sample_advisory, sample_reader
from broadcaster.render.renderer import TemplateRenderer
from tests import wordings

_TEXTS = {
    "sms/body.txt": "{{ facts.sender }}: eau {{ facts.call_centre }}",
    "push/title.txt": "Eau",
    "email/subject.txt": "Eau coupée",
}
#: A wording may name the block that it fills, too.
_NAMED = {"email/subject.txt": "{{% block headline %}}\n{}\n{{% endblock %}}"}


@pytest.fixture(scope="module")
def shipped() -> TemplateRenderer:
    """Render what is shipped."""
    return wordings.renderer(wordings.ROOT / "templates")


def _advised(shipped: TemplateRenderer, tag: str, type_: MessageType, before: str = "") -> Advisory:
    kind = shipped.kinds["planned_outage"]
    advised = replace(sample_advisory(kind, kind.sample()), message_type=type_)
    for part, text in _TEXTS.items():
        advised = wordings.worded(advised, part, _NAMED.get(part, "{}").format(before + text), tag)
    return advised


def _begins(shipped: TemplateRenderer, advised: Advisory, tag: str) -> list[str]:
    reader = sample_reader(shipped.locales[tag])
    sms = shipped.render(advised, Channel.SMS, tag, reader)
    push = shipped.render(advised, Channel.PUSH, tag, reader)
    mail = shipped.render(advised, Channel.EMAIL, tag, reader)
    assert isinstance(sms, SmsContent)
    assert isinstance(push, PushContent)
    assert isinstance(mail, EmailContent)
    return [sms.body, push.title, mail.subject]


@pytest.mark.parametrize("tag", ["ar", "en", "es", "fr"])
@pytest.mark.parametrize("type_", [MessageType.UPDATE, MessageType.CORRECTION])
def test_what_is_worded_begins_as_the_kinds_own_text(
    shipped: TemplateRenderer, tag: str, type_: MessageType
) -> None:
    """In each language, on each channel, and once: a former word that was taken over goes."""
    kind = shipped.kinds["planned_outage"]
    own = replace(sample_advisory(kind, kind.sample()), message_type=type_)
    words = {text.split(":")[0] + ": " for text in _begins(shipped, own, tag)}
    plain = _begins(shipped, _advised(shipped, tag, MessageType.ALERT), tag)
    assert len(words) == 1
    word = words.pop()
    for before in ("", word, _other(shipped, own, type_, tag)):
        said = _begins(shipped, _advised(shipped, tag, type_, before), tag)
        assert said == [word + text for text in plain]


def _other(shipped: TemplateRenderer, own: Advisory, type_: MessageType, tag: str) -> str:
    """Give the word of the other type."""
    [other] = {MessageType.UPDATE, MessageType.CORRECTION} - {type_}
    sms = _begins(shipped, replace(own, message_type=other), tag)[0]
    return sms.split(":")[0] + ": "


def test_a_first_message_keeps_its_wording_as_it_is(shipped: TemplateRenderer) -> None:
    """Who words an alert may begin as they like."""
    said = _begins(shipped, _advised(shipped, "fr", MessageType.ALERT, "Correction: "), "fr")
    assert all(text.startswith("Correction: ") for text in said)
