"""What operators are kept to know and have: passwords, authenticators and written codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.access import recovery, totp
from broadcaster.access.passwords import Passwords
from broadcaster.access.sealing import Seal, UnreadableError
from broadcaster.access.tickets import Purpose
from broadcaster.errors import ConfigurationError
from broadcaster.ports.auditing import note

_KNOWN = """
SELECT id, name, password, totp IS NOT NULL
    OR EXISTS (SELECT FROM operator_passkey WHERE operator_id = operator.id)
FROM operator WHERE lower(name) = lower(%s) AND disabled_at IS NULL
"""
_KEPT = "SELECT name, password FROM operator WHERE id = %s AND disabled_at IS NULL"
#: A code is taken once: of many who show it together, one sees the row change.
_STEP = "UPDATE operator SET totp_step = %s WHERE id = %s AND totp_step < %s"
_CODES = "DELETE FROM operator_recovery WHERE operator_id = %s"
_ADD_CODES = """
INSERT INTO operator_recovery (operator_id, code_hash) SELECT %s, unnest(%s::bytea[])
"""
_USE_CODE = "DELETE FROM operator_recovery WHERE operator_id = %s AND code_hash = %s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """Somebody who may enter, with what is kept of the password."""

    id: int
    name: str
    password: str | None
    second: bool


class Credentials:
    """In PostgreSQL; passwords and codes as hashes, secrets sealed."""

    def __init__(
        self, pool: ConnectionPool[Connection[Any]], passwords: Passwords, seal: Seal
    ) -> None:
        """`seal` is for the secrets of authenticators."""
        self._pool = pool
        self._passwords = passwords
        self._seal = seal

    def known(self, name: str) -> Known | None:
        """Find who may enter by a name."""
        with self._pool.connection() as connection:
            row = connection.execute(_KNOWN, [" ".join(name.split())]).fetchone()
        return (
            None if row is None else Known(id=row[0], name=row[1], password=row[2], second=row[3])
        )

    def right(self, known: Known | None, password: str) -> bool:
        """Tell whether it is theirs; it takes as long for nobody."""
        kept = known.password if known else None
        if not self._passwords.fits(kept, password):
            return False
        renewed = self._passwords.renewed(kept, password) if kept else None
        if renewed is not None and known is not None:
            with self._pool.connection() as connection:
                connection.execute(
                    "UPDATE operator SET password = %s WHERE id = %s AND password = %s",
                    [renewed, known.id, kept],
                )
        return True

    def confirms(self, operator: int, password: str) -> bool:
        """Tell whether it is the password of somebody who is signed in."""
        with self._pool.connection() as connection:
            row = connection.execute(_KEPT, [operator]).fetchone()
        return self._passwords.fits(row[1] if row else None, password)

    def set_password(
        self, operator: int, password: str, by: str | None = None, keep: int | None = None
    ) -> None:
        """Set it, and end every session but `keep`; InvalidInputError for one too easy to guess.

        Invitations end too. `by` is who does it, unless they do it themselves.
        """
        with self._pool.connection() as connection:
            row = connection.execute(_KEPT, [operator]).fetchone()
        if row is None:
            message = "This operator is disabled."
            raise ConfigurationError(message)
        hashed = self._passwords.hash(password, row[0])
        with self._pool.connection() as connection:
            connection.execute(
                "UPDATE operator SET password = %s WHERE id = %s", [hashed, operator]
            )
            connection.execute(
                "DELETE FROM operator_session WHERE operator_id = %s"
                " AND id IS DISTINCT FROM %s::bigint",
                [operator, keep],
            )
            connection.execute(
                "DELETE FROM operator_ticket WHERE operator_id = %s AND purpose = ANY(%s)",
                [operator, [Purpose.INVITATION, Purpose.ENTRY, Purpose.SECOND]],
            )
            note(connection, by or row[0], "password_set", f"operator {row[0]}")

    def set_totp(self, operator: int, secret: str, step: int) -> None:
        """Keep an authenticator's secret, of which the code of `step` was shown."""
        sealed = self._seal.seal(operator, secret)
        with self._pool.connection() as connection:
            connection.execute(
                "UPDATE operator SET totp = %s, totp_step = %s WHERE id = %s",
                [sealed, step, operator],
            )
            _noted(connection, operator, "authenticator_added")

    def remove_totp(self, operator: int) -> None:
        """Forget the authenticator."""
        with self._pool.connection() as connection:
            connection.execute("UPDATE operator SET totp = NULL WHERE id = %s", [operator])
            _noted(connection, operator, "authenticator_removed")

    def code_fits(self, operator: int, code: str, now: datetime) -> bool:
        """Tell whether it is the authenticator's code, and was not shown before.

        None fits where the secret can't be opened any more, which `lost` tells.
        """
        secret = None if totp.digits(code) is None else self._secret(operator)
        step = totp.step_of(secret, code, now) if secret else None
        if step is None:
            return False
        with self._pool.connection() as connection:
            return connection.execute(_STEP, [step, operator, step]).rowcount == 1

    def lost(self, operator: int) -> bool:
        """Tell whether there is an authenticator whose secret was sealed with another key."""
        return self._secret(operator) is None

    def _secret(self, operator: int) -> str | None:
        """Give the authenticator's secret; empty where there is none, None where it is lost."""
        query = "SELECT totp FROM operator WHERE id = %s"
        with self._pool.connection() as connection:
            row = connection.execute(query, [operator]).fetchone()
        if row is None or row[0] is None:
            return ""
        try:
            return self._seal.open(operator, bytes(row[0]))
        except UnreadableError:
            return None

    def new_codes(self, operator: int) -> Sequence[str]:
        """Make codes to write down, told once; those of before are worth nothing."""
        codes = recovery.make()
        with self._pool.connection() as connection:
            connection.execute(_CODES, [operator])
            connection.execute(_ADD_CODES, [operator, [recovery.digest(code) for code in codes]])
            _noted(connection, operator, "recovery_codes_made")
        return codes

    def codes_left(self, operator: int) -> int:
        """Count the written codes that were not used."""
        query = "SELECT count(*) FROM operator_recovery WHERE operator_id = %s"
        with self._pool.connection() as connection:
            row = connection.execute(query, [operator]).fetchone()
        return int(row[0]) if row else 0

    def use_code(self, operator: int, code: str) -> bool:
        """Tell whether it is one of the written codes, which is worth nothing from now on."""
        values = [operator, recovery.digest(code)]
        with self._pool.connection() as connection:
            used = connection.execute(_USE_CODE, values).rowcount == 1
            if used:
                _noted(connection, operator, "recovery_code_used")
        return used

    def reset(self, operator: int, by: str) -> None:
        """Take all second factors away from somebody who lost theirs."""
        with self._pool.connection() as connection:
            connection.execute("UPDATE operator SET totp = NULL WHERE id = %s", [operator])
            connection.execute("DELETE FROM operator_passkey WHERE operator_id = %s", [operator])
            connection.execute(_CODES, [operator])
            connection.execute("DELETE FROM operator_session WHERE operator_id = %s", [operator])
            _noted(connection, operator, "second_factors_reset", by)


def _noted(connection: Connection[Any], operator: int, action: str, by: str | None = None) -> None:
    row = connection.execute("SELECT name FROM operator WHERE id = %s", [operator]).fetchone()
    name = row[0] if row else str(operator)
    note(connection, by or name, action, f"operator {name}")
