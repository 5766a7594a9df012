"""What networks ask for messages, and the forecast that was looked at with an approval."""

from alembic import op

revision = "0011"
down_revision = "0010"

_FORECASTS = """
-- A price is for `per` units to numbers that begin with `prefix`; the latest valid one holds.
CREATE TABLE tariff (
    provider text NOT NULL,
    prefix text NOT NULL,
    valid_from date NOT NULL,
    price numeric(13, 6) NOT NULL CHECK (price >= 0),
    per integer NOT NULL CHECK (per IN (1, 1000)),
    currency text NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (provider, prefix, valid_from)
);
ALTER TABLE campaign ADD COLUMN forecast jsonb;

-- What forecasts count by, of what is sealed: the first digits of a number, a mail domain, a host;
-- and how many characters of which sort a name has. `formed` tells of which names that is.
ALTER TABLE address ADD COLUMN place text;
ALTER TABLE customer ADD COLUMN name_form text;
ALTER TABLE customer ADD COLUMN latin_form text;
ALTER TABLE customer ADD COLUMN formed bytea;
"""


def upgrade() -> None:
    """Make the table and the columns."""
    op.execute(_FORECASTS)
