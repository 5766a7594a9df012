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
