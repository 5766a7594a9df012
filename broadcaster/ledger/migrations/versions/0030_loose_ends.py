"""Wishes of the API that were broken off, hours that were chosen late, browsers that are gone.

`worked` is written by the transaction that does the work: where it is false, nothing was done.
"""

from alembic import op

revision = "0030"
down_revision = "0028"

_ANSWERS = """
ALTER TABLE api_answer
    ADD COLUMN worked boolean NOT NULL DEFAULT false,
    ADD COLUMN broken_at timestamptz;
"""

_HOURS = """
-- Customers who chose other quiet hours, until what waits for them rests by these.
CREATE TABLE own_hours_change (
    customer_id bigint PRIMARY KEY REFERENCES customer ON DELETE CASCADE,
    at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    """Add columns and tables."""
    op.execute(_ANSWERS)
    op.execute(_HOURS)
