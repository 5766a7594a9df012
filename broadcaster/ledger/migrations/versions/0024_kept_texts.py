"""The texts that were approved, kept as they read then.

A kind can be changed after a campaign has ended. What people were told is kept beside the approval,
once for each content hash, and does not change with it.
"""

from alembic import op

revision = "0024"
down_revision = "0020"

_TEXTS = """
CREATE TABLE campaign_text (
    campaign_id integer NOT NULL REFERENCES campaign ON DELETE CASCADE,
    content_hash text NOT NULL,
    kept_at timestamptz NOT NULL,
    texts jsonb NOT NULL,
    PRIMARY KEY (campaign_id, content_hash)
);
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(_TEXTS)
