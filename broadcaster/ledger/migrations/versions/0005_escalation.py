"""Channel plans that tell a customer on one channel at a time, and when each step is due."""

from alembic import op

revision = "0005"
down_revision = "0004"

_PLANS = """
ALTER TABLE campaign ADD COLUMN escalate_after integer[] NOT NULL DEFAULT '{}';
ALTER TABLE campaign ADD COLUMN paused_at timestamptz;

-- A step is due when `due_at` has come, and waits for the one before while it has none. `first` and
-- `last` are the numbers of its deliveries.
CREATE TABLE escalation (
    campaign_id integer NOT NULL REFERENCES campaign,
    step smallint NOT NULL CHECK (step >= 1),
    channel channel NOT NULL,
    due_at timestamptz,
    done_at timestamptz,
    first integer,
    last integer,
    PRIMARY KEY (campaign_id, step)
);
CREATE INDEX escalation_due ON escalation (due_at) WHERE done_at IS NULL;
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(_PLANS)
