"""The register of imports: who runs one, how far each is, and what came of it.

One runs at a time, whoever runs it. Whoever runs one holds a lock of the database for as long as
its process lives, so that one whose process died is known by nobody holding it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, LiteralString, Self

from psycopg import Connection, Error
from psycopg.errors import LockNotAvailable
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from broadcaster.audience import running
from broadcaster.audience.marks import Mark
from broadcaster.domain.saying import said
from broadcaster.errors import ConflictError, NotFoundError, UnavailableError

_BEGIN: LiteralString = """
INSERT INTO customer_import (file, mapping, dry_run, made_by, via, in_parts, options, kept, status,
                             size, started_at, seen_at)
VALUES (%(file)s, %(mapping)s, %(dry_run)s, %(by)s, %(via)s, %(in_parts)s, %(options)s, %(kept)s,
        'running', %(size)s, %(now)s, %(now)s)
RETURNING id
"""
_GO_ON: LiteralString = """
UPDATE customer_import SET status = 'running', seen_at = %(now)s, ended_at = NULL, figures = NULL,
    told = NULL, via = %(via)s, made_by = %(by)s, kept = %(kept)s
WHERE id = %(id)s
"""
_COLUMNS: LiteralString = """
SELECT id, file, mapping, dry_run, made_by, via, in_parts, options, mark, told, kept, status, size,
       position, rows, figures, started_at, seen_at, ended_at
FROM customer_import
"""
_MOVE: LiteralString = """
UPDATE customer_import SET position = %(position)s, rows = %(rows)s, seen_at = %(now)s,
    figures = %(figures)s
WHERE id = %(id)s AND status = 'running'
"""
_NOTE: LiteralString = "UPDATE customer_import SET mark = %s WHERE id = %s"
_END: LiteralString = """
UPDATE customer_import SET status = %(status)s, figures = %(figures)s, told = %(told)s,
    rows = %(rows)s, seen_at = %(now)s, ended_at = %(now)s,
    position = CASE WHEN %(status)s = 'lost' THEN position ELSE size END
WHERE id = %(id)s AND status = 'running'
"""
#: Whose process is gone: while one runs, nobody else gets its lock.
_LOSE: LiteralString = """
UPDATE customer_import SET status = 'lost', ended_at = seen_at WHERE status = 'running'
"""
_UNFINISHED: LiteralString = (
    " WHERE status = 'lost' AND in_parts AND NOT dry_run AND mark IS NOT NULL"
)
_FORGET: LiteralString = """
UPDATE customer_import SET status = 'forgotten', kept = false, ended_at = %s
WHERE id = %s AND status = 'lost' AND in_parts AND NOT dry_run AND mark IS NOT NULL RETURNING id
"""
_UNKEPT: LiteralString = "UPDATE customer_import SET kept = false WHERE kept"
_LOCK = 0x494D504F5254
#: How long it is waited for the lock: who looks on asks for it too, for a moment.
PATIENCE = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """An import that is wanted.

    `options` are everything that decides what comes of it. `via` is what runs it (`api`, `console`
    or `command`) for `by`; `kept` whether the console keeps the file.
    """

    file: str
    by: str
    via: str
    size: int
    mapping: str = ""
    dry_run: bool = False
    in_parts: bool = False
    kept: bool = False
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """An import; `position` of `size` octets is read.

    `figures` are those until now, and `told` what was found, which is there when it has ended.
    """

    id: int
    file: str
    mapping: str
    dry_run: bool
    made_by: str
    via: str
    in_parts: bool
    options: Mapping[str, str]
    mark: Mark
    told: Mapping[str, Any] | None
    kept: bool
    status: str
    size: int
    position: int
    rows: int
    figures: Mapping[str, Any] | None
    started_at: datetime
    seen_at: datetime
    ended_at: datetime | None

    @property
    def unfinished(self) -> bool:
        """Whether a part of it is stored, and it can be gone on with."""
        whole = self.dry_run or not self.in_parts
        return self.status == "lost" and not whole and self.mark.records > 0

    @property
    def part(self) -> float:
        """How much of it is read, from 0 to 1."""
        return 1.0 if self.status == "done" else min(1.0, self.position / max(1, self.size))


class Run:
    """An import that this process runs, until it is closed; nobody runs another meanwhile."""

    def __init__(
        self, which: int, mark: Mark, connection: Connection[Any], held: ExitStack
    ) -> None:
        """Take over what holds the lock."""
        self.id = which
        #: The end of what an earlier run stored.
        self.mark = mark
        self._connection = connection
        self._held = held
        self._rows: dict[int, int] = {}
        self._last = 0, 0

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Let others run theirs."""
        self._held.close()

    def reached(self, records: int, row: int) -> None:
        """Remember that the last of so many records was in that row of the file."""
        self._last = records, row
        if (records - self.mark.records) % running.PART == 0:
            self._rows[records] = row

    def row_of(self, records: int) -> int:
        """Say in which row it was: that of the last of a part, or of all."""
        last, row = self._last
        return row if records == last else self._rows[records]

    def note(self, connection: Connection[Any], mark: Mark) -> None:
        """Note the end of what is stored, in the transaction that stores it."""
        connection.execute(_NOTE, [Jsonb(mark.figures()), self.id])
        self._rows.pop(mark.records, None)

    def move(self, position: int, rows: int, figures: Mapping[str, object], now: datetime) -> None:
        """Note how far it is, and the figures until now."""
        values = {"id": self.id, "position": position, "rows": rows, "now": now}
        # It is for people who look on; what is stored does not hang on it.
        with suppress(Error):
            self._connection.execute(_MOVE, {**values, "figures": Jsonb(dict(figures))})
            self._connection.commit()

    def end(
        self,
        status: str,
        figures: Mapping[str, object],
        told: Mapping[str, object],
        rows: int,
        now: datetime,
        *,
        within: Connection[Any] | None = None,
    ) -> None:
        """Note what came of it: `done`, `refused`, or `lost` where it was cut short.

        `within` is the transaction that makes it so. What is noted once is not changed.
        UnavailableError when the server does not answer.
        """
        values = {
            "id": self.id,
            "status": status,
            "rows": rows,
            "now": now,
            "figures": Jsonb(dict(figures)),
            "told": Jsonb(dict(told)),
        }
        if within is not None:
            within.execute(_END, values)
            return
        try:
            self._connection.rollback()
            self._connection.execute(_END, values)
            self._connection.commit()
        except Error as error:
            message = "PostgreSQL does not answer, so that it is not noted how an import ended."
            raise UnavailableError(message) from error


class Imports:
    """Imports in PostgreSQL."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def begin(
        self,
        asked: Asked,
        now: datetime,
        *,
        anew: bool = False,
        patience: timedelta = PATIENCE,
        check: Callable[[Import], None] = lambda _: None,
    ) -> Run:
        """Begin one, or go on with one in parts, of that name or content, that was ended half way.

        What `check` raises of that one is raised. With `anew` it is forgotten. ConflictError while
        another runs for longer than `patience`: the server may take a moment to notice that a
        process is gone.
        """
        with ExitStack() as stack:
            connection = stack.enter_context(self._pool.connection())
            _take(connection, patience)
            stack.callback(_let_go, connection)
            connection.execute(_LOSE)
            earlier = _earlier(connection, asked)
            if earlier and anew:
                connection.execute(_FORGET, [now, earlier.id])
                earlier = None
            values = {
                "file": asked.file,
                "mapping": asked.mapping,
                "dry_run": asked.dry_run,
                "by": asked.by,
                "via": asked.via,
                "in_parts": asked.in_parts,
                "options": Jsonb(dict(asked.options)),
                "kept": asked.kept,
                "size": asked.size,
                "now": now,
            }
            if earlier is None:
                row = connection.execute(_BEGIN, values).fetchone()
                which, mark = int(row[0]) if row else 0, Mark()
            else:
                check(earlier)
                connection.execute(_GO_ON, {**values, "id": earlier.id})
                which, mark = earlier.id, earlier.mark
            connection.commit()
            return Run(which, mark, connection, stack.pop_all())

    def forget(self, which: int, now: datetime) -> None:
        """Forget one that was ended half way: what is stored stays. NotFoundError."""
        with self._pool.connection() as connection:
            _lose(connection)
            if connection.execute(_FORGET, [now, which]).fetchone() is None:
                problem = f"{which} is none that was ended half way"
                raise NotFoundError("import", problem, "List the imports.")

    def get(self, which: int) -> Import:
        """Give one; NotFoundError."""
        with self._pool.connection() as connection:
            _lose(connection)
            row = connection.execute(_COLUMNS + " WHERE id = %s", [which]).fetchone()
        if row is None:
            raise NotFoundError("import", f"there is no {which}", "List the imports.")
        return _import(row)

    def page(self, before: int | None, limit: int, *, unfinished: bool = False) -> Sequence[Import]:
        """List them, the newest first; or those alone that were ended half way."""
        query: LiteralString = (
            _COLUMNS
            + (_UNFINISHED if unfinished else " WHERE true")
            + " AND (%(before)s::integer IS NULL OR id < %(before)s)"
            + " ORDER BY id DESC LIMIT %(limit)s"
        )
        with self._pool.connection() as connection:
            _lose(connection)
            rows = connection.execute(query, {"before": before, "limit": limit}).fetchall()
        return [_import(row) for row in rows]

    def kept(self) -> Import | None:
        """Give the last one of which the console keeps the file or the report."""
        query: LiteralString = _COLUMNS + " WHERE kept ORDER BY id DESC LIMIT 1"
        with self._pool.connection() as connection:
            _lose(connection)
            row = connection.execute(query).fetchone()
        return _import(row) if row else None

    def keep_none(self) -> None:
        """Note that the console keeps no file any more."""
        with self._pool.connection() as connection:
            connection.execute(_UNKEPT)


def _take(connection: Connection[Any], patience: timedelta) -> None:
    milliseconds = str(int(patience.total_seconds() * 1000))
    connection.execute("SELECT set_config('lock_timeout', %s, true)", [milliseconds])
    try:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    except LockNotAvailable:
        connection.rollback()
    else:
        return
    query: LiteralString = "SELECT id FROM customer_import WHERE status = 'running'"
    row = connection.execute(query).fetchone()
    if row is None:
        raise ConflictError(said("Another import is running. Try again when it has ended."))
    raise ConflictError(
        said("Import %(number)s is running. Try again when it has ended.", number=int(row[0]))
    )


def _earlier(connection: Connection[Any], asked: Asked) -> Import | None:
    """Find what is to be gone on with."""
    if not asked.in_parts or asked.dry_run:
        return None
    query: LiteralString = (
        _COLUMNS
        + _UNFINISHED
        + " AND (file = %s OR options ->> 'content' = %s) ORDER BY id DESC LIMIT 1"
    )
    row = connection.execute(query, [asked.file, asked.options.get("content")]).fetchone()
    return _import(row) if row else None


def _held(connection: Connection[Any], lock: LiteralString) -> bool:
    return connection.execute(lock, [_LOCK]).fetchone() == (True,)


def _lose(connection: Connection[Any]) -> None:
    """Note of one that seems to run, and whose process is gone, that it is lost."""
    if _held(connection, "SELECT pg_try_advisory_xact_lock_shared(%s)"):
        connection.execute(_LOSE)


def _let_go(connection: Connection[Any]) -> None:
    try:
        connection.rollback()
        connection.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
        connection.commit()
    except Error:
        # A connection that is gone holds nothing.
        connection.close()


def _import(row: Sequence[Any]) -> Import:
    names = (
        *("id", "file", "mapping", "dry_run", "made_by", "via", "in_parts", "options", "mark"),
        *("told", "kept", "status", "size", "position", "rows", "figures", "started_at"),
        *("seen_at", "ended_at"),
    )
    found = dict(zip(names, row, strict=True))
    return Import(**{**found, "mark": Mark.of(found["mark"])})
