"""A table of deliveries for each campaign, so that an old one leaves in one step.

Every campaign that has deliveries gets its table here, and its rows are copied; the tables of
later ones are made by planning. A worker of the version before goes on sending; what is launched
meanwhile is planned by one of this version.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

_DELIVERY = """
ALTER TABLE delivery RENAME TO delivery_before;
ALTER TABLE delivery_before RENAME CONSTRAINT delivery_pkey TO delivery_before_pkey;
ALTER INDEX delivery_once RENAME TO delivery_before_once;

CREATE TABLE delivery (LIKE delivery_before INCLUDING DEFAULTS) PARTITION BY LIST (campaign_id);
ALTER TABLE delivery ADD PRIMARY KEY (campaign_id, number);
-- Invariant 1: one delivery per campaign, address and channel. Those left out have no address here.
CREATE UNIQUE INDEX delivery_once ON delivery (campaign_id, address_id)
    WHERE address_id IS NOT NULL;
"""

# There is no partition for the rest: what belongs to no campaign of ours is a fault.
_MOVE = """
DO $$
DECLARE
    present integer;
BEGIN
    FOR present IN SELECT DISTINCT campaign_id FROM delivery_before ORDER BY 1 LOOP
        EXECUTE format(
            'CREATE TABLE delivery_%s (LIKE delivery INCLUDING DEFAULTS) WITH (fillfactor = 45)',
            present);
        EXECUTE format(
            'INSERT INTO delivery_%s SELECT * FROM delivery_before WHERE campaign_id = %s '
            'ORDER BY number', present, present);
        EXECUTE format(
            'ALTER TABLE delivery ATTACH PARTITION delivery_%s FOR VALUES IN (%s)',
            present, present);
        EXECUTE format('ANALYZE delivery_%s', present);
    END LOOP;
END $$;
DROP TABLE delivery_before;
"""

# What stays of a campaign whose deliveries have left: its final figures, and where the rest is.
_ARCHIVE = """
ALTER TABLE campaign ADD COLUMN archived_at timestamptz;
ALTER TABLE campaign ADD COLUMN archive jsonb;
ALTER TABLE campaign ADD COLUMN figures jsonb;
"""


def upgrade() -> None:
    """Move the rows into a table for each campaign."""
    for script in (_DELIVERY, _MOVE, _ARCHIVE):
        op.execute(script)
