"""Who has left, and saved column mappings of imports."""

from alembic import op

revision = "0008"
down_revision = "0007"

_IMPORTS = """
-- Since when a customer is missing from the full lists of the utility; null while they are there.
ALTER TABLE customer ADD COLUMN left_at timestamptz;

CREATE TABLE column_mapping (
    name text PRIMARY KEY,
    content text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
"""


def upgrade() -> None:
    """Make the column and the table."""
    op.execute(_IMPORTS)
