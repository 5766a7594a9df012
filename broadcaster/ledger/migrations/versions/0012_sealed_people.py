"""Sealed personal columns, the keys that a database knows, and what was made pseudonymous.

What is plain stays plain until it is sealed (`keys rotate`), when every worker is of this version:
one of the version before would take a sealed row for one without a name and an address. A later
step takes the plain columns away. The indexes are made after the tables are changed: reading goes
on meanwhile.
"""

from alembic import op
from sqlalchemy import text

revision = "0012"
down_revision = "0011"

_KEYS = """
-- With which keys something here is sealed: a number, and what tells the key from another one.
CREATE TABLE data_key (
    id smallint PRIMARY KEY CHECK (id >= 1),
    proof bytea NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz
);
"""

_SEALED = """
ALTER TABLE customer ADD COLUMN sealed bytea;
ALTER TABLE customer ADD COLUMN name_digest bytea;
ALTER TABLE customer ADD COLUMN latin_digest bytea;
ALTER TABLE customer ALTER COLUMN name DROP NOT NULL;

-- `digest` finds the value, and is all that stays of an erased address that must not be used.
ALTER TABLE address ADD COLUMN sealed bytea;
ALTER TABLE address ADD COLUMN digest bytea;
ALTER TABLE address ALTER COLUMN value DROP NOT NULL;
"""
_INDEXES = (
    "CREATE UNIQUE INDEX IF NOT EXISTS address_digest ON address (digest)",
    "CREATE INDEX IF NOT EXISTS address_plain ON address (id) WHERE digest IS NULL",
)

_RETENTION = """
ALTER TABLE campaign ADD COLUMN pseudonymised_at timestamptz;
"""


def upgrade() -> None:
    """Add the columns."""
    if op.get_bind().scalar(text("SELECT to_regclass('data_key')")) is None:
        for script in (_KEYS, _SEALED, _RETENTION):
            op.execute(script)
    with op.get_context().autocommit_block():
        for statement in _INDEXES:
            op.execute(statement)
