"""Running commands of the command line against a test's own database."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from broadcaster import cli


class Said(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(
    database_url: str,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Run:
    """Run commands against this test's database; Redis is not needed, and nobody is there."""
    monkeypatch.setenv("BROADCASTER_HOME", str(home))
    monkeypatch.setenv("BROADCASTER_DATABASE_URL", database_url)
    monkeypatch.setenv("BROADCASTER_REDIS_URL", "redis://127.0.0.1:1/0")

    def running(*words: str) -> Said:
        with pytest.raises(SystemExit) as ended:
            cli.main(list(words))
        out, err = capfd.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    return running
