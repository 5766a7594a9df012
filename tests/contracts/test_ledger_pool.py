"""The pool's promises: bounded, mended after a restart, and our own errors."""

import time
from dataclasses import replace

import psycopg
import pytest
from psycopg_pool.base import AttemptWithBackoff

from broadcaster.domain.course import HandedOver
from broadcaster.domain.message import Channel
from broadcaster.errors import ConfigurationError, UnavailableError
from broadcaster.ledger.chronicle import PostgresChronicle
from broadcaster.ledger.pool import open_pool
from broadcaster.ledger.troubles import Troubles
from tests.builders import NOON
from tests.rows import Pool, Rows


def test_connections_are_bounded_in_time_and_speak_utc(pool: Pool) -> None:
    """No statement, lock or forgotten transaction holds others up for ever."""
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "timezone")
    with pool.connection() as connection:
        found = [connection.execute(f"SHOW {name}").fetchone() for name in names]
    assert found == [("30s",), ("5s",), ("10s",), ("UTC",)]


def test_a_connection_that_the_server_closed_is_replaced(database_url: str) -> None:
    """As after a restart of the server: the next one who asks notices nothing."""
    pool = open_pool(database_url, size=1, name="mended")
    try:
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'mended'"
            )
        with pool.connection() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        pool.close()


def test_after_an_outage_of_any_length_it_is_tried_again_within_seconds(database_url: str) -> None:
    """Pauses that double without an end would keep workers away for as long again."""
    pool = open_pool(database_url, size=1, name="patient")
    pool.close()
    attempt, now, pauses = AttemptWithBackoff(timeout=pool.reconnect_timeout), 0.0, list[float]()
    while not attempt.time_to_give_up(now):
        attempt.update_delay(now)
        pauses.append(attempt.delay)
        now += attempt.delay
    assert len(pauses) > 2
    assert max(pauses) < 5
    # Whoever waits meanwhile waits longer, and what is given up begins anew with who asks next.
    assert now < pool.timeout


def test_what_the_server_ends_is_unavailable_and_undone(database_url: str) -> None:
    """A statement that takes too long; the error can be tried again and tells nothing inside."""
    pool = open_pool(database_url, size=1, name="slow")

    def work() -> None:
        with pool.connection() as one:
            one.execute("CREATE TABLE undone ()")
            one.execute("SET LOCAL statement_timeout = 10")
            one.execute("SELECT pg_sleep(5)")

    try:
        with pytest.raises(UnavailableError, match="57014") as caught:
            work()
        assert caught.value.retryable
        with pool.connection() as one:
            assert one.execute("SELECT to_regclass('undone')").fetchone() == (None,)
    finally:
        pool.close()


def test_a_server_that_does_not_answer_is_told_at_once_without_the_password() -> None:
    """One line, and no waiting."""
    started = time.monotonic()
    with pytest.raises(UnavailableError) as caught:
        open_pool("postgresql://amina:hidden@127.0.0.1:1/broadcaster", size=1, name="none")
    assert time.monotonic() - started < 5
    assert "hidden" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_url_that_can_not_be_read_is_a_fault_of_configuration() -> None:
    """It names the setting."""
    with pytest.raises(ConfigurationError, match="BROADCASTER_DATABASE_URL"):
        open_pool("http://somewhere", size=1, name="none")


def test_what_is_told_of_a_campaign_waits_for_nobody(pool: Pool) -> None:
    """Who sends tells it, and must hear of a pause meanwhile; any fault is one of ours."""
    campaign = Rows(pool).running()
    chronicle = PostgresChronicle(pool)
    count = HandedOver(campaign=campaign, channel=Channel.SMS, at=NOON, messages=1, units=1)
    with pool.connection() as other:
        other.execute("SELECT FROM campaign WHERE id = %s FOR UPDATE", [campaign])
        other.execute("LOCK TABLE provider_trouble")
        started = time.monotonic()
        with pytest.raises(UnavailableError):
            chronicle.write([count], [])
        with pytest.raises(UnavailableError):
            Troubles(pool).turned("smtp", NOON, well=False)
        assert time.monotonic() - started < 4
    with pytest.raises(UnavailableError):
        chronicle.write([replace(count, campaign=campaign + 1)], [])
    chronicle.write([count], [])
