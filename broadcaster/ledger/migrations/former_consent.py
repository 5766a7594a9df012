"""What step 0009 does with rows of the version before the history of consent: SQL, never changed.

Those that are there are copied; those that workers of that version write meanwhile are understood.
"""

# What a row of the version before is in the history. A number that told its carrier to stop is
# refused there, whatever is sent: it is barred for all classes now.
MEANING = """
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
OTHERS = """
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

# What was there before has no proof but that it was there. Who writes waits for some thousand rows,
# who reads for nothing. A click of then that ended warnings as well ends them no more: this is the
# word after it, so that whatever was or will be said since counts.
COPYING = """
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
