"""Customers made by SQL, as many as wanted in a moment; each has a phone and a mailbox."""

from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.audience.segments import Segments

_NUMBER = "'B' || lpad(i::text, 8, '0')"

_CUSTOMERS = f"""
INSERT INTO customer (number, name, name_latin, locales, time_zone, attributes)
SELECT {_NUMBER},
    (ARRAY['محمد', 'فاطمة', 'يوسف', 'خديجة', 'أحمد', 'مريم'])[1 + i %% 6] || ' '
        || (ARRAY['العلوي', 'بناني', 'التازي', 'الفاسي', 'برادة'])[1 + i / 6 %% 5],
    (ARRAY['Mohammed', 'Fatima', 'Youssef', 'Khadija', 'Ahmed', 'Meryem'])[1 + i %% 6] || ' '
        || (ARRAY['Alaoui', 'Bennani', 'Tazi', 'El Fassi', 'Berrada'])[1 + i / 6 %% 5],
    CASE WHEN i %% 20 < 11 THEN ARRAY['ar-MA', 'fr-MA'] WHEN i %% 20 < 19 THEN ARRAY['fr-MA']
         ELSE ARRAY['en'] END,
    'Africa/Casablanca',
    jsonb_build_object('meter_day', 1 + i %% 28, 'subscribed_kva', i)
FROM generate_series(%(first)s::integer, %(last)s::integer) AS i
"""  # noqa: S608  (our own words)

_ADDRESSES = """
INSERT INTO address (scheme, channel, value)
SELECT 'tel'::scheme, 'sms'::channel, '+2126' || lpad(i::text, 8, '0')
FROM generate_series(%(first)s::integer, %(last)s::integer) AS i
UNION ALL
SELECT 'mailto'::scheme, 'email'::channel, 'client.' || lpad(i::text, 8, '0') || '@courrier.test'
FROM generate_series(%(first)s::integer, %(last)s::integer) AS i
"""

_JOINED = f"""
INSERT INTO customer_address (customer_id, channel, ordinal, address_id)
SELECT customer.id, address.channel, 1, address.id
FROM generate_series(%(first)s::integer, %(last)s::integer) AS i
JOIN customer ON customer.number = {_NUMBER}
JOIN LATERAL (VALUES ('+2126' || lpad(i::text, 8, '0')),
              ('client.' || lpad(i::text, 8, '0') || '@courrier.test')) AS wish (value) ON true
JOIN address ON address.value = wish.value
"""  # noqa: S608  (our own words)


def add(pool: ConnectionPool[Connection[Any]], first: int, last: int) -> None:
    """Add customers numbered from `first` to `last`; nothing when there is none between."""
    if first > last:
        return
    span = {"first": first, "last": last}
    with pool.connection() as connection:
        connection.execute("SET LOCAL statement_timeout = '15min'")
        for query in (_CUSTOMERS, _ADDRESSES):
            connection.execute(query, span)
        connection.execute("ANALYZE customer, address")
        connection.execute(_JOINED, span)
        connection.execute("ANALYZE customer_address")


def segment(segments: Segments, count: int | None) -> str:
    """Save the segment of the first `count` customers, or of all, and name it."""
    name = "everybody" if count is None else f"first {count}"
    segments.save(name, "all" if count is None else f"subscribed_kva <= {count}")
    return name
