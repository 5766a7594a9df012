"""The schema: from nothing, from every earlier state with data, and by several at once."""

import re
import threading
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

import psycopg
import pytest
from psycopg import errors, sql

from broadcaster.domain.announcement import AnnouncementStatus
from broadcaster.domain.campaign import CampaignStatus
from broadcaster.domain.consent import Ground, Source
from broadcaster.domain.delivery import DeliveryEvent, DeliveryStatus, Reason
from broadcaster.domain.message import Channel, Lane, MessageClass, Scheme
from broadcaster.errors import ConfigurationError, UnavailableError
from broadcaster.ledger import schema, upgrading
from tests.rows import Pool

_VALUES = {
    "bigint": 1,
    "integer": 1,
    "smallint": 1,
    "double precision": 1.5,
    "real": 1.5,
    "text": "word",
    "boolean": True,
    "jsonb": '{"word": 1}',
    "bytea": b"octets",
    "date": date(2020, 3, 20),
    "numeric": Decimal("1.5"),
}

#: What a column takes that takes words of one form alone.
_WORDS = {("customer", "quiet"): "22:00-06:30"}
_CHOICES = r"""
SELECT attname::text, substring(pg_get_constraintdef(pg_constraint.oid) FROM $$ARRAY\['([^']*)'$$)
FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND conkey = ARRAY[attnum]
WHERE conrelid = %s::regclass AND contype = 'c'
"""


def test_an_empty_database_gets_the_present_schema(empty_database_url: str) -> None:
    """And again, which changes nothing."""
    assert schema.current(empty_database_url) is None
    for _ in range(2):
        schema.upgrade(empty_database_url)
        assert schema.current(empty_database_url) == schema.head()


@pytest.mark.parametrize("revision", schema.revisions()[:-1])
def test_data_of_every_earlier_schema_survives(empty_database_url: str, revision: str) -> None:
    """Every table of that schema has a row, and has the same row after the upgrade."""
    schema.upgrade(empty_database_url, revision)
    with psycopg.connect(empty_database_url) as connection:
        before = {table: _fill(connection, table) for table in _tables(connection)}
    assert before
    schema.upgrade(empty_database_url)
    assert schema.current(empty_database_url) == schema.head()
    with psycopg.connect(empty_database_url) as connection:
        for table, (columns, row) in before.items():
            after = _read(connection, table, columns)
            if table == "attribute":
                # A step may bring one of its own, and what it is called in one more language.
                assert _shipped(row) <= _shipped(after)
            else:
                assert after == row, table


def _shipped(rows: list[tuple[object, ...]]) -> set[str]:
    """Give attributes without what they are called in Spanish."""
    return {re.sub(r", 'es': '[^']*'", "", str(row)) for row in rows}


def test_deliveries_are_moved_into_a_table_for_each_campaign(empty_database_url: str) -> None:
    """All of them, with the constraints that planning gives to new ones."""
    schema.upgrade(empty_database_url, "0002")
    with psycopg.connect(empty_database_url) as connection:
        connection.execute(
            "INSERT INTO delivery (campaign_id, number, customer_id, address_id, updated_at,"
            " status, channel) SELECT c, n, n, n, now(), 'planned', 'sms' "
            "FROM generate_series(1, 3) AS c, generate_series(1, 100) AS n"
        )
    schema.upgrade(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        counts = connection.execute(
            "SELECT tableoid::regclass::text, count(*) FROM delivery GROUP BY 1 ORDER BY 1"
        ).fetchall()
        assert counts == [(f"delivery_{campaign}", 100) for campaign in (1, 2, 3)]
        with pytest.raises(errors.UniqueViolation):
            connection.execute("UPDATE delivery_2 SET address_id = 7")


def test_shipped_attributes_get_a_spanish_name_and_the_teams_own_keep_theirs(
    empty_database_url: str,
) -> None:
    """Choices too, in their order; what was renamed, or would be mistaken, is left alone."""
    schema.upgrade(empty_database_url, "0027")
    with psycopg.connect(empty_database_url) as connection:
        connection.execute(
            "UPDATE attribute SET labels = jsonb_set(labels, '{en}', '\"quarter\"')"
            " WHERE name = 'district'"
        )
        connection.execute(
            "UPDATE attribute SET labels = jsonb_set(labels, '{fr}', '\"Línea de suministro\"')"
            " WHERE name = 'meter_day'"
        )
    schema.upgrade(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        labels: dict[str, str | None] = dict(
            connection.execute("SELECT name, labels->>'es' FROM attribute").fetchall()
        )
        services = connection.execute(
            "SELECT choices FROM attribute WHERE name = 'services'"
        ).fetchone()
    assert (labels["district"], labels["feeder"], labels["services"]) == (None, None, "servicios")
    assert services is not None
    assert [(one["name"], one["labels"]["es"]) for one in services[0]][:2] == [
        ("water", "agua"),
        ("electricity", "electricidad"),
    ]


def test_several_starters_at_once_apply_each_step_once(empty_database_url: str) -> None:
    """They wait for each other."""
    faults: list[Exception] = []

    def start() -> None:
        try:
            schema.upgrade(empty_database_url)
        except Exception as error:  # noqa: BLE001  (carried to the test's own thread)
            faults.append(error)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert faults == []
    assert schema.current(empty_database_url) == schema.head()


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("channel", Channel),
        ("scheme", Scheme),
        ("message_class", MessageClass),
        ("lane", Lane),
        ("campaign_status", CampaignStatus),
        ("delivery_status", DeliveryStatus),
        ("delivery_event", DeliveryEvent),
        ("reason", Reason),
        ("consent_ground", Ground),
        ("consent_source", Source),
        ("announcement_status", AnnouncementStatus),
    ],
)
def test_the_database_s_words_are_the_domain_s(
    pool: Pool, name: str, labels: type[StrEnum]
) -> None:
    """A word added to one side alone fails here and not at night."""
    with pool.connection() as connection:
        rows = connection.execute(
            "SELECT enumlabel FROM pg_enum WHERE enumtypid = %s::regtype ORDER BY enumsortorder",
            [name],
        ).fetchall()
    assert sorted(label for (label,) in rows) == sorted(labels)


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit"]
)
def test_the_audit_trail_only_grows(pool: Pool, statement: str) -> None:
    """Nobody rewrites who did what."""
    with pool.connection() as connection:
        connection.execute("INSERT INTO audit (actor, action, subject) VALUES ('a', 'b', 'c')")
    with pytest.raises(errors.RaiseException, match="append only"), pool.connection() as one:
        one.execute(statement)
    with pool.connection() as connection:
        assert connection.execute("SELECT actor FROM audit").fetchall() == [("a",)]


def test_a_database_of_a_later_version_is_left_alone(database_url: str) -> None:
    """An old program must not run on a schema that it does not know."""
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'future'")
    with pytest.raises(ConfigurationError, match="does not know"):
        schema.upgrade(database_url)
    assert schema.current(database_url) == "future"


def test_everything_can_be_thrown_away_and_made_again(database_url: str) -> None:
    """For databases of our own."""
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO segment (name, expression) VALUES ('a', 'b')")
    schema.recreate(database_url)
    assert schema.current(database_url) == schema.head()
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM segment").fetchone() == (0,)


def test_a_server_that_does_not_answer_is_told() -> None:
    """By an error that may be tried again."""
    with pytest.raises(UnavailableError):
        schema.upgrade("postgresql://127.0.0.1:1/broadcaster")
    with pytest.raises(ConfigurationError, match="BROADCASTER_DATABASE_URL"):
        schema.current("http://somewhere")


Connection = psycopg.Connection[tuple[object, ...]]


def _tables(connection: Connection) -> list[str]:
    """List our tables, those that others refer to first."""
    names = [
        str(name)
        for (name,) in connection.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = "
            "'public'::regnamespace AND relname <> 'alembic_version' AND NOT relispartition "
            "ORDER BY oid"
        )
    ]
    wanted: dict[str, set[str]] = {name: set() for name in names}
    for child, parent in connection.execute(
        "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint "
        "WHERE contype = 'f' AND conrelid <> confrelid"
    ):
        wanted[str(child)].add(str(parent))
    ordered: list[str] = []
    while wanted:
        ready = [name for name, parents in wanted.items() if parents <= set(ordered)]
        assert ready
        ordered += ready
        for name in ready:
            del wanted[name]
    return ordered


def _fill(connection: Connection, table: str) -> tuple[list[str], list[tuple[object, ...]]]:
    """Put a row with a value in every column into a table; the columns, and the row."""
    columns = connection.execute(
        "SELECT attname::text, format_type(atttypid, NULL), attidentity::text FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [table],
    ).fetchall()
    if table == "delivery" and _partitioned(connection):
        connection.execute("CREATE TABLE delivery_1 PARTITION OF delivery FOR VALUES IN (1)")
    given = {str(n): _value(connection, str(n), str(t)) for n, t, own in columns if not own}
    given |= {name: _WORDS[table, name] for name in given if (table, name) in _WORDS}
    chosen = connection.execute(_CHOICES, [table]).fetchall()
    given |= {str(name): word for name, word in chosen if word and given.get(str(name)) == "word"}
    # Other tables have rows of their own, and want none that follow from this one.
    switch = sql.SQL("ALTER TABLE {} {} TRIGGER USER")
    connection.execute(switch.format(sql.Identifier(table), sql.SQL("DISABLE")))
    connection.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, given)),
            sql.SQL(", ").join(sql.Placeholder() * len(given)),
        ),
        list(given.values()),
    )
    connection.execute(switch.format(sql.Identifier(table), sql.SQL("ENABLE")))
    names = [str(name) for name, _, _ in columns]
    return names, _read(connection, table, names)


def _partitioned(connection: Connection) -> bool:
    query = "SELECT relkind = 'p' FROM pg_class WHERE relname = 'delivery'"
    return connection.execute(query).fetchone() == (True,)


def _value(connection: Connection, name: str, type_: str) -> object:
    if type_ == "timestamp with time zone":
        # Ends come after beginnings.
        return datetime.fromisoformat(f"20{21 if name == 'expires' else 20}-03-20T12:00:00+00:00")
    if type_.endswith("[]"):
        return [_value(connection, name, type_.removesuffix("[]"))]
    if type_ in _VALUES:
        return _VALUES[type_]
    row = connection.execute(
        "SELECT enumlabel FROM pg_enum WHERE enumtypid = %s::regtype LIMIT 1", [type_]
    ).fetchone()
    assert row, f"{type_} is a type that this test has no value for"
    return row[0]


def _read(connection: Connection, table: str, columns: list[str]) -> list[tuple[object, ...]]:
    query = sql.SQL("SELECT {} FROM {}").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table)
    )
    return connection.execute(query).fetchall()


def test_the_revisions_are_the_chain_of_the_files() -> None:
    """What workers read from the names is what the files say of each other."""
    assert schema.revisions() == upgrading.steps()
