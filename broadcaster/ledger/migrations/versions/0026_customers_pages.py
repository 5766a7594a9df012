"""What customers choose on their pages, and how they prove by a code who they are.

A code and a session's token are kept as hashes. What somebody typed is kept encrypted, and only
until it was looked up: whether it is a customer's is found out after the page has answered.
"""

import json

from alembic import op
from sqlalchemy import text

revision = "0026"
down_revision = "0025"

_CUSTOMER = """
-- `own_locales`: the languages that the customer chose, which no import changes. `quiet`: the hours
-- of their own, as 22:00-07:00, in which what can wait does. `follower`: a browser that follows
-- public alerts, of nobody whom the utility knows.
ALTER TABLE customer ADD COLUMN own_locales text[];
ALTER TABLE customer ADD COLUMN quiet text
    CHECK (quiet ~ '^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$');
ALTER TABLE customer ADD COLUMN follower boolean NOT NULL DEFAULT false;

CREATE INDEX customer_quiet ON customer (id) WHERE quiet IS NOT NULL;

CREATE FUNCTION keep_own_locales() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.locales := OLD.own_locales;
    RETURN NEW;
END $$;
CREATE TRIGGER own_locales BEFORE UPDATE ON customer FOR EACH ROW
    WHEN (OLD.own_locales IS NOT NULL AND NEW.own_locales IS NOT DISTINCT FROM OLD.own_locales
          AND NEW.locales IS DISTINCT FROM OLD.own_locales)
    EXECUTE FUNCTION keep_own_locales();

-- Areas that the public may follow, by the name that the public reads.
ALTER TABLE area ADD COLUMN offered boolean NOT NULL DEFAULT false;
"""

_PAGES = """
-- `wanted`: what was typed, encrypted, until it is looked up. Without a hash there is nothing to
-- guess: the address was nobody's.
CREATE TABLE page_code (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_hash bytea NOT NULL UNIQUE,
    wanted bytea,
    locale text NOT NULL,
    asked_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    claimed_at timestamptz,
    address_id bigint REFERENCES address ON DELETE CASCADE,
    code_hash bytea,
    tries smallint NOT NULL DEFAULT 0,
    used_at timestamptz,
    sent_at timestamptz,
    provider text,
    outcome text
);
CREATE INDEX page_code_waiting ON page_code (id) WHERE claimed_at IS NULL;
CREATE INDEX page_code_address ON page_code (address_id) WHERE address_id IS NOT NULL;

CREATE TABLE page_session (
    token_hash bytea PRIMARY KEY,
    address_id bigint NOT NULL REFERENCES address ON DELETE CASCADE,
    code_id integer NOT NULL,
    locale text NOT NULL,
    ends_at timestamptz NOT NULL
);
CREATE INDEX page_session_address ON page_session (address_id);

-- How often something was asked for by whom; `subject` is a keyed digest, and goes after a day.
CREATE TABLE page_ask (
    subject bytea NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX page_ask_subject ON page_ask (subject, at);
CREATE INDEX page_ask_at ON page_ask (at);
"""

_NAME = "followed_areas"
_LABELS = {"ar": "المناطق المتابَعة", "fr": "zones suivies", "en": "followed areas"}
#: The attribute that this step brings: name, kind, labels, choices.
SEED: tuple[tuple[str, str, dict[str, str], dict[str, dict[str, str]]], ...] = (
    (_NAME, "set", _LABELS, {}),
)
_ATTRIBUTE = text(
    "INSERT INTO attribute (name, kind, labels, position)"
    " SELECT :name, 'set', CAST(:labels AS jsonb), 1 + coalesce(max(position), 0) FROM attribute"
    " ON CONFLICT (name) DO NOTHING"
)
# As `audience/support.py` makes them for a set.
_STATISTICS = f"""
CREATE STATISTICS IF NOT EXISTS customer_value_{_NAME} ON (attributes->'{_NAME}') FROM customer;
CREATE STATISTICS IF NOT EXISTS customer_type_{_NAME}
    ON (jsonb_typeof(attributes->'{_NAME}')) FROM customer;
"""


def upgrade() -> None:
    """Add them; nobody has chosen anything yet."""
    op.execute(_CUSTOMER)
    op.execute(_PAGES)
    op.get_bind().execute(_ATTRIBUTE, {"name": _NAME, "labels": json.dumps(_LABELS)})
    op.execute(_STATISTICS)
