"""Limits that were changed while running."""

from alembic import op

revision = "0003"
down_revision = "0002"

_RATE_LIMIT = """
-- What the settings say of a limit, overruled. A row without a rate was taken back; it stays, so
-- that whoever still knows the rate before learns that something newer holds.
CREATE TABLE rate_limit (
    name text PRIMARY KEY,
    rate double precision CHECK (rate > 0),
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(_RATE_LIMIT)
