"""Where a customer is told stays what their addresses say, whatever is done to those."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

_CHANNELS = ("sms", "email", "push")
_SCHEMES = {"sms": "tel", "email": "mailto", "push": "webpush"}
_PEOPLE, _PLACES, _ORDINALS = 5, 4, 3

# What the table has to be, by the rule itself: the address of the lowest ordinal of a channel.
_WANTED = """
SELECT customer_id,
    (array_agg(address_id ORDER BY ordinal) FILTER (WHERE channel = 'sms'))[1],
    (array_agg(address_id ORDER BY ordinal) FILTER (WHERE channel = 'email'))[1],
    (array_agg(address_id ORDER BY ordinal) FILTER (WHERE channel = 'push'))[1]
FROM customer_address GROUP BY customer_id ORDER BY customer_id
"""
_SHARING = """
SELECT DISTINCT customer_id FROM customer_address WHERE address_id IN (
    SELECT address_id FROM customer_address GROUP BY address_id HAVING count(*) > 1)
"""

_acts = st.lists(
    st.tuples(
        st.sampled_from(["give", "take", "move", "renumber", "erase"]),
        st.integers(1, _PEOPLE),
        st.sampled_from(_CHANNELS),
        st.integers(1, _ORDINALS),
        st.integers(1, _PLACES),
    ),
    max_size=25,
)


@contextmanager
def _town(url: str) -> Iterator[psycopg.Connection]:
    """Give a database with some people and addresses; nothing of it stays."""
    with psycopg.connect(url) as connection:
        for person in range(1, _PEOPLE + 1):
            _born(connection, person)
        for place in range(1, _PLACES + 1):
            for number, channel in enumerate(_CHANNELS):
                connection.execute(
                    "INSERT INTO address (id, scheme, channel, value) OVERRIDING SYSTEM VALUE"
                    " VALUES (%s, %s, %s, %s)",
                    [10 * place + number, _SCHEMES[channel], channel, f"{channel}{place}"],
                )
        yield connection
        connection.rollback()


def _born(connection: psycopg.Connection, person: int) -> None:
    connection.execute(
        "INSERT INTO customer (id, number, name, locales, time_zone, attributes)"
        " OVERRIDING SYSTEM VALUE VALUES (%s, %s, 'A', '{fr}', 'UTC', '{}')",
        [person, f"P{person}"],
    )


def _do(
    connection: psycopg.Connection, act: str, person: int, channel: str, ordinal: int, place: int
) -> None:
    address = 10 * place + _CHANNELS.index(channel)
    given_to = {"person": person, "channel": channel, "ordinal": ordinal, "address": address}
    where = "customer_id = %(person)s AND channel = %(channel)s"
    statements = {
        "give": "INSERT INTO customer_address VALUES"
        " (%(person)s, %(channel)s, %(ordinal)s, %(address)s) ON CONFLICT DO NOTHING",
        "take": f"DELETE FROM customer_address WHERE {where} AND ordinal = %(ordinal)s",  # noqa: S608  (ours)
        "move": f"UPDATE customer_address SET address_id = %(address)s WHERE {where}",  # noqa: S608  (ours)
        "renumber": f"UPDATE customer_address SET ordinal = ordinal + 10 WHERE {where}",  # noqa: S608  (ours)
        "erase": "DELETE FROM customer WHERE id = %(person)s",
    }
    connection.execute(statements[act], given_to)
    if act == "erase":
        _born(connection, person)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=_acts)
def test_reach_is_what_the_addresses_say_whatever_happens_to_them(
    database_url: str, acts: list[tuple[str, int, str, int, int]]
) -> None:
    """The address of the lowest ordinal on each channel, and whoever may share one."""
    with _town(database_url) as connection:
        for act in acts:
            _do(connection, *act)
        kept = connection.execute(
            "SELECT customer_id, sms, email, push FROM reach ORDER BY customer_id"
        ).fetchall()
        assert kept == connection.execute(_WANTED).fetchall()
        # It may say that somebody shares who does no more, but never that nobody does.
        told = {one for (one,) in connection.execute("SELECT customer_id FROM reach WHERE shares")}
        assert {one for (one,) in connection.execute(_SHARING)} <= told


def test_many_addresses_that_come_at_once_are_kept_by_one_statement(database_url: str) -> None:
    """As an import gives them."""
    with _town(database_url) as connection:
        connection.execute(
            "INSERT INTO customer_address SELECT customer.id, 'sms', 1, 10 FROM customer"
        )
        found = connection.execute("SELECT count(*), bool_and(shares) FROM reach").fetchone()
        assert found == (_PEOPLE, True)


@pytest.mark.parametrize("same", ["customer", "address"])
def test_two_who_give_addresses_at_once_hide_nothing_from_each_other(
    database_url: str, same: str
) -> None:
    """Neither what a customer was given by the other, nor that both were given one address."""
    with _town(database_url) as connection:
        connection.commit()
    given = "INSERT INTO customer_address VALUES (%s, %s, 1, %s)"
    second = (1, "email", 11) if same == "customer" else (2, "sms", 10)
    with ThreadPoolExecutor(1) as threads, psycopg.connect(database_url) as one:
        one.execute(given, [1, "sms", 10])
        with psycopg.connect(database_url) as other:
            later = threads.submit(other.execute, given, list(second))
            wait([later], timeout=0.3)
            one.commit()
            later.result(timeout=10)
            other.commit()
        kept = "SELECT customer_id, sms, email, push FROM reach ORDER BY customer_id"
        assert one.execute(kept).fetchall() == one.execute(_WANTED).fetchall()
        sharing = one.execute(_SHARING + "ORDER BY 1").fetchall()
        shares = "SELECT customer_id FROM reach WHERE shares ORDER BY 1"
        assert one.execute(shares).fetchall() == sharing
