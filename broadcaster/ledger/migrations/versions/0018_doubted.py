"""What a resend would hide.

`doubted` says that a delivery was in doubt when it was to be sent again: its first message may have
been read, whatever becomes of the next. NULL, which takes no room in a row, is no.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

_DOUBTED = """
ALTER TABLE delivery ADD COLUMN doubted boolean;
"""


def upgrade() -> None:
    """Add the column."""
    op.execute(_DOUBTED)
