"""Keys of the API, answers that are given again, imports by it, and outgoing webhooks.

Of a key its hash is here; of an answer what only the key that asked can open. What endpoints are
told is written down by the very transaction that makes it true, whichever program that is: so it is
done by triggers, which cost nothing where no endpoint wants it.
"""

from alembic import op

revision = "0025"
down_revision = "0023"

_KEYS = """
CREATE TABLE api_key (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    prefix text NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    owner_id integer NOT NULL REFERENCES operator (id),
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    rate integer NOT NULL CHECK (rate > 0),
    made_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    -- Until when its requests are paid for, by the rate of the key.
    paid_until timestamptz NOT NULL DEFAULT '1970-01-01 00:00+00'
);
CREATE UNIQUE INDEX api_key_name ON api_key (lower(name));
CREATE TABLE api_answer (
    key_id integer NOT NULL REFERENCES api_key (id),
    name text NOT NULL,
    request_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    answer bytea,
    PRIMARY KEY (key_id, name)
);
CREATE INDEX api_answer_age ON api_answer (created_at);
CREATE TABLE customer_import (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file text NOT NULL,
    mapping text NOT NULL,
    dry_run boolean NOT NULL,
    made_by text NOT NULL,
    status text NOT NULL CHECK (status IN ('running', 'done', 'refused', 'lost')),
    size bigint NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    rows integer NOT NULL DEFAULT 0,
    figures jsonb,
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    ended_at timestamptz
);
"""

_WEBHOOKS = """
CREATE TABLE webhook (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    url text NOT NULL,
    events text[] NOT NULL CHECK (cardinality(events) > 0),
    -- The secret is made of it and the installation's own key; it stands nowhere.
    salt bytea NOT NULL,
    active boolean NOT NULL DEFAULT true,
    made_by text NOT NULL,
    created_at timestamptz NOT NULL,
    failing_since timestamptz,
    retry_at timestamptz NOT NULL DEFAULT '-infinity',
    disabled_why text
);
CREATE TABLE webhook_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type text NOT NULL,
    campaign_id integer,
    customer_id bigint REFERENCES customer ON DELETE SET NULL,
    data jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX webhook_event_customer ON webhook_event (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX webhook_event_age ON webhook_event (at);
CREATE TABLE webhook_delivery (
    event_id bigint NOT NULL REFERENCES webhook_event ON DELETE CASCADE,
    webhook_id integer NOT NULL REFERENCES webhook ON DELETE CASCADE,
    status text NOT NULL DEFAULT 'waiting'
        CHECK (status IN ('waiting', 'claimed', 'delivered', 'dropped')),
    attempts integer NOT NULL DEFAULT 0,
    claimed_at timestamptz,
    ended_at timestamptz,
    reason text NOT NULL DEFAULT '',
    PRIMARY KEY (event_id, webhook_id)
);
CREATE INDEX webhook_delivery_open ON webhook_delivery (webhook_id, event_id)
    WHERE status IN ('waiting', 'claimed');
CREATE TABLE webhook_attempt (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id bigint NOT NULL,
    webhook_id integer NOT NULL REFERENCES webhook ON DELETE CASCADE,
    attempt integer NOT NULL,
    at timestamptz NOT NULL,
    status integer,
    seconds real NOT NULL,
    fault text NOT NULL DEFAULT '',
    FOREIGN KEY (event_id, webhook_id) REFERENCES webhook_delivery ON DELETE CASCADE
);
CREATE INDEX webhook_attempt_of ON webhook_attempt (webhook_id, id);
CREATE INDEX webhook_attempt_delivery ON webhook_attempt (event_id, webhook_id);
CREATE TABLE webhook_look (
    name text PRIMARY KEY,
    looked_at timestamptz NOT NULL,
    seen jsonb NOT NULL
);

CREATE FUNCTION webhook_tell(said text, campaign integer, customer bigint, facts jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    number bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM webhook WHERE active AND said = ANY (events)) THEN
        RETURN;
    END IF;
    INSERT INTO webhook_event (type, campaign_id, customer_id, data)
    VALUES (said, campaign, customer, facts) RETURNING id INTO number;
    INSERT INTO webhook_delivery (event_id, webhook_id)
    SELECT number, id FROM webhook WHERE active AND said = ANY (events);
END $$;

CREATE FUNCTION webhook_campaign_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said text;
BEGIN
    said := CASE
        WHEN NEW.approved_hash IS DISTINCT FROM OLD.approved_hash AND NEW.approved_hash IS NOT NULL
             OR NEW.status = 'approved' AND OLD.status <> 'approved' THEN 'campaign.approved'
        WHEN NEW.status = OLD.status THEN NULL
        WHEN OLD.status = 'paused' AND NEW.status IN ('launched', 'running') THEN 'campaign.resumed'
        WHEN NEW.status = 'launched' THEN 'campaign.launched'
        WHEN NEW.status = 'paused' THEN 'campaign.paused'
        WHEN NEW.status = 'completed' THEN 'campaign.completed'
        WHEN NEW.status = 'cancelled' THEN 'campaign.cancelled'
    END;
    IF said IS NOT NULL THEN
        PERFORM webhook_tell(said, NEW.id, NULL, jsonb_build_object(
            'campaign', NEW.id, 'name', NEW.name, 'status', NEW.status, 'drill', NEW.drill));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER webhook_campaign AFTER UPDATE OF status, approved_hash ON campaign
    FOR EACH ROW EXECUTE FUNCTION webhook_campaign_changed();

CREATE FUNCTION webhook_customer_refused() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    facts jsonb;
BEGIN
    facts := jsonb_build_object(
        'channel', NEW.channel, 'classes', to_jsonb(NEW.classes), 'source', NEW.source);
    IF NEW.customer_id IS NOT NULL THEN
        PERFORM webhook_tell('customer.opted_out', NULL, NEW.customer_id, facts);
    ELSE
        PERFORM webhook_tell('customer.opted_out', NULL, own.customer_id, facts)
        FROM (SELECT DISTINCT customer_id FROM customer_address
              WHERE address_id = NEW.address_id ORDER BY customer_id LIMIT 20) AS own;
    END IF;
    RETURN NULL;
END $$;
-- What a file of customers says is no news to whoever keeps that file.
CREATE TRIGGER webhook_customer AFTER INSERT ON consent_record
    FOR EACH ROW WHEN (NOT NEW.granted
        AND NEW.source IN ('page', 'one_click', 'operator', 'complaint', 'stop'))
    EXECUTE FUNCTION webhook_customer_refused();
"""


def upgrade() -> None:
    """Make the tables and the triggers."""
    op.execute(_KEYS)
    op.execute(_WEBHOOKS)
