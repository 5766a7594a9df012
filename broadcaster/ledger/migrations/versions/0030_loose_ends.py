"""What is known of wishes of the API that were broken off, and of browsers that are gone.

`worked` is written by the transaction that does the work: where it is false, nothing was done.
"""

from alembic import op

revision = "0030"
down_revision = "0027"

_ANSWERS = """
ALTER TABLE api_answer
    ADD COLUMN worked boolean NOT NULL DEFAULT false,
    ADD COLUMN broken_at timestamptz;
"""


def upgrade() -> None:
    """Add the columns."""
    op.execute(_ANSWERS)
