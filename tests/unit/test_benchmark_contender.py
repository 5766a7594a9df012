"""The contender of the SMS race sends what our provider sends: else the race would be unfair."""

import asyncio
from pathlib import Path
from urllib.parse import parse_qs

import pytest

import benchmarks
from broadcaster.domain.delivery import DeliveryEvent
from broadcaster.providers.base import build, discover
from tests import builders
from tests.networks import HttpNetwork, context, options, replies

_FOLDER = Path(benchmarks.__path__[0]) / "twilio_own"
_MADE = {"sid": "SM" + "0" * 32, "status": "queued", "error_code": None}


def _form(folders: list[Path]) -> dict[str, list[str]]:
    async def scenario() -> dict[str, list[str]]:
        async with HttpNetwork(replies(201, _MADE)) as network:
            values = {"ACCOUNT_SID": "AC" + "0" * 32, "AUTH_TOKEN": "1", "SENDER": "LYDEC"}
            given = options("twilio", BASE_URL=network.url, TIMEOUT=5, **values)
            provider = build("twilio", given, context(), folders)
            (submission,) = await provider.submit([builders.message()])
            await provider.aclose()
        assert submission.event is DeliveryEvent.ACCEPT
        assert submission.reference == _MADE["sid"]
        (call,) = network.calls
        return parse_qs(call.body.decode())

    return asyncio.run(scenario())


# Twilio's client uses what aiohttp would rather not have used any more.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_contender_takes_our_providers_place_and_writes_the_same_form() -> None:
    """It is found by the same name, and a network hears of both the same values."""
    assert discover([_FOLDER])["twilio"].path.parent == _FOLDER
    assert _form([_FOLDER]) == _form([])
