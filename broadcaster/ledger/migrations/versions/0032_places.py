"""Places that are attributes: where the meter is, beside where the customer is.

A value is `[longitude, latitude]` in degrees, as GeoJSON has it (RFC 7946).
"""

from alembic import op

revision = "0032"
down_revision = "0030"


def upgrade() -> None:
    """Add the kind."""
    op.execute("ALTER TYPE attribute_kind ADD VALUE IF NOT EXISTS 'location'")
