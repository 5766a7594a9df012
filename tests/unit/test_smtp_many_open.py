"""The mail provider with relays that take mails by their length: many are open on a connection."""

import asyncio
import re

import pytest

from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.providers.smtp import SmtpProvider
from tests.relays import (
    CHUNKS,
    CUT,
    HALF,
    HANG,
    RESET,
    SLOWLY,
    TAKEN_CUT,
    TWICE,
    Relay,
    always,
    once,
)
from tests.smtp_scene import Log, composing, mail, mails, numbers, run, submit, until

_E = DeliveryEvent

_SENDER = re.compile(r"b\+1-(\d+)-")


def _own(relay: Relay) -> bool:
    """Whether each mail that was taken came under its own sender."""
    named = [_SENDER.match(sender) for sender in relay.senders]
    return [int(each[1]) for each in named if each] == numbers(relay.taken)


@pytest.mark.parametrize("how", [CUT, RESET, HALF, HANG, "garbage", "250-" + "x" * 9000])
@pytest.mark.parametrize("step", ["GREETING", "EHLO", "RSET", "MAIL", "RCPT", "BDAT", "END"])
def test_an_end_at_each_step(step: str, how: str) -> None:
    """A mail leaves with its first command: what ends a connection from there on is doubt."""
    relay = Relay(act=always(**{step: how}), offers=CHUNKS)
    (answer,) = submit(relay, [mail()], TIMEOUT=0.3)
    begun = step not in {"GREETING", "EHLO"}
    wanted = (_E.LOSE, Reason.NO_ANSWER) if begun else (_E.DEFER, Reason.NO_CONNECTION)
    assert (answer.event, answer.reason) == wanted
    assert bool(answer.reference) is begun
    assert relay.counts.get("RSET", 0) == begun


@pytest.mark.parametrize("how", [CUT, RESET, TAKEN_CUT])
@pytest.mark.parametrize("pipeline", [3, 8, 64])
def test_a_cut_amid_many(pipeline: int, how: str) -> None:
    """At most as many as may be open are in doubt; the rest goes on elsewhere."""
    relay = Relay(act=once("END", how, 70), offers=CHUNKS)
    answers = submit(relay, mails(200), CONNECTIONS=1, PIPELINE=pipeline)
    lost = [answer for answer in answers if answer.event is _E.LOSE]
    assert 1 <= len(lost) <= pipeline
    assert {answer.event for answer in answers} == {_E.ACCEPT, _E.LOSE}
    assert len(set(relay.taken)) == len(relay.taken)
    accepted = {answer.delivery.number for answer in answers if answer.event is _E.ACCEPT}
    assert accepted <= set(numbers(relay.taken))
    assert relay.connections == 2


@pytest.mark.parametrize("how", [CUT, TAKEN_CUT])
def test_a_relay_that_cuts_often_gets_one_at_a_time(how: str) -> None:
    """After the first cut hardly anybody is in doubt but the one whose answer was cut off."""
    relay = Relay(
        act=lambda step, at: how if step == "END" and at % 20 == 0 else None, offers=CHUNKS
    )
    answers = submit(relay, mails(400), CONNECTIONS=1, PIPELINE=8)
    lost = [answer for answer in answers if answer.event is _E.LOSE]
    cuts = relay.counts["END"] // 20
    assert cuts >= 15
    assert len(lost) <= cuts + 7
    assert len(set(relay.taken)) == len(relay.taken)


def test_a_relay_that_cuts_no_more_is_trusted_again() -> None:
    """As many as before are open on a connection once enough were answered."""
    relay = Relay(act=once("END", CUT, 10), offers=CHUNKS)
    seen: list[int] = []

    async def work(provider: SmtpProvider) -> None:
        for at in range(0, 1200, 20):
            await provider.submit(mails(at + 20)[at:])
            seen.append(provider.room)

    run(relay, work, CONNECTIONS=1, PIPELINE=8)
    assert seen[0] == 1
    assert seen == sorted(seen)
    assert seen[-1] == 8


@pytest.mark.parametrize("step", ["RSET", "MAIL", "RCPT"])
def test_a_relay_that_closes_amid_many(step: str) -> None:
    """What followed its word goes over another connection, and nobody gets anything twice."""
    relay = Relay(act=once(step, "421 4.7.0 enough", 5), offers=CHUNKS)
    answers = submit(relay, mails(20), CONNECTIONS=1)
    assert {answer.event for answer in answers} == {_E.ACCEPT}
    assert sorted(numbers(relay.taken)) == list(range(1, 21))
    assert relay.connections == 2
    assert _own(relay)


def test_a_relay_that_closes_in_answer_to_a_mail() -> None:
    """It refuses that one for now; those behind it go over another connection."""
    relay = Relay(act=once("END", "421 4.3.2 stopping", 5), offers=CHUNKS)
    answers = submit(relay, mails(20), CONNECTIONS=1)
    events = [answer.event for answer in answers]
    assert events == [_E.ACCEPT] * 4 + [_E.DEFER] + [_E.ACCEPT] * 15
    assert len(relay.taken) == 19


def test_what_moves_is_asked_about_anew() -> None:
    """A pause between the relay's goodbye and the next connection reaches what it did not read."""
    relay = Relay(act=once("MAIL", "421 4.7.0 enough", 3), offers=CHUNKS)
    log = Log(refuses=lambda message: log.asked.count(message.delivery.number) > 1)

    async def work(sender: SmtpProvider) -> None:
        await sender.stream(mails(2), log)
        await sender.stream(mails(4, 3), log)

    run(relay, work, CONNECTIONS=1)
    assert sorted(log.asked) == [1, 2, 3, 3, 4, 4, 5, 5, 6, 6]
    assert set(log.events) == {1, 2}
    assert sorted(numbers(relay.taken)) == [1, 2]


def test_mails_move_once() -> None:
    """What two kept connections did not read waits for another attempt."""
    relay = Relay(
        act=lambda step, at: "421 4.7.0 enough" if step == "MAIL" and at in {3, 5} else None,
        offers=CHUNKS,
    )
    answers = submit(relay, mails(2), mails(4, 3), CONNECTIONS=1)
    # Of four that moved, two were written to the second connection.
    events = [answer.event for answer in answers]
    assert events == [*[_E.ACCEPT] * 3, _E.DEFER, _E.ACCEPT, _E.ACCEPT]
    assert relay.connections == 3


@pytest.mark.parametrize("told", [CUT, "421 4.7.0 too many"])
def test_a_relay_that_ends_every_connection_is_not_hammered(told: str) -> None:
    """Few attempts are made, and what is in doubt is what they wrote."""
    relay = Relay(act=always(MAIL=told), offers=CHUNKS)
    answers = submit(relay, *(mails(20, first) for first in range(1, 201, 20)), CONNECTIONS=2)
    lost = [answer for answer in answers if answer.event is _E.LOSE]
    assert {answer.event for answer in answers} <= {_E.DEFER, _E.LOSE}
    assert bool(lost) is (told == CUT)
    assert len(lost) <= 8 * relay.connections
    assert relay.connections <= 10


@pytest.mark.parametrize(
    ("step", "told", "event"),
    [
        ("MAIL", "451 4.3.0 later", _E.DEFER),
        ("RCPT", "550 5.1.1 no", _E.REFUSE),
        ("END", "554 5.7.1 spam", _E.REFUSE),
        ("END", f"{SLOWLY}452 4.3.1 disk", _E.DEFER),
    ],
)
def test_a_refusal_amid_eight_is_of_one_alone(step: str, told: str, event: DeliveryEvent) -> None:
    """All eight are on their way; the others arrive, under their own senders."""
    relay = Relay(act=once(step, told, 4), offers=CHUNKS)
    answers = submit(relay, mails(8), mails(8, 9), CONNECTIONS=1)
    events = [answer.event for answer in answers]
    assert events == [_E.ACCEPT] * 3 + [event] + [_E.ACCEPT] * 12
    assert numbers(relay.taken) == [1, 2, 3, *range(5, 17)]
    assert _own(relay)
    assert relay.connections == 1


def test_what_rset_is_for() -> None:
    """Without it, the mail behind a refused one goes under the sender of that: so relays work."""

    async def say(relay: Relay, between: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        for number in (b"1", b"2"):
            writer.write(b"MAIL FROM:<sender%b@x.test>\r\n" % number)
            writer.write(b"RCPT TO:<customer%b@x.test>\r\nBDAT 3 LAST\r\n%b\r\n" % (number, number))
            writer.write(between)
        writer.write(b"QUIT\r\n")
        await reader.read()
        writer.close()
        await writer.wait_closed()

    async def scenario(between: bytes) -> tuple[list[str], list[str]]:
        async with Relay(act=once("RCPT", "550 5.1.1 no"), offers=CHUNKS) as relay:
            await say(relay, between)
            return relay.taken, relay.senders

    taken = ["customer2@x.test"]
    assert asyncio.run(scenario(b"")) == (taken, ["sender1@x.test"])
    assert asyncio.run(scenario(b"RSET\r\n")) == (taken, ["sender2@x.test"])


@pytest.mark.parametrize("told", [TWICE, "250-never ended"])
@pytest.mark.parametrize("step", ["RSET", "MAIL", "RCPT", "END"])
def test_an_answer_too_many_or_too_few_amid_others(step: str, told: str) -> None:
    """Where all others are yes it can't be told whose it was; but no mail is told wrongly of."""
    relay = Relay(act=once(step, told, 3), offers=CHUNKS)
    answers = submit(relay, mails(12), CONNECTIONS=1, TIMEOUT=0.2)
    assert sorted(numbers(relay.taken)) == list(range(1, 13))
    lost = [answer for answer in answers if answer.event is _E.LOSE]
    assert {answer.event for answer in answers} <= {_E.ACCEPT, _E.LOSE}
    assert len(lost) <= 8


@pytest.mark.parametrize("per_connection", [1, 2, 500])
def test_what_is_taken_back_is_not_named_and_holds_nobody_up(per_connection: int) -> None:
    """Nothing is written of a mail that its watch keeps, and those behind it leave."""
    relay = Relay(offers=CHUNKS)
    log = Log(refuses=lambda message: message.delivery.number in {1, 4, 5, 10})

    async def work(sender: SmtpProvider) -> None:
        await sender.stream(mails(10), log)

    run(relay, work, CONNECTIONS=1, PER_CONNECTION=per_connection)
    assert log.events == dict.fromkeys((2, 3, 6, 7, 8, 9), _E.ACCEPT)
    assert sorted(numbers(relay.taken)) == [2, 3, 6, 7, 8, 9]
    assert relay.counts["MAIL"] == 6
    assert sorted(log.asked) == list(range(1, 11))


@pytest.mark.parametrize("step", ["GREETING", "MAIL", "BDAT", "END"])
@pytest.mark.parametrize("how", ["cancel", "close"])
def test_every_mail_is_answered_at_an_end(step: str, how: str) -> None:
    """Cancelled or closed, what was written is in doubt, and the rest did not leave."""
    relay = Relay(act=always(**{step: HANG}), offers=CHUNKS)
    log = Log()

    async def work(sender: SmtpProvider) -> None:
        stream = asyncio.ensure_future(sender.stream(mails(9), log))
        await until(lambda: relay.counts.get(step, 0) == 2)
        if how == "cancel":
            stream.cancel()
            await asyncio.gather(stream, return_exceptions=True)
        else:
            await sender.aclose()
            await stream

    run(relay, work, CONNECTIONS=2, PIPELINE=3)
    lost = [event for event in log.events.values() if event is _E.LOSE]
    assert len(log.answers) == 9
    # Two run ahead at first.
    assert len(lost) == (0 if step == "GREETING" else 4)
    assert set(log.events.values()) <= {_E.LOSE, _E.DEFER}


def test_mails_are_spread_over_connections_that_rest() -> None:
    """One does not take all that it might, where another has nothing to do."""

    async def work(sender: SmtpProvider) -> None:
        await sender.submit(mails(40))
        pool = sender._pool
        await until(lambda: len(pool._resting) == 2)
        before = {connection: connection.served for connection in pool._open}
        await sender.submit(mails(8, 41))
        assert [connection.served - before[connection] for connection in pool._open] == [4, 4]

    run(Relay(offers=CHUNKS), work, CONNECTIONS=2)


@pytest.mark.parametrize("per_connection", [1, 3, 5, 8])
def test_connections_do_not_grow_old(per_connection: int) -> None:
    """After so many mails a connection is left politely, though it had room for more."""
    relay = Relay(offers=CHUNKS)
    answers = submit(relay, mails(20), CONNECTIONS=1, PER_CONNECTION=per_connection)
    assert {answer.event for answer in answers} == {_E.ACCEPT}
    served = " ".join(line[:4] for line in relay.commands).split("EHLO")[1:]
    assert [each.count("BDAT") for each in served] == [
        min(per_connection, 20 - first) for first in range(0, 20, per_connection)
    ]
    assert relay.commands.count("QUIT") == relay.connections == len(served)


@pytest.mark.parametrize(
    ("raw", "arrives"),
    [
        (b"a: b\r\n\r\n.\r\n..\r\n.c\r\n", b"a: b\r\n\r\n.\r\n..\r\n.c\r\n"),
        (b"a: b\r\n\r\nc", b"a: b\r\n\r\nc\r\n"),
        (b".", b".\r\n"),
        ("a: b\r\n\r\né\r\n.é".encode(), "a: b\r\n\r\né\r\n.é\r\n".encode()),
    ],
)
def test_mails_arrive_as_they_are(raw: bytes, arrives: bytes) -> None:
    """No dot is doubled, the last line is ended, and the size that is told is that of the mail."""
    relay = Relay(offers=(*CHUNKS, "SIZE 0"))

    async def work(sender: SmtpProvider) -> None:
        answers = await sender.submit(mails(3))
        assert {answer.event for answer in answers} == {_E.ACCEPT}

    run(relay, work, composing(raw), CONNECTIONS=1)
    assert relay.mails == [arrives] * 3
    named = [line for line in relay.commands if line.startswith("MAIL")]
    assert all(f" SIZE={len(arrives)}" in line for line in named)
    assert all(("BODY=8BITMIME" in line) is not raw.isascii() for line in named)


def test_mailboxes_outside_ascii_are_named_as_such() -> None:
    """SMTPUTF8 is told of the mail that needs it; where the relay can't, the others leave."""
    wide = mail(2, "بريد@example.test")
    relay = Relay(offers=(*CHUNKS, "SMTPUTF8"))
    answers = submit(relay, [mail(1), wide, mail(3)], CONNECTIONS=1)
    assert {answer.event for answer in answers} == {_E.ACCEPT}
    assert relay.taken[1] == "بريد@example.test"
    named = [line.endswith(" SMTPUTF8") for line in relay.commands if line.startswith("MAIL")]
    assert named == [False, True, False]
    unable = Relay(offers=CHUNKS)
    answers = submit(unable, [mail(1), wide, mail(3)], CONNECTIONS=1)
    assert [answer.event for answer in answers] == [_E.ACCEPT, _E.REFUSE, _E.ACCEPT]
    assert numbers(unable.taken) == [1, 3]
