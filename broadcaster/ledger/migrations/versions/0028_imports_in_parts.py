"""One register of imports: whoever runs them, and how far one is that is stored in parts."""

from alembic import op

revision = "0028"
down_revision = "0027"

_REGISTER = """
ALTER TABLE customer_import
    -- What runs it: api, console or command.
    ADD via text NOT NULL DEFAULT 'api',
    ADD in_parts boolean NOT NULL DEFAULT false,
    -- Everything that decides what comes of the file: of what it holds a digest.
    ADD options jsonb NOT NULL DEFAULT '{}',
    -- How far it is stored in parts, written by the very transaction that stores a part: how many
    -- customers, up to which row of the file, and the figures until there.
    ADD mark jsonb,
    -- What was found, for pages that say it in their reader's language.
    ADD told jsonb,
    -- Whether the console keeps the file or its report.
    ADD kept boolean NOT NULL DEFAULT false;
ALTER TABLE customer_import DROP CONSTRAINT customer_import_status_check;
ALTER TABLE customer_import ADD CONSTRAINT customer_import_status_check
    CHECK (status IN ('running', 'done', 'refused', 'lost', 'forgotten'));
"""


def upgrade() -> None:
    """Widen the table."""
    op.execute(_REGISTER)
