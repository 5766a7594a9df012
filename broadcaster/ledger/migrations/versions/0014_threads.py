"""Threads: what an advisory is to the one before it, and which that is.

`thread_id`, the advisory that began the thread, is there since the first step. What was made before
this one are alerts.
"""

from alembic import op

revision = "0014"
down_revision = "0013"

_THREADS = """
ALTER TABLE advisory ADD COLUMN message_type text NOT NULL DEFAULT 'alert';
ALTER TABLE advisory ADD COLUMN follows_id integer REFERENCES advisory;
"""


def upgrade() -> None:
    """Add the columns."""
    op.execute(_THREADS)
