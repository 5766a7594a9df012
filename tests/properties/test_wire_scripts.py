"""Whatever a server does, each message has one end, and the end is true."""

import asyncio
import json
import re
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.ports import Message, Submission
from broadcaster.providers import twilio
from tests import builders
from tests.networks import context, options
from tests.wire_servers import Link, Script, Scripted

_ID = re.compile(rb"twilio%2F1-([0-9]+)")


@dataclass
class _Log:
    """What the server did, by the message's number."""

    got: Counter[int] = field(default_factory=Counter)
    created: set[int] = field(default_factory=set)
    busy: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)


def _sid(number: int) -> str:
    return f"SM{number:032x}"


def _answer(status: int, value: object, header: str = "") -> bytes:
    body = json.dumps(value).encode()
    return f"HTTP/1.1 {status} X\r\n{header}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _created(number: int, header: str = "") -> bytes:
    return _answer(201, {"sid": _sid(number), "status": "queued"}, header)


async def _step(link: Link, log: _Log, step: str) -> bool:
    """Do one thing with one request; False when the connection is to end."""
    if step == "close":
        return False
    if step.startswith("half "):
        await link.read(int(step.partition(" ")[2]))
        return False
    if step == "half, reset":
        await link.read(30)
        link.reset()
        return False
    request = await link.request()
    found = _ID.search(request)
    if found is None:
        return False
    number = int(found[1])
    log.got[number] += 1
    return await _respond(link, log, step, number)


async def _respond(link: Link, log: _Log, step: str, number: int) -> bool:
    whole = _created(number)
    if step == "busy":
        log.busy.add(number)
        await link.say(_answer(429, {"code": 20429}, "Retry-After: 7\r\n"))
    elif step == "refuse":
        log.refused.add(number)
        await link.say(_answer(400, {"code": 21211}))
    elif step == "silence":
        await link.hang()
    elif step == "reset":
        link.reset()
    elif step == "nonsense":
        await link.say(b"\x00\x01 no\r\n\r\n")
    elif step.startswith("part"):
        await link.say(whole[: int(step.partition(" ")[2])])
    elif step.startswith("create"):
        log.created.add(number)
        return await _create(link, step, whole, number)
    return step in {"busy", "refuse"}


async def _create(link: Link, step: str, whole: bytes, number: int) -> bool:
    if step == "create in pieces":
        for at in range(0, len(whole), 7):
            await link.say(whole[at : at + 7])
            await asyncio.sleep(0)
    elif step == "create, announced":
        await link.say(b"HTTP/1.1 100 Continue\r\n\r\n")
        await link.say(whole)
    elif step == "create, twice":
        # A second answer, to nothing, which names another message.
        await link.say(whole + _created(number + 1000))
    elif step == "create, then speak":
        await link.say(whole)
        await asyncio.sleep(0)
        await link.say(_created(number + 1000))
    elif step == "create, last":
        await link.say(_created(number, "Connection: close\r\n"))
        return False
    else:
        await link.say(whole)
    return step != "create, close"


_STEPS = st.sampled_from(
    [
        *["create"] * 4,
        "create in pieces",
        "create, announced",
        "create, twice",
        "create, then speak",
        "create, last",
        "create, close",
        "busy",
        "refuse",
        "silence",
        "reset",
        "nonsense",
        "close",
        "half 1",
        "half 100",
        "half 400",
        "half, reset",
        "part 5",
        "part 40",
        "part 100",
        "nothing",
    ]
)


def _script(steps: list[str], log: _Log) -> Script:
    async def script(link: Link) -> None:
        for step in steps:
            if not await _step(link, log, step):
                return

    return script


class _Watch:
    """Notes what is asked and told; does not let some leave."""

    def __init__(self, kept: frozenset[int]) -> None:
        self._kept = kept
        self.asked: Counter[int] = Counter()
        self.told: list[Submission] = []

    def leaving(self, message: Message) -> bool:
        self.asked[message.delivery.number] += 1
        return message.delivery.number not in self._kept

    def answered(self, submission: Submission) -> None:
        self.told.append(submission)


async def _play(
    client: str, scripts: list[list[str]], count: int, kept: frozenset[int], concurrency: int
) -> tuple[_Watch, _Log]:
    log, watch = _Log(), _Watch(kept)
    async with Scripted(*(_script(steps, log) for steps in scripts)) as server:
        values = {
            "ACCOUNT_SID": "AC" + "0" * 32,
            "AUTH_TOKEN": "x",
            "SENDER": "LYDEC",
            "BASE_URL": f"http://127.0.0.1:{server.port}",
            "TIMEOUT": 0.3,
            "CONCURRENCY": concurrency,
            "CLIENT": client,
        }
        provider = twilio.build(options("twilio", **values), context())
        messages = [builders.message(number) for number in range(1, count + 1)]
        half = count // 2
        await asyncio.gather(
            provider.stream(messages[:half], watch), provider.stream(messages[half:], watch)
        )
        await provider.aclose()
    return watch, log


def _is_true(submission: Submission, log: _Log) -> bool:
    """Tell whether what is said of a message is what the server did to it."""
    number = submission.delivery.number
    match submission.event:
        case DeliveryEvent.ACCEPT:
            return number in log.created and submission.reference == _sid(number)
        case DeliveryEvent.REFUSE:
            return number in log.refused
        case DeliveryEvent.DEFER if submission.reason is Reason.RATE_LIMITED:
            return number in log.busy
        case DeliveryEvent.DEFER:
            return number not in log.got
        case other:
            return other is DeliveryEvent.LOSE


@pytest.mark.parametrize("client", ["wire", "library"])
@given(
    scripts=st.lists(st.lists(_STEPS, min_size=1, max_size=5), min_size=1, max_size=5),
    count=st.integers(1, 12),
    kept=st.frozensets(st.integers(1, 12), max_size=3),
    concurrency=st.integers(1, 4),
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_message_has_one_true_end(
    client: str, scripts: list[list[str]], count: int, kept: frozenset[int], concurrency: int
) -> None:
    """Each message is asked about once at most, arrives once at most, and is told of truly."""
    watch, log = asyncio.run(_play(client, scripts, count, kept, concurrency))
    told = Counter(one.delivery.number for one in watch.told)
    numbers = set(range(1, count + 1))
    assert max(told.values(), default=0) <= 1
    assert max(watch.asked.values(), default=0) <= 1
    assert max(log.got.values(), default=0) <= 1
    # What was taken back is at no server; all else has an end.
    asked_and_kept = kept & set(watch.asked)
    assert not asked_and_kept & (set(log.got) | set(told))
    assert set(told) == numbers - asked_and_kept
    assert set(log.got) <= set(watch.asked)
    for submission in watch.told:
        assert _is_true(submission, log), (submission, log)
