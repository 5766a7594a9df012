"""What a resend would hide, and addresses that two write at once.

`doubted` says that a delivery was in doubt when it was to be sent again: its first message may have
been read, whatever becomes of the next. NULL, which takes no room in a row, is no.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

_DOUBTED = """
ALTER TABLE delivery ADD COLUMN doubted boolean;
"""

# The lock of whoever stores customers (`ports.STORING`), for those who write without it: until the
# other one has ended neither sees that both have an address, or what the other gave a customer.
_IN_TURN = """
CREATE OR REPLACE FUNCTION addresses_came() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(74033749315405);
    PERFORM keep_reach(array_agg(DISTINCT customer_id)) FROM fresh;
    PERFORM share_reach(array_agg(DISTINCT address_id)) FROM fresh;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION addresses_went() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(74033749315405);
    PERFORM keep_reach(array_agg(DISTINCT customer_id)) FROM gone;
    DELETE FROM reach WHERE customer_id IN (SELECT customer_id FROM gone)
        AND NOT EXISTS (
            SELECT FROM customer_address AS own WHERE own.customer_id = reach.customer_id);
    RETURN NULL;
END $$;
"""


def upgrade() -> None:
    """Add the column, and have writers of addresses take turns."""
    op.execute(_DOUBTED)
    op.execute(_IN_TURN)
