"""What every provider promises that streams, tried with each of them on loopback."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol, cast

import pytest

from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.ports import Message, Provider, Streams, Submission
from tests.networks import HttpNetwork, SmtpNetwork, unused_port
from tests.provider_cases import CASES, Case, Network

_all = pytest.mark.parametrize("case", CASES, ids=str)


class _Watch:
    """Notes what is asked and told, in order; some messages may not leave."""

    def __init__(self, network: Network | None = None, kept: frozenset[int] = frozenset()) -> None:
        self._network = network
        self._kept = kept
        self.asked: list[int] = []
        self.told: list[Submission] = []
        #: How many messages the network had when a message was asked about.
        self.seen: list[int] = []

    def leaving(self, message: Message) -> bool:
        number = message.delivery.number
        self.asked.append(number)
        self.seen.append(0 if self._network is None else _taken(self._network))
        return number not in self._kept

    def answered(self, submission: Submission) -> None:
        self.told.append(submission)

    @property
    def events(self) -> dict[int, DeliveryEvent]:
        """What was told, by message."""
        return {one.delivery.number: one.event for one in self.told}


def _taken(network: Network) -> int:
    if isinstance(network, SmtpNetwork):
        return len(network.mails)
    return sum(call.path != "/token" for call in network.calls)


class _Streaming(Provider, Streams, Protocol):
    """A provider that streams."""


_Work = Callable[[Network, _Streaming, _Watch], Awaitable[None]]


def _run(
    case: Case,
    how: str,
    folder: Path,
    work: _Work,
    kept: frozenset[int] = frozenset(),
    **changes: object,
) -> tuple[_Watch, Network]:
    async def scenario() -> tuple[_Watch, Network]:
        network = case.networks[how]()
        assert isinstance(network, AbstractAsyncContextManager)
        async with network:
            provider = case.provider(network.port, folder, **changes)
            watch = _Watch(network, kept)
            assert isinstance(provider, Streams)
            try:
                await work(network, cast("_Streaming", provider), watch)
            finally:
                await provider.aclose()
            return watch, network

    return asyncio.run(scenario())


def _messages(case: Case, network: Network, count: int) -> list[Message]:
    return [case.message(network.port, number) for number in range(1, count + 1)]


@_all
def test_each_is_asked_about_and_told_of_once(case: Case, tmp_path: Path) -> None:
    """Overlapping streams ask about each message before it leaves, and tell of it once."""

    async def work(network: Network, provider: _Streaming, watch: _Watch) -> None:
        messages = _messages(case, network, 60)
        await asyncio.gather(
            provider.stream(messages[:30], watch),
            provider.stream(messages[30:], watch),
            provider.stream([], watch),
        )

    watch, network = _run(case, "accept", tmp_path, work)
    assert sorted(watch.asked) == sorted(watch.events) == list(range(1, 61))
    assert len(watch.told) == 60
    assert set(watch.events.values()) == {DeliveryEvent.ACCEPT}
    assert _taken(network) == 60
    # When the n-th was asked about, it was not there yet.
    assert all(seen <= number for number, seen in enumerate(watch.seen))


@_all
def test_what_is_taken_back_does_not_leave(case: Case, tmp_path: Path) -> None:
    """A message that may not leave reaches no network, and nothing more is told of it."""
    kept = frozenset(range(1, 30, 3))

    async def work(network: Network, provider: _Streaming, watch: _Watch) -> None:
        await provider.stream(_messages(case, network, 30), watch)

    watch, network = _run(case, "accept", tmp_path, work, kept)
    assert set(watch.asked) == set(range(1, 31))
    assert set(watch.events) == set(range(1, 31)) - kept
    assert _taken(network) == 20


@_all
def test_answers_are_those_of_submit(case: Case, tmp_path: Path) -> None:
    """Refusals, and refusals for now, are told with the same words."""

    async def work(network: Network, provider: _Streaming, watch: _Watch) -> None:
        message = case.message(network.port)
        await provider.stream([message], watch)
        assert list(await provider.submit([message])) == watch.told

    for how in ("refuse", "defer"):
        watch, _ = _run(case, how, tmp_path, work)
        assert watch.told[0].reason is not None


@_all
def test_cancelling_tells_what_was_written(case: Case, tmp_path: Path) -> None:
    """What was asked about and not answered is in doubt; nothing else is."""

    async def work(network: Network, provider: _Streaming, watch: _Watch) -> None:
        stream = asyncio.ensure_future(provider.stream(_messages(case, network, 40), watch))
        busy = _hanging(network)
        while not busy():  # noqa: ASYNC110  (the network tells by a number)
            await asyncio.sleep(0.001)
        stream.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stream

    watch, _ = _run(case, "hang", tmp_path, work)
    lost = {number for number, event in watch.events.items() if event is DeliveryEvent.LOSE}
    assert lost == set(watch.asked)
    assert lost
    assert {event for number, event in watch.events.items() if number not in lost} <= {
        DeliveryEvent.DEFER
    }
    assert len(watch.told) == len(watch.events)


def _hanging(network: Network) -> Callable[[], bool]:
    """Tell when a message was handed over to a network that says nothing to it."""
    if isinstance(network, HttpNetwork):
        return lambda: _taken(network) > 0
    return lambda: len(network.mails) > 0


@_all
def test_nobody_listens(case: Case, tmp_path: Path) -> None:
    """When nothing could leave, nothing was asked about, and all may be tried again."""

    async def scenario() -> _Watch:
        port = await unused_port()
        provider = case.provider(port, tmp_path, TIMEOUT=1)
        watch = _Watch()
        assert isinstance(provider, Streams)
        await provider.stream([case.message(port, number) for number in range(1, 41)], watch)
        await provider.aclose()
        return watch

    watch = asyncio.run(scenario())
    assert watch.asked == []
    assert len(watch.told) == 40
    assert {(one.event, one.reason) for one in watch.told} == {
        (DeliveryEvent.DEFER, Reason.NO_CONNECTION)
    }
