"""Fair use: quiet hours, caps, one message a household, holds, and what passed a rule."""

from alembic import op

revision = "0010"
down_revision = "0009"

_REASONS = """
ALTER TYPE reason ADD VALUE IF NOT EXISTS 'quiet_hours';
ALTER TYPE reason ADD VALUE IF NOT EXISTS 'capped';
ALTER TYPE reason ADD VALUE IF NOT EXISTS 'household';
ALTER TYPE reason ADD VALUE IF NOT EXISTS 'held';
"""

_AUDIENCE = """
-- Whoever has the same key lives under one roof, as the utility sees it.
ALTER TABLE customer ADD COLUMN household text;
ALTER TABLE campaign ADD COLUMN one_per text NOT NULL DEFAULT 'customer';
"""

# Everything in a batch is in one time zone, so what the hours say stands here once, as moments:
# whoever takes a batch or claims in it compares two times, and knows no rules and no clocks.
_BATCH = """
-- `zone`: that of its customers; none: the utility's own. From `rest_from` on nothing leaves, until
-- somebody looks again at `rest_until`. `held_until`: an operator's hold. `overridden_at`: when
-- the quiet time begins that it passes, until that is written down. `released_until`: quiet hours
-- before it do not count, because an operator said so. `rules_version`: the rules that were read.
ALTER TABLE batch ADD COLUMN zone text;
ALTER TABLE batch ADD COLUMN rest_from timestamptz;
ALTER TABLE batch ADD COLUMN rest_until timestamptz;
ALTER TABLE batch ADD COLUMN held_until timestamptz;
ALTER TABLE batch ADD COLUMN overridden_at timestamptz;
ALTER TABLE batch ADD COLUMN released_until timestamptz;
ALTER TABLE batch ADD COLUMN rules_version integer NOT NULL DEFAULT 0;
CREATE INDEX batch_rest ON batch (rest_until) WHERE NOT done AND rest_until IS NOT NULL;
CREATE INDEX batch_overridden ON batch (overridden_at)
    WHERE NOT done AND overridden_at IS NOT NULL;
"""

_RULES = """
-- The rules of fair use; the highest version is in force, the others tell what was.
CREATE TABLE fairness (
    version integer PRIMARY KEY,
    rules jsonb NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);

-- What an operator holds: a campaign, or a channel, a zone or a segment of it.
CREATE TABLE campaign_hold (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id integer NOT NULL REFERENCES campaign,
    channel channel,
    zone text,
    segment text,
    held_until timestamptz,
    held_by text NOT NULL,
    held_at timestamptz NOT NULL,
    why text NOT NULL,
    released_by text,
    released_at timestamptz,
    release_why text
);
CREATE INDEX campaign_hold_open ON campaign_hold (campaign_id) WHERE released_at IS NULL;

-- Whom a rule would have spared, had it not been passed: by urgent safety, or by an operator.
-- `messages` is NULL while they are not counted yet.
CREATE TABLE passed_rule (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id integer NOT NULL REFERENCES campaign,
    rule text NOT NULL,
    channel channel,
    zone text,
    messages integer,
    rules_version integer NOT NULL,
    passed_by text NOT NULL,
    why text NOT NULL,
    passed_at timestamptz NOT NULL
);
CREATE INDEX passed_rule_campaign ON passed_rule (campaign_id, id);
"""


def upgrade() -> None:
    """Add them; nothing is quiet, capped or held before somebody says so."""
    for script in (_REASONS, _AUDIENCE, _BATCH, _RULES):
        op.execute(script)
