"""Whatever a relay does, at any step: every mail is answered once, and truly."""

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broadcaster.domain.delivery import DeliveryEvent
from broadcaster.providers.smtp import SmtpProvider
from tests.relays import CUT, GROUP, HALF, RESET, SLOWLY, TAKEN_CUT, TWICE, Relay
from tests.smtp_scene import Log, mails, numbers, run

_E = DeliveryEvent

_FAULTS = (
    CUT,
    RESET,
    HALF,
    TWICE,
    "421 4.3.2 closing",
    "450 4.2.0 later",
    "550 5.1.1 no",
    "354 go on",
    "334 what",
    "100 early",
    "garbage",
    "250",
    "250-never ended",
    "250-one\r\n251 two",
    "\x00\xff",
)
_GOOD = st.sampled_from([None, None, None, None, None, None, SLOWLY])
_TROUBLE = st.sampled_from([None, *_FAULTS])
_STEPS = ("GREETING", "EHLO", "HELO", "MAIL", "RCPT", "DATA", "END", "RSET", "QUIT")


@st.composite
def _scripts(draw: st.DrawFn) -> dict[str, list[str | None]]:
    """For each step what to do the first times; later all goes well."""
    script: dict[str, list[str | None]] = {}
    for step in _STEPS:
        told = _GOOD | _TROUBLE
        if step == "END":
            told = told | st.just(TAKEN_CUT)
        script[step] = draw(st.lists(told, max_size=6))
    return script


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    script=_scripts(),
    slices=st.lists(st.integers(min_value=1, max_value=12), min_size=1, max_size=4),
    together=st.booleans(),
    offers=st.sampled_from([GROUP, ()]),
    connections=st.integers(min_value=1, max_value=3),
    pipeline=st.integers(min_value=0, max_value=2),
    per_connection=st.sampled_from([1, 2, 500]),
    taken_back=st.sets(st.integers(min_value=1, max_value=48), max_size=3),
)
def test_answers_are_exact(
    script: dict[str, list[str | None]],
    slices: list[int],
    *,
    together: bool,
    offers: tuple[str, ...],
    connections: int,
    pipeline: int,
    per_connection: int,
    taken_back: set[int],
) -> None:
    """Answered once each; what was taken is never DEFER or REFUSE; what is ACCEPT was taken."""

    def act(step: str, at: int) -> str | None:
        told = script.get(step, [])
        return told[at - 1] if at <= len(told) else None

    relay = Relay(act=act, offers=offers)
    log = Log(refuses=lambda message: message.delivery.number in taken_back)
    count = sum(slices)

    async def work(sender: SmtpProvider) -> None:
        first, streams = 1, []
        for size in slices:
            streams.append(sender.stream(mails(size, first), log))
            first += size
        if together:
            await asyncio.gather(*streams)
        else:
            for stream in streams:
                await stream

    run(
        relay,
        work,
        TIMEOUT=0.5,
        CONNECTIONS=connections,
        PIPELINE=pipeline,
        PER_CONNECTION=per_connection,
    )
    events, taken = log.events, numbers(relay.taken)
    assert len(taken) == len(set(taken)), "a mail was sent twice"
    asked_back = {number for number in log.asked if number in taken_back}
    assert set(events) == set(range(1, count + 1)) - asked_back
    assert len(log.asked) == len(set(log.asked)), "a mail was asked about twice"
    assert not set(taken) & taken_back
    assert {events[number] for number in taken} <= {_E.ACCEPT, _E.LOSE}
    accepted = {number for number, event in events.items() if event is _E.ACCEPT}
    lost = {number for number, event in events.items() if event is _E.LOSE}
    assert accepted <= set(taken)
    assert accepted | lost <= set(log.asked)
    assert relay.spoken_early == []
