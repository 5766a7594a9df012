"""How campaigns went: how fast, and what befell them."""

from alembic import op

revision = "0021"
down_revision = "0020"

_COURSE = """
-- What left in five seconds. Workers add to it once a second; it is a picture and no account.
CREATE TABLE pace (
    campaign_id integer NOT NULL REFERENCES campaign,
    channel channel NOT NULL,
    at timestamptz NOT NULL,
    messages integer NOT NULL,
    units integer NOT NULL,
    PRIMARY KEY (campaign_id, channel, at)
);
CREATE INDEX pace_at ON pace USING brin (at);

-- What befell a campaign at a network, once for each five minutes, which `part` begins.
CREATE TABLE happening (
    campaign_id integer NOT NULL REFERENCES campaign,
    part timestamptz NOT NULL,
    what text NOT NULL,
    provider text NOT NULL,
    instead_of text,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    times integer NOT NULL DEFAULT 1,
    until timestamptz,
    PRIMARY KEY (campaign_id, part, what, provider)
);
CREATE INDEX happening_last ON happening (last_at);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(_COURSE)
