"""Where customers are, and the areas that segments ask about.

A version of an area never changes: campaigns name the one that they were approved with. `cells` and
`area_piece` are made from `geometry` when the area is stored; see decision 0019.

What looks at every customer is done after the tables are changed, under locks that let others work.
"""

from alembic import op
from sqlalchemy import text

revision = "0007"
down_revision = "0006"

_PLACE = """
ALTER TABLE customer ADD COLUMN longitude double precision;
ALTER TABLE customer ADD COLUMN latitude double precision;
ALTER TABLE customer ADD CONSTRAINT customer_place_whole
    CHECK ((longitude IS NULL) = (latitude IS NULL)) NOT VALID;
-- NaN is greater than every number here, so it is refused as well.
ALTER TABLE customer ADD CONSTRAINT customer_place_on_earth
    CHECK (longitude BETWEEN -180 AND 180 AND latitude BETWEEN -90 AND 90) NOT VALID;
"""
_CHECKED = (
    "ALTER TABLE customer VALIDATE CONSTRAINT customer_place_whole",
    "ALTER TABLE customer VALIDATE CONSTRAINT customer_place_on_earth",
    """
    CREATE INDEX IF NOT EXISTS customer_place ON customer (latitude, longitude)
    WHERE latitude IS NOT NULL
    """,
)

# Coordinates of cells and pieces are whole numbers of 1e-7 degree. A cell of `cells` is an octet:
# 0 outside, 1 inside, 2 where pieces decide. A piece is what lies between two lines, from `low` to
# `high`; a line is a point and the way to another one, upwards.
_AREAS = """
CREATE TYPE area_kind AS ENUM ('polygon', 'circle', 'list');
CREATE TABLE area_version (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    kind area_kind NOT NULL,
    hash text NOT NULL,
    geometry text NOT NULL,
    source text NOT NULL,
    vertices integer NOT NULL DEFAULT 0,
    square_km double precision NOT NULL DEFAULT 0,
    west integer,
    south integer,
    width integer,
    height integer,
    columns integer,
    rows integer,
    cells bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (name, hash)
);

CREATE TABLE area (
    name text PRIMARY KEY,
    version_id integer NOT NULL REFERENCES area_version,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE area_piece (
    version_id integer NOT NULL REFERENCES area_version ON DELETE CASCADE,
    cell integer NOT NULL,
    low integer NOT NULL,
    high integer NOT NULL,
    left_x integer NOT NULL,
    left_y integer NOT NULL,
    left_dx integer NOT NULL,
    left_dy integer NOT NULL,
    right_x integer NOT NULL,
    right_y integer NOT NULL,
    right_dx integer NOT NULL,
    right_dy integer NOT NULL
);
CREATE INDEX area_piece_cell ON area_piece (version_id, cell);
"""

# Products of two differences stay below 2**63; whatever lies on a line is held.
_HOLDS = """
CREATE FUNCTION area_piece_holds(in_version integer, in_cell integer, x bigint, y bigint)
RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM area_piece AS piece
        WHERE piece.version_id = in_version AND piece.cell = in_cell
          AND y BETWEEN piece.low AND piece.high
          AND (x - piece.left_x) * piece.left_dy >= (y - piece.left_y) * piece.left_dx
          AND (x - piece.right_x) * piece.right_dy <= (y - piece.right_y) * piece.right_dx);
END $$;
"""


def upgrade() -> None:
    """Add the columns, make the tables, and the function that looks at pieces."""
    if op.get_bind().scalar(text("SELECT to_regclass('area_version')")) is None:
        for script in (_PLACE, _AREAS, _HOLDS):
            op.execute(script)
    with op.get_context().autocommit_block():
        for statement in _CHECKED:
            op.execute(statement)
