"""What was published, frozen; and what is announced on public channels, each once."""

from alembic import op

revision = "0016"
down_revision = "0015"

_PUBLICATION = """
CREATE SEQUENCE publication_change;
-- `frozen` and `cap` never change; while there is a fault instead, it is tried again. `change` is
-- drawn anew whenever something is changed, for those who keep a copy.
CREATE TABLE publication (
    advisory_id integer PRIMARY KEY REFERENCES advisory,
    campaign_id integer NOT NULL REFERENCES campaign,
    frozen text,
    cap text,
    cancelled_at timestamptz,
    calling_off text,
    fault text,
    tried_at timestamptz NOT NULL,
    change bigint NOT NULL DEFAULT nextval('publication_change'),
    CHECK ((frozen IS NULL) = (cap IS NULL))
);
CREATE INDEX publication_campaign ON publication (campaign_id) WHERE cancelled_at IS NULL;

-- An announcement is claimed before it leaves. One that was claimed and never recorded is in doubt
-- and is not sent again.
CREATE TYPE announcement_status AS ENUM (
    'waiting', 'claimed', 'sent', 'refused', 'doubt', 'dropped'
);
CREATE TABLE announcement (
    advisory_id integer NOT NULL REFERENCES publication,
    sink text NOT NULL,
    status announcement_status NOT NULL DEFAULT 'waiting',
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    claimed_at timestamptz,
    ended_at timestamptz,
    reason text,
    PRIMARY KEY (advisory_id, sink)
);
CREATE INDEX announcement_open ON announcement (due_at) WHERE status IN ('waiting', 'claimed');
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(_PUBLICATION)
