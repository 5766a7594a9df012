"""Unfinished compositions, who wrote a campaign, and what was handed over, approved or given back.

`written_by` is who changed it after it was made, `revision` counts these changes. `bypass` is the
reason for which it was approved without a second person.
"""

from alembic import op

revision = "0022"
down_revision = "0021"

_COMPOSING = """
CREATE TABLE composition (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    content jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    campaign_id integer UNIQUE REFERENCES campaign (id) ON DELETE CASCADE
);
CREATE INDEX composition_unfinished ON composition (changed_at) WHERE campaign_id IS NULL;

ALTER TABLE campaign
    ADD COLUMN written_by text[] NOT NULL DEFAULT '{}',
    ADD COLUMN revision integer NOT NULL DEFAULT 1,
    ADD COLUMN bypass text;

CREATE TABLE campaign_version (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id integer NOT NULL REFERENCES campaign (id) ON DELETE CASCADE,
    event text NOT NULL CHECK (event IN ('handed', 'approved', 'returned')),
    revision integer NOT NULL,
    content_hash text NOT NULL,
    content jsonb NOT NULL,
    people integer,
    comment text NOT NULL DEFAULT '',
    by text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX campaign_version_of ON campaign_version (campaign_id, id);
"""


def upgrade() -> None:
    """Make the tables and columns."""
    op.execute(_COMPOSING)
