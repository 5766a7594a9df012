"""Threads: what an advisory is to the one before it, and which campaign a later one replaced.

`thread_id`, the advisory that began the thread, is there since the first step. What was made before
this one are alerts. `lapses_at` is when the first of an advisory's facts is no longer true.
"""

from alembic import op

revision = "0014"
down_revision = "0013"

_REASONS = """
ALTER TYPE reason ADD VALUE IF NOT EXISTS 'not_told';
"""

_THREADS = """
ALTER TABLE advisory ADD COLUMN message_type text NOT NULL DEFAULT 'alert';
ALTER TABLE advisory ADD COLUMN follows_id integer REFERENCES advisory;
ALTER TABLE advisory ADD COLUMN lapses_at timestamptz;
CREATE INDEX advisory_thread ON advisory (thread_id) WHERE thread_id IS NOT NULL;

-- Nothing of a campaign leaves any more once a later one of its thread was launched.
ALTER TABLE campaign ADD COLUMN superseded_by integer REFERENCES campaign;
ALTER TABLE campaign ADD COLUMN superseded_at timestamptz;
"""


def upgrade() -> None:
    """Add the columns."""
    for script in (_REASONS, _THREADS):
        op.execute(script)
