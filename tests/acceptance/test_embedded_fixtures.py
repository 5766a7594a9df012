"""The servers that all tests share."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import pytest_socket
import redis

from broadcaster.ledger import schema
from broadcaster.ledger.pool import LedgerPool
from tests.servers import ROOT


def test_each_test_has_a_migrated_database(pool: LedgerPool, database_url: str) -> None:
    """The database has the present schema and no customer."""
    assert schema.current(database_url) == schema.head()
    with pool.connection() as connection:
        assert connection.execute("SELECT count(*) FROM customer").fetchone() == (0,)
        connection.execute("CREATE TABLE left_by_a_test ()")


@pytest.mark.parametrize("turn", [1, 2])
def test_nothing_is_left_of_the_test_before(turn: int, database_url: str, redis_url: str) -> None:
    """A table or key that a test leaves is not seen by the next one."""
    with (
        psycopg.connect(database_url) as connection,
        redis.Redis.from_url(redis_url) as client,
    ):
        assert connection.execute("SELECT to_regclass('left_by_a_test')").fetchone() == (None,)
        assert client.dbsize() == 0
        connection.execute("CREATE TABLE left_by_a_test ()")
        client.set("left", turn)


def test_an_empty_database_has_no_table(empty_database_url: str) -> None:
    """The database for tests of the schema's steps begins with nothing."""
    assert schema.current(empty_database_url) is None


def test_no_way_leads_out_of_the_machine() -> None:
    """An address on another machine is refused before anything is sent (TEST-NET-1, RFC 5737)."""
    with (
        socket.socket() as client,
        pytest.warns(UserWarning, match="192.0.2.1"),
        pytest.raises(pytest_socket.SocketConnectBlockedError),
    ):
        client.connect(("192.0.2.1", 80))


@pytest.mark.parametrize(
    ("reason", "ci", "code"), [("no time", "1", 1), ("no time", "", 0), ("needs root", "1", 0)]
)
def test_a_test_left_out_unexpectedly_fails_a_run_on_ci(
    tmp_path: Path, reason: str, ci: str, code: int
) -> None:
    """Only reasons on the list are good enough for leaving a test out where it counts."""
    test = f"import pytest\n\ndef test_it():\n    pytest.skip({reason!r})\n"
    (tmp_path / "test_it.py").write_text(test, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-c", "/dev/null", "-p", "tests.conftest", "."]
    result = subprocess.run(  # noqa: S603  (our own)
        command,
        cwd=tmp_path,
        env={**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == code, result.stdout
    assert ("for a reason that is not on the list" in result.stdout) is (reason == "no time")
