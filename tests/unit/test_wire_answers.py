"""Our HTTP client and servers that misbehave: what is an answer, and what leaves doubt."""

import asyncio

import pytest

from broadcaster.providers._http import NoAnswerError
from tests.wire_servers import OK, Link, Script, answers, one


def _says(*pieces: bytes, end: str = "close") -> Script:
    """Read the request, say these pieces one by one, then end as told."""

    async def script(link: Link) -> None:
        await link.request()
        for piece in pieces:
            await link.say(piece)
            # Each piece arrives by itself: the other end reads in between.
            for _ in range(5):
                await asyncio.sleep(0)
        if end == "reset":
            link.reset()
        elif end == "stay":
            await link.hang()

    return script


def _octet_by_octet(octets: bytes) -> tuple[bytes, ...]:
    return tuple(octets[at : at + 1] for at in range(len(octets)))


_HEAD = b"HTTP/1.1 201 Created\r\n"
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

_ANSWERS = {
    "plain": (_says(OK, end="stay"), 201, b"ok"),
    "in fragments": (_says(*_octet_by_octet(OK), end="stay"), 201, b"ok"),
    "head and body apart": (_says(OK[:-2], OK[-2:], end="stay"), 201, b"ok"),
    "chunked": (_says(_CHUNKED + b"1\r\no\r\n1\r\nk\r\n0\r\n\r\n", end="stay"), 201, b"ok"),
    "chunked, in fragments": (
        _says(*_octet_by_octet(_CHUNKED + b"2;x=y\r\nok\r\n0\r\nT: v\r\n\r\n"), end="stay"),
        201,
        b"ok",
    ),
    "no body": (_says(_HEAD + b"Content-Length: 0\r\n\r\n", end="stay"), 201, b""),
    "until the end": (_says(_HEAD + b"\r\no", b"k"), 201, b"ok"),
    "until the end, nothing": (_says(_HEAD + b"Connection: close\r\n\r\n"), 201, b""),
    "old version": (_says(b"HTTP/1.0 201 Created\r\n\r\nok"), 201, b"ok"),
    "announced": (_says(b"HTTP/1.1 100 Continue\r\n\r\n" + OK, end="stay"), 201, b"ok"),
    "announced twice, apart": (
        _says(
            b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
            b"HTTP/1.1 102 Processing\r\n\r\n",
            OK,
            end="stay",
        ),
        201,
        b"ok",
    ),
    "no content": (_says(b"HTTP/1.1 204 No Content\r\n\r\n", end="stay"), 204, b""),
    "no content, with one": (
        _says(b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok", end="stay"),
        204,
        b"",
    ),
    "not modified, with a length": (
        _says(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", end="stay"),
        304,
        b"",
    ),
    "more than the answer": (_says(OK + b"and more", end="stay"), 201, b"ok"),
    "two answers": (_says(OK + b"HTTP/1.1 500 No\r\n\r\n", end="stay"), 201, b"ok"),
    "closed after it": (_says(OK), 201, b"ok"),
    "a redirect": (
        _says(b"HTTP/1.1 302 Found\r\nLocation: /2\r\nContent-Length: 0\r\n\r\n", end="stay"),
        302,
        b"",
    ),
    "a refusal": (_says(b"HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n"), 429, b""),
}


@pytest.mark.parametrize("name", _ANSWERS)
def test_answers_are_read_however_they_come(name: str) -> None:
    """Whatever the framing and the fragments, an answer is read whole, once, and not followed."""
    script, status, body = _ANSWERS[name]
    ask, server = one(script)
    assert (ask.answer.status, ask.answer.body) == (status, body)
    assert len(server.requests) == 1


async def _half(link: Link) -> None:
    await link.read(20)


async def _half_reset(link: Link) -> None:
    await link.read(20)
    link.reset()


async def _endless(link: Link) -> None:
    await link.request()
    await link.say(_HEAD + b"X: ")
    await link.forever(b"x" * 1000)


async def _endless_headers(link: Link) -> None:
    await link.request()
    await link.say(_HEAD)
    await link.forever(b"X: y\r\n")


async def _endless_chunks(link: Link) -> None:
    await link.request()
    await link.say(_CHUNKED)
    await link.forever(b"3e8\r\n" + b"x" * 1000 + b"\r\n")


async def _endless_extension(link: Link) -> None:
    await link.request()
    await link.say(_CHUNKED + b"1;x=")
    await link.forever(b"x" * 1000)


async def _endless_trailers(link: Link) -> None:
    await link.request()
    await link.say(_CHUNKED + b"0\r\n")
    await link.forever(b"X: y\r\n")


async def _endless_announcements(link: Link) -> None:
    await link.request()
    await link.forever(b"HTTP/1.1 100 Continue\r\n\r\n")


async def _endless_body(link: Link) -> None:
    await link.request()
    await link.say(_HEAD + b"\r\n")
    await link.forever(b"x" * 1000)


_FAULTS: dict[str, Script] = {
    "closed in the middle of the request": _half,
    "reset in the middle of the request": _half_reset,
    "closed instead": _says(),
    "reset instead": _says(end="reset"),
    "closed in the status": _says(b"HTTP/1.1 20"),
    "closed in a header": _says(_HEAD + b"Content-Le"),
    "closed before the body": _says(_HEAD + b"Content-Length: 2\r\n\r\n"),
    "closed in the body": _says(OK[:-1]),
    "closed in a chunk": _says(_CHUNKED + b"2\r\no"),
    "closed before the last chunk": _says(_CHUNKED + b"2\r\nok\r\n"),
    "closed after an announcement": _says(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "reset in the body": _says(OK[:-1], end="reset"),
    "no HTTP": _says(b"\x00\xff what?\r\n\r\n"),
    "another protocol": _says(b"220 relay.test ESMTP\r\n"),
    "both lengths": _says(
        _HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    ),
    "both lengths, the other way": _says(
        _HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    ),
    "a coding and a length": _says(
        _HEAD + b"Transfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok"
    ),
    "two lengths": _says(_HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok"),
    "a negative length": _says(_HEAD + b"Content-Length: -2\r\n\r\nok"),
    "a length that is none": _says(_HEAD + b"Content-Length: 0x2\r\n\r\nok"),
    "a length beyond numbers": _says(_HEAD + b"Content-Length: " + b"9" * 40 + b"\r\n\r\nok"),
    "a chunk that is none": _says(_CHUNKED + b"xyz\r\nok\r\n0\r\n\r\n"),
    "no status": _says(b"HTTP/1.1 20 No\r\n\r\n"),
    "status zero": _says(b"HTTP/1.1 000 No\r\nContent-Length: 0\r\n\r\n"),
    "switched over": _says(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
    ),
    "a header with NUL": _says(_HEAD + b"X: a\x00b\r\nContent-Length: 0\r\n\r\n"),
    "too many headers at once": _says(_HEAD + b"X: y\r\n" * 101 + b"Content-Length: 0\r\n\r\n"),
    "an endless header": _endless,
    "endless headers": _endless_headers,
    "endless chunks": _endless_chunks,
    "an endless extension of a chunk": _endless_extension,
    "endless trailers": _endless_trailers,
    "endless announcements": _endless_announcements,
    "an endless body": _endless_body,
}


@pytest.mark.parametrize("name", _FAULTS)
def test_no_clear_answer_leaves_doubt(name: str) -> None:
    """Once it was written, a request without a whole and sound answer is in doubt, not repeated."""
    ask, server = one(_FAULTS[name], answers)
    assert isinstance(ask.fault, NoAnswerError)
    assert server.connections == 1


def test_silence_has_a_limit() -> None:
    """An answer that does not come is waited for no longer than set."""
    ask, _ = one(_says(end="stay"), timeout=0.1)
    assert isinstance(ask.fault, NoAnswerError)
    assert str(ask.fault) == "TimeoutError"


def test_dripping_answer_has_a_limit() -> None:
    """An answer that never ends, however often a piece of it comes, is waited for as long."""

    async def drips(link: Link) -> None:
        await link.request()
        await link.say(_HEAD + b"Content-Length: 1000000\r\n\r\n")
        while True:
            await link.say(b"x")
            await asyncio.sleep(0.01)

    ask, _ = one(drips, timeout=0.1)
    assert str(ask.fault) == "TimeoutError"


def test_early_answer_is_heard() -> None:
    """A server that refuses before it has read all is heard, and the connection is given up."""

    async def refuses(link: Link) -> None:
        await link.read(1000)
        await link.say(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await link.hang()

    # More than both ends buffer, so that the rest is certainly unwritten.
    ask, server = one(refuses, answers, body=b"x" * 30_000_000)
    assert ask.answer.status == 413
    assert server.requests == []
