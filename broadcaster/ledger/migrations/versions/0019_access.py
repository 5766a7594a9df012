"""Operators, and their sessions.

A session's token is known to the browser alone; here is its hash. Names are what the audit trail
has, so an operator who leaves is disabled and not deleted.
"""

from alembic import op

revision = "0019"
down_revision = "0018"

_ACCESS = """
CREATE TABLE operator (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    roles text[] NOT NULL,
    password text,
    locale text,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz
);
CREATE UNIQUE INDEX operator_name ON operator (lower(name));
CREATE TABLE operator_session (
    token_hash bytea PRIMARY KEY,
    operator_id integer NOT NULL REFERENCES operator (id),
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL
);
CREATE INDEX operator_session_of ON operator_session (operator_id);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(_ACCESS)
