"""Receipts, which are news about deliveries, and the audit trail."""

from alembic import op

revision = "0002"
down_revision = "0001"

_RECEIPT = """
-- Feedback is stored before it is acknowledged and applied by a task afterwards. `due_at` is when
-- it is (next) looked at: what matches no delivery yet is tried again for a while, behind the rest.
CREATE TABLE receipt (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider text NOT NULL,
    dedupe text NOT NULL,
    campaign_id integer,
    number integer,
    reference text,
    event delivery_event,
    reason reason,
    code text,
    received_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    applied_at timestamptz,
    effect text,
    UNIQUE (provider, dedupe)
);
CREATE INDEX receipt_waiting ON receipt (due_at, id) WHERE applied_at IS NULL;
CREATE INDEX receipt_delivery ON receipt (campaign_id, number);
"""

_AUDIT = """
-- Append only: who did what to which thing, and when.
CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    details jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_subject ON audit (subject, id);
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append only';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
"""


def upgrade() -> None:
    """Make the tables."""
    for script in (_RECEIPT, _AUDIT):
        op.execute(script)
