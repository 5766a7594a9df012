"""What customers decide by their links, what is learned of addresses, and the evidence for it."""

import csv
import io
import threading
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from psycopg import errors

from broadcaster.domain.consent import Basis, ConsentRecord, Ground, Scope, Source
from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Reason
from broadcaster.domain.message import Channel, MessageClass, Scheme
from broadcaster.errors import NotFoundError
from broadcaster.ledger import history, schema
from broadcaster.ledger.consents import Consents, Said
from broadcaster.ledger.optouts import OptOuts
from broadcaster.reports.reports import Reports
from tests.builders import NOON, address, customer, receipt
from tests.rows import TTL, Pool, Rows
from tests.waiters import waiters

SAFETY, SERVICE, PROMOTIONAL = (
    MessageClass.SAFETY,
    MessageClass.SERVICE,
    MessageClass.PROMOTIONAL,
)
_BOTH = (Channel.SMS, Channel.EMAIL)


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give an empty database."""
    return Rows(pool)


def _word(subject: int, *, granted: bool = False, minutes: int = 0) -> ConsentRecord:
    return ConsentRecord(
        customer=None,
        address=subject,
        channel=Channel.SMS,
        ground=Ground.WISH,
        classes=(SERVICE,),
        granted=granted,
        source=Source.OPERATOR,
        at=NOON + timedelta(minutes=minutes),
        proof="letter 1",
        by="amina",
    )


def test_a_customer_chooses_by_channel_and_class(rows: Rows) -> None:
    """What is ended stays here, what is wanted again goes out, and both have their proof."""
    campaign = rows.running(1, channels=_BOTH)
    optouts = OptOuts(rows.pool)
    mail = DeliveryId(campaign, 2)
    before = optouts.preferences(mail)
    assert before.channel is Channel.EMAIL
    assert before.wanted == dict.fromkeys(_BOTH, frozenset({SERVICE, SAFETY}))
    wanted = {Channel.SMS: frozenset({SAFETY}), Channel.EMAIL: frozenset(MessageClass)}
    assert optouts.choose(mail, wanted, NOON).wanted == wanted
    assert optouts.choose(mail, wanted, NOON).wanted == wanted
    proofs = set(rows.ask("SELECT proof, source, recorded_by FROM consent_record"))
    assert proofs == {(f"delivery {mail}, preferences 1", "page", "recipient")}
    (line,) = rows.ask("SELECT details FROM audit WHERE action = 'preferences'")
    assert line[0]["before"] == {"sms": ["safety", "service"], "email": ["safety", "service"]}
    assert line[0]["after"]["sms"] == ["safety"]

    text = DeliveryId(campaign, 1)
    lease = rows.leased(campaign)
    assert rows.ledger.claim(lease, {1: 1}, "sandbox", NOON, TTL) == []
    assert rows.delivery(*text, "status", "reason") == ("suppressed", "opted_out")


def test_a_click_by_mistake_is_taken_back(rows: Rows) -> None:
    """Exactly what it ended comes back: no advertising that nobody wanted, nothing refused before.

    And nothing that was refused elsewhere since.
    """
    agreed = replace(customer(1), consented=((Channel.EMAIL, PROMOTIONAL),))
    rows.save([agreed, customer(2)])
    campaign = rows.running(channels=(Channel.EMAIL,))
    optouts = OptOuts(rows.pool)
    with rows.pool.connection() as connection:
        history.add(connection, [_agreed(1)], NOON - timedelta(days=1))
    for number, wanted in ((1, frozenset(MessageClass)), (2, frozenset({SERVICE, SAFETY}))):
        mail = DeliveryId(campaign, number)
        assert not optouts.undo(mail, NOON)
        optouts.opt_out(mail, NOON)
        assert optouts.preferences(mail).wanted[Channel.EMAIL] == {SAFETY}
        assert optouts.undo(mail, NOON)
        assert not optouts.undo(mail, NOON)
        assert optouts.preferences(mail).wanted[Channel.EMAIL] == wanted
    assert rows.ask("SELECT count(*) FROM suppression") == [(0,)]

    mail = DeliveryId(campaign, 1)
    optouts.opt_out(mail, NOON)
    optouts.choose(mail, {Channel.EMAIL: frozenset()}, NOON)
    assert optouts.undo(mail, NOON)
    # "Nothing at all" was said of warnings since; they stay ended.
    assert optouts.preferences(mail).wanted[Channel.EMAIL] == {SERVICE, PROMOTIONAL}
    optouts.choose(mail, {Channel.EMAIL: frozenset({SAFETY})}, NOON)
    assert not optouts.undo(mail, NOON)


def _agreed(subject: int) -> ConsentRecord:
    return replace(
        _word(subject, granted=True),
        customer=subject,
        address=None,
        channel=Channel.EMAIL,
        classes=(PROMOTIONAL,),
        at=NOON - timedelta(days=1),
    )


def test_nothing_at_all_means_warnings_too_and_can_be_taken_back(rows: Rows) -> None:
    """On the channel of which it was said."""
    campaign = rows.running(1, channels=_BOTH, message_class=SAFETY)
    optouts = OptOuts(rows.pool)
    mail = DeliveryId(campaign, 2)
    optouts.choose(mail, {Channel.EMAIL: frozenset()}, NOON)
    later = rows.running(1, name="later", channels=_BOTH, message_class=SAFETY)
    query = "SELECT channel, reason FROM delivery WHERE campaign_id = %s ORDER BY channel"
    assert rows.ask(query, later) == [("sms", None), ("email", "opted_out")]
    again = {Channel.EMAIL: frozenset({SERVICE, SAFETY})}
    assert optouts.choose(mail, again, NOON).wanted[Channel.EMAIL] == {SERVICE, SAFETY}
    last = rows.running(1, name="last", channels=_BOTH, message_class=SAFETY)
    assert rows.ask(query, last) == [("sms", None), ("email", None)]


def test_advertising_is_agreed_to_on_the_message_s_own_channel_alone(rows: Rows) -> None:
    """Who forwards a mail gives its link away, and can't agree for a telephone."""
    campaign = rows.running(1, channels=_BOTH)
    wanted = dict.fromkeys(_BOTH, frozenset(MessageClass))
    after = OptOuts(rows.pool).choose(DeliveryId(campaign, 2), wanted, NOON)
    assert after.wanted[Channel.EMAIL] == set(MessageClass)
    assert after.wanted[Channel.SMS] == {SERVICE, SAFETY}


def test_coming_back_frees_one_s_own_address_and_not_a_neighbour_s(rows: Rows) -> None:
    """Of an address that others share, only the one that the message came to."""
    household = address(Scheme.TEL, 9)
    mails = [address(Scheme.MAILTO, number) for number in (1, 2)]
    rows.save(customer(number, addresses=(household, mails[number - 1])) for number in (1, 2))
    campaign = rows.running(2, channels=_BOTH)
    numbers = {
        (number, Channel(channel)): DeliveryId(campaign, which)
        for number, channel, which in rows.ask(
            "SELECT customer.number, channel, delivery.number FROM delivery "
            "JOIN customer ON customer.id = customer_id WHERE address_id IS NOT NULL"
        )
    }
    optouts = OptOuts(rows.pool)
    text = numbers["C000001", Channel.SMS]
    optouts.opt_out(text, NOON)
    back = {Channel.SMS: frozenset({SERVICE, SAFETY})}
    by_mail = optouts.choose(numbers["C000002", Channel.EMAIL], back, NOON)
    assert by_mail.wanted[Channel.SMS] == {SERVICE, SAFETY}, "they never refused themselves"
    assert by_mail.blocked == {Channel.SMS}
    assert rows.ask("SELECT count(*) FROM suppression") == [(2,)], (
        "the household's number is barred"
    )
    by_text = optouts.choose(text, back, NOON)
    assert by_text.wanted[Channel.SMS] == {SERVICE, SAFETY}
    assert by_text.blocked == set()
    assert rows.ask("SELECT class FROM suppression") == [("promotional",)]


def test_the_team_frees_no_address_that_somebody_else_has(rows: Rows) -> None:
    """As the page does: who agrees again does so for themselves."""
    household, own = address(Scheme.TEL, 9), address(Scheme.TEL, 1)
    rows.save([customer(1, addresses=(own, household)), customer(2, addresses=(household,))])
    said = Said(
        channels=(Channel.SMS,),
        scope=Scope.SERVICE,
        granted=True,
        source=Source.OPERATOR,
        proof="call 7",
        by="amina",
    )
    ids = dict(rows.ask("SELECT value, id FROM address"))
    with rows.pool.connection() as connection:
        history.add(connection, [_word(id_) for id_ in ids.values()], NOON)
    consents = Consents(rows.pool)
    consents.record_customer("C000001", said, NOON + timedelta(hours=1))
    held = rows.ask("SELECT DISTINCT address_id FROM suppression WHERE class = 'service'")
    assert held == [(ids[household.value],)]


def test_a_channel_on_which_nothing_arrives_is_shown_as_that(rows: Rows) -> None:
    """Whatever the customer wants there."""
    campaign = rows.running(1, channels=_BOTH)
    told = receipt(
        DeliveryId(campaign, 2), DeliveryEvent.FAIL, reason=Reason.UNKNOWN_ADDRESS, code="5.1.1"
    )
    rows.claimed(campaign, [1])
    rows.tell("UPDATE delivery SET status = 'accepted', provider = 'sandbox'")
    rows.ledger.receive([told], NOON)
    rows.ledger.apply_receipts(NOON, 10)
    found = OptOuts(rows.pool).preferences(DeliveryId(campaign, 1))
    assert found.blocked == {Channel.EMAIL}
    assert found.wanted[Channel.EMAIL] == {SERVICE, SAFETY}


def test_a_link_of_no_message_chooses_nothing(rows: Rows) -> None:
    """Whoever signed it."""
    campaign = rows.running(1)
    with pytest.raises(NotFoundError):
        OptOuts(rows.pool).choose(DeliveryId(campaign, 9), {}, NOON)
    with pytest.raises(NotFoundError):
        OptOuts(rows.pool).preferences(DeliveryId(campaign, 9))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE consent_record SET granted = true",
        "UPDATE consent_record SET proof = 'a better one'",
        "UPDATE consent_record SET proof = '', at = now()",
        "DELETE FROM consent_record",
        "TRUNCATE consent_record",
    ],
)
def test_the_history_only_grows(rows: Rows, statement: str) -> None:
    """Nobody rewrites what was said; the words of a proof alone can be taken away."""
    campaign = rows.running(1)
    OptOuts(rows.pool).opt_out(DeliveryId(campaign, 1), NOON)
    with pytest.raises(errors.RaiseException, match="append only"):
        rows.tell(statement)
    assert rows.tell("UPDATE consent_record SET proof = ''") == 2


def test_two_words_about_an_address_at_once_see_each_other(rows: Rows) -> None:
    """The later one is heard last, whoever is stored first."""
    rows.save([customer(1)])
    (subject,) = rows.ask("SELECT id FROM address WHERE channel = 'sms'")[0]
    with rows.pool.connection() as one:
        history.add(one, [_word(subject)], NOON)

        def lift() -> None:
            with rows.pool.connection() as other:
                history.add(other, [_word(subject, granted=True, minutes=1)], NOON)

        thread = threading.Thread(target=lift)
        thread.start()
        while not waiters(one):
            assert thread.is_alive()
    thread.join(timeout=20)
    assert rows.ask("SELECT count(*) FROM suppression") == [(0,)]


def test_a_report_names_the_basis_of_each_delivery(rows: Rows) -> None:
    """As it was when it was decided, whatever was said since."""
    rows.save([customer(1), customer(2), customer(3)])
    ids = [id_ for (id_,) in rows.ask("SELECT id FROM customer ORDER BY number")]

    def say(who: int, class_: MessageClass, *, granted: bool, source: Source, late: int) -> None:
        word = ConsentRecord(
            customer=who,
            address=None,
            channel=Channel.SMS,
            ground=Ground.WISH,
            classes=(class_,),
            granted=granted,
            source=source,
            at=NOON + timedelta(hours=late),
            proof="form 4",
            by="amina",
        )
        with rows.pool.connection() as connection:
            history.add(connection, [word], NOON + timedelta(hours=late))

    say(ids[0], PROMOTIONAL, granted=True, source=Source.PAGE, late=-2)
    say(ids[1], PROMOTIONAL, granted=True, source=Source.IMPORT, late=-2)
    say(ids[1], PROMOTIONAL, granted=False, source=Source.PAGE, late=-1)
    campaign = rows.running(3, message_class=PROMOTIONAL)
    say(ids[0], PROMOTIONAL, granted=False, source=Source.OPERATOR, late=1)
    say(ids[2], PROMOTIONAL, granted=True, source=Source.PAGE, late=1)

    reports = Reports(rows.pool)
    stream = io.StringIO()
    reports.export(campaign, stream)
    found = {row["customer"]: row for row in csv.DictReader(io.StringIO(stream.getvalue()))}
    records = dict(rows.ask("SELECT source::text, min(id) FROM consent_record GROUP BY 1"))
    assert found["C000001"]["basis"] == f"consent: page (record {records['page']})"
    assert found["C000002"]["basis"].startswith("refused: page (record ")
    assert found["C000003"]["basis"] == "no_consent"

    by_number = {number: DeliveryId.parse(row["delivery"]) for number, row in found.items()}
    sent = reports.basis(by_number["C000001"])
    assert (sent.verdict.basis, sent.text) == (Basis.CONSENT, found["C000001"]["basis"])
    assert [one.proof for one in sent.verdict.records] == ["form 4"]
    left = reports.basis(by_number["C000002"])
    assert (left.verdict.basis, left.reason) == (Basis.REFUSED, Reason.OPTED_OUT)
    assert left.text == found["C000002"]["basis"]
    never = reports.basis(by_number["C000003"])
    assert (never.verdict.basis, never.records) == (Basis.NO_CONSENT, [])
    with pytest.raises(NotFoundError):
        reports.basis(DeliveryId(campaign, 99))


def test_a_report_says_that_safety_passed_a_service_opt_out(rows: Rows) -> None:
    """Told although they had ended all else."""
    campaign = rows.running(1)
    OptOuts(rows.pool).opt_out(DeliveryId(campaign, 1), NOON)
    danger = rows.running(
        1, name="danger", message_class=SAFETY, effective=NOON, expires=NOON + timedelta(hours=9)
    )
    found = Reports(rows.pool).basis(DeliveryId(danger, 1))
    assert (found.verdict.basis, found.text) == (Basis.PROTECTS_LIFE, "protects_life")
    assert {one.source for one in found.verdict.passed} == {Source.ONE_CLICK}


def test_what_was_known_before_there_was_a_history_is_in_it(empty_database_url: str) -> None:
    """With what can be told of its source; a carrier's STOP bars what protects life as well."""
    schema.upgrade(empty_database_url, "0005")
    with psycopg.connect(empty_database_url) as connection:
        connection.execute(
            "INSERT INTO customer (number, name, locales, time_zone) VALUES ('1', 'x', '{}', 'UTC')"
        )
        connection.execute(
            "INSERT INTO address (scheme, channel, value) VALUES ('tel', 'sms', '+1'), "
            "('mailto', 'email', 'a@b.test'), ('fcm', 'push', 'token')"
        )
        connection.execute(
            "INSERT INTO consent VALUES (1, 'sms', 'service', false, 'link', now()), "
            "(1, 'email', 'promotional', true, 'import', now())"
        )
        connection.execute(
            "INSERT INTO suppression VALUES (1, 'service', 'recipient_opted_out', 'twilio', now()),"
            "(1, 'promotional', 'recipient_opted_out', 'twilio', now()), "
            "(2, 'service', 'recipient_opted_out', 'link', now()), "
            "(3, 'service', 'gone', 'fcm', now()), (3, 'safety', 'gone', 'fcm', now())"
        )
    schema.upgrade(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        said = connection.execute(
            "SELECT COALESCE(customer_id, 0), COALESCE(address_id, 0), ground, source, "
            "cardinality(classes), granted FROM consent_record ORDER BY 1, 2, 3, 4"
        ).fetchall()
        held = connection.execute(
            "SELECT address_id, class, ground FROM suppression ORDER BY 1, 2"
        ).fetchall()
        named = connection.execute(
            "SELECT count(*) FROM suppression WHERE record_id IS NULL "
            "UNION ALL SELECT count(*) FROM consent WHERE record_id IS NULL"
        ).fetchall()
    assert said == [
        (0, 1, "carrier", "stop", 3, False),
        (0, 2, "wish", "one_click", 1, False),
        (0, 3, "fitness", "gone", 2, False),
        (1, 0, "wish", "import", 1, True),
        (1, 0, "wish", "one_click", 1, False),
    ]
    assert held == [
        (1, "service", "carrier"),
        (1, "promotional", "carrier"),
        (1, "safety", "carrier"),
        (2, "service", "wish"),
        (3, "service", "fitness"),
        (3, "safety", "fitness"),
    ]
    assert named == [(0,), (0,)]
