"""What outlives a customer who is erased or forgotten: an order, and a refusal of everything."""

from alembic import op

revision = "0013"
down_revision = "0012"

_KEPT = """
-- `digest` is a keyed one of the customer's number. It holds when the number is imported again, and
-- then becomes a record of the customer's history.
CREATE TABLE kept_refusal (
    digest bytea NOT NULL,
    channel channel NOT NULL,
    class message_class NOT NULL,
    ground consent_ground NOT NULL,
    source consent_source NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (digest, channel, class, ground)
);
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(_KEPT)
