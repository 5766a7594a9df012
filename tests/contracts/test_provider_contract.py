"""What every provider promises, tried with each of them against a network on loopback."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from broadcaster.domain.delivery import DeliveryEvent
from broadcaster.ports import Provider, Submission
from broadcaster.providers import base
from tests.networks import (
    unused_port,
)
from tests.provider_cases import CASES, Case, Network

_all = pytest.mark.parametrize("case", CASES, ids=str)

_Work = Callable[[Network, Provider], Awaitable[list[Submission]]]


def _run(case: Case, how: str, folder: Path, work: _Work, **changes: object) -> list[Submission]:
    async def scenario() -> list[Submission]:
        network = case.networks[how]()
        assert isinstance(network, AbstractAsyncContextManager)
        async with network:
            provider = case.provider(network.port, folder, **changes)
            try:
                return await work(network, provider)
            finally:
                await provider.aclose()

    return asyncio.run(scenario())


def _submit(case: Case, how: str, folder: Path, **changes: object) -> Submission:
    async def work(network: Network, provider: Provider) -> list[Submission]:
        return list(await provider.submit([case.message(network.port)]))

    (submission,) = _run(case, how, folder, work, **changes)
    assert submission.delivery == case.message(1).delivery
    assert submission.attempt == 1
    return submission


def test_every_provider_is_here() -> None:
    """The suite knows each provider that there is."""
    assert {case.name for case in CASES} == set(base.discover())


@_all
def test_accepts(case: Case, tmp_path: Path) -> None:
    """What the network takes is ACCEPT."""
    assert _submit(case, "accept", tmp_path).event is DeliveryEvent.ACCEPT


@_all
def test_refuses_with_a_reason(case: Case, tmp_path: Path) -> None:
    """What the network refuses for good is REFUSE, with our reason and its own word."""
    submission = _submit(case, "refuse", tmp_path)
    assert submission.event is DeliveryEvent.REFUSE
    assert submission.reason is not None
    assert submission.code
    assert not submission.halt


@_all
def test_defers(case: Case, tmp_path: Path) -> None:
    """What the network refuses for now is DEFER."""
    assert _submit(case, "defer", tmp_path).event is DeliveryEvent.DEFER


@_all
@pytest.mark.parametrize("how", ["cut", "hang"])
def test_doubt_after_the_message_was_written(case: Case, how: str, tmp_path: Path) -> None:
    """When the message was written and nothing came back, it is LOSE."""
    changes = {"TIMEOUT": 0.4} if how == "hang" else {}
    assert _submit(case, how, tmp_path, **changes).event is DeliveryEvent.LOSE


@_all
def test_no_doubt_before(case: Case, tmp_path: Path) -> None:
    """When nobody listens, it is DEFER: nothing left."""

    async def scenario() -> list[Submission]:
        port = await unused_port()
        provider = case.provider(port, tmp_path, TIMEOUT=1)
        try:
            return list(await provider.submit([case.message(port)]))
        finally:
            await provider.aclose()

    (submission,) = asyncio.run(scenario())
    assert submission.event is DeliveryEvent.DEFER
    assert not submission.halt


@_all
def test_answers_keep_the_order_and_connections_are_kept(case: Case, tmp_path: Path) -> None:
    """A slice gives one answer for each message, in order, also when slices overlap."""

    async def work(network: Network, provider: Provider) -> list[Submission]:
        first = [case.message(network.port, number) for number in range(1, 26)]
        second = [case.message(network.port, number) for number in range(26, 51)]
        done = await asyncio.gather(provider.submit(first), provider.submit(second))
        assert await provider.submit([]) == []
        return [submission for answers in done for submission in answers]

    submissions = _run(case, "accept", tmp_path, work)
    assert [submission.delivery.number for submission in submissions] == list(range(1, 51))
    assert {submission.event for submission in submissions} == {DeliveryEvent.ACCEPT}


@_all
def test_closed_provider_can_be_closed_again(case: Case, tmp_path: Path) -> None:
    """Closing twice, or without having sent, does no harm."""

    async def work(network: Network, provider: Provider) -> list[Submission]:
        await provider.aclose()
        await provider.submit([case.message(network.port)])
        await provider.aclose()
        return []

    _run(case, "accept", tmp_path, work)


@_all
def test_nothing_secret_is_shown(case: Case, tmp_path: Path) -> None:
    """A provider's repr shows none of its settings."""
    provider = case.provider(1, tmp_path)
    assert "lydec" not in repr(provider).lower()
