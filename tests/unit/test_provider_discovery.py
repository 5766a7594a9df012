"""Providers are found by their files; one file more is one provider more."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from broadcaster.domain.delivery import DeliveryEvent
from broadcaster.errors import ConfigurationError, InvalidInputError, NotFoundError
from broadcaster.ports import Findable, Provider, Receives, Submission
from broadcaster.providers import base
from broadcaster.providers.base import discover, each
from tests import builders
from tests.networks import context, options

#: A whole provider, as an organisation would add it.
_PIGEON = '''
"""Carrier pigeons."""

from dataclasses import dataclass

from broadcaster.domain.delivery import DeliveryEvent
from broadcaster.ports import Submission


def build(options, context):
    return Pigeon(loft=options.required("LOFT", "Name the loft."))


@dataclass
class Pigeon:
    loft: str
    name = "pigeon"

    async def submit(self, messages):
        return [
            Submission(
                delivery=message.delivery,
                attempt=message.attempt,
                event=DeliveryEvent.ACCEPT,
                reference=f"{self.loft}-{message.delivery}",
            )
            for message in messages
        ]

    async def aclose(self):
        pass
'''


async def _submitted(provider: Provider) -> Sequence[Submission]:
    return await provider.submit([builders.message()])


def test_own_providers_are_found() -> None:
    """Every provider's file is found; parts and the base are none."""
    assert set(discover()) >= {"twilio", "smtp", "webpush", "fcm"}
    assert "base" not in discover()
    assert not any(name.startswith("_") for name in discover())


def test_one_file_adds_a_provider(tmp_path: Path) -> None:
    """A file in a folder of one's own is a provider, with its own options."""
    (tmp_path / "pigeon.py").write_text(_PIGEON, encoding="utf-8")
    (tmp_path / "_feathers.py").write_text(_PIGEON, encoding="utf-8")
    (tmp_path / "notes.py").write_text("x = 1", encoding="utf-8")
    assert set(discover([tmp_path])) - set(discover()) == {"pigeon"}
    provider = base.build("pigeon", options("pigeon", LOFT="north"), context(), [tmp_path])
    (submission,) = asyncio.run(_submitted(provider))
    assert (submission.event, submission.reference) == (DeliveryEvent.ACCEPT, "north-1-1")
    with pytest.raises(InvalidInputError, match="BROADCASTER_PIGEON_LOFT"):
        base.build("pigeon", options("pigeon"), context(), [tmp_path])


def test_own_file_takes_the_place_of_ours(tmp_path: Path) -> None:
    """A folder's file of the same name wins over ours."""
    (tmp_path / "smtp.py").write_text(_PIGEON, encoding="utf-8")
    provider = base.build("smtp", options("smtp", LOFT="south"), context(), [tmp_path])
    assert provider.name == "pigeon"


def test_unknown_provider_is_named() -> None:
    """A name without a file is refused, with those that there are."""
    with pytest.raises(NotFoundError, match="twilio"):
        base.build("semaphore", options("semaphore"), context())


def test_broken_files_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file that is no Python is skipped with a warning; one that fails says why."""
    (tmp_path / "torn.py").write_text("def build(:", encoding="utf-8")
    (tmp_path / "poor.py").write_text("import not_there\n\ndef build(o, c): ...", encoding="utf-8")
    caplog.set_level(logging.WARNING)
    assert set(discover([tmp_path])) - set(discover()) == {"poor"}
    assert {record.__dict__["file"] for record in caplog.records} == {"torn.py"}
    with pytest.raises(ConfigurationError, match=r"poor\.py.*not_there"):
        base.build("poor", options("poor"), context(), [tmp_path])


def test_finding_loads_no_library() -> None:
    """Naming the providers loads none of their libraries, so that commands start fast."""
    code = (
        "import sys; from broadcaster.providers.base import discover; discover();"
        "print([name for name in ('twilio', 'google.auth', 'aiohttp')"
        " if name in sys.modules])"
    )
    done = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_abilities_are_seen_by_their_methods() -> None:
    """Which provider calls back, and which can be asked, is known by what it has."""
    values = {"ACCOUNT_SID": "AC1", "AUTH_TOKEN": "x", "SENDER": "LYDEC"}
    provider = base.build("twilio", options("twilio", **values), context())
    assert isinstance(provider, Receives)
    assert isinstance(provider, Findable)


def test_one_fault_does_not_take_the_others_along() -> None:
    """What a provider did not foresee leaves that message in doubt, and only that."""

    async def send(message: object) -> Submission:
        if message is messages[1]:
            raise RuntimeError("+212610000002")
        return builders.submission(messages[0].delivery)

    messages = [builders.message(number) for number in (1, 2, 3)]

    async def scenario() -> list[Submission]:
        return await each(messages, send, asyncio.Semaphore(2))

    events = [submission.event for submission in asyncio.run(scenario())]
    assert events == [DeliveryEvent.ACCEPT, DeliveryEvent.LOSE, DeliveryEvent.ACCEPT]
