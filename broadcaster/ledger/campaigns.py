"""The life of a campaign: drafted, approved, launched, paused, resumed, cancelled."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from broadcaster.domain.campaign import STEPS, Campaign, CampaignStatus, own, remedy
from broadcaster.domain.message import Channel
from broadcaster.domain.saying import said
from broadcaster.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    StaleError,
    UnavailableError,
)
from broadcaster.ledger import reading
from broadcaster.ledger.audit import SYSTEM, note
from broadcaster.ledger.closing import close
from broadcaster.ledger.hurrying import turn
from broadcaster.ledger.reading import Wish
from broadcaster.ledger.threads import require_true, supersede
from broadcaster.ledger.underway import Underway, planning
from broadcaster.ledger.validity import person, validated
from broadcaster.ledger.versions import Event, Kept, keep, told
from broadcaster.ledger.wordings import kept as written_kept
from broadcaster.ledger.wordings import note_taken
from broadcaster.ports import NewCampaign

_ADVISORY = """
INSERT INTO advisory (kind, facts, class, severity, urgency, certainty, effective, expires,
                      message_type, thread_id, follows_id, version, lapses_at, wording,
                      wording_written)
VALUES (%(kind)s, %(facts)s, %(class)s, %(severity)s, %(urgency)s, %(certainty)s,
        %(effective)s, %(expires)s, %(type)s, %(thread)s, %(follows)s, %(version)s, %(lapses)s,
        %(wording)s, %(written)s)
RETURNING id
"""

_CAMPAIGN = """
INSERT INTO campaign (name, advisory_id, segment, expression, channels, channel_plan, lane, drill,
                      scheduled_at, created_by, escalate_after, one_per)
VALUES (%(name)s, %(advisory)s, %(segment)s, %(expression)s, %(channels)s::channel[],
        %(plan)s, %(lane)s, %(drill)s, %(scheduled)s, %(by)s, %(minutes)s::integer[],
        %(one_per)s)
RETURNING id
"""

_USING = """
SELECT name FROM campaign JOIN advisory ON advisory.id = campaign.advisory_id
WHERE kind = %s AND status NOT IN ('completed', 'cancelled') ORDER BY campaign.id
"""

_HOLD = """
UPDATE campaign SET status = 'paused', hold_reason = %s, paused_at = now()
WHERE id = %s AND status IN ('launched', 'running')
"""

# Whoever plans the campaign, or a step of it, has a key share of its row until all is written, and
# nobody who pauses or cancels is to wait for that: FOR UPDATE would, this does not.
_LOCK = "SELECT FROM campaign WHERE id = %s FOR NO KEY UPDATE"

# The clock of an escalation stands still while its campaign is held: nothing left meanwhile, so
# nothing could be confirmed. A step that is being made is left alone: it was due before the pause,
# and says itself when the next one is.
_WAIT_ON = """
UPDATE escalation SET due_at = due_at + GREATEST(%(now)s - one.paused_at, interval '0')
FROM (
    SELECT escalation.campaign_id, escalation.step, campaign.paused_at
    FROM escalation JOIN campaign ON campaign.id = escalation.campaign_id
    WHERE campaign.id = %(campaign)s AND escalation.done_at IS NULL
      AND campaign.paused_at IS NOT NULL
    FOR UPDATE OF escalation SKIP LOCKED
) AS one
WHERE escalation.campaign_id = one.campaign_id AND escalation.step = one.step
"""

#: How many batches are closed in one transaction, and how long it waits for who has some in hand.
_BATCHES, _WAIT = 50, "SET LOCAL lock_timeout = '1s'"
#: A reason to hold is a line for people.
_LONGEST_REASON = 500


class Campaigns:
    """Campaigns and the steps of their life, each with its line in the audit trail.

    A step that the present status does not allow raises ConflictError with the remedy.
    """

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def create(self, new: NewCampaign, now: datetime) -> int:
        """Make a draft and its advisory; the campaign's id. InvalidInputError names the field."""
        new = validated(new, now)
        try:
            with self._pool.connection() as connection:
                return _insert(connection, new)
        except UniqueViolation as error:
            remedy = said("Take another name; 'broadcaster campaigns status' lists them.")
            raise InvalidInputError(
                "name", said("%(new)s is taken", new=repr(new.name)), remedy
            ) from error

    def get(self, which: str) -> Campaign:
        """Find a campaign by its name or id; NotFoundError."""
        with self._pool.connection() as connection:
            try:
                return reading.campaign(connection, which)
            except NotFoundError:
                if not (which.isascii() and which.isdigit() and len(which) < 10):  # noqa: PLR2004  (int4)
                    raise
            return reading.campaign(connection, int(which))

    def numbered(self, campaign: int) -> Campaign:
        """Give a campaign by its id alone, whatever others are called; NotFoundError."""
        with self._pool.connection() as connection:
            return reading.campaign(connection, campaign)

    def list(self) -> list[Campaign]:
        """List the latest campaigns, the newest first."""
        with self._pool.connection() as connection:
            return reading.campaigns(connection)

    def search(self, wish: Wish) -> Sequence[Campaign]:
        """List the campaigns that fit a wish, the newest first."""
        with self._pool.connection() as connection:
            return reading.search(connection, wish)

    def next_channel(self, campaign: int, by: str, now: datetime) -> Channel:
        """Turn to the next channel now for those who confirmed nothing, not when it is due.

        ConflictError where there is no such step, or the campaign does not run.
        """
        with self._pool.connection() as connection:
            return turn(connection, campaign, person("by", by), now)

    def page(
        self, before: int | None, limit: int, status: CampaignStatus | None = None
    ) -> Sequence[Campaign]:
        """List campaigns older than one (None: the newest), the newest first."""
        with self._pool.connection() as connection:
            return reading.page(connection, before, limit, status and status.value)

    def approve(
        self,
        campaign: int,
        content_hash: str,
        by: str,
        now: datetime,
        forecast: Mapping[str, object] | None = None,
        seen: Mapping[str, object] | None = None,
        *,
        bypass: str = "",
        kept: Kept | None = None,
    ) -> None:
        """Pin what was looked at, with its forecast; whatever changes needs a new approval.

        The forecast of a campaign that was planned already stays: it is what that was told by.
        `seen` is what else the approver was shown, for the audit; `kept` how it reads.
        ConflictError for who wrote some of it, without `bypass`: the reason for doing it alone;
        StaleError when it was changed since the revision that is kept.
        """
        approver = person("by", by)
        reason = told("bypass", bypass) if bypass else None
        details = {"content_hash": content_hash, **_pinned(forecast), **(seen or {})}
        if reason is not None:
            details["bypass"] = reason
        with self._pool.connection() as connection:
            found = _step(connection, campaign, "approve", approver, **details)
            if reason is None and found.wrote(approver):
                raise ConflictError(own(found.name, approver))
            if kept is not None and found.revision != kept.revision:
                # Whoever approves has not seen what was written meanwhile, or by whom.
                raise StaleError(f"Campaign {found.name!r} was changed meanwhile. Look again.")
            connection.execute(
                "UPDATE campaign SET approved_hash = %s, approved_by = %s, approved_at = %s, "
                "bypass = %s, "
                "forecast = CASE WHEN planned_at IS NULL THEN %s ELSE forecast END, "
                "status = CASE WHEN status = 'paused' THEN status ELSE 'approved' END "
                "WHERE id = %s",
                [
                    content_hash,
                    approver,
                    now,
                    reason,
                    forecast and Jsonb(dict(forecast)),
                    campaign,
                ],
            )
            if kept is not None:
                version = replace(kept, comment=reason or "")
                keep(connection, campaign, Event.APPROVED, version, approver, now)

    def forecast(self, campaign: int) -> Mapping[str, Any] | None:
        """Give the forecast that was looked at when it was approved; None when there was none."""
        with self._pool.connection() as connection:
            query = "SELECT forecast FROM campaign WHERE id = %s"
            row = connection.execute(query, [campaign]).fetchone()
            return None if row is None else row[0]

    def launch(self, campaign: int, by: str, now: datetime) -> None:
        """Start it now, or at its scheduled time.

        What it follows stops for good as by `cancel`: the latest of a thread alone may leave.
        ConflictError when another one that follows the same was launched before.
        """
        former: Sequence[int] = ()
        with self._pool.connection() as connection:
            _step(connection, campaign, "launch", person("by", by))
            found = reading.campaign(connection, campaign)
            advisory = reading.advisory(connection, found.advisory_id)
            if advisory.expires <= now:
                message = said(
                    "Campaign %(found)s can not be launched: its advisory has "
                    "expired. Make a new campaign with a later time.",
                    found=repr(found.name),
                )
                raise ConflictError(message)
            require_true(found, advisory, now)
            if advisory.follows is not None:
                former = supersede(connection, found, advisory, by, now)
            _set(connection, campaign, CampaignStatus.LAUNCHED)
        for one in former:
            self._close(one, now)

    def pause(self, campaign: int, by: str, now: datetime) -> None:
        """Hold it: what nobody is claiming when this returns does not leave.

        What is claimed at that very moment, or was before, is taken back before it leaves, within a
        second: by then its holder has looked whether the campaign still runs.
        """
        with self._pool.connection() as connection:
            _step(connection, campaign, "pause", person("by", by))
            connection.execute(
                "UPDATE campaign SET status = 'paused', paused_at = %s WHERE id = %s",
                [now, campaign],
            )

    def resume(self, campaign: int, by: str, now: datetime) -> None:
        """Let a paused one go on from where it was; it is planned once."""
        with self._pool.connection() as connection:
            _step(connection, campaign, "resume", person("by", by))
            found = reading.campaign(connection, campaign)
            require_true(found, reading.advisory(connection, found.advisory_id), now)
            connection.execute(_WAIT_ON, {"campaign": campaign, "now": now})
            connection.execute(
                "UPDATE campaign SET hold_reason = NULL, paused_at = NULL, status = CASE WHEN "
                "planned_at IS NULL THEN 'launched' ELSE 'running' END::campaign_status "
                "WHERE id = %s",
                [campaign],
            )

    def cancel(self, campaign: int, by: str, now: datetime) -> None:
        """Stop it for good: what had not left never will.

        The status is committed first, which stops every claim at once; the rows follow, and the
        sweep finishes them should this process end before.
        """
        with self._pool.connection() as connection:
            _step(connection, campaign, "cancel", person("by", by))
            connection.execute(
                "UPDATE campaign SET status = 'cancelled', finished_at = %s WHERE id = %s",
                [now, campaign],
            )
        self._close(campaign, now)

    def _close(self, campaign: int, now: datetime) -> None:
        """Close what waits in a campaign that ended; the sweep does it, should this not end.

        Nor wait for what others have in hand, as a step of an escalation may have for long.
        """
        looked = 1
        with suppress(UnavailableError):
            while looked:
                with self._pool.connection() as connection:
                    connection.execute(_WAIT)
                    looked, _ = close(connection, now, _BATCHES, campaign)

    def hold(self, campaign: int, reason: str) -> None:
        """Pause it in the name of the system, and say why; nothing when it does not run."""
        with self._pool.connection() as connection:
            why = " ".join(reason.split())[:_LONGEST_REASON]
            if connection.execute(_HOLD, [why, campaign]).rowcount:
                note(connection, SYSTEM, "hold", f"campaign {campaign}", {"reason": why})

    def using(self, kind: str) -> Sequence[str]:
        """Name the campaigns of a kind that have not ended."""
        with self._pool.connection() as connection:
            return [name for (name,) in connection.execute(_USING, [kind])]

    def planning(self) -> Mapping[int, Underway]:
        """List the campaigns that are being planned at the moment."""
        with self._pool.connection() as connection:
            return planning(connection)

    def hold_reason(self, campaign: int) -> str | None:
        """Say why the system holds it; None when it does not."""
        with self._pool.connection() as connection:
            query = "SELECT hold_reason FROM campaign WHERE id = %s"
            row = connection.execute(query, [campaign]).fetchone()
            return None if row is None else row[0]


def _insert(connection: Connection[Any], new: NewCampaign) -> int:
    former = None if new.follows is None else reading.advisory(connection, new.follows)
    advisory = connection.execute(
        _ADVISORY,
        {
            "kind": new.kind,
            "facts": Jsonb(dict(new.facts)),
            "class": new.message_class.value,
            "severity": new.severity.value,
            "urgency": new.urgency.value,
            "certainty": new.certainty.value,
            "effective": new.effective,
            "expires": new.expires,
            "type": new.message_type.value,
            "thread": former and former.first,
            "follows": new.follows,
            "version": former.version + 1 if former else 1,
            "lapses": new.lapses,
            "wording": Jsonb(dict(new.wording)),
            "written": Jsonb({name: written_kept(one) for name, one in new.written.items()}),
        },
    ).fetchone()
    row = connection.execute(
        _CAMPAIGN,
        {
            "name": new.name,
            "advisory": advisory[0] if advisory else None,
            "segment": new.segment,
            "expression": new.expression,
            "channels": [channel.value for channel in new.channels],
            "plan": new.channel_plan.value,
            "minutes": list(new.escalate_after),
            "lane": new.lane.value,
            "drill": new.drill,
            "scheduled": new.scheduled_at,
            "by": new.created_by,
            "one_per": new.one_per.value,
        },
    ).fetchone()
    campaign = int(row[0]) if row else 0
    note(connection, new.created_by, "create", f"campaign {campaign}")
    note_taken(connection, campaign, new)
    return campaign


def _step(
    connection: Connection[Any], campaign: int, step: str, by: str, **details: object
) -> Campaign:
    """Lock the campaign, refuse what its status does not allow, write it down, and give it."""
    connection.execute(_LOCK, [campaign])
    found = reading.campaign(connection, campaign)
    if found.status not in STEPS[step][0]:
        message = said(
            "Campaign %(found)s is %(status)s; that does not allow to %(step)s it. %(step_2)s",
            found=repr(found.name),
            status=found.status.value,
            step=step,
            step_2=remedy(step, found.status),
        )
        raise ConflictError(message)
    note(connection, by, step, f"campaign {campaign}", details)
    return found


def _pinned(forecast: Mapping[str, Any] | None) -> Mapping[str, object]:
    """Give what the audit keeps of a forecast: whom, how much, and for what money."""
    names = ("customers", "reached", "channels", "segments", "cost")
    return {} if forecast is None else {"forecast": {name: forecast[name] for name in names}}


def _set(connection: Connection[Any], campaign: int, status: CampaignStatus) -> None:
    query = "UPDATE campaign SET status = %s::campaign_status WHERE id = %s"
    connection.execute(query, [status.value, campaign])
