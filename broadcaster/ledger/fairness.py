"""The rules of fair use: the truth that planners and the tick read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from broadcaster.domain.fairness import Rules
from broadcaster.domain.rulebook import read, require_kept, written
from broadcaster.ledger.audit import note
from broadcaster.ledger.resting import in_force, refresh
from broadcaster.ledger.validity import person

_LOCK = "LOCK TABLE fairness IN SHARE ROW EXCLUSIVE MODE"

_CHANGE = """
INSERT INTO fairness (version, rules, changed_by, changed_at)
SELECT COALESCE(max(version), 0) + 1, %(rules)s, %(by)s, %(now)s FROM fairness
RETURNING version
"""

_HISTORY = """
SELECT version, changed_by, changed_at FROM fairness ORDER BY version DESC LIMIT %s
"""
_MOST = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleChange:
    """Who brought which version of the rules into force, and when."""

    version: int
    by: str
    at: datetime


class Fairness:
    """The rules in force, and who changed them; `time_zone` is the utility's own.

    `kept` says for how many days a campaign's people are kept, by class; none: for good.
    """

    def __init__(
        self,
        pool: ConnectionPool[Connection[Any]],
        time_zone: str,
        kept: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """Use the pool's connections."""
        self._pool = pool
        self._time_zone = time_zone
        self._kept = kept

    def rules(self) -> Rules:
        """Give the rules in force."""
        with self._pool.connection() as connection:
            return in_force(connection)

    def history(self) -> Sequence[RuleChange]:
        """List the latest changes, the newest first."""
        with self._pool.connection() as connection:
            rows = connection.execute(_HISTORY, [_MOST]).fetchall()
        return [RuleChange(version=version, by=by, at=at) for version, by, at in rows]

    def change(self, raw: Mapping[str, object], by: str, now: datetime) -> Rules:
        """Bring rules into force at once, for what is being sent too; InvalidInputError.

        The same rules again change nothing. Their version is what it was, or one more.
        """
        rules = read(raw)
        require_kept(rules, self._kept)
        wanted = written(rules)
        who = person("by", by)
        with self._pool.connection() as connection:
            connection.execute(_LOCK)
            before = in_force(connection)
            if written(before) == wanted:
                return before
            values = {"rules": Jsonb(wanted), "by": who, "now": now}
            (version,) = connection.execute(_CHANGE, values).fetchone() or (0,)
            note(connection, who, "set_fairness", f"fairness {version}", {"rules": wanted})
        more = True
        while more:
            with self._pool.connection() as connection:
                more = refresh(connection, self._time_zone, now)
        return self.rules()
