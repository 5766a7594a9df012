"""Places that are attributes: where the meter is, beside where the customer is.

A value is `[longitude, latitude]` in degrees, as GeoJSON has it (RFC 7946).
"""

from alembic import op

revision = "0032"
down_revision = "0031"


# As a circle around the customer's own place is asked for, operation by operation: positions on the
# ellipsoid, and the square of what is between them.
_NEAR = """
CREATE OR REPLACE FUNCTION place_is_near(
    longitude double precision, latitude double precision,
    x double precision, y double precision, z double precision, square double precision,
    equator double precision, eccentricity double precision)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    phi double precision := radians(round(latitude * 1e7::double precision) / 1e7);
    lambda double precision := radians(round(longitude * 1e7::double precision) / 1e7);
    radius double precision := equator / sqrt(1 - eccentricity * sin(phi) * sin(phi));
    dx double precision := radius * cos(phi) * cos(lambda) - x;
    dy double precision := radius * cos(phi) * sin(lambda) - y;
    dz double precision := radius * (1 - eccentricity) * sin(phi) - z;
BEGIN
    RETURN dx * dx + dy * dy + dz * dz <= square;
END $$;
"""


def upgrade() -> None:
    """Add the kind, and the function that looks whether a place is in a circle."""
    op.execute("ALTER TYPE attribute_kind ADD VALUE IF NOT EXISTS 'location'")
    op.execute(_NEAR)
