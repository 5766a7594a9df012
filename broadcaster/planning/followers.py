"""Whom a follow-up tells: those who got the former message, where they got it.

Of each address the thread has told at most one thing last. It was told when a provider took a
message of any campaign of the thread, or may have taken it: who is in doubt may have read it, also
where a second message was to be sent for that. Then it gets every message that follows, whatever
became of those between. Where nothing was told and the last message gave way before it left, an
update or a correction takes its place: it says all that the former one said. A withdrawal or an all
clear does not, because they have nothing to take back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, LiteralString

from psycopg import Connection

from broadcaster.domain.campaign import ChannelPlan
from broadcaster.errors import ConflictError
from broadcaster.planning.plannable import Plannable
from broadcaster.ports import PLANNING, SUPERSEDED_BY, Audience, Condition

# Each address once, by the best that is known of it, and then by the latest campaign. What waits in
# a campaign that was followed never leaves, so it gave way too, marked already or not.
_ADDRESSES: LiteralString = """
    SELECT DISTINCT ON (address_id) customer_id, channel, address_id, campaign_id, told, gave_way
    FROM (
        SELECT customer_id, channel, address_id, campaign_id,
               status IN ('submitting', 'accepted', 'unknown', 'delivered')
               OR doubted IS TRUE AS told,
               status IN ('planned', 'deferred')
               OR (status = 'cancelled' AND reason = 'superseded'
                   AND starts_with(code, %(plan_mark)s)) AS gave_way
        FROM delivery
        WHERE campaign_id = ANY(%(plan_former)s::integer[]) AND address_id IS NOT NULL) AS one
    ORDER BY address_id, told DESC, campaign_id DESC
"""

# Who has left the utility is owed what follows what they were told, and nothing new. Where somebody
# was told at two addresses of a channel, the later one is theirs.
_FOLLOWED: LiteralString = (
    """
    SELECT DISTINCT ON (own.customer_id, own.channel) own.customer_id, own.channel, own.address_id
    FROM ("""  # noqa: S608  (text of ours)
    + _ADDRESSES
    + """) AS own JOIN customer AS member ON member.id = own.customer_id
    WHERE own.told OR (%(plan_replaces)s AND own.gave_way AND member.left_at IS NULL)
    ORDER BY own.customer_id, own.channel, own.told DESC, own.campaign_id DESC
"""
)

#: The beginning of the query of candidates: whom it follows, in the place of `reach`. What was
#: erased since is not here any more.
HEAD: LiteralString = (
    "WITH followed AS (\n    SELECT one.* FROM ("  # noqa: S608  (text of ours)
    + _FOLLOWED
    + """) AS one JOIN address ON address.id = one.address_id
), reach AS MATERIALIZED (
    SELECT customer_id,
        max(address_id) FILTER (WHERE channel = 'sms') AS sms,
        max(address_id) FILTER (WHERE channel = 'email') AS email,
        max(address_id) FILTER (WHERE channel = 'push') AS push,
        -- Whoever shared it was put aside when it was told.
        false AS shares
    FROM followed GROUP BY customer_id
)"""
)

#: What sets somebody apart on a channel, as in other plans, at an address that was told.
SPECIAL: LiteralString = """
        UNION ALL
        SELECT customer_id, 2 << {p} FROM consent
        WHERE channel = '{c}' AND class = %(plan_class)s::message_class
          AND granted <> %(plan_granted)s
        UNION ALL
        SELECT reach.customer_id, 4 << {p}
        FROM suppression JOIN reach ON reach.{c} = suppression.address_id
        WHERE suppression.class = %(plan_class)s::message_class
        UNION ALL
        SELECT customer_id, 4 << {p} FROM customer_suppression
        WHERE channel = '{c}' AND class = %(plan_class)s::message_class
"""

#: Which customers those are, in a query that begins so.
FOLLOWED: LiteralString = "customer.id IN (SELECT customer_id FROM reach)"

_IN_THREAD: LiteralString = (
    "customer.id IN (SELECT customer_id FROM (" + _FOLLOWED + ") AS followed)"  # noqa: S608  (as above)
)

# A batch is done when nothing of it waits and nothing is on its way. Shared, as what is planned is
# not the former campaign.
_ALOFT = "SELECT EXISTS (SELECT FROM batch WHERE campaign_id = ANY(%s) AND NOT done)"
_TRY = "SELECT pg_try_advisory_xact_lock_shared(%s, %s)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Followers(Condition):
    """Who got a former message of a thread; also to which addresses, for `candidates`."""

    text: LiteralString = _IN_THREAD
    values: Mapping[str, Any] = field(default_factory=dict)


def aim(audience: Audience, found: Plannable) -> tuple[Plannable, Condition]:
    """Say who is to be told by a campaign: its segment, or whom the message told that it follows.

    A follow-up goes out on all channels where that was told, whatever its later steps are: so its
    plan, to begin with, is `all`.
    """
    if found.former is None:
        return found, audience.condition(found.expression)
    values = {
        "plan_former": list(found.former),
        "plan_replaces": found.message_type.replaces,
        "plan_mark": SUPERSEDED_BY,
    }
    return found._replace(plan=ChannelPlan.ALL), Followers(values=values)


def require_landed(connection: Connection[Any], found: Plannable) -> None:
    """Refuse to plan a follow-up while what it follows may still tell somebody; ConflictError.

    Its launch stopped that for good, so nothing more is claimed there once a batch is done; and
    whoever plans another step of it at the moment would not see that, so their turn is waited for.
    """
    for former in found.former or ():
        locked = connection.execute(_TRY, [PLANNING, former]).fetchone() == (True,)
        if not locked or connection.execute(_ALOFT, [[former]]).fetchone() == (True,):
            message = (
                f"Campaign {found.name!r} can not be planned yet: something of what it follows may "
                "be in the air. It is tried again by itself, within a lease at most."
            )
            raise ConflictError(message)
