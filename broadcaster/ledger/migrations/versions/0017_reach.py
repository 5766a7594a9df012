"""Where each customer is told on each channel, kept beside their addresses for plans to read."""

from alembic import op

revision = "0017"
down_revision = "0016"

# The address of the lowest ordinal is the first: both stand in one number, the ordinal in front, so
# that the least one is looked for and nothing is sorted.
_FIRST = ", ".join(
    f"min((ordinal::bigint << 48) + address_id) FILTER (WHERE channel = '{channel}')"
    " & 281474976710655"
    for channel in ("sms", "email", "push")
)

# Triggers keep it, so that whoever writes addresses keeps it true. They take the lock of whoever
# stores customers (`ports.STORING`), for those who write without it: until the other one has ended
# neither sees that both have an address, or what the other gave a customer.
_REACH = """
CREATE TABLE reach (
    customer_id bigint PRIMARY KEY REFERENCES customer ON DELETE CASCADE,
    sms bigint,
    email bigint,
    push bigint,
    -- Whether an address of theirs may be another customer's as well; once true it may stay so.
    shares boolean NOT NULL DEFAULT false
);
CREATE INDEX reach_shares ON reach (customer_id) WHERE shares;
-- Few addresses for push lead to an app: forecasts tell them apart without looking at all others.
CREATE INDEX address_of_apps ON address (id) WHERE channel = 'push' AND scheme <> 'webpush';

CREATE FUNCTION keep_reach(people bigint[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO reach AS old (customer_id, sms, email, push)
    SELECT customer_id, {first}
    FROM customer_address WHERE customer_id = ANY (people) GROUP BY customer_id
    ON CONFLICT (customer_id) DO UPDATE
        SET sms = excluded.sms, email = excluded.email, push = excluded.push
        WHERE (old.sms, old.email, old.push)
            IS DISTINCT FROM (excluded.sms, excluded.email, excluded.push);
$$;

CREATE FUNCTION share_reach(places bigint[]) RETURNS void LANGUAGE sql AS $$
    UPDATE reach SET shares = true
    FROM customer_address AS own
    WHERE own.customer_id = reach.customer_id AND NOT reach.shares
      AND own.address_id IN (
          SELECT address_id FROM customer_address WHERE address_id = ANY (places)
          GROUP BY address_id HAVING count(*) > 1);
$$;

CREATE FUNCTION addresses_came() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(74033749315405);
    PERFORM keep_reach(array_agg(DISTINCT customer_id)) FROM fresh;
    PERFORM share_reach(array_agg(DISTINCT address_id)) FROM fresh;
    RETURN NULL;
END $$;

CREATE FUNCTION addresses_went() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(74033749315405);
    PERFORM keep_reach(array_agg(DISTINCT customer_id)) FROM gone;
    DELETE FROM reach WHERE customer_id IN (SELECT customer_id FROM gone)
        AND NOT EXISTS (
            SELECT FROM customer_address AS own WHERE own.customer_id = reach.customer_id);
    RETURN NULL;
END $$;

CREATE TRIGGER reach_of_came AFTER INSERT ON customer_address
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION addresses_came();
CREATE TRIGGER reach_of_went AFTER DELETE ON customer_address
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION addresses_went();
CREATE TRIGGER reach_of_changed AFTER UPDATE ON customer_address
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION addresses_came();
CREATE TRIGGER reach_of_left AFTER UPDATE ON customer_address
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION addresses_went();
"""

_FILLED = """
INSERT INTO reach (customer_id, sms, email, push)
SELECT customer_id, {first}
FROM customer_address GROUP BY customer_id;

UPDATE reach SET shares = true
FROM customer_address AS own
WHERE own.customer_id = reach.customer_id AND own.address_id IN (
    SELECT address_id FROM customer_address GROUP BY address_id HAVING count(*) > 1);
"""


def upgrade() -> None:
    """Make the table and what keeps it, and fill it with what is there."""
    op.execute("LOCK TABLE customer_address IN SHARE ROW EXCLUSIVE MODE")
    for text in (_REACH, _FILLED):
        op.execute(text.replace("{first}", _FIRST))
