"""The payload of a push message and its topic."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.channels.base import MessageComposer
from broadcaster.channels.push import MOST_BYTES, payload, topic
from broadcaster.domain.message import PushContent
from broadcaster.errors import InvalidInputError
from tests import builders


def _content(body: str = "قللوا من الذهاب إلى الوكالات") -> PushContent:
    return PushContent(
        title="ليدك: خدماتنا عن بعد", body=body, link="https://client.lydec.ma", direction="rtl"
    )


def _payload(content: PushContent) -> bytes:
    return payload(
        content, locale="ar_MA", collapse_key="advisory-1", confirm_url="https://b.test/c/1"
    )


def test_payload_says_what_is_shown() -> None:
    """Title, body, link, language, direction, tag and where to confirm; nothing else."""
    data = _payload(_content())
    assert json.loads(data) == {
        "title": "ليدك: خدماتنا عن بعد",
        "body": "قللوا من الذهاب إلى الوكالات",
        "link": "https://client.lydec.ma",
        "lang": "ar-MA",
        "dir": "rtl",
        "tag": "advisory-1",
        "confirm": "https://b.test/c/1",
    }
    assert "ليدك".encode() in data


def test_longest_payload_passes_and_a_longer_one_does_not() -> None:
    """The limit is counted in octets, to the last."""
    room = MOST_BYTES - len(_payload(_content(body="")))
    assert len(_payload(_content(body="a" * room))) == MOST_BYTES
    with pytest.raises(InvalidInputError, match="3993"):
        _payload(_content(body="a" * (room + 1)))
    with pytest.raises(InvalidInputError):
        _payload(_content(body="ع" * room))


@given(st.text())
def test_topic_is_always_one(key: str) -> None:
    """Any key gives a topic of the allowed form, and the same key the same topic."""
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,32}", topic(key))
    assert topic(key) == topic(key)


def test_good_keys_are_their_own_topics() -> None:
    """A key that is a topic stays readable; others differ from one another."""
    assert topic("advisory-1") == "advisory-1"
    assert topic("a" * 33) != topic("a" * 34)
    assert topic("advisory-1\n") != "advisory-1\n"


def test_composer_refuses_the_wrong_content() -> None:
    """An SMS is neither a mail nor a push message."""
    with pytest.raises(InvalidInputError):
        MessageComposer().push(builders.message())
