"""Whom the plan told and whom it left out: told apart by what nothing changes any more."""

from typing import LiteralString

# A plan numbers first those whom it tells, a run of numbers for each batch, and then those whom it
# leaves out; the later steps of an escalation follow. Neither a status nor an address says it for
# ever: an erased or forgotten person has no address, and who opts out after the plan is suppressed
# at the claim.
_TOLD: LiteralString = """
(SELECT COALESCE(max(batch.last), 0) FROM batch
 WHERE batch.campaign_id = %(campaign)s AND NOT EXISTS (
     SELECT FROM escalation
     WHERE escalation.campaign_id = batch.campaign_id AND escalation.step > 1
       AND batch.first BETWEEN escalation.first AND escalation.last))
"""
_LATER: LiteralString = """
(SELECT COALESCE(min(first), 2147483647) FROM escalation
 WHERE escalation.campaign_id = %(campaign)s AND step > 1 AND last >= first)
"""

#: A condition on `delivery`: the plan of `%(campaign)s` left it out. The campaign is not archived.
LEFT_OUT: LiteralString = "(delivery.number > " + _TOLD + " AND delivery.number < " + _LATER + ")"

#: A condition on `campaign`: what follows it in its thread was launched and is not planned yet, so
#: whom it told, and where, has still to be known here.
TO_BE_FOLLOWED: LiteralString = """
EXISTS (SELECT FROM advisory AS told
        JOIN advisory AS news
          ON news.thread_id IN (told.id, told.thread_id) AND news.version > told.version
        JOIN campaign AS follower ON follower.advisory_id = news.id
        WHERE told.id = campaign.advisory_id
          AND follower.planned_at IS NULL AND follower.status IN ('launched', 'paused'))
"""
