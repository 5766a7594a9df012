"""Statements that are sent together, and the arrays that go with them."""

from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.errors import UnavailableError
from broadcaster.ledger.arrays import integers, texts
from broadcaster.ledger.pool import open_pool
from broadcaster.ledger.together import together
from tests.rows import Pool


def test_what_is_sent_together_is_committed_at_the_end_of_the_block(pool: Pool) -> None:
    """Without a COMMIT; and the connection is as before for whoever has it next."""
    with pool.connection() as connection:
        with together(connection):
            connection.execute("CREATE TABLE one (number integer)")
            connection.execute("INSERT INTO one VALUES (1)")
            found = connection.execute("SELECT number FROM one")
        assert found.fetchall() == [(1,)]
        connection.rollback()
        assert connection.execute("SELECT number FROM one").fetchall() == [(1,)]
        connection.execute("DELETE FROM one")
        connection.rollback()
        assert connection.execute("SELECT number FROM one").fetchall() == [(1,)]


def test_what_is_sent_together_is_undone_together(pool: Pool) -> None:
    """The first statement goes with the last one's fault; the connection is good for more."""

    def work(connection: psycopg.Connection[Any]) -> None:
        with together(connection):
            connection.execute("CREATE TABLE one ()")
            connection.execute("SELECT 1 / 0")

    with pool.connection() as connection:
        with pytest.raises(psycopg.errors.DivisionByZero):
            work(connection)
        assert not connection.autocommit
        assert connection.execute("SELECT to_regclass('one')").fetchone() == (None,)


def test_within_a_transaction_it_belongs_to_that(pool: Pool) -> None:
    """Who undoes the transaction undoes it too."""
    with pool.connection() as connection:
        connection.execute("CREATE TABLE one (number integer)")
        with together(connection):
            connection.execute("INSERT INTO one VALUES (1)")
        connection.rollback()
        assert connection.execute("SELECT to_regclass('one')").fetchone() == (None,)


def test_a_fault_of_ours_within_the_block_leaves_the_connection_as_it_was(pool: Pool) -> None:
    """What was sent by then is done, as it was asked for; nothing is committed by itself later."""

    def work(connection: psycopg.Connection[Any]) -> None:
        with together(connection):
            connection.execute("SELECT 1")
            raise KeyError

    with pool.connection() as connection:
        with pytest.raises(KeyError):
            work(connection)
        assert not connection.autocommit
        connection.execute("CREATE TABLE one ()")
        connection.rollback()
        assert connection.execute("SELECT to_regclass('one')").fetchone() == (None,)


def test_a_server_that_ends_meanwhile_is_unavailable_and_the_connection_replaced(
    database_url: str,
) -> None:
    """Also when it ends between two uses that follow on each other at once."""
    pool = open_pool(database_url, size=1, name="together")

    def end() -> None:
        with pool.connection() as connection, together(connection):
            connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    try:
        with pytest.raises(UnavailableError):
            end()
        with pool.connection() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
            assert not connection.autocommit
            (pid,) = connection.execute("SELECT pg_backend_pid()").fetchone() or (0,)
        with psycopg.connect(database_url, autocommit=True) as other:
            # Waits until it is gone, milliseconds.
            other.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
        with pool.connection() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        pool.close()


def test_arrays_are_read_as_they_were_meant(database_url: str) -> None:
    """Whatever a provider calls its messages, and whatever else is in it."""
    numbers = st.integers(-(2**31), 2**31 - 1)
    plain = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    words = st.one_of(st.none(), st.sampled_from(["NULL", "null", "", "SM12"]), st.text(plain))

    with psycopg.connect(database_url) as connection:

        @given(st.lists(numbers), st.lists(words))
        def check(some: list[int], others: list[str | None]) -> None:
            query = "SELECT %s::integer[], %s::text[]"
            found = connection.execute(query, [integers(some), texts(others)]).fetchone()
            assert found == (some, others)

        check()
