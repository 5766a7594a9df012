"""First tables: people and consent, segments, campaigns, batches, deliveries.

Rows of `delivery` are lean, because a campaign has one for each customer and channel, also for
those left out: enums (4 bytes), integers, and text only where a provider gives us text.
"""

from alembic import op

revision = "0001"
down_revision = None

_TYPES = """
CREATE TYPE channel AS ENUM ('sms', 'email', 'push', 'web');
CREATE TYPE scheme AS ENUM ('tel', 'mailto', 'webpush', 'fcm');
CREATE TYPE message_class AS ENUM ('service', 'promotional', 'safety');
CREATE TYPE lane AS ENUM ('urgent', 'routine');
CREATE TYPE campaign_status AS ENUM (
    'draft', 'approved', 'launched', 'running', 'paused', 'completed', 'cancelled');
CREATE TYPE delivery_status AS ENUM (
    'planned', 'suppressed', 'submitting', 'deferred', 'accepted', 'unknown',
    'delivered', 'undelivered', 'rejected', 'expired', 'cancelled', 'dead');
CREATE TYPE delivery_event AS ENUM (
    'claim', 'accept', 'defer', 'refuse', 'lose', 'deliver', 'fail', 'expire', 'cancel',
    'exhaust', 'resend', 'suppress');
CREATE TYPE reason AS ENUM (
    'no_address', 'invalid_address', 'opted_out', 'address_suppressed', 'duplicate_address',
    'no_locale', 'unknown_address', 'not_capable', 'recipient_opted_out', 'gone', 'unreachable',
    'mailbox_full', 'blocked', 'rate_limited', 'queue_full', 'provider_fault', 'no_connection',
    'no_answer', 'worker_lost', 'configuration', 'too_long', 'expired', 'cancelled',
    'superseded', 'rendering', 'other');
"""

_PEOPLE = """
CREATE TABLE customer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number text NOT NULL UNIQUE,
    name text NOT NULL,
    name_latin text,
    locales text[] NOT NULL,
    time_zone text NOT NULL,
    attributes jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- One row for each value in the world, so that "the same address" is an equal integer.
CREATE TABLE address (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scheme scheme NOT NULL,
    channel channel NOT NULL,
    value text NOT NULL,
    keys jsonb,
    UNIQUE (scheme, value)
);

-- `ordinal` is the order of preference on the channel, from 1.
CREATE TABLE customer_address (
    customer_id bigint NOT NULL REFERENCES customer ON DELETE CASCADE,
    channel channel NOT NULL,
    ordinal smallint NOT NULL CHECK (ordinal >= 1),
    address_id bigint NOT NULL REFERENCES address,
    PRIMARY KEY (customer_id, channel, ordinal)
);
CREATE INDEX customer_address_address ON customer_address (address_id);

-- What was given as an address and cannot be one; kept to say why somebody was not told.
CREATE TABLE broken_address (
    customer_id bigint NOT NULL REFERENCES customer ON DELETE CASCADE,
    channel channel NOT NULL,
    raw text NOT NULL,
    fault text NOT NULL,
    PRIMARY KEY (customer_id, channel, raw)
);

-- No row: service and safety are allowed (contract), promotional is not.
CREATE TABLE consent (
    customer_id bigint NOT NULL REFERENCES customer ON DELETE CASCADE,
    channel channel NOT NULL,
    class message_class NOT NULL,
    granted boolean NOT NULL,
    source text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, channel, class)
);

CREATE TABLE suppression (
    address_id bigint NOT NULL REFERENCES address ON DELETE CASCADE,
    class message_class NOT NULL,
    reason text NOT NULL,
    source text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (address_id, class)
);

CREATE TABLE segment (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    expression text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
"""

_CAMPAIGNS = """
CREATE TABLE advisory (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thread_id integer REFERENCES advisory,
    version integer NOT NULL DEFAULT 1,
    kind text NOT NULL,
    facts jsonb NOT NULL,
    class message_class NOT NULL,
    severity text NOT NULL,
    urgency text NOT NULL,
    certainty text NOT NULL,
    effective timestamptz NOT NULL,
    expires timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (effective < expires)
);

CREATE TABLE campaign (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    advisory_id integer NOT NULL REFERENCES advisory,
    segment text NOT NULL,
    expression text NOT NULL,
    channels channel[] NOT NULL,
    channel_plan text NOT NULL,
    lane lane NOT NULL,
    drill boolean NOT NULL,
    status campaign_status NOT NULL DEFAULT 'draft',
    approved_hash text,
    created_by text NOT NULL,
    approved_by text,
    approved_at timestamptz,
    scheduled_at timestamptz,
    planned_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    hold_reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Launched and later steps need an approval.
    CHECK (status IN ('draft', 'cancelled') OR approved_hash IS NOT NULL)
);

-- A batch is a run of delivery numbers on one channel. It is runnable when it is not done, due,
-- and its lease is over; so lost work, retries and first tries are found by one query.
-- `settle_at` and `reconcile_at` say when to look through its deliveries for some in doubt, or
-- accepted and never reported on. They stand here and not in an index of `delivery`, because an
-- index that names the status would make every change of a status write to all indexes (no HOT).
CREATE TABLE batch (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id integer NOT NULL REFERENCES campaign,
    channel channel NOT NULL,
    lane lane NOT NULL,
    first integer NOT NULL,
    last integer NOT NULL,
    done boolean NOT NULL DEFAULT false,
    due_at timestamptz NOT NULL DEFAULT now(),
    lease_token bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    published_at timestamptz,
    settle_at timestamptz,
    reconcile_at timestamptz,
    CHECK (first <= last)
);
CREATE INDEX batch_open ON batch (lane, due_at) WHERE NOT done;
CREATE INDEX batch_campaign ON batch (campaign_id, first);
CREATE INDEX batch_settle ON batch (settle_at) WHERE settle_at IS NOT NULL;
CREATE INDEX batch_reconcile ON batch (reconcile_at) WHERE reconcile_at IS NOT NULL;

-- `due_at`: deferred, when it is tried again; in doubt or accepted, when its provider is asked
-- next. `asked`: how often it was asked. `updated_at` of one in doubt is when it was claimed.

CREATE TABLE delivery (
    campaign_id integer NOT NULL,
    number integer NOT NULL,
    customer_id bigint NOT NULL,
    address_id bigint,
    due_at timestamptz,
    updated_at timestamptz NOT NULL,
    status delivery_status NOT NULL,
    reason reason,
    channel channel NOT NULL,
    attempts smallint NOT NULL DEFAULT 0,
    units smallint NOT NULL DEFAULT 0,
    asked smallint NOT NULL DEFAULT 0,
    locale text COLLATE "C",
    provider text COLLATE "C",
    reference text COLLATE "C",
    code text COLLATE "C",
    PRIMARY KEY (campaign_id, number)
) WITH (fillfactor = 70);
-- Invariant 1: one delivery per campaign, address and channel. Those left out have no address here.
CREATE UNIQUE INDEX delivery_once ON delivery (campaign_id, address_id)
    WHERE address_id IS NOT NULL;
"""


def upgrade() -> None:
    """Make the tables."""
    for script in (_TYPES, _PEOPLE, _CAMPAIGNS):
        op.execute(script)
