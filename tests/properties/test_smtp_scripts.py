"""Whatever a relay does, at any step: every mail is answered once, and truly."""

import asyncio
from collections import Counter
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broadcaster.domain.delivery import DeliveryEvent
from broadcaster.providers.smtp import SmtpProvider
from tests.relays import CHUNKS, CUT, GROUP, HALF, RESET, SLOWLY, TAKEN_CUT, TWICE, Relay
from tests.smtp_scene import Log, mails, numbers, run

_E = DeliveryEvent

#: For each step what to do the first, second, ... time; else all goes well.
_Script = dict[str, dict[int, str | None]]


class _Scene(NamedTuple):
    """What a relay offers and does, what is submitted to it, and how.

    `taken_back` are the numbers of the mails that must not leave in the end.
    """

    offers: tuple[str, ...]
    pipeline: int
    script: _Script
    slices: list[int]
    together: bool
    connections: int
    per_connection: int
    taken_back: set[int]


_ENDS = (CUT, RESET, HALF)
_FAULTS = (
    *_ENDS,
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
#: Answers that a client takes for two, or for half of one. Amid mails that run ahead, where all
#: answers are alike, nothing tells whose those behind them are: what is said of a mail may then be
#: what was said of its neighbour. Where a go-ahead is waited for, that is noticed.
_UNCOUNTED = (TWICE, "250-never ended")

_GOOD = st.sampled_from([None, None, None, None, None, None, SLOWLY])
_TAKEN_BACK = st.sets(st.integers(min_value=1, max_value=48), max_size=3)
_OPENING = ("GREETING", "EHLO", "HELO")
_STEPS = (*_OPENING, "MAIL", "RCPT", "DATA", "BDAT", "END", "RSET", "QUIT")


def _faults(step: str, *, chunked: bool) -> list[str]:
    """List what can go wrong at a step."""
    if step == "BDAT":
        return list(_ENDS)
    faults = [*_FAULTS, TAKEN_CUT] if step == "END" else list(_FAULTS)
    if chunked and step not in _OPENING:
        return [fault for fault in faults if fault not in _UNCOUNTED]
    return faults


@st.composite
def _scenes(draw: st.DrawFn) -> _Scene:
    """Whatever a relay offers, much of what it does at first is wrong; later all goes well."""
    offers = draw(st.sampled_from([GROUP, (), CHUNKS]))
    pipeline = draw(st.integers(min_value=0, max_value=8))
    chunked = offers is CHUNKS and pipeline > 2
    script: _Script = {}
    for step in _STEPS:
        told = _GOOD | st.sampled_from([None, *_faults(step, chunked=chunked)])
        script[step] = dict(enumerate(draw(st.lists(told, max_size=6)), start=1))
    return _Scene(
        offers,
        pipeline,
        script,
        slices=draw(st.lists(st.integers(min_value=1, max_value=12), min_size=1, max_size=4)),
        together=draw(st.booleans()),
        connections=draw(st.integers(min_value=1, max_value=3)),
        per_connection=draw(st.sampled_from([1, 2, 500])),
        taken_back=draw(_TAKEN_BACK),
    )


@st.composite
def _mishaps(draw: st.DrawFn) -> _Scene:
    """Amid many open mails something goes wrong now and then, and mostly the connection lives."""
    script: _Script = {}
    for step in ("RSET", "MAIL", "RCPT", "BDAT", "END"):
        told = st.sampled_from(_faults(step, chunked=True))
        if step in {"MAIL", "RCPT", "END"}:
            told = told | st.sampled_from(["450 4.2.0 later", "550 5.1.1 no", SLOWLY])
        script[step] = draw(st.dictionaries(st.integers(1, 16), told, max_size=3))
    for at in draw(st.sets(st.integers(1, 16), max_size=1)):
        # It wants the recipient without its sender.
        script["MAIL"][at], script["RCPT"][at] = "550 5.7.1 not you", "250"
    return _Scene(
        CHUNKS,
        draw(st.integers(min_value=3, max_value=8)),
        script,
        slices=draw(st.lists(st.integers(min_value=4, max_value=12), min_size=1, max_size=4)),
        together=draw(st.booleans()),
        connections=draw(st.integers(min_value=1, max_value=2)),
        per_connection=draw(st.sampled_from([5, 12, 500])),
        taken_back=draw(_TAKEN_BACK),
    )


_settings = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@settings(_settings, max_examples=150)
@given(scene=_scenes())
def test_answers_are_exact(scene: _Scene) -> None:
    """Answered once each; what was taken is never DEFER or REFUSE; what is ACCEPT was taken."""
    _hold(scene)


@settings(_settings, max_examples=150)
@given(scene=_mishaps())
def test_answers_are_exact_amid_many(scene: _Scene) -> None:
    """As above, where a fault befalls one of many that are open on a connection."""
    _hold(scene)


def _hold(scene: _Scene) -> None:
    """Submit slices to a relay that does as told, and look at what is said of each mail."""
    relay = Relay(act=lambda step, at: scene.script.get(step, {}).get(at), offers=scene.offers)
    slices, taken_back = scene.slices, scene.taken_back
    log = Log(refuses=lambda message: message.delivery.number in taken_back)
    count = sum(slices)

    async def work(sender: SmtpProvider) -> None:
        first, streams = 1, []
        for size in slices:
            streams.append(sender.stream(mails(size, first), log))
            first += size
        if scene.together:
            await asyncio.gather(*streams)
        else:
            for stream in streams:
                await stream

    run(
        relay,
        work,
        TIMEOUT=0.5,
        CONNECTIONS=scene.connections,
        PIPELINE=scene.pipeline,
        PER_CONNECTION=scene.per_connection,
    )
    events, taken = log.events, numbers(relay.taken)
    assert len(taken) == len(set(taken)), "a mail was sent twice"
    asked_back = {number for number in log.asked if number in taken_back}
    assert set(events) == set(range(1, count + 1)) - asked_back
    # Once for each connection that it was to leave by (it moves once, when it did not leave), and
    # by DATA ahead, too.
    most = 2 if "CHUNKING" in scene.offers else 4
    assert max(Counter(log.asked).values(), default=0) <= most, "a mail was asked about too often"
    assert not set(taken) & taken_back
    assert {events[number] for number in taken} <= {_E.ACCEPT, _E.LOSE}
    accepted = {number for number, event in events.items() if event is _E.ACCEPT}
    lost = {number for number, event in events.items() if event is _E.LOSE}
    assert accepted <= set(taken)
    assert accepted | lost <= set(log.asked)
    assert relay.spoken_early == []
    named = zip(relay.senders, taken, strict=True)
    assert all(f"b+1-{number}-" in sender for sender, number in named if sender)
