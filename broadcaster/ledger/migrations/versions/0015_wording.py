"""The wording of one campaign: texts of parts in the place of the kind's own."""

from alembic import op

revision = "0015"
down_revision = "0014"

_WORDING = """
-- By part and locale, as `sms/body.txt/fr`. `wording_written` tells of each who wrote it, when, and
-- the hash of the kind's own text that it was written instead of.
ALTER TABLE advisory ADD COLUMN wording jsonb NOT NULL DEFAULT '{}';
ALTER TABLE advisory ADD COLUMN wording_written jsonb NOT NULL DEFAULT '{}';
"""


def upgrade() -> None:
    """Add the columns."""
    op.execute(_WORDING)
