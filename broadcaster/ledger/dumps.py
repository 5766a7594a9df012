"""Copies of the whole database by PostgreSQL's own programs, and the proof that one is whole.

What a table holds is told by how many rows it has and by a sum over the hashes of all of them,
which is the same in whatever order they lie.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from broadcaster.errors import ConflictError, UnavailableError
from broadcaster.ledger.audit import SYSTEM, note
from broadcaster.ledger.schema import CONNECT, reached, read

#: How long a copy may take, seconds.
_LONGEST = 6 * 3600
#: How much of what a program says is passed on; it names tables and no values.
_WORDS = 500

_TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname
"""
_SUM = """
SELECT count(*), COALESCE(sum(hashtextextended(one::text, 0)::numeric), 0)::text FROM {} AS one
"""
_HOLD = """
UPDATE campaign SET status = 'paused', hold_reason = %(why)s
WHERE status IN ('launched', 'running') RETURNING id
"""
# What left since the copy was made is not known, so nothing of it is told again on a guess.
_ANNOUNCED: LiteralString = """
UPDATE announcement SET status = 'doubt', ended_at = now(), reason = 'restored'
WHERE status IN ('waiting', 'claimed')
"""
_ALERTED: LiteralString = """
UPDATE alert_notice SET status = 'dropped', ended_at = now(), reason = 'restored'
WHERE status IN ('waiting', 'claimed')
"""

# Who was shut out since would be let in again.
_SESSIONS: LiteralString = "DELETE FROM operator_session"
_TICKETS: LiteralString = "DELETE FROM operator_ticket"

# What was made since has numbers that would be given again, while links, receipts and endpoints
# still come with them: by the link in a message that is forgotten somebody else would unsubscribe.
_NUMBERS: LiteralString = """
SELECT setval(format('%%I.%%I', schemaname, sequencename)::regclass,
              LEAST(max_value, COALESCE(last_value, 0)
                  + CASE WHEN data_type = 'integer'::regtype THEN %(few)s ELSE %(many)s END))
FROM pg_sequences WHERE schemaname = 'public'
"""
#: How many numbers are passed over: more than are given between two copies.
_FEW, _MANY = 10_000, 100_000_000

#: What a database holds: for each table its rows, and the sum over them.
Contents = Mapping[str, tuple[int, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Copied:
    """What was copied: the schema, and what each table held at that moment."""

    revision: str
    contents: Contents


class Dumps:
    """Makes and puts back copies of databases."""

    def __init__(self, programs: Path) -> None:
        """Use `pg_dump` and `pg_restore` of this folder; no older than the server."""
        self._programs = programs

    def dump(self, url: str, file: Path) -> Copied:
        """Copy a database into a file, while others work; tells what is in it."""
        with _snapshot(url) as (connection, name):
            options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={name}"]
            self._run("pg_dump", url, [*options, f"--file={file}"])
            return Copied(revision=read(connection) or "", contents=_contents(connection))

    def restore(self, url: str, file: Path) -> Contents:
        """Put a copy into an empty database, whole or not at all; tells what is in it then."""
        with reached(), psycopg.connect(url, connect_timeout=CONNECT) as connection:
            if connection.execute(_TABLES).fetchone() is not None:
                message = "The database has tables. Make an empty one, and name that."
                raise ConflictError(message)
        options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
        name = conninfo_to_dict(url).get("dbname") or "broadcaster"
        self._run("pg_restore", url, [*options, f"--dbname={name}", str(file)])
        with _snapshot(url) as (connection, _):
            return _contents(connection)

    def _run(self, program: str, url: str, arguments: Sequence[str]) -> None:
        done = subprocess.run(  # noqa: S603  (PostgreSQL's own program)
            [str(self._programs / program), *arguments],
            env={**os.environ, **_environment(url)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_LONGEST,
        )
        if done.returncode:
            words = done.stderr.decode(errors="replace").strip().splitlines()
            why = words[-1][:_WORDS] if words else "it said nothing"
            message = f"{program} could not do it: {why}. Mend that, and begin again."
            raise UnavailableError(message)


def still(url: str, why: str) -> list[int]:
    """Put all on hold that would go on by itself; lists the campaigns.

    What left after the copy was made is not in it, and would leave again. Nor does anything get a
    number that something was given since.
    """
    with reached(), psycopg.connect(url, connect_timeout=CONNECT) as connection:
        held = [campaign for (campaign,) in connection.execute(_HOLD, {"why": why})]
        for campaign in held:
            note(connection, SYSTEM, "hold", f"campaign {campaign}", {"reason": why})
        for query in (_ANNOUNCED, _ALERTED, _SESSIONS, _TICKETS):
            connection.execute(query)
        connection.execute(_NUMBERS, {"few": _FEW, "many": _MANY})
    return sorted(held)


@contextmanager
def scratch(url: str, name: str) -> Iterator[str]:
    """Lend an empty database beside another, on the same server; dropped at the end."""
    create = sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name))
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with reached(), psycopg.connect(url, connect_timeout=CONNECT, autocommit=True) as connection:
        connection.execute(drop)
        connection.execute(create)
        try:
            yield make_conninfo(url, dbname=name)
        finally:
            connection.execute(drop)


@contextmanager
def _snapshot(url: str) -> Iterator[tuple[Connection[Any], str]]:
    """Lend a connection that sees one moment, and the name by which others see the same."""
    with reached(), psycopg.connect(url, connect_timeout=CONNECT) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.execute("SET LOCAL timezone = 'UTC'")
        (name,) = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
        yield connection, name


def _contents(connection: Connection[Any]) -> Contents:
    found = {}
    for (table,) in connection.execute(_TABLES).fetchall():
        query = sql.SQL(_SUM).format(sql.Identifier(table))
        count, total = connection.execute(query).fetchone() or (0, "0")
        found[table] = (count, total)
    return found


def _environment(url: str) -> dict[str, str]:
    """Tell libpq where to go by its own variables: arguments are seen by all on the machine."""
    parts = conninfo_to_dict(url)
    names = {
        "host": "PGHOST",
        "hostaddr": "PGHOSTADDR",
        "port": "PGPORT",
        "dbname": "PGDATABASE",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "passfile": "PGPASSFILE",
        "sslmode": "PGSSLMODE",
        "sslrootcert": "PGSSLROOTCERT",
        "sslcert": "PGSSLCERT",
        "sslkey": "PGSSLKEY",
        "target_session_attrs": "PGTARGETSESSIONATTRS",
    }
    return {name: str(parts[part]) for part, name in names.items() if parts.get(part)}
