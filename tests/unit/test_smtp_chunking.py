"""What is said where mails are told by their length, and what each reply means; without a wire."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.ports import Mail
from broadcaster.providers._relay import Draft, draft_of
from broadcaster.providers._smtp_ahead import Ahead
from broadcaster.providers._smtp_chunking import Chunking
from broadcaster.providers._smtp_exchange import Step
from broadcaster.providers._smtp_letter import Letter, Round
from broadcaster.providers._smtp_replies import BadReplyError, Reply
from tests.smtp_scene import Log, mail

_TAKEN = (250, 250, 250, 250)


@pytest.fixture(scope="module")
def together() -> Iterator[Round]:
    """Give a round that nobody waits for."""
    loop = asyncio.new_event_loop()
    yield Round(Log(), 99, loop.create_future())
    loop.close()


def _draft(number: int, text: str = ".") -> Draft:
    names = ("b@b.test", f"1-{number}@b.test")
    return draft_of(mail(number), "c@x.test", names, Mail(f"{text}{number}\r\n".encode()))


def _begin(exchange: Chunking, together: Round, number: int = 1) -> Letter:
    name = str(number).encode()
    letter = Letter(mail(number), together, (b"MAIL " + name + b"\r\n", b"RCPT " + name + b"\r\n"))
    exchange.begin(letter, _draft(number))
    return letter


def test_a_mail_is_asked_about_once_for_each_connection() -> None:
    """What was let go and did not leave may have been taken back by the time it moves."""
    loop = asyncio.new_event_loop()
    log = Log(refuses=lambda _message: len(log.asked) > 1)
    letter = Letter(mail(), Round(log, 1, loop.create_future()))
    assert letter.ask()
    assert letter.ask()
    assert log.asked == [1]
    letter.move()
    assert not letter.ask()
    assert letter.settled
    assert log.answers == []
    loop.close()


def _wide(depth: int) -> Chunking:
    """Give an exchange with a relay that has proved to be quick."""
    exchange = Chunking(depth, Ahead(depth))
    for _ in range(depth):
        exchange.took(0)
    return exchange


def _open(together: Round, count: int, depth: int = 8) -> tuple[Chunking, list[Letter]]:
    """Give an exchange in which so many mails wait for their answers."""
    exchange, letters = _wide(depth), []
    for number in range(1, count + 1):
        letters.append(_begin(exchange, together, number))
        exchange.gone((_draft(number).octets,))
    return exchange, letters


def _said(exchange: Chunking) -> str:
    return b"".join(exchange.said()).decode().replace("\r\n", "|")


def _hear(exchange: Chunking, *codes: int) -> None:
    for code in codes:
        exchange.heard(Reply(code, (b"said",)))


def _state(exchange: Chunking, letters: list[Letter]) -> list[object]:
    """Tell all that a connection goes by."""
    told = [
        (letter.written, letter.refusal and (letter.refusal.code, letter.refusal.sender))
        for letter in letters
    ]
    waiting = [letter.message.delivery for letter in exchange.open]
    closing = exchange.closing and exchange.closing.code
    return [told, waiting, closing, exchange.step, exchange.room, exchange.idle]


def test_mails_are_said_whole_one_behind_the_other(together: Round) -> None:
    """Each is begun by RSET and told by its length; none waits, and no dot ends or is doubled."""
    exchange, letters = _open(together, 2)
    assert _said(exchange) == (
        "RSET|MAIL 1|RCPT 1|BDAT 4 LAST|.1|RSET|MAIL 2|RCPT 2|BDAT 4 LAST|.2|"
    )
    assert exchange.said() == []
    assert exchange.open == letters
    assert [letter.written for letter in letters] == [True, True]


def test_the_octets_of_a_long_mail_may_follow(together: Round) -> None:
    """Until its last octet is handed over, a mail is not written, and no other is begun."""
    exchange = _wide(8)
    letter = _begin(exchange, together)
    assert _said(exchange) == "RSET|MAIL 1|RCPT 1|BDAT 4 LAST|"
    assert exchange.going is letter
    assert exchange.room == 0
    assert not letter.written
    exchange.gone([b".1\r\n"])
    assert _said(exchange) == ".1|"
    assert letter.written
    assert exchange.room == 7
    with pytest.raises(BadReplyError):
        exchange.gone()


@pytest.mark.parametrize(
    ("depth", "rooms"),
    [(8, [8, 7, 6, 5, 4, 0, 0, 0, 0]), (5, [5, 4, 3, 0, 0, 0]), (3, [3, 2, 0, 0])],
)
def test_half_of_what_may_be_open_is_waited_for(
    together: Round, depth: int, rooms: list[int]
) -> None:
    """Where few more could be written, they wait to leave together."""
    assert [_open(together, count, depth)[0].room for count in range(depth + 1)] == rooms


def test_a_relay_has_to_prove_that_it_is_quick() -> None:
    """Two mails run ahead at first, and twice as many after each that was soon answered."""
    exchange, widths = Chunking(8, Ahead(8)), []
    for _ in range(4):
        widths.append(exchange.width)
        exchange.took(0.4)
    assert widths == [2, 4, 8, 8]
    assert exchange.room == 8


def test_few_mails_run_ahead_to_a_slow_relay() -> None:
    """What was written arrives after a pause, too: never more than a second's work, or one mail."""
    exchange, widths = _wide(8), []
    for seconds in (0.7, 1.1, 30, 2, 0.7, 0.1):
        exchange.took(seconds)
        widths.append(exchange.width)
    assert widths == [8, 4, 2, 1, 1, 2]


@pytest.mark.parametrize("depth", [3, 5, 64])
def test_no_more_run_ahead_than_the_setting_allows(depth: int) -> None:
    """However quick the relay is."""
    assert _wide(depth).width == depth


def test_what_is_waited_for_goes_round(together: Round) -> None:
    """RSET, MAIL, RCPT and the mail itself are answered in this order, mail by mail."""
    exchange, letters = _open(together, 2)
    steps = []
    while exchange.step is not None:
        steps.append(exchange.step)
        _hear(exchange, 250)
    assert steps == [Step.RSET, Step.MAIL, Step.RCPT, Step.END] * 2
    assert exchange.finished == letters
    assert exchange.idle
    assert [letter.refusal for letter in letters] == [None, None]


@given(
    count=st.integers(1, 8),
    codes=st.lists(
        st.just(250) | st.sampled_from([200, 299, 250, 451, 550, 354, 421]), max_size=36
    ),
    cuts=st.lists(st.integers(1, 9), min_size=36, max_size=36),
    half=st.booleans(),
)
def test_replies_read_together_are_heard_one_by_one(
    together: Round, count: int, codes: list[int], cuts: list[int], *, half: bool
) -> None:
    """However replies are cut on their way, everything stands as if each had come by itself."""
    short, shorts = _open(together, count)
    long, longs = _open(together, count)
    if half:
        shorts.append(_begin(short, together, count + 1))
        longs.append(_begin(long, together, count + 1))
    finished: list[Letter] = []
    while codes and short.closing is None:
        read, codes = codes[: cuts[0]], codes[cuts.pop(0) :]
        letters, faults = short.agreed(read), []
        for exchange in (short, long) if letters is None else (long,):
            try:
                for code in read:
                    _hear(exchange, code)
                    if exchange.closing is not None:
                        break
            except BadReplyError as error:
                faults.append(str(error))
        finished += [*(letters or []), *short.finished]
        short.finished = []
        assert _state(short, shorts) == _state(long, longs)
        told = [letter.message.delivery for letter in finished]
        assert told == [letter.message.delivery for letter in long.finished]
        if faults:
            assert letters is None
            assert faults[0] == faults[-1]
            assert len(faults) == 2
            return


@given(count=st.integers(1, 8), cuts=st.lists(st.integers(1, 9), min_size=32, max_size=32))
def test_what_is_taken_is_never_looked_at_one_by_one(
    together: Round, count: int, cuts: list[int]
) -> None:
    """Where all replies say yes, they are taken in together, in whatever pieces they come."""
    exchange, letters = _open(together, count)
    left, taken = len(_TAKEN) * count, []
    while left:
        codes = [250] * min(cuts.pop(), left)
        left -= len(codes)
        agreed = exchange.agreed(codes)
        assert agreed is not None
        taken += agreed
    assert taken == letters
    assert exchange.idle


@pytest.mark.parametrize("codes", [(), (250,) * 9, (250, 250, 250, 300), (250, 550), (421,)])
def test_anything_else_is_left_as_it_was(together: Round, codes: tuple[int, ...]) -> None:
    """Nothing is taken in of replies that say anything but yes, or that are too many."""
    exchange, letters = _open(together, 2)
    before = _state(exchange, letters)
    assert exchange.agreed(codes) is None
    assert _state(exchange, letters) == before
    _hear(exchange, 250, 550)
    assert exchange.agreed((250, 250)) is None


@pytest.mark.parametrize(
    ("codes", "code", "sender"),
    [
        ((250, 550, 503, 503), 550, True),
        ((250, 451, 250, 503), 451, True),
        ((250, 550, 503, 250), 550, True),
        ((250, 250, 550, 554), 550, False),
        ((250, 250, 450, 250), 450, False),
        ((250, 250, 250, 452), 452, False),
    ],
)
def test_a_refusal_is_of_one_mail_alone(
    together: Round, codes: tuple[int, ...], code: int, *, sender: bool
) -> None:
    """The first refusal counts, wherever it comes; who is before and behind is taken."""
    exchange, letters = _open(together, 3)
    _hear(exchange, *_TAKEN, *codes, *_TAKEN)
    assert exchange.finished == letters
    assert exchange.closing is None
    first, second, third = (letter.refusal for letter in letters)
    assert first is third is None
    assert second is not None
    assert (second.code, second.sender) == (code, sender)


def test_a_mail_that_is_taken_without_its_sender_is_in_doubt(together: Round) -> None:
    """Whatever it means to the relay, it has recipient and mail: that is no refusal."""
    exchange, letters = _open(together, 2)
    with pytest.raises(BadReplyError):
        _hear(exchange, 250, 550, 250, 250)
    assert exchange.open == letters
    assert [letter.refusal for letter in letters] == [None, None]
    assert letters[0].written


def test_a_recipient_that_is_taken_without_its_sender_is_in_doubt(together: Round) -> None:
    """Until the relay refuses the mail itself, it may take it; then the first word counts again."""
    exchange, letters = _open(together, 3)
    for letter, last in zip(letters, (503, 554, 421), strict=True):
        _hear(exchange, 250, 550, 250)
        assert letter.refusal is None
        assert exchange.agreed((250,)) is None
        _hear(exchange, last)
        assert letter.refusal is not None
        assert letter.refusal.code == 550
    assert exchange.finished == letters


def test_a_belied_refusal_is_of_one_mail_alone(together: Round) -> None:
    """What one mail's recipient put in question says nothing of the next."""
    exchange, letters = _open(together, 2)
    _hear(exchange, 250, 550, 250, 503, 250, 250, 450, 250)
    assert exchange.finished == letters
    assert [letter.refusal and letter.refusal.code for letter in letters] == [550, 450]


def test_a_refused_rset_puts_all_in_doubt(together: Round) -> None:
    """Who does not take back what is open may take the next mail under the sender before."""
    exchange, letters = _open(together, 3)
    with pytest.raises(BadReplyError):
        _hear(exchange, *_TAKEN, 502)
    assert exchange.finished == letters[:1]
    assert exchange.open == letters[1:]
    assert all(letter.written for letter in exchange.open)


@pytest.mark.parametrize("before", [0, 1, 2, 3])
def test_neither_yes_nor_no_fits_nothing(together: Round, before: int) -> None:
    """A reply that would have something follow is a fault at every step."""
    exchange, letters = _open(together, 2)
    _hear(exchange, *_TAKEN[:before])
    with pytest.raises(BadReplyError):
        _hear(exchange, 354)
    assert exchange.open == letters


@pytest.mark.parametrize("before", [0, 1, 2])
def test_what_follows_a_closing_relay_was_not_written(together: Round, before: int) -> None:
    """421 before a mail was answered says that neither it nor those behind it were taken."""
    exchange, letters = _open(together, 3)
    _hear(exchange, *_TAKEN, *_TAKEN[:before], 421)
    assert exchange.closing is not None
    assert exchange.finished == letters[:1]
    assert exchange.open == letters[1:]
    assert [letter.written for letter in letters] == [True, False, False]
    assert [letter.refusal for letter in letters] == [None, None, None]
    assert exchange.room == 0


def test_a_closing_relay_in_answer_to_a_mail_refuses_it(together: Round) -> None:
    """421 for BDAT is that mail's own refusal; those behind it were not written."""
    exchange, letters = _open(together, 3)
    _hear(exchange, 250, 250, 250, 421)
    assert exchange.finished == letters[:1]
    assert letters[0].refusal is exchange.closing
    assert [letter.written for letter in exchange.open] == [False, False]


@pytest.mark.parametrize("codes", [(250, 550, 421), (250, 250, 550, 421)])
def test_a_closing_relay_leaves_a_refusal_as_it_is(together: Round, codes: tuple[int, ...]) -> None:
    """What was refused before stays so, with the first word."""
    exchange, letters = _open(together, 2)
    _hear(exchange, *codes)
    assert exchange.finished == letters[:1]
    assert letters[0].refusal is not None
    assert letters[0].refusal.code == 550
    assert not letters[1].written


def test_a_reply_to_nothing(together: Round) -> None:
    """421 out of the blue is how relays end what is idle; anything else is a fault."""
    exchange, _ = _open(together, 1)
    with pytest.raises(BadReplyError):
        _hear(exchange, *_TAKEN, 250)
    idle = Chunking(8, Ahead(8))
    _hear(idle, 421)
    assert idle.closing is not None
    assert idle.room == 0


def test_a_refusal_amid_the_content_counts_and_ends(together: Round) -> None:
    """A relay may refuse a mail while it is written; its rest can't be left out."""
    exchange, (first,) = _open(together, 1)
    second = _begin(exchange, together, 2)
    _hear(exchange, *_TAKEN, 250, 250, 250, 552)
    assert exchange.finished == [first, second]
    assert second.refusal is exchange.closing is not None


def test_a_mail_that_is_taken_amid_its_content_is_in_doubt(together: Round) -> None:
    """A relay that says so does not know what it has; nor do we."""
    exchange = _wide(8)
    letter = _begin(exchange, together)
    assert exchange.agreed(_TAKEN) is None
    with pytest.raises(BadReplyError):
        _hear(exchange, *_TAKEN)
    assert exchange.open == [letter]
    assert letter.written
