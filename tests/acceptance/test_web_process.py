"""`broadcaster web` as it is run: its ports, its health, its end."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

_PATIENCE = 30.0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def environment(database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """Name this test's servers and free ports."""
    return {
        **os.environ,
        "BROADCASTER_HOME": str(tmp_path / "home"),
        "BROADCASTER_DATABASE_URL": database_url,
        "BROADCASTER_REDIS_URL": redis_url,
        "BROADCASTER_WEB_PORT": str(_free_port()),
        "BROADCASTER_BOUNCE_PORT": str(_free_port()),
    }


@contextmanager
def _web(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "broadcaster", "web"]
    with subprocess.Popen(  # noqa: S603  (our own command)
        command, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _health(port: str) -> tuple[int, object]:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                return answer.status, json.load(answer)
        except HTTPError as answer:
            with answer:
                return answer.code, json.load(answer)
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_it_serves_until_it_is_told_to_stop(environment: dict[str, str]) -> None:
    """SIGTERM ends it well, also while somebody watches a connection that never ends."""
    port = environment["BROADCASTER_WEB_PORT"]
    with _web(environment) as process:
        wanted = {"database": True, "schema": True, "redis": True, "texts": True}
        assert _health(port) == (200, wanted)
        with socket.create_connection(("127.0.0.1", int(environment["BROADCASTER_BOUNCE_PORT"]))):
            process.send_signal(signal.SIGTERM)
            assert process.wait(_PATIENCE) == 0


@pytest.mark.parametrize("name", ["WEB", "BOUNCE"])
def test_an_occupied_port_is_one_clear_line(environment: dict[str, str], name: str) -> None:
    """Which setting, and what to do; exit code 2."""
    port = int(environment[f"BROADCASTER_{name}_PORT"])
    with socket.create_server(("127.0.0.1", port)), _web(environment) as process:
        _, error = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 2
    assert error.count("\n") == 1
    assert f"BROADCASTER_{name}_PORT" in error
    assert "Traceback" not in error
