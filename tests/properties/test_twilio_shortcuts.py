"""What is read and written by a shorter way is what the long way reads and writes."""

import json
from urllib.parse import quote_plus

from hypothesis import example, given, settings
from hypothesis import strategies as st

from broadcaster.providers._http import Answer
from broadcaster.providers._twilio_answers import _read_whole, read
from broadcaster.providers._twilio_form import _number
from broadcaster.providers._wire_answer import AnswerReader, MalformedError, _PieceReader
from tests import builders
from tests.builders import NOON
from tests.fakes import FakeClock

_SIDS = [f"SM{7:032x}", f"MM{8:032X}", f"SM{9:031x}", "SM", "no"]
_WORDS = ["queued", "accepted", "sent", "failed", "canceled", "delivered", "QUEUED", "new", ""]
#: Words of customers that look like parts of an answer.
_TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [f'"sid": "{_SIDS[0]}"', '", "status": "queued", "', '\\"sid', "{", "}\\", '"status"']
    ),
)
_VALUES = st.one_of(
    st.none(), st.integers(), _TEXTS, st.sampled_from(_SIDS), st.sampled_from(_WORDS)
)
_PAIR = st.one_of(
    st.tuples(st.just("sid"), st.one_of(st.sampled_from(_SIDS), _VALUES)),
    st.tuples(st.just("status"), st.one_of(st.sampled_from(_WORDS), _VALUES)),
    st.tuples(st.sampled_from(["body", "error_code", "account_sid", 'x"sid']), _VALUES),
    st.tuples(st.just("subresource_uris"), st.dictionaries(st.just("media"), _TEXTS)),
)


def _written(pairs: list[tuple[str, object]], comma: str, colon: str, *, escaped: bool) -> bytes:
    def text(value: object) -> str:
        return json.dumps(value, ensure_ascii=escaped)

    inner = comma.join(f"{text(name)}{colon}{text(value)}" for name, value in pairs)
    return f"{{{inner}}}".encode("utf-8", "replace")


#: Most are as Twilio writes them, with something odd put in somewhere.
_PLAIN = [("body", "Lydec"), ("status", "queued"), ("sid", _SIDS[0]), ("error_code", None)]
_PAIRS = st.tuples(st.permutations(_PLAIN), st.lists(_PAIR, max_size=2), st.integers(0, 4)).map(
    lambda drawn: [*drawn[0][: drawn[2]], *drawn[1], *drawn[0][drawn[2] :]]
)
_STYLES = st.sampled_from([*[(", ", ": ")] * 4, (",", ":"), (",\n  ", " : ")])


@given(
    pairs=_PAIRS,
    style=_STYLES,
    escaped=st.booleans(),
    tail=st.sampled_from([*[b""] * 5, b" ", b"{"]),
    status=st.sampled_from([201, 201, 201, 200, 400, 500]),
)
@example(pairs=_PLAIN, style=(", ", ": "), escaped=True, tail=b"", status=201)
@example(pairs=[*_PLAIN, ("sid", "no")], style=(", ", ": "), escaped=True, tail=b"", status=201)
@example(
    pairs=[*_PLAIN, ("status", "failed")], style=(", ", ": "), escaped=True, tail=b"", status=201
)
@settings(max_examples=300)
def test_a_created_message_is_read_as_its_whole_json_says(
    pairs: list[tuple[str, object]],
    style: tuple[str, str],
    escaped: bool,  # noqa: FBT001  (hypothesis names it)
    tail: bytes,
    status: int,
) -> None:
    """Names that come twice, customers' words that look like names, other spacing: all the same."""
    body = _written(pairs, *style, escaped=escaped) + tail
    answer = Answer(status, dict, body)
    message = builders.message(3)
    clock = FakeClock(NOON)
    assert read(clock, message, answer) == _read_whole(message, answer, clock.now())


@given(st.one_of(st.text(max_size=20), st.from_regex(r"\+[0-9]{7,15}", fullmatch=True)))
def test_a_number_is_written_as_any_text_of_a_form(text: str) -> None:
    """Whatever the address is, it is encoded."""
    assert _number(text.encode("utf-8", "replace").decode()) == quote_plus(
        text.encode("utf-8", "replace")
    )


_LINES = st.sampled_from(
    [
        b"Content-Length: 2\r\n",
        b"Content-Length: 2\r\n",
        b"content-length: 0\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"Connection: keep-alive\r\n",
        b"Keep-Alive: timeout=5, max=0\r\n",
        b"KEEP-ALIVE: timeout=3\r\n",
        b"Retry-After: 7\r\n",
        b"retry-after: 8\r\n",
        b"X: y\n",
        b"X : y\r\n",
        b"X: a\r\n b\r\n",
        b"X: \x00\r\n",
        b"Upgrade: h2c\r\n",
        b"X: y\r\n" * 60,
        b"\r",
    ]
)
_OK = b"HTTP/1.1 201 Created\r\n"
_STARTS = st.sampled_from(
    [
        *[_OK] * 6,
        b"HTTP/1.1 429 Slow\r\n",
        b"HTTP/1.1 204 No\r\n",
        b"HTTP/1.1 101 No\r\n",
        b"HTTP/1.0 201 Created\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n",
        b"HTTP/1.1 20\r\n",
        b"220 relay.test\r\n",
    ]
)
_BODIES = st.sampled_from(
    [b"ok", b"ok", b"", b"o", b"ok\r\n", b"okHTTP/1.1 200 OK\r\n", b"1\r\no\r\n1\r\nk\r\n0\r\n\r\n"]
)


def _thorough(octets: bytes) -> object:
    """Say what the reader that looks at everything makes of it."""
    reader = _PieceReader()
    try:
        if not reader.feed(octets):
            return "more"
    except MalformedError as error:
        return str(error)
    answer = reader.answer()
    return (answer.status, dict(answer.headers()), answer.body, reader.keeps(), reader.keep)


def _told(reader: AnswerReader, octets: bytes) -> object:
    try:
        answer = reader.feed(octets)
    except MalformedError as error:
        return str(error)
    if answer is None:
        return "more"
    return (answer.status, dict(answer.headers()), answer.body, reader.keeps, reader.keep)


_SOUND = [b"Content-Length: 2\r\n"]


@given(
    start=_STARTS,
    lines=st.one_of(
        st.lists(_LINES, max_size=2).map(lambda lines: [*lines, *_SOUND]),
        st.lists(_LINES, max_size=5),
    ),
    body=_BODIES,
    before=st.integers(0, 2),
)
@example(start=_OK, lines=_SOUND, body=b"ok", before=1)
@example(start=_OK, lines=[*_SOUND, b"KEEP-ALIVE: timeout=3\r\n"], body=b"ok", before=1)
@example(start=_OK, lines=[*_SOUND, *[b"X: y\r\n"] * 100], body=b"ok", before=1)
@example(start=_OK, lines=_SOUND, body=b"okHTTP/1.1 200 OK\r\n", before=1)
@example(start=_OK, lines=_SOUND, body=b"okHTTP/1.1 200 OK\r\n\r\n", before=0)
@settings(max_examples=300)
def test_an_answer_that_comes_whole_is_read_as_the_thorough_reader_reads_it(
    start: bytes, lines: list[bytes], body: bytes, before: int
) -> None:
    """Sound or not, after others or not: status, headers, body, and whether to keep on."""
    octets = start + b"".join(lines) + b"\r\n" + body
    reader = AnswerReader()
    for _ in range(before):
        assert reader.feed(b"HTTP/1.1 201 X\r\nContent-Length: 2\r\n\r\nok") is not None
    assert _told(reader, octets) == _thorough(octets)
