"""The mail provider with relays on loopback that misbehave, at every step."""

import asyncio

import pytest

from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.ports import Message, Submission
from broadcaster.providers.smtp import SmtpProvider
from tests.networks import unused_port
from tests.relays import (
    CHUNKS,
    CUT,
    GROUP,
    HALF,
    HANG,
    RAGGED,
    RESET,
    SLOWLY,
    TAKEN_CUT,
    TWICE,
    Relay,
    always,
    once,
)
from tests.smtp_scene import Log, composing, mail, mails, numbers, provider, run, submit, until

_E = DeliveryEvent
_PLAIN: tuple[str, ...] = ()

_offers = pytest.mark.parametrize("offers", [GROUP, _PLAIN], ids=["group", "plain"])
_all_offers = pytest.mark.parametrize(
    "offers", [GROUP, _PLAIN, CHUNKS], ids=["group", "plain", "chunks"]
)


@_offers
@pytest.mark.parametrize("how", [CUT, RESET, HALF, HANG, "garbage", "250-" + "x" * 9000])
@pytest.mark.parametrize("step", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "END"])
def test_an_end_at_each_step(step: str, how: str, offers: tuple[str, ...]) -> None:
    """Before the final dot it is DEFER, after it LOSE; no mail is ever written twice."""
    relay = Relay(act=always(**{step: how}), offers=offers)
    (answer,) = submit(relay, [mail()], TIMEOUT=0.4)
    wanted = (_E.LOSE, Reason.NO_ANSWER) if step == "END" else (_E.DEFER, Reason.NO_CONNECTION)
    assert (answer.event, answer.reason) == wanted
    assert bool(answer.reference) is (step == "END")
    assert relay.counts.get("END", 0) == (step == "END")


@_all_offers
@pytest.mark.parametrize("step", ["GREETING", "EHLO", "RSET", "MAIL", "RCPT", "DATA", "END"])
def test_slow_relays_are_waited_for(step: str, offers: tuple[str, ...]) -> None:
    """A reply that comes octet by octet is one."""
    relay = Relay(act=always(**{step: SLOWLY}), offers=offers)
    answers = submit(relay, mails(5), CONNECTIONS=1)
    assert {answer.event for answer in answers} == {_E.ACCEPT}
    assert numbers(relay.taken) == [1, 2, 3, 4, 5]


@_offers
@pytest.mark.parametrize("step", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA"])
def test_a_reply_too_many(step: str, offers: tuple[str, ...]) -> None:
    """Who speaks out of turn is not spoken to: nothing says which reply is whose."""
    relay = Relay(act=always(**{step: TWICE}), offers=offers)
    (answer,) = submit(relay, [mail()])
    assert (answer.event, answer.reason) == (_E.DEFER, Reason.NO_CONNECTION)
    assert relay.taken == []


@pytest.mark.parametrize(
    "told", [f"{RAGGED}354 go\r\n25", "334 what", "200 x\r\n200 y", "354 x\r\n250 taken", "100 x"]
)
def test_wrong_replies_to_data(told: str) -> None:
    """What is neither a go-ahead nor a refusal does not bring the mail out."""
    relay = Relay(act=always(DATA=told))
    (answer,) = submit(relay, [mail()])
    assert answer.event is _E.DEFER
    assert relay.taken == []


@_all_offers
def test_a_refused_recipient_costs_nobody_else(offers: tuple[str, ...]) -> None:
    """Each mail has its own answer, in the order of the slice; the connection is kept."""
    relay = Relay(act=once("RCPT", "550 5.1.1 no", 3), offers=offers)
    answers = submit(relay, mails(6), CONNECTIONS=1)
    refused = [answer.event is _E.REFUSE for answer in answers]
    assert refused == [False, False, True, False, False, False]
    assert numbers(relay.taken) == [1, 2, 4, 5, 6]
    assert relay.connections == 1
    assert relay.spoken_early == []


def test_a_go_ahead_after_a_refused_recipient() -> None:
    """A relay that wants a mail for nobody gets a lone dot, and the next mail is well."""

    def act(step: str, at: int) -> str | None:
        return {("RCPT", 1): "550 5.1.1 no", ("DATA", 1): "354 go"}.get((step, at))

    relay = Relay(act=act)
    answers = submit(relay, mails(3), CONNECTIONS=1)
    assert [answer.event for answer in answers] == [_E.REFUSE, _E.ACCEPT, _E.ACCEPT]
    assert relay.connections == 1
    assert numbers(relay.taken) == [2, 3]


@pytest.mark.parametrize("offers", [GROUP, CHUNKS, ("CHUNKING",)], ids=["group", "chunks", "lone"])
@pytest.mark.parametrize("pipeline", [0, 1, 2, 3, 8, 64])
def test_pipeline_option(pipeline: int, offers: tuple[str, ...]) -> None:
    """At 0 the relay's PIPELINING is not used, below 3 not its CHUNKING; nobody speaks early."""
    relay = Relay(offers=offers)
    answers = submit(relay, mails(50), CONNECTIONS=2, PIPELINE=pipeline)
    assert {answer.event for answer in answers} == {_E.ACCEPT}
    assert sorted(numbers(relay.taken)) == list(range(1, 51))
    assert relay.spoken_early == []
    assert relay.grouped is (pipeline > 0 and "PIPELINING" in offers)
    assert ("BDAT" in relay.counts) is (pipeline > 2 and offers is CHUNKS)
    assert ("DATA" in relay.counts) is not ("BDAT" in relay.counts)


@pytest.mark.parametrize("how", [CUT, RESET, TAKEN_CUT])
def test_a_cut_amid_many(how: str) -> None:
    """The mail whose dot was not answered is in doubt, alone; the rest goes on elsewhere."""
    relay = Relay(act=once("END", how, 5))
    answers = submit(relay, mails(12), CONNECTIONS=1)
    lost = [answer for answer in answers if answer.event is _E.LOSE]
    assert len(lost) == 1
    assert {answer.event for answer in answers} == {_E.ACCEPT, _E.LOSE}
    assert len(relay.taken) == 11 + (how == TAKEN_CUT)
    assert relay.connections == 2


def test_a_mail_moves_once() -> None:
    """What was only named on two kept connections that ended waits for another attempt."""
    relay = Relay(act=lambda step, at: CUT if (step, at > 2) == ("MAIL", True) else None)
    answers = submit(relay, mails(2), [mail(3)], CONNECTIONS=2)
    assert [answer.event for answer in answers] == [_E.ACCEPT, _E.ACCEPT, _E.DEFER]
    assert relay.connections == 2


@_all_offers
def test_too_many_connections(offers: tuple[str, ...]) -> None:
    """A relay that bears two connections gets all mails over them, and is not hammered."""

    def act(step: str, _at: int) -> str | None:
        return "421 4.7.0 too many" if step == "GREETING" and relay.busy > 2 else None

    relay = Relay(act=act, offers=offers)
    answers = submit(relay, mails(100), CONNECTIONS=8)
    assert {answer.event for answer in answers} == {_E.ACCEPT}
    assert relay.connections <= 10


def test_a_dead_relay_is_not_hammered() -> None:
    """Thousands of mails cost a handful of attempts; each is DEFER, with a time to come again."""

    async def scenario() -> None:
        closed: list[int] = []

        def slam(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            closed.append(1)
            writer.transport.abort()

        server = await asyncio.start_server(slam, "127.0.0.1", 0)
        async with server:
            sender = provider(server.sockets[0].getsockname()[1])
            log = Log()
            for first in range(1, 2001, 50):
                await sender.stream(mails(50, first), log)
            await sender.aclose()
        assert set(log.events.values()) == {_E.DEFER}
        assert len(log.answers) == 2000
        assert log.answers[-1].retry_after is not None
        assert len(closed) <= 24
        assert log.asked == []

    asyncio.run(scenario())


@pytest.mark.parametrize("told", [CUT, "421 4.7.0 too many"])
def test_a_relay_that_ends_every_connection_is_not_hammered(told: str) -> None:
    """To greet and then hang up before the first mail is no better than not to listen."""
    relay = Relay(act=always(MAIL=told))
    answers = submit(relay, *(mails(20, first) for first in range(1, 201, 20)), CONNECTIONS=2)
    assert {answer.event for answer in answers} == {_E.DEFER}
    assert relay.connections <= 10


def test_relay_that_comes_back() -> None:
    """After the wait it is tried again, and all is well."""

    async def scenario() -> None:
        sender = provider(port := await unused_port())
        (answer,) = await sender.submit([mail(1)])
        assert answer.event is _E.DEFER
        relay = Relay()
        async with relay:
            sender._pool._relay = provider(relay.port)._pool._relay
            sender._pool._allowance.worked()
            (answer,) = await sender.submit([mail(2)])
            assert answer.event is _E.ACCEPT
            await sender.aclose()
        assert port

    asyncio.run(scenario())


@pytest.mark.parametrize("offers", [GROUP, CHUNKS], ids=["group", "chunks"])
@pytest.mark.parametrize("reads", [True, False])
def test_large_mails_with_little_memory(offers: tuple[str, ...], *, reads: bool) -> None:
    """Ten megabytes arrive whole, and of those that are not read only a little is written."""
    raw = b"Subject: long\r\n\r\n" + b".0123456789abcdef\r\n" * 550_000
    relay = Relay(offers=(*offers, "SIZE 20000000"))

    async def work(sender: SmtpProvider) -> None:
        (answer,) = await sender.submit([mail()])
        assert answer.event is _E.ACCEPT

    async def stalled(sender: SmtpProvider) -> None:
        relay.stalled = asyncio.Event()
        sending = asyncio.ensure_future(sender.submit([mail()]))
        await relay.stalled.wait()
        (connection,) = sender._pool._open
        await until(lambda: connection._paused)
        transport = connection._transport
        assert transport is not None
        assert transport.get_write_buffer_size() < 1 << 20
        (answer,) = await sending
        assert answer.event is _E.DEFER

    if reads:
        run(relay, work, composing(raw))
        assert relay.mails == [raw if offers is CHUNKS else raw.replace(b"\r\n.", b"\r\n..")]
    else:
        run(relay, stalled, composing(raw), TIMEOUT=0.5)
        assert relay.mails == []


@pytest.mark.parametrize("raw", [b"a\n.\r\n", b"a\r.\r\n", b"a\r\n\r.\r\n", b"a\n"])
def test_bare_line_ends_do_not_leave(raw: bytes) -> None:
    """What a careless relay might read as the end of a mail is given up as a fault of ours."""
    relay = Relay()

    async def work(sender: SmtpProvider) -> None:
        (answer,) = await sender.submit([mail()])
        assert (answer.event, answer.reason) == (_E.EXHAUST, Reason.RENDERING)

    run(relay, work, composing(raw))
    assert relay.connections == 0


@pytest.mark.parametrize("offers", [GROUP, CHUNKS], ids=["group", "chunks"])
def test_eight_bit_mails_say_so(offers: tuple[str, ...]) -> None:
    """RFC 6152: BODY=8BITMIME where the relay offers it and the mail needs it."""

    async def work(sender: SmtpProvider) -> None:
        (answer,) = await sender.submit([mail()])
        assert answer.event is _E.ACCEPT

    for raw, said in (("é\r\n".encode(), True), (b"e\r\n", False)):
        relay = Relay(offers=offers)
        run(relay, work, composing(raw))
        (named,) = (line for line in relay.commands if line.startswith("MAIL"))
        assert ("BODY=8BITMIME" in named) is said
        assert relay.mails == [raw]


@_all_offers
def test_mails_longer_than_the_relay_takes_are_not_begun(offers: tuple[str, ...]) -> None:
    """RFC 1870: the relay's limit is known before it has to refuse."""
    relay = Relay(offers=(*offers, "SIZE 100"))
    (answer,) = submit(relay, [mail()])
    assert (answer.event, answer.reason) == (_E.REFUSE, Reason.TOO_LONG)
    assert not any(command.startswith("MAIL") for command in relay.commands)


@_all_offers
def test_what_is_taken_back_does_not_leave(offers: tuple[str, ...]) -> None:
    """A watch that says no is told nothing more; all others arrive."""
    relay = Relay(offers=offers)
    log = Log(refuses=lambda message: message.delivery.number in {1, 4, 5, 10})

    async def work(sender: SmtpProvider) -> None:
        await sender.stream(mails(10), log)

    run(relay, work, CONNECTIONS=2)
    assert set(log.events) == {2, 3, 6, 7, 8, 9}
    assert sorted(numbers(relay.taken)) == [2, 3, 6, 7, 8, 9]
    assert set(log.asked) == set(range(1, 11))


@_offers
def test_what_was_asked_about_ahead_is_asked_again_when_it_leaves(offers: tuple[str, ...]) -> None:
    """Between its envelope and its content a pause may come."""
    relay = Relay(offers=offers)

    def refuses(message: Message) -> bool:
        number = message.delivery.number
        return number == 1 or (number == 2 and log.asked.count(2) > 1)

    log = Log(refuses=refuses)

    async def work(sender: SmtpProvider) -> None:
        await sender.stream(mails(3), log)

    run(relay, work, CONNECTIONS=1)
    assert log.asked[:3] == [1, 2, 2]
    assert set(log.events) == {3}
    assert numbers(relay.taken) == [3]


@_all_offers
def test_a_pause_costs_few_connections(offers: tuple[str, ...]) -> None:
    """Once one mail was taken back, the next are asked about before the relay hears of them."""
    relay = Relay(offers=offers)
    log = Log(refuses=lambda _message: True)

    async def work(sender: SmtpProvider) -> None:
        await sender.stream(mails(200), log)

    run(relay, work, CONNECTIONS=2)
    assert log.answers == []
    assert relay.taken == []
    assert relay.connections <= 4


def test_asked_just_before_the_content() -> None:
    """While a relay thinks about a mail, the next one may still be taken back."""
    relay = Relay(act=once("DATA", HANG))
    log = Log()

    async def work(sender: SmtpProvider) -> None:
        await sender.stream([mail()], log)

    run(relay, work, TIMEOUT=0.2)
    assert log.asked == []
    assert log.events == {1: _E.DEFER}


@pytest.mark.parametrize("step", ["GREETING", "MAIL", "DATA", "END"])
@pytest.mark.parametrize("how", ["cancel", "close"])
def test_every_mail_is_answered_at_an_end(step: str, how: str) -> None:
    """Cancelled or closed, what was written is in doubt, and the rest did not leave."""
    relay = Relay(act=always(**{step: HANG}))
    log = Log()

    async def work(sender: SmtpProvider) -> None:
        stream = asyncio.ensure_future(sender.stream(mails(5), log))
        await until(lambda: relay.counts.get(step, 0) == 2)
        if how == "cancel":
            stream.cancel()
            await asyncio.gather(stream, return_exceptions=True)
        else:
            await sender.aclose()
            await stream

    run(relay, work, CONNECTIONS=2)
    lost = [event for event in log.events.values() if event is _E.LOSE]
    assert len(log.answers) == 5
    assert len(lost) == (2 if step == "END" else 0)
    assert set(log.events.values()) <= {_E.LOSE, _E.DEFER}


@_all_offers
def test_others_go_on_when_one_call_is_cancelled(offers: tuple[str, ...]) -> None:
    """Connections belong to all; whose call is cancelled takes no other mails along."""
    relay = Relay(offers=offers)
    first, second = Log(), Log()

    async def work(sender: SmtpProvider) -> None:
        streams = [
            asyncio.ensure_future(sender.stream(mails(40), first)),
            asyncio.ensure_future(sender.stream(mails(40, 41), second)),
        ]
        await first.heard.wait()
        streams[0].cancel()
        await asyncio.gather(*streams, return_exceptions=True)

    run(relay, work, CONNECTIONS=2)
    assert set(second.events.values()) == {_E.ACCEPT}
    assert len(first.events) == 40
    kept = {number for number, event in first.events.items() if event is _E.DEFER}
    assert not kept & set(numbers(relay.taken))


@_all_offers
def test_a_watch_that_fails_harms_nobody(offers: tuple[str, ...]) -> None:
    """Faults of who watches are logged, and the mails of others go on."""

    class Faulty(Log):
        def leaving(self, message: Message) -> bool:
            super().leaving(message)
            if message.delivery.number == 1:
                raise ValueError
            return True

        def answered(self, submission: Submission) -> None:
            super().answered(submission)
            raise ValueError

    relay = Relay(offers=offers)
    bad, good = Faulty(), Log()

    async def work(sender: SmtpProvider) -> None:
        await asyncio.gather(sender.stream(mails(5), bad), sender.stream(mails(5, 6), good))

    run(relay, work)
    assert len(bad.events) == 5
    assert bad.events[1] is _E.DEFER
    assert set(good.events.values()) == {_E.ACCEPT}
    assert sorted(numbers(relay.taken)) == [2, 3, 4, 5, 6, 7, 8, 9, 10]


@_all_offers
def test_idle_connections_are_left_politely(offers: tuple[str, ...]) -> None:
    """After IDLE seconds a connection is closed with QUIT."""
    relay = Relay(offers=offers)

    async def work(sender: SmtpProvider) -> None:
        await sender.submit([mail()])
        (connection,) = sender._pool._open
        connection._deadline = 0
        await connection.closed
        assert sender._pool._open == set()
        await sender.submit([mail(2)])

    run(relay, work)
    assert relay.commands.count("QUIT") == 2
    assert relay.connections == 2


@_all_offers
@pytest.mark.parametrize("told", ["421 4.4.2 idle too long", "250 what"])
def test_relays_may_end_what_is_idle(told: str, offers: tuple[str, ...]) -> None:
    """Words out of the blue end an idle connection and cost no mail anything."""
    relay = Relay(act=once("END", f"250 2.0.0 Taken\r\n{told}"), offers=offers)

    async def work(sender: SmtpProvider) -> None:
        (first,) = await sender.submit([mail()])
        (second,) = await sender.submit([mail(2)])
        assert (first.event, second.event) == (_E.ACCEPT, _E.ACCEPT)

    run(relay, work)
    assert relay.connections == 2


def test_room_is_what_can_be_open_at_once() -> None:
    """Two mails a connection where the relay lets us write ahead, more by length, else one."""
    sizes = []

    async def work(sender: SmtpProvider) -> None:
        sizes.append(sender.room)
        await sender.submit([mail()])
        sizes.append(sender.room)

    run(Relay(), work, CONNECTIONS=3)
    run(Relay(offers=()), work, CONNECTIONS=3)
    run(Relay(), work, CONNECTIONS=3, PIPELINE=1)
    run(Relay(offers=CHUNKS), work, CONNECTIONS=3)
    run(Relay(offers=CHUNKS), work, CONNECTIONS=3, PIPELINE=2)
    # Two, and twice as many after the first that was soon answered.
    assert sizes == [6, 6, 6, 3, 3, 3, 6, 12, 6, 6]


def test_no_names_are_asked_of_a_resolver() -> None:
    """The name that we greet with is set, not looked up."""
    relay = Relay()
    submit(relay, [mail()])
    assert relay.commands[0] == "EHLO bounces.lydec.test"
