"""The people of the team, and what they are on it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg import Connection
from psycopg.errors import UniqueViolation
from psycopg_pool import ConnectionPool

from broadcaster.domain.access import Operator, Role, allowed
from broadcaster.domain.saying import said
from broadcaster.errors import ConflictError, InvalidInputError, NotFoundError
from broadcaster.ports.auditing import note

_ADD = """
INSERT INTO operator (name, roles, issuer, subject, created_at)
VALUES (%s, %s, %s, %s, %s) RETURNING id
"""

_ONE = "SELECT id, name, roles, locale FROM operator WHERE lower(name) = lower(%s)"
_BY_ID = "SELECT id, name, roles, locale FROM operator WHERE id = %s"

_STANDINGS: LiteralString = """
SELECT id, name, roles, locale, created_at, disabled_at, password IS NOT NULL, totp IS NOT NULL,
    (SELECT count(*) FROM operator_passkey WHERE operator_id = operator.id), subject IS NOT NULL,
    (SELECT max(seen_at) FROM operator_session WHERE operator_id = operator.id)
FROM operator
"""
_ALL: LiteralString = _STANDINGS + "ORDER BY lower(name) LIMIT 1000"
_THIS: LiteralString = _STANDINGS + "WHERE id = %s"
_BEHIND: LiteralString = _STANDINGS + "WHERE id > %s ORDER BY id LIMIT %s"

#: Held while it is looked whether somebody is the last one, against two who look at once.
_HOLD = """
SELECT id FROM operator WHERE 'administrator' = ANY(roles) AND disabled_at IS NULL
ORDER BY id FOR UPDATE
"""

#: A name is a line of the audit trail.
LONGEST_NAME = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """An operator, and how they enter; `seen_at` is when a session of theirs was last used.

    `lost` says of an authenticator that its secret can't be opened any more.
    """

    operator: Operator
    created_at: datetime
    disabled_at: datetime | None
    password: bool
    totp: bool
    passkeys: int
    provider: bool
    seen_at: datetime | None
    lost: bool = False

    @property
    def second(self) -> bool:
        """Whether there is a second factor."""
        return self.totp or self.passkeys > 0

    @property
    def invited(self) -> bool:
        """Whether they have never been able to enter."""
        return not (self.password or self.passkeys or self.provider)


class Operators:
    """Operators in PostgreSQL; every change has its line in the audit trail."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def add(
        self,
        name: str,
        roles: Iterable[Role],
        by: str,
        now: datetime,
        identity: tuple[str, str] | None = None,
    ) -> Operator:
        """Add somebody, who cannot enter yet; InvalidInputError for a name that is taken.

        `identity` is who they are to an identity provider: its issuer and their subject.
        """
        text = clean_name(name)
        mine = frozenset(roles)
        issuer, subject = identity or (None, None)
        try:
            with self._pool.connection() as connection:
                values = [text, sorted(mine), issuer, subject, now]
                row = connection.execute(_ADD, values).fetchone()
                details = {"roles": sorted(mine)}
                note(connection, by, "operator_added", f"operator {text}", details)
        except UniqueViolation as error:
            remedy = said("Take another name; 'broadcaster operators list' shows them.")
            raise InvalidInputError(
                "name", said("%(text)s is taken", text=repr(text)), remedy
            ) from error
        if row is None:
            raise AssertionError
        return operator(row[0], text, mine, None)

    def get(self, name: str) -> Operator:
        """Find somebody by name; NotFoundError."""
        with self._pool.connection() as connection:
            row = connection.execute(_ONE, [" ".join(name.split())]).fetchone()
        if row is None:
            raise _none(f"there is none called {name[:60]!r}")
        return operator(row[0], row[1], map(Role, row[2]), row[3])

    def by_id(self, which: int) -> Operator:
        """Find somebody; NotFoundError."""
        with self._pool.connection() as connection:
            row = connection.execute(_BY_ID, [which]).fetchone()
        if row is None:
            raise _none(f"there is no {which}")
        return operator(row[0], row[1], map(Role, row[2]), row[3])

    def list(self) -> Sequence[Standing]:
        """List everybody, by name."""
        return self._standings(_ALL)

    def page(self, after: int, limit: int) -> Sequence[Standing]:
        """List those behind a number, in the order of numbers."""
        return self._standings(_BEHIND, after, limit)

    def standing(self, which: int) -> Standing:
        """Tell how somebody enters; NotFoundError."""
        found = self._standings(_THIS, which)
        if not found:
            raise _none(f"there is no {which}")
        return found[0]

    def by_subject(self, issuer: str, subject: str) -> Standing | None:
        """Find somebody by who they are to an identity provider."""
        query = "SELECT id FROM operator WHERE issuer = %s AND subject = %s"
        with self._pool.connection() as connection:
            row = connection.execute(query, [issuer, subject]).fetchone()
        return None if row is None else self.standing(row[0])

    def link(self, which: int, issuer: str, subject: str) -> bool:
        """Note who somebody is to an identity provider; False when that is somebody else."""
        query = (
            "UPDATE operator SET issuer = %s, subject = %s WHERE id = %s AND disabled_at IS NULL"
        )
        try:
            with self._pool.connection() as connection:
                found = _locked(connection, which)
                connection.execute(query, [issuer, subject, which])
                note(connection, found.name, "operator_linked", f"operator {found.name}")
        except UniqueViolation:
            return False
        return True

    def give_roles(self, which: int, roles: Iterable[Role], by: str) -> bool:
        """Make somebody what they are from now on; their sessions end. Whether it is a change.

        ConflictError when nobody would be left who administers.
        """
        mine = sorted(frozenset(roles))
        with self._pool.connection() as connection:
            found = _locked(connection, which)
            if sorted(found.roles) == mine:
                return False
            if Role.ADMINISTRATOR not in mine:
                _require_another(connection, which)
            connection.execute("UPDATE operator SET roles = %s WHERE id = %s", [mine, which])
            _end_sessions(connection, which)
            details = {"roles": mine, "before": sorted(found.roles)}
            note(connection, by, "operator_roles", f"operator {found.name}", details)
        return True

    def disable(self, which: int, by: str, now: datetime) -> None:
        """Let somebody in no more: what they are signed in to, and invited to, ends.

        ConflictError when nobody would be left who administers.
        """
        with self._pool.connection() as connection:
            found = _locked(connection, which)
            _require_another(connection, which)
            connection.execute(
                "UPDATE operator SET disabled_at = coalesce(disabled_at, %s) WHERE id = %s",
                [now, which],
            )
            _end_sessions(connection, which)
            connection.execute("DELETE FROM operator_ticket WHERE operator_id = %s", [which])
            note(connection, by, "operator_disabled", f"operator {found.name}")

    def enable(self, which: int, by: str) -> None:
        """Let somebody in again, as before."""
        with self._pool.connection() as connection:
            found = _locked(connection, which)
            connection.execute("UPDATE operator SET disabled_at = NULL WHERE id = %s", [which])
            note(connection, by, "operator_enabled", f"operator {found.name}")

    def speak(self, which: int, locale: str | None) -> None:
        """Note in which language somebody reads the console."""
        with self._pool.connection() as connection:
            connection.execute("UPDATE operator SET locale = %s WHERE id = %s", [locale, which])

    def any(self) -> bool:
        """Tell whether there is anybody."""
        with self._pool.connection() as connection:
            return connection.execute("SELECT 1 FROM operator LIMIT 1").fetchone() is not None

    def _standings(self, query: LiteralString, *values: int) -> Sequence[Standing]:
        with self._pool.connection() as connection:
            rows = connection.execute(query, values).fetchall()
        return [
            Standing(
                operator=operator(row[0], row[1], map(Role, row[2]), row[3]),
                created_at=row[4],
                disabled_at=row[5],
                password=row[6],
                totp=row[7],
                passkeys=row[8],
                provider=row[9],
                seen_at=row[10],
            )
            for row in rows
        ]


def operator(number: int, name: str, roles: Iterable[Role], locale: str | None) -> Operator:
    """Put an operator together, with what the roles allow."""
    mine = frozenset(roles)
    return Operator(id=number, name=name, roles=mine, actions=allowed(mine), locale=locale)


def clean_name(name: str) -> str:
    """Give a name with single blanks; InvalidInputError for what is none."""
    text = " ".join(name.split())
    if not text or len(text) > LONGEST_NAME or not text.isprintable():
        remedy = said("Give 1 to %(longest_name)s printable characters.", longest_name=LONGEST_NAME)
        raise InvalidInputError(
            "name", said("is empty, too long or has control characters"), remedy
        )
    return text


def _locked(connection: Connection[Any], which: int) -> Operator:
    row = connection.execute(f"{_BY_ID} FOR UPDATE", [which]).fetchone()
    if row is None:
        raise _none(f"there is no {which}")
    return operator(row[0], row[1], map(Role, row[2]), row[3])


def _require_another(connection: Connection[Any], which: int) -> None:
    those = {row[0] for row in connection.execute(_HOLD).fetchall()}
    if those == {which}:
        message = said("This is the last administrator. Make somebody else one first.")
        raise ConflictError(message)


def _end_sessions(connection: Connection[Any], which: int) -> None:
    connection.execute("DELETE FROM operator_session WHERE operator_id = %s", [which])


def _none(problem: str) -> NotFoundError:
    return NotFoundError("operator", problem, said("'broadcaster operators list' shows them."))
