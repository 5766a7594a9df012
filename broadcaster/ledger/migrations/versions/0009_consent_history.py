"""Who said what about being told, when, and how it is proved; what holds now follows from it.

`consent` and `suppression` stay what planning and claims read. A trigger brings them into step with
each statement that adds to the history, so that there is one rule, whoever writes.

Everybody else works on meanwhile: what changes tables takes a moment, and what takes long (an
index, the copying of what is there) lets others read, and write after some thousand rows. Each part
can be done again, so an upgrade that was interrupted goes on.
"""

from alembic import op
from sqlalchemy import Connection, text

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

# What a row of the version before is in the history. A number that told its carrier to stop is
# refused there, whatever is sent: it is barred for all classes now.
_MEANING = """
CREATE FUNCTION earlier_ground(reason text, source text, channel channel) RETURNS consent_ground
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN reason <> 'recipient_opted_out' THEN 'fitness'
                WHEN source <> 'link' AND channel = 'sms' THEN 'carrier'
                ELSE 'wish' END::consent_ground
$$;
CREATE FUNCTION earlier_source(reason text, source text, ground consent_ground)
RETURNS consent_source LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN ground = 'carrier' THEN 'stop' WHEN reason = 'gone' THEN 'gone'
                WHEN reason = 'unknown_address' THEN 'bounce' WHEN source = 'link' THEN 'one_click'
                WHEN reason = 'recipient_opted_out' THEN 'complaint'
                WHEN reason = '' AND source IN ('import', 'made') THEN source
                ELSE 'earlier' END::consent_source
$$;
"""

# Workers of the version before write what holds, without a ground and a record: as long as there
# are any, until a step of the version after, these say the one and write the other. One click ends
# no warnings, also where such a worker notes it. What such a worker repeats stays as it is.
_OTHERS = """
CREATE FUNCTION consent_of_others() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.source = 'link' AND NEW.class = 'safety' AND NOT NEW.granted THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION consent_of_others_kept() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said timestamptz := NEW.at;
    record bigint;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        said := greatest(NEW.at, OLD.at + interval '1 microsecond');
        IF OLD.record_id IS NULL THEN
            INSERT INTO consent_record
                (customer_id, channel, ground, classes, granted, source, at, proof, recorded_by)
            VALUES (OLD.customer_id, OLD.channel, 'wish', ARRAY[OLD.class], OLD.granted,
                    earlier_source('', OLD.source, 'wish'), OLD.at,
                    'kept without a proof before there was a history', OLD.source);
        END IF;
    END IF;
    INSERT INTO consent_record
        (customer_id, channel, ground, classes, granted, source, at, proof, recorded_by)
    VALUES (NEW.customer_id, NEW.channel, 'wish', ARRAY[NEW.class], NEW.granted,
            earlier_source('', NEW.source, 'wish'), said,
            'noted by the version before, without a proof', NEW.source)
    RETURNING id INTO record;
    UPDATE consent SET record_id = record, at = said
    WHERE customer_id = NEW.customer_id AND channel = NEW.channel AND class = NEW.class;
    RETURN NULL;
END $$;

CREATE FUNCTION suppression_of_others() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    on_channel channel;
BEGIN
    SELECT channel INTO on_channel FROM address WHERE id = NEW.address_id;
    IF NEW.ground = 'fitness' THEN
        NEW.ground := earlier_ground(NEW.reason, NEW.source, on_channel);
    END IF;
    IF NEW.source = 'link' AND NEW.class = 'safety' THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM suppression AS held
               WHERE held.address_id = NEW.address_id AND held.class = NEW.class
                 AND held.record_id IS NULL
                 AND earlier_ground(held.reason, held.source, on_channel) = NEW.ground) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION suppression_of_others_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO consent_record
        (address_id, channel, ground, classes, granted, source, at, proof, recorded_by)
    SELECT NEW.address_id, address.channel, NEW.ground,
           CASE WHEN NEW.ground = 'carrier' THEN '{service,promotional,safety}'::message_class[]
                ELSE ARRAY[NEW.class] END,
           false, earlier_source(NEW.reason, NEW.source, NEW.ground), NEW.at,
           'noted by the version before, without a proof', NEW.source
    FROM address JOIN suppression AS held
        ON held.address_id = address.id AND held.class = NEW.class AND held.ground = NEW.ground
    WHERE address.id = NEW.address_id AND held.record_id IS NULL;
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
        WHEN (NEW.record_id IS NOT DISTINCT FROM OLD.record_id)
        EXECUTE FUNCTION consent_of_others_kept();
    CREATE TRIGGER others_put BEFORE INSERT ON suppression FOR EACH ROW
        WHEN (NEW.record_id IS NULL) EXECUTE FUNCTION suppression_of_others();
    CREATE TRIGGER others_put_kept AFTER INSERT ON suppression FOR EACH ROW
        WHEN (NEW.record_id IS NULL) EXECUTE FUNCTION suppression_of_others_kept();
END $do$
"""

# What was there before has no proof but that it was there. Who writes waits for some thousand rows,
# who reads for nothing. A click of then that ended warnings as well ends them no more: this is the
# word after it, so that whatever was or will be said since counts.
_COPYING = """
CREATE OR REPLACE FUNCTION consent_copied(beyond bigint, most integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    upto bigint;
BEGIN
    LOCK TABLE consent IN SHARE ROW EXCLUSIVE MODE;
    SELECT max(customer_id) INTO upto FROM (
        SELECT customer_id FROM consent WHERE customer_id > beyond AND record_id IS NULL
        ORDER BY customer_id LIMIT most) AS part;
    WITH said AS (
        INSERT INTO consent_record
            (customer_id, channel, ground, classes, granted, source, at, proof, recorded_by)
        SELECT customer_id, channel, 'wish', ARRAY[class], granted,
               earlier_source('', source, 'wish'), at,
               'kept without a proof before there was a history', source
        FROM consent
        WHERE customer_id > beyond AND customer_id <= upto AND record_id IS NULL
        RETURNING id, customer_id, channel, classes[1] AS class
    )
    UPDATE consent SET record_id = said.id FROM said
    WHERE consent.customer_id = said.customer_id AND consent.channel = said.channel
      AND consent.class = said.class;
    INSERT INTO consent_record
        (customer_id, channel, ground, classes, granted, source, at, proof, recorded_by)
    SELECT customer_id, channel, 'wish', '{safety}', true, 'earlier',
           at + interval '1 microsecond', 'one click ends no warnings', 'upgrade'
    FROM consent
    WHERE customer_id > beyond AND customer_id <= upto
      AND source = 'link' AND class = 'safety' AND NOT granted;
    RETURN upto;
END $$;

CREATE OR REPLACE FUNCTION suppression_copied(beyond bigint, most integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    upto bigint;
BEGIN
    LOCK TABLE suppression IN SHARE ROW EXCLUSIVE MODE;
    SELECT max(address_id) INTO upto FROM (
        SELECT address_id FROM suppression WHERE address_id > beyond AND record_id IS NULL
        ORDER BY address_id LIMIT most) AS part;
    UPDATE suppression SET ground = earlier_ground(reason, source, address.channel)
    FROM address
    WHERE address.id = address_id AND address_id > beyond AND address_id <= upto
      AND record_id IS NULL AND ground = 'fitness'
      AND NOT EXISTS (SELECT FROM suppression AS held
                      WHERE held.address_id = suppression.address_id
                        AND held.class = suppression.class AND held.record_id IS NOT NULL
                        AND held.ground = earlier_ground(
                            suppression.reason, suppression.source, address.channel));
    -- What a worker of the version before has said again meanwhile stands there with a record.
    DELETE FROM suppression USING address
    WHERE address.id = address_id AND address_id > beyond AND address_id <= upto
      AND record_id IS NULL AND ground = 'fitness'
      AND earlier_ground(reason, source, address.channel) <> 'fitness';
    WITH said AS (
        INSERT INTO consent_record
            (address_id, channel, ground, classes, granted, source, at, proof, recorded_by)
        SELECT address_id, min(address.channel), ground,
               CASE WHEN ground = 'carrier' THEN '{service,promotional,safety}'::message_class[]
                    ELSE array_agg(class) END,
               false, earlier_source(reason, suppression.source, ground), at,
               'kept without a proof before there was a history', suppression.source
        FROM suppression JOIN address ON address.id = address_id
        WHERE address_id > beyond AND address_id <= upto AND record_id IS NULL
        GROUP BY address_id, ground, reason, suppression.source, at
        RETURNING id, address_id, ground, classes, at
    )
    UPDATE suppression SET record_id = said.id FROM said
    WHERE suppression.record_id IS NULL AND suppression.address_id = said.address_id
      AND suppression.ground = said.ground AND suppression.class = ANY (said.classes)
      AND suppression.at = said.at;
    INSERT INTO consent_record
        (address_id, channel, ground, classes, granted, source, at, proof, recorded_by)
    SELECT address_id, address.channel, 'wish', '{safety}', true, 'earlier',
           at + interval '1 microsecond', 'one click ends no warnings', 'upgrade'
    FROM suppression JOIN address ON address.id = address_id
    WHERE address_id > beyond AND address_id <= upto
      AND suppression.source = 'link' AND class = 'safety' AND ground = 'wish';
    RETURN upto;
END $$;
"""
_COPIED = "DROP FUNCTION consent_copied; DROP FUNCTION suppression_copied"

#: How many rows are copied at a time, while those who write wait.
_PART = 5000


def upgrade() -> None:
    """Make the history, and copy what is there."""
    bind = op.get_bind()
    if bind.scalar(text("SELECT to_regtype('consent_ground')")) is None:
        for script in (_TYPES, _HISTORY, _STANDING, _FOLLOW, _MEANING, _OTHERS):
            op.execute(script)
    op.execute(_COPYING)
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
