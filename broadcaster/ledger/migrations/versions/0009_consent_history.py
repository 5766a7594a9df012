"""Who said what about being told, when, and how it is proved; what holds now follows from it.

`consent` and `suppression` stay what planning and claims read. A trigger brings them into step with
each statement that adds to the history, so that there is one rule, whoever writes.

Everybody else works on meanwhile: what changes tables takes a moment, and what takes long (an
index, the copying of what is there) lets others read, and write after some thousand rows. Each part
can be done again, so an upgrade that was interrupted goes on.
"""

from alembic import op
from sqlalchemy import Connection, text

from broadcaster.ledger.migrations.former_consent import COPYING, MEANING, OTHERS

revision = "0009"
down_revision = "0008"

_TYPES = """
CREATE TYPE consent_ground AS ENUM ('wish', 'carrier', 'order', 'fitness');
CREATE TYPE consent_source AS ENUM (
    'import', 'made', 'list', 'page', 'one_click', 'operator', 'complaint',
    'stop', 'order', 'regulator', 'bounce', 'gone', 'earlier');
"""

# `at` is when it was said or happened, `recorded_at` when we learned of it. It is about the
# customer where there is one (`address_id` then only says where it was heard), else about the
# address, whoever has it. There are no foreign keys: the history outlives who it is about.
_HISTORY = """
CREATE TABLE consent_record (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint,
    address_id bigint,
    channel channel NOT NULL,
    ground consent_ground NOT NULL,
    classes message_class[] NOT NULL CHECK (cardinality(classes) > 0),
    granted boolean NOT NULL,
    source consent_source NOT NULL,
    at timestamptz NOT NULL,
    proof text NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    CHECK (customer_id IS NOT NULL OR address_id IS NOT NULL)
);
CREATE INDEX consent_record_customer ON consent_record (customer_id)
    WHERE customer_id IS NOT NULL;
CREATE INDEX consent_record_address ON consent_record (address_id)
    WHERE customer_id IS NULL;

-- Only the words of a proof may be taken away, when a person's data is erased.
CREATE FUNCTION consent_record_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.proof = '' AND NEW.recorded_by IN (OLD.recorded_by, '')
           AND (to_jsonb(NEW) - '{proof,recorded_by}'::text[])
             = (to_jsonb(OLD) - '{proof,recorded_by}'::text[]) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the history of consent is append only';
END $$;
CREATE TRIGGER consent_record_kept BEFORE UPDATE OR DELETE ON consent_record
    FOR EACH ROW EXECUTE FUNCTION consent_record_is_append_only();
CREATE TRIGGER consent_record_not_emptied BEFORE TRUNCATE ON consent_record
    FOR EACH STATEMENT EXECUTE FUNCTION consent_record_is_append_only();
"""

# An address may be barred on several grounds; each is lifted by itself. What bars a customer, not
# an address, and is no wish of theirs (an order) has a table of its own, which is nearly empty.
_STANDING = """
ALTER TABLE consent ADD COLUMN record_id bigint;

ALTER TABLE suppression ADD COLUMN ground consent_ground NOT NULL DEFAULT 'fitness';
ALTER TABLE suppression ADD COLUMN record_id bigint;

CREATE TABLE customer_suppression (
    customer_id bigint NOT NULL REFERENCES customer ON DELETE CASCADE,
    channel channel NOT NULL,
    class message_class NOT NULL,
    ground consent_ground NOT NULL,
    reason text NOT NULL,
    source text NOT NULL,
    at timestamptz NOT NULL,
    record_id bigint,
    PRIMARY KEY (customer_id, channel, class, ground)
);
"""

# The latest word counts, and of two of one moment the refusal. Whoever writes about an address
# holds it until the end of the transaction, so that two at once see each other's words.
_FOLLOW = """
CREATE FUNCTION consent_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO consent (customer_id, channel, class, granted, source, at, record_id)
    SELECT DISTINCT ON (added.customer_id, added.channel, class)
        added.customer_id, added.channel, class, added.granted, added.source, added.at, added.id
    FROM added CROSS JOIN unnest(added.classes) AS class
    JOIN customer ON customer.id = added.customer_id
    WHERE added.ground = 'wish'
    ORDER BY added.customer_id, added.channel, class, added.at DESC, added.granted, added.id
    ON CONFLICT (customer_id, channel, class) DO UPDATE SET
        granted = excluded.granted, source = excluded.source, at = excluded.at,
        record_id = excluded.record_id
    WHERE excluded.at > consent.at
       OR (excluded.at = consent.at AND consent.granted AND NOT excluded.granted);

    IF EXISTS (SELECT FROM added WHERE customer_id IS NULL) THEN
        PERFORM FROM address WHERE id IN (SELECT address_id FROM added WHERE customer_id IS NULL)
        ORDER BY id FOR NO KEY UPDATE;
        WITH touched AS MATERIALIZED (
            SELECT DISTINCT added.address_id, added.ground, class
            FROM added CROSS JOIN unnest(added.classes) AS class
            JOIN address ON address.id = added.address_id
            WHERE added.customer_id IS NULL
        ), latest AS MATERIALIZED (
            SELECT touched.address_id, touched.ground, touched.class, said.*
            FROM touched CROSS JOIN LATERAL (
                SELECT one.granted, one.source, one.recorded_by, one.at, one.id
                FROM consent_record AS one
                WHERE one.customer_id IS NULL AND one.address_id = touched.address_id
                  AND one.ground = touched.ground AND touched.class = ANY (one.classes)
                ORDER BY one.at DESC, one.granted, one.id LIMIT 1) AS said
        ), lifted AS (
            DELETE FROM suppression USING latest
            WHERE latest.granted AND suppression.address_id = latest.address_id
              AND suppression.class = latest.class AND suppression.ground = latest.ground
        )
        INSERT INTO suppression (address_id, class, ground, reason, source, at, record_id)
        SELECT address_id, class, ground, source, recorded_by, at, id
        FROM latest WHERE NOT granted
        ORDER BY address_id, class, ground
        ON CONFLICT (address_id, class, ground) DO UPDATE SET
            reason = excluded.reason, source = excluded.source, at = excluded.at,
            record_id = excluded.record_id
        WHERE suppression.record_id IS DISTINCT FROM excluded.record_id;
    END IF;

    IF EXISTS (SELECT FROM added WHERE customer_id IS NOT NULL AND ground <> 'wish') THEN
        PERFORM FROM customer WHERE id IN (SELECT customer_id FROM added WHERE ground <> 'wish')
        ORDER BY id FOR NO KEY UPDATE;
        WITH touched AS MATERIALIZED (
            SELECT DISTINCT added.customer_id, added.channel, added.ground, class
            FROM added CROSS JOIN unnest(added.classes) AS class
            JOIN customer ON customer.id = added.customer_id
            WHERE added.ground <> 'wish'
        ), latest AS MATERIALIZED (
            SELECT touched.customer_id, touched.channel, touched.ground, touched.class, said.*
            FROM touched CROSS JOIN LATERAL (
                SELECT one.granted, one.source, one.recorded_by, one.at, one.id
                FROM consent_record AS one
                WHERE one.customer_id = touched.customer_id AND one.channel = touched.channel
                  AND one.ground = touched.ground AND touched.class = ANY (one.classes)
                ORDER BY one.at DESC, one.granted, one.id LIMIT 1) AS said
        ), lifted AS (
            DELETE FROM customer_suppression AS held USING latest
            WHERE latest.granted AND held.customer_id = latest.customer_id
              AND held.channel = latest.channel AND held.class = latest.class
              AND held.ground = latest.ground
        )
        INSERT INTO customer_suppression
            (customer_id, channel, class, ground, reason, source, at, record_id)
        SELECT customer_id, channel, class, ground, source, recorded_by, at, id
        FROM latest WHERE NOT granted
        ORDER BY customer_id, channel, class, ground
        ON CONFLICT (customer_id, channel, class, ground) DO UPDATE SET
            reason = excluded.reason, source = excluded.source, at = excluded.at,
            record_id = excluded.record_id
        WHERE customer_suppression.record_id IS DISTINCT FROM excluded.record_id;
    END IF;
    RETURN NULL;
END $$;
"""

# Reading goes on while the index is made, which takes long; the key is changed in a moment.
_INDEX = """
CREATE UNIQUE INDEX IF NOT EXISTS suppression_grounds ON suppression (address_id, class, ground)
"""
_UNCHANGED = "SELECT NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'consent_record_followed')"
_TRIGGERS = """
DO $do$ BEGIN
    ALTER TABLE suppression DROP CONSTRAINT suppression_pkey;
    ALTER TABLE suppression ADD CONSTRAINT suppression_pkey PRIMARY KEY
        USING INDEX suppression_grounds;
    CREATE TRIGGER consent_record_followed AFTER INSERT ON consent_record
        REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION consent_follows();
    CREATE TRIGGER others_put BEFORE INSERT ON consent FOR EACH ROW
        WHEN (NEW.record_id IS NULL) EXECUTE FUNCTION consent_of_others();
    CREATE TRIGGER others_changed BEFORE UPDATE ON consent FOR EACH ROW
        WHEN (NEW.record_id IS NOT DISTINCT FROM OLD.record_id)
        EXECUTE FUNCTION consent_of_others();
    CREATE TRIGGER others_put_kept AFTER INSERT ON consent FOR EACH ROW
        WHEN (NEW.record_id IS NULL) EXECUTE FUNCTION consent_of_others_kept();
    CREATE TRIGGER others_changed_kept AFTER UPDATE ON consent FOR EACH ROW
        WHEN (NEW.record_id IS NOT DISTINCT FROM OLD.record_id AND pg_trigger_depth() = 0)
        EXECUTE FUNCTION consent_of_others_kept();
    CREATE TRIGGER others_put BEFORE INSERT ON suppression FOR EACH ROW
        WHEN (NEW.record_id IS NULL) EXECUTE FUNCTION suppression_of_others();
    CREATE TRIGGER others_put_kept AFTER INSERT ON suppression FOR EACH ROW
        WHEN (NEW.record_id IS NULL) EXECUTE FUNCTION suppression_of_others_kept();
END $do$
"""

_COPIED = "DROP FUNCTION consent_copied; DROP FUNCTION suppression_copied"

#: How many rows are copied at a time, while those who write wait.
_PART = 5000


def upgrade() -> None:
    """Make the history, and copy what is there."""
    bind = op.get_bind()
    if bind.scalar(text("SELECT to_regtype('consent_ground')")) is None:
        for script in (_TYPES, _HISTORY, _STANDING, _FOLLOW, MEANING, OTHERS):
            op.execute(script)
    op.execute(COPYING)
    with op.get_context().autocommit_block():
        if bind.scalar(text(_UNCHANGED)):
            op.execute(_INDEX)
            op.execute(_TRIGGERS)
        for name in ("consent_copied", "suppression_copied"):
            _copy(bind, name)
    op.execute(_COPIED)


def _copy(bind: Connection, name: str) -> None:
    beyond: int | None = 0
    while beyond is not None:
        values = {"beyond": beyond, "most": _PART}
        beyond = bind.scalar(text(f"SELECT {name}(:beyond, :most)"), values)
