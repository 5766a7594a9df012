"""Replies of a relay: cut as they come, bounded, and nothing else taken for one."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.providers._smtp_replies import BadReplyError, Replies, Reply

_LINE = st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b"").replace(b"\r", b""))
_REPLY = st.builds(
    Reply, st.integers(min_value=200, max_value=599), st.lists(_LINE, min_size=1).map(tuple)
)


def _written(reply: Reply) -> bytes:
    *first, last = reply.lines
    code = str(reply.code).encode()
    return b"".join(code + b"-" + line + b"\r\n" for line in first) + code + b" " + last + b"\r\n"


@given(replies=st.lists(_REPLY, max_size=5), cuts=st.lists(st.integers(min_value=0, max_value=500)))
def test_replies_are_read_however_they_are_cut(replies: list[Reply], cuts: list[int]) -> None:
    """One octet or many replies at a time, what is read is what was written."""
    raw = b"".join(map(_written, replies))
    places = [0, *sorted(cut for cut in cuts if cut < len(raw)), len(raw)]
    parser = Replies()
    read = []
    for start, end in pairwise(places):
        read += list(parser.feed(raw[start:end]))
    assert read == replies
    assert not parser.partial


@pytest.mark.parametrize(
    "raw",
    [
        b"what\r\n",
        b"\r\n",
        b"25\r\n",
        b"25x ok\r\n",
        b"250ok\r\n",
        b"150 ok\r\n",
        b"600 ok\r\n",
        b"999 ok\r\n",
        "٢٥٠ ok\r\n".encode(),
        b"250-one\r\n251 two\r\n",
        b"250-one\r\n\r\n",
        b"250-x\r\n" * 200,
        b"250 " + b"x" * 5000,
        b"250 " + b"x" * 5000 + b"\r\n",
        b"x" * 5000,
    ],
)
def test_what_is_no_reply_is_a_fault(raw: bytes) -> None:
    """Neither other codes, nor mixed ones, nor lines or replies without an end."""
    with pytest.raises(BadReplyError):
        list(Replies().feed(raw))


@given(replies=st.lists(_REPLY, max_size=5), cut=st.integers(min_value=0, max_value=500))
def test_codes_alone_are_those_of_whole_lines(replies: list[Reply], cut: int) -> None:
    """Where codes are given they are what would be read; reading them takes nothing in."""
    raw = b"".join(map(_written, replies))[:cut]
    parser = Replies()
    codes = parser.codes(raw)
    read = list(parser.feed(raw))
    single = all(len(reply.lines) == 1 for reply in read) and not parser.partial
    assert codes == ([reply.code for reply in read] if single else [])


@pytest.mark.parametrize("begun", [b"25", b"250-a\r\n"])
def test_no_codes_are_read_behind_a_beginning(begun: bytes) -> None:
    """What ends a reply that was begun is none by itself."""
    parser = Replies()
    assert list(parser.feed(begun)) == []
    assert parser.codes(b"250 b\r\n") == []


@pytest.mark.parametrize(
    "raw", [b"what\r\n", b"150 ok\r\n", b"250\r\n", b"250 " + b"x" * 5000 + b"\r\n", b"\r\n", b""]
)
def test_no_codes_are_read_of_anything_unusual(raw: bytes) -> None:
    """What is odd, long, or none of one line with a text, is left to the careful reader."""
    assert Replies().codes(b"250 ok\r\n" + raw if raw else raw) == []


def test_whole_replies_before_a_fault_count() -> None:
    """What was said well is heard before what was not."""
    replies = Replies().feed(b"250 Ok\r\nwhat\r\n")
    assert next(replies) == Reply(250, (b"Ok",))
    with pytest.raises(BadReplyError):
        next(replies)


def test_a_beginning_is_noticed() -> None:
    """Half a line, and half a reply, are there."""
    parser = Replies()
    for octets, partial in ((b"2", True), (b"50-a\r\n", True), (b"250 b\n", False), (b"", False)):
        list(parser.feed(octets))
        assert parser.partial is partial


def test_a_code_alone_is_a_reply() -> None:
    """RFC 5321, section 4.2: the text may be missing."""
    assert list(Replies().feed(b"250\r\n354 \r\n")) == [Reply(250, (b"",)), Reply(354, (b"",))]


def test_text_is_all_lines_in_any_script() -> None:
    """With SMTPUTF8 a relay may speak beyond ASCII; what it can't mean does no harm."""
    (reply,) = Replies().feed("550-5.1.1 non trouvé\r\n550 x".encode() + b"\xff\r\n")
    assert reply.text == "5.1.1 non trouvé\nx\ufffd"
    assert (reply.good, reply.bad) == (False, True)
