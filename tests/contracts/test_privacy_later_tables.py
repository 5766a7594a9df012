"""One person in every table that came after the first ones: erased or forgotten, and looked for."""

import json
from datetime import timedelta

from psycopg.types.json import Jsonb

from broadcaster.access.answers import Answers, Begun, KeptAnswer, Wish
from broadcaster.access.api_keys import ApiKeys
from broadcaster.access.operators import Operators
from broadcaster.audience.areas.store import Areas
from broadcaster.domain.access import Role
from broadcaster.domain.message import Channel, MessageClass
from broadcaster.domain.own_hours import OwnHours
from broadcaster.ledger.page_codes import Entered, PageCodes
from broadcaster.ledger.wishes import FOLLOWED, Chosen, OwnPage
from broadcaster.ports.marking import marking
from broadcaster.privacy.disclosure import Disclosure
from broadcaster.privacy.retention import Retention
from broadcaster.privacy.wrapping import Wrapping
from tests.builders import NOON
from tests.town import AMINA, Town, erase, shown, town
from tests.vaults import dump

__all__ = ["town"]

#: Tables of the steps from 0019 on that say something of customers; each is filled below.
FILLED = frozenset(
    {
        "api_answer",
        "campaign_version",
        "composition",
        "own_hours_change",
        "page_ask",
        "page_code",
        "page_session",
        "webhook_attempt",
        "webhook_delivery",
        "webhook_event",
    }
)
#: And those that say nothing of any.
OF_NOBODY = frozenset(
    {
        "alert",
        "alert_notice",
        "api_key",
        "customer_import",
        "happening",
        "operator",
        "operator_passkey",
        "operator_recovery",
        "operator_session",
        "operator_ticket",
        "pace",
        "provider_trouble",
        "sign_in_trial",
        "webhook",
        "webhook_look",
    }
)
#: The last table of the step before.
_BEFORE = "reach"
#: What she chose, as no other has it.
_AREA = "Harbour-of-amina"
_SECRET = b"bk_of-a-program"
_WISHES = {
    name: Wish(key=1, name=name, request_hash=b"1", secret=_SECRET)
    for name in ("changed", "looked", "refused")
}


def _tables(town: Town) -> frozenset[str]:
    """Name the tables that later steps made: their numbers in the catalogue go up."""
    query = (
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace AND oid > %s::regclass"
    )
    return frozenset(name for (name,) in town.rows.ask(query, _BEFORE)) - {"alembic_version"}


def _fill(town: Town) -> int:
    """Have her in each of them, as the product puts people there; her number in the database."""
    rows, pool = town.rows, town.pool
    Operators(pool).add("Salma", list(Role), "the test", NOON)
    ApiKeys(pool).add("program", "Salma", ["look"], "the test", NOON)
    answers = Answers(pool)
    for name, wish in _WISHES.items():
        assert answers.begin(wish, NOON)[0] is Begun.NEW
        with marking(answers.mark(wish)), pool.connection() as connection:
            wrote = "UPDATE operator SET locale = 'fr' WHERE name = 'Salma'"
            connection.execute(wrote if name == "changed" else "SELECT 1")
        if name != "refused":
            body = json.dumps({"number": AMINA.number}).encode()
            answers.keep(wish, KeptAnswer(status=200, headers={}, body=body))
    rows.tell(
        "INSERT INTO webhook (url, events, salt, made_by, created_at, retry_at)"
        " VALUES ('https://crm.example.test/', '{customer.opted_out}', 'salt', 'Salma', %s, %s)",
        NOON,
        NOON,
    )
    Areas(pool).save_circle(_AREA, -7.6, 33.6, 500)
    OwnPage(pool).offer(_AREA, "Salma", offered=True)
    ((customer, address),) = rows.ask(
        "SELECT customer.id, address_id FROM customer JOIN customer_address ON customer_id ="
        " customer.id WHERE number = %s AND channel = 'sms' ORDER BY ordinal LIMIT 1",
        AMINA.number,
    )
    codes = PageCodes(pool, town.keys, Wrapping(b"k" * 32, "page code"), b"k" * 32)
    ticket = codes.ask(AMINA.addresses[0], "ar", "192.0.2.7", NOON)
    claimed = codes.claim(NOON)
    assert ticket is not None
    assert not isinstance(claimed, bool)
    assert codes.redeem(ticket, claimed.code, "192.0.2.7", NOON) is not None
    who = Entered(address=address, channel="sms", code=claimed.id, locale="ar")
    chosen = Chosen(
        locales=["ar"],
        quiet=OwnHours(start=22 * 60, end=6 * 60),
        quiet_shown=True,
        areas={_AREA: True},
        wanted={Channel.SMS: frozenset({MessageClass.SAFETY})},
    )
    OwnPage(pool).choose(who, customer, chosen, NOON)
    assert rows.ask("SELECT attributes ->> %s FROM customer WHERE id = %s", FOLLOWED, customer) == [
        (f'["{_AREA}"]',)
    ]
    rows.tell(
        "INSERT INTO webhook_attempt (event_id, webhook_id, attempt, at, status, seconds)"
        " SELECT event_id, webhook_id, 1, %s, 200, 0.1 FROM webhook_delivery",
        NOON,
    )
    asked = f'number = "{AMINA.number}" or name = "{AMINA.name}"'
    made = {"expression": [asked], "name": ["to one"]}
    rows.tell(
        "INSERT INTO composition (content, created_by, created_at, changed_by, changed_at)"
        " VALUES (%s, 'Salma', %s, 'Salma', %s)",
        Jsonb(made),
        NOON,
        NOON,
    )
    campaign = rows.draft(name="to one", expression=asked)
    rows.tell("UPDATE campaign SET status = 'cancelled' WHERE id = %s", campaign)
    rows.tell(
        "INSERT INTO campaign_version (campaign_id, event, revision, content_hash, content, by, at)"
        " VALUES (%s, 'handed', 1, 'hash', %s, 'Salma', %s)",
        campaign,
        Jsonb({"expression": asked, "name": "to one"}),
        NOON,
    )
    return int(customer)


def test_every_table_that_came_later_is_filled_or_is_of_nobody(town: Town) -> None:
    """So that one that is added is thought of, and said to be one or the other."""
    assert _tables(town) == FILLED | OF_NOBODY


def test_erasure_reaches_every_table_that_came_later(town: Town) -> None:
    """Neither her values nor what she chose is left, nor a row that has her number."""
    customer = _fill(town)
    for table in FILLED:
        assert town.rows.ask(f"SELECT count(*) > 0 FROM {table}") == [(True,)], table  # noqa: S608  (our own names)
    held = Disclosure(town.pool, town.keys).collect(AMINA.number, "youssef", "a look")
    assert _AREA in json.dumps(held, default=str)
    assert erase(town).found
    assert shown(dump(town.pool)) == []
    # That she was there, and what was done, is in the trail by a number that is nobody's now; the
    # name of an area is the area's own.
    naming = "SELECT count(*) FROM {} WHERE {}"
    for table, where in (
        ("own_hours_change", "true"),
        ("page_code", "address_id IS NOT NULL"),
        ("page_session", "true"),
        ("webhook_event", "true"),
        ("webhook_delivery", "true"),
        ("webhook_attempt", "true"),
        ("customer", f"attributes ? '{FOLLOWED}' OR quiet IS NOT NULL"),
        ("api_answer", "answer IS NOT NULL"),
    ):
        assert town.rows.ask(naming.format(table, where)) == [(0,)], table
    columns = town.rows.ask(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'customer_id'"
    )
    for table, column in columns:
        query = f"SELECT count(*) FROM {table} WHERE {column} = %s"  # noqa: S608  (the catalogue's names)
        left = town.rows.ask(query, customer)[0][0]
        # Of a history that only grows the words are gone, and it names nobody.
        assert left == 0 or table == "consent_record", table
    # A program that asks again is told that nobody knows any more, or does it anew.
    answers = Answers(town.pool)
    begun = {name: answers.begin(wish, NOON)[0] for name, wish in _WISHES.items()}
    assert begun == {"changed": Begun.UNKNOWN, "looked": Begun.NEW, "refused": Begun.OPEN}


def test_retention_reaches_them_too(town: Town) -> None:
    """Who left is forgotten there as well, and what has a day or a week of its own went before."""
    customer = _fill(town)
    town.rows.tell("UPDATE customer SET left_at = %s WHERE id = %s", NOON, customer)
    later = NOON + timedelta(days=91)
    days = dict.fromkeys(("service", "promotional", "safety", "receipts", "devices"), 60)
    keys = Wrapping(b"k" * 32, "page code")
    PageCodes(town.pool, town.keys, keys, b"k" * 32).tidy(later)
    Answers(town.pool).forget(later)
    rules = {**days, "left": 90, "addresses": 60}
    list(Retention(town.pool, rules, town.keys).apply("the test", later))
    for table in ("api_answer", "own_hours_change", "page_code", "page_session", "page_ask"):
        assert town.rows.ask(f"SELECT count(*) FROM {table}") == [(0,)], table  # noqa: S608  (our own names)
    row = "SELECT quiet, own_locales, attributes FROM customer WHERE id = %s"
    quiet, locales, attributes = town.rows.ask(row, customer)[0]
    assert (quiet, locales or None, attributes) == (None, None, {})
    assert town.rows.ask("SELECT count(*) FROM webhook_event") == [(0,)]
