"""Changing a campaign that has not begun: whom it is for, how, when, and under which name."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from broadcaster.domain.saying import said
from broadcaster.domain.wording import REWORDABLE
from broadcaster.errors import ConflictError, InvalidInputError
from broadcaster.ledger import reading
from broadcaster.ledger.audit import note
from broadcaster.ledger.validity import person, validated
from broadcaster.ledger.wordings import require_same, rewritten
from broadcaster.ports import NewCampaign

_CAMPAIGN = """
UPDATE campaign SET name = %(name)s, segment = %(segment)s, expression = %(expression)s,
    channels = %(channels)s::channel[], channel_plan = %(plan)s, lane = %(lane)s, drill = %(drill)s,
    scheduled_at = %(scheduled)s, escalate_after = %(minutes)s::integer[], one_per = %(one_per)s
WHERE id = %(campaign)s
"""

_ADVISORY = """
UPDATE advisory SET facts = %(facts)s, class = %(class)s, effective = %(effective)s,
                    expires = %(expires)s, lapses_at = %(lapses)s
WHERE id = %(advisory)s
"""


class Redrafts:
    """Changes campaigns that have not begun; what was approved is a draft again."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def set(
        self, campaign: int, new: NewCampaign, by: str, now: datetime, revision: int | None = None
    ) -> bool:
        """Keep what it is to be; whether it has to be approved again.

        Its kind, its wording and what it follows stay. InvalidInputError names the field;
        ConflictError when it is under way; StaleError when it was changed since `revision`.
        """
        who = person("by", by)
        new = validated(new, now)
        try:
            with self._pool.connection() as connection:
                return _change(connection, campaign, new, who, revision)
        except UniqueViolation as error:
            remedy = said("Take another name; 'broadcaster campaigns status' lists them.")
            raise InvalidInputError(
                "name", said("%(new)s is taken", new=repr(new.name)), remedy
            ) from error


def _change(
    connection: Connection[Any], campaign: int, new: NewCampaign, by: str, revision: int | None
) -> bool:
    connection.execute("SELECT FROM campaign WHERE id = %s FOR UPDATE", [campaign])
    found = reading.campaign(connection, campaign)
    if found.status not in REWORDABLE:
        message = said(
            "Campaign %(found)s is %(status)s; it can only be changed while "
            "it is a draft or approved. Make an update or a correction.",
            found=repr(found.name),
            status=found.status.value,
        )
        raise ConflictError(message)
    require_same(found, revision)
    advisory = reading.advisory(connection, found.advisory_id)
    before = {
        "name": found.name,
        "segment": (found.segment, found.expression),
        "channels": tuple(found.channels),
        "plan": found.channel_plan,
        "escalate_after": tuple(found.escalate_after),
        "lane": found.lane,
        "drill": found.drill,
        "scheduled": found.scheduled_at,
        "one_per": found.one_per,
        "facts": dict(advisory.facts),
        "message_class": advisory.message_class,
        "effective": advisory.effective,
        "expires": advisory.expires,
    }
    changed = _changed(before, new)
    if not changed:
        return False
    connection.execute(_CAMPAIGN, {**_values(new), "campaign": campaign})
    connection.execute(
        _ADVISORY,
        {
            "facts": Jsonb(dict(new.facts)),
            "class": new.message_class.value,
            "effective": new.effective,
            "expires": new.expires,
            "lapses": new.lapses,
            "advisory": advisory.id,
        },
    )
    # The names of the fields alone: what they say may be about people.
    note(connection, by, "redraft", f"campaign {campaign}", {"changed": changed})
    return rewritten(connection, found, by)


def _changed(before: Mapping[str, object], new: NewCampaign) -> list[str]:
    after = {
        "name": new.name,
        "segment": (new.segment, new.expression),
        "channels": tuple(new.channels),
        "plan": new.channel_plan,
        "escalate_after": tuple(new.escalate_after),
        "lane": new.lane,
        "drill": new.drill,
        "scheduled": new.scheduled_at,
        "one_per": new.one_per,
        "facts": dict(new.facts),
        "message_class": new.message_class,
        "effective": new.effective,
        "expires": new.expires,
    }
    return [name for name, value in after.items() if before[name] != value]


def _values(new: NewCampaign) -> dict[str, object]:
    return {
        "name": new.name,
        "segment": new.segment,
        "expression": new.expression,
        "channels": [channel.value for channel in new.channels],
        "plan": new.channel_plan.value,
        "lane": new.lane.value,
        "drill": new.drill,
        "scheduled": new.scheduled_at,
        "minutes": list(new.escalate_after),
        "one_per": new.one_per.value,
    }
