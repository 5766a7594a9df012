"""Who looks after it: networks that fail, alerts that stand, and what the team is told of them."""

from alembic import op

revision = "0027"
down_revision = "0026"

_WATCHING = """
-- A network that some process leaves alone because it fails; `at` is when it last said so.
CREATE TABLE provider_trouble (
    provider text PRIMARY KEY,
    since timestamptz NOT NULL,
    at timestamptz NOT NULL,
    ended_at timestamptz
);

-- What is watched and not well: since when, when it was last so, when the team was last told.
-- `subject` is the number of a campaign, or the name of a provider, a limit or a public channel.
CREATE TABLE alert (
    name text NOT NULL,
    subject text NOT NULL,
    since timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    told_at timestamptz,
    PRIMARY KEY (name, subject)
);

-- What the team is told, once for each of its destinations; claimed before it leaves, and never
-- sent again on a guess.
CREATE TABLE alert_notice (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    subject text NOT NULL,
    news text NOT NULL,
    since timestamptz NOT NULL,
    at timestamptz NOT NULL,
    sink text NOT NULL,
    status announcement_status NOT NULL DEFAULT 'waiting',
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    claimed_at timestamptz,
    ended_at timestamptz,
    reason text
);
CREATE INDEX alert_notice_open ON alert_notice (due_at) WHERE status IN ('waiting', 'claimed');
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(_WATCHING)
