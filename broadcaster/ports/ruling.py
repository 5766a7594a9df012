"""Statements about the rules of fair use that planners and the ledger share."""

#: The rules in force: their version and what `domain.rulebook.read` reads; no row: none were set.
RULES_IN_FORCE = "SELECT version, rules FROM fairness ORDER BY version DESC LIMIT 1"

#: How a rule that was passed is written down; what follows gives the rows.
NOTE_PASSED = """
INSERT INTO passed_rule (campaign_id, rule, channel, zone, messages, rules_version, passed_by, why,
                         passed_at)
"""
