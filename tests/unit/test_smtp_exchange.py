"""What is said about mails, and what each reply means for which of them; without a wire."""

import asyncio
from collections.abc import Iterator

import pytest

from broadcaster.providers._relay import RefusedError, written
from broadcaster.providers._smtp_exchange import Exchange, Step
from broadcaster.providers._smtp_letter import Letter, Round
from broadcaster.providers._smtp_replies import BadReplyError, Reply
from tests.smtp_scene import Log, mail


@pytest.fixture
def together() -> Iterator[Round]:
    """Give a round that nobody waits for."""
    loop = asyncio.new_event_loop()
    yield Round(Log(), 9, loop.create_future())
    loop.close()


def _letter(together: Round, number: int = 1) -> Letter:
    name = str(number).encode()
    envelope = (b"MAIL " + name + b"\r\n", b"RCPT " + name + b"\r\n")
    return Letter(mail(number), together, envelope)


def _said(exchange: Exchange) -> str:
    return b"".join(exchange.said()).decode().replace("\r\n", "|")


def _hear(exchange: Exchange, *codes: int) -> None:
    for code in codes:
        exchange.heard(Reply(code, (b"said",)))


def test_an_envelope_leaves_in_one_group(together: Round) -> None:
    """MAIL, RCPT and DATA are written together; the content waits for the go-ahead."""
    exchange, letter = Exchange(group=True, ahead=True), _letter(together)
    exchange.begin(letter)
    assert _said(exchange) == "MAIL 1|RCPT 1|DATA|"
    _hear(exchange, 250, 250)
    assert exchange.going is None
    _hear(exchange, 354)
    assert exchange.going is letter
    assert not exchange.free


def test_the_next_envelope_follows_the_content(together: Round) -> None:
    """While one mail waits for its answer, the next is named; a third has to wait."""
    exchange = Exchange(group=True, ahead=True)
    first, second = _letter(together, 1), _letter(together, 2)
    exchange.begin(first)
    _hear(exchange, 250, 250, 354)
    exchange.gone()
    assert exchange.free
    exchange.begin(second)
    assert _said(exchange) == "MAIL 1|RCPT 1|DATA|MAIL 2|RCPT 2|DATA|"
    assert not exchange.free
    _hear(exchange, 250, 250, 250, 354)
    assert exchange.finished == [first]
    assert exchange.going is second
    assert [letter.written for letter in (first, second)] == [True, False]


def _turn(together: Round) -> tuple[Exchange, Letter, Letter]:
    """Give an exchange in which one mail waits for its answer, and the next was named ahead."""
    exchange = Exchange(group=True, ahead=True)
    first, second = _letter(together, 1), _letter(together, 2)
    exchange.begin(first)
    _hear(exchange, 250, 250, 354)
    exchange.gone()
    exchange.begin(second)
    return exchange, first, second


def _state(exchange: Exchange, *letters: Letter) -> list[object]:
    told = [(letter.named, letter.written, letter.refusal) for letter in letters]
    going, waiting = exchange.going, [letter.message.delivery for letter in exchange.open]
    return [told, exchange.step, exchange.free, exchange.idle, going is letters[1], waiting]


@pytest.mark.parametrize("codes", [(250, 250, 250, 354), (200, 251, 299, 354)])
def test_a_turn_that_is_read_together_is_one_read_bit_by_bit(
    together: Round, codes: tuple[int, ...]
) -> None:
    """Everything stands as if each reply had been heard by itself, also for what comes next."""
    one, first, second = _turn(together)
    assert one.agreed(codes) == [first]
    other, *letters = _turn(together)
    _hear(other, *codes)
    assert other.finished == letters[:1]
    assert _state(one, first, second) == _state(other, *letters)
    for exchange in (one, other):
        exchange.gone()
        _hear(exchange, 550)
        exchange.begin(_letter(together, 3))
    assert _said(one) == _said(other)
    assert second.refusal is not None


@pytest.mark.parametrize(
    "codes",
    [
        (),
        (250,),
        (250, 250, 250),
        (354, 250, 250, 250),
        (250, 250, 250, 250),
        (250, 250, 354, 354),
        (451, 250, 250, 354),
        (250, 550, 503, 503),
        (250, 250, 550, 354),
        (250, 250, 250, 421),
        (250, 250, 250, 354, 250),
    ],
)
def test_any_other_turn_is_heard_bit_by_bit(together: Round, codes: tuple[int, ...]) -> None:
    """Nothing is taken in of replies that say anything but yes to everything."""
    exchange, first, second = _turn(together)
    before = _state(exchange, first, second)
    assert exchange.agreed(codes) is None
    assert _state(exchange, first, second) == before
    fresh = Exchange(group=True, ahead=True)
    assert fresh.agreed((250, 250, 250, 354)) is None
    fresh.begin(_letter(together))
    assert fresh.agreed((250, 250, 354)) is None


def test_a_mail_without_another_behind_it_is_no_turn(together: Round) -> None:
    """Four replies in answer to one thing are three too many."""
    exchange, *_ = _turn(together)
    _hear(exchange, 250, 250, 250, 354)
    exchange.gone()
    assert exchange.agreed((250, 250, 250, 354)) is None


def test_without_pipelining_each_reply_is_waited_for(together: Round) -> None:
    """One command at a time, and no second mail before the first is answered."""
    exchange = Exchange(group=False, ahead=True)
    exchange.begin(_letter(together))
    for said, code in (("MAIL 1|", 250), ("RCPT 1|", 250), ("DATA|", 354)):
        assert _said(exchange) == said
        _hear(exchange, code)
    exchange.gone()
    assert not exchange.free
    _hear(exchange, 250)
    assert exchange.free
    assert exchange.idle


@pytest.mark.parametrize(
    ("codes", "refusal"),
    [
        ((550, 503, 503), 550),
        ((250, 550, 554), 550),
        ((250, 550, 503), 550),
        ((250, 250, 451), 451),
        ((451, 250, 250 + 204), 451),
    ],
)
def test_the_first_refusal_counts(together: Round, codes: tuple[int, ...], refusal: int) -> None:
    """What is refused because of it later says nothing new; the next mail begins with RSET."""
    exchange, letter = Exchange(group=True, ahead=True), _letter(together)
    exchange.begin(letter)
    exchange.said()
    _hear(exchange, *codes)
    assert exchange.finished == [letter]
    assert letter.refusal is not None
    assert letter.refusal.code == refusal
    exchange.begin(_letter(together, 2))
    assert _said(exchange) == "RSET|MAIL 2|RCPT 2|DATA|"


def test_a_go_ahead_after_a_refused_recipient_gets_a_lone_dot(together: Round) -> None:
    """RFC 2920, section 3.1; whatever comes of that, the mail is refused."""
    exchange, letter = Exchange(group=True, ahead=True), _letter(together)
    exchange.begin(letter)
    exchange.said()
    _hear(exchange, 250, 550, 354)
    assert _said(exchange) == ".|"
    assert exchange.step is Step.VOID
    assert exchange.finished == []
    _hear(exchange, 250)
    assert exchange.finished == [letter]
    assert letter.refusal is not None
    assert not letter.written


def test_a_go_ahead_without_a_sender_ends_the_connection(together: Round) -> None:
    """Where the recipient was taken, a lone dot would be a mail to it."""
    exchange = Exchange(group=True, ahead=True)
    exchange.begin(_letter(together))
    with pytest.raises(BadReplyError):
        _hear(exchange, 550, 250, 354)
    assert not exchange.going


@pytest.mark.parametrize(
    "codes",
    [(354,), (250, 354), (250, 250, 250), (250, 250, 334), (250, 250, 354, 250)],
)
@pytest.mark.parametrize("group", [True, False])
def test_replies_that_fit_nothing_are_faults(
    together: Round, codes: tuple[int, ...], *, group: bool
) -> None:
    """Replies out of step end the connection before more is said."""
    exchange = Exchange(group=group, ahead=True)
    exchange.begin(_letter(together))
    with pytest.raises(BadReplyError):
        _hear(exchange, *codes)


def test_a_refusal_amid_the_content_counts_and_ends(together: Round) -> None:
    """A relay may say that a mail is too long while it is written; there is no way back then."""
    exchange, letter = Exchange(group=True, ahead=True), _letter(together)
    exchange.begin(letter)
    _hear(exchange, 250, 250, 354, 552)
    assert exchange.finished == [letter]
    assert exchange.closing is not None


@pytest.mark.parametrize("codes", [(421,), (250, 421), (250, 250, 421)])
def test_a_closing_relay_leaves_the_envelope_open(together: Round, codes: tuple[int, ...]) -> None:
    """421 before the content says nothing about the mail."""
    exchange, letter = Exchange(group=True, ahead=True), _letter(together)
    exchange.begin(letter)
    _hear(exchange, *codes)
    assert exchange.closing is not None
    assert exchange.open == [letter]
    assert letter.refusal is None
    assert not exchange.free


def test_a_closing_relay_after_the_content_refuses_it(together: Round) -> None:
    """421 in answer to the final dot is this mail's; what follows it is open."""
    exchange, first, second = _turn(together)
    _hear(exchange, 421)
    assert exchange.finished == [first]
    assert exchange.open == [second]


def test_a_relay_that_closes_while_nothing_is_open(together: Round) -> None:
    """421 out of the blue is how relays end what is idle; anything else is a fault."""
    exchange = Exchange(group=True, ahead=True)
    _hear(exchange, 421)
    assert isinstance(exchange.closing, RefusedError)
    with pytest.raises(BadReplyError):
        _hear(Exchange(group=True, ahead=True), 250)
    assert together.open == 9


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b"", b"\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b"a\r\n.\r\n.b\r\n", b"a\r\n..\r\n..b\r\n.\r\n"),
        (b"a.\r\n\r\n..\r\n", b"a.\r\n\r\n...\r\n.\r\n"),
    ],
)
def test_dots_are_stuffed(raw: bytes, wanted: bytes) -> None:
    """RFC 5321, section 4.5.2: no line of a mail looks like its end."""
    assert written(raw) == wanted
