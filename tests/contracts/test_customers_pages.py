"""Customers' pages by a code: nobody learns who is a customer, and a form changes what it shows."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from broadcaster.domain.message import Channel, EmailContent
from tests.pages_scene import MAILBOX, NOBODYS, PHONE, Scene, amina, opened
from tests.vaults import dump


@pytest.fixture
def scene(database_url: str, redis_url: str, home: Path) -> Iterator[Scene]:
    """Serve the pages, with one customer."""
    with opened(database_url, redis_url, home) as made:
        made.rows.save([amina()])
        yield made


def test_nothing_tells_whether_somebody_is_a_customer(scene: Scene) -> None:
    """The answer is the same, the page writes the same, and what was typed is not kept."""
    answers = {}
    for address in (PHONE, NOBODYS, MAILBOX, "nobody@courrier.test"):
        answer = scene.post("/preferences", address=address, language="fr")
        named = {key: value for key, value in answer.headers.items() if key != "date"}
        named["set-cookie"] = re.sub(r"=[\w-]{43};", "=…;", named["set-cookie"])
        answers[answer.status, answer.text, json.dumps(named)] = address
    assert len(answers) == 1
    kept = scene.rows.ask(
        "SELECT address_id IS NULL, code_hash IS NULL, claimed_at IS NULL, length(wanted) > 0"
        " FROM page_code"
    )
    assert kept == [(True, True, True, True)] * 4
    assert NOBODYS not in dump(scene.rows.pool)
    assert scene.send() == 4
    assert scene.rows.ask("SELECT count(*) FROM page_code WHERE wanted IS NOT NULL") == [(0,)]
    assert [one.address.value for one in scene.sms.taken] == [PHONE]
    (letter,) = scene.mail.taken
    assert (letter.address.value, letter.unsubscribe_url) == (MAILBOX, "")
    assert isinstance(letter.content, EmailContent)
    assert letter.content.subject.startswith("Votre code")
    assert scene.send() == 0


def test_one_process_sends_codes_at_a_time(scene: Scene) -> None:
    """The next one does when it has ended, however it ended."""
    codes = scene.site.runtime.page_codes
    scene.post("/preferences", address=PHONE, language="fr")
    with codes.turn() as mine:
        assert mine
        assert scene.send() == 0
    with suppress(KeyError), codes.turn():
        raise KeyError
    assert scene.send() == 1


def test_a_code_opens_the_page_once(scene: Scene) -> None:
    """In the reader's language; it is kept as a hash, and leaves a record of its sending."""
    page = scene.enter()
    assert page.status == 200
    assert page.text.count('name="shown"') == 2
    message = scene.sms.taken[0]
    assert message.locale == "fr"
    assert message.units == 1
    assert scene.rows.ask("SELECT outcome, provider, tries FROM page_code") == [
        ("accepted", "twilio", 1)
    ]
    assert scene.code() not in dump(scene.rows.pool)
    # Neither again, nor in another browser.
    scene.jar.pop("broadcaster_page")
    assert scene.post("/preferences/code", code=scene.code()).status == 422
    assert scene.get("/preferences/mine").status == 303


def test_a_code_is_good_for_five_tries_and_ten_minutes(scene: Scene) -> None:
    """And for the browser that asked for it alone."""
    scene.post("/preferences", address=PHONE, language="fr")
    scene.send()
    code = scene.code()
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(5):
        assert scene.post("/preferences/code", code=wrong).status == 422
    assert scene.post("/preferences/code", code=code).status == 422

    scene.post("/preferences", address=PHONE, language="fr")
    scene.send()
    ticket = scene.jar["broadcaster_ticket"]
    scene.jar["broadcaster_ticket"] = "somebody-else"
    assert scene.post("/preferences/code", code=scene.code()).status == 422
    scene.jar["broadcaster_ticket"] = ticket
    scene.later(minutes=10)
    assert scene.post("/preferences/code", code=scene.code()).status == 422


def test_codes_are_asked_for_only_so_often(scene: Scene) -> None:
    """For an address of nobody as for a customer's, and from one place for any."""
    for address in (PHONE, NOBODYS):
        for _ in range(3):
            assert scene.post("/preferences", address=address).status == 303
        refused = scene.post("/preferences?lang=en", address=address)
        assert (refused.status, refused.headers["retry-after"]) == (429, "900")
        assert "asked for too often" in refused.text
    for number in range(4):
        assert scene.post("/preferences", address=f"{number}@courrier.test").status == 303
    assert scene.post("/preferences", address="another@courrier.test").status == 429
    scene.later(minutes=16)
    assert scene.post("/preferences", address=PHONE).status == 303
    scene.later(days=2)
    scene.send()
    assert scene.rows.ask("SELECT count(*) FROM page_ask") == [(0,)]
    assert scene.rows.ask("SELECT count(*) FROM page_code") == [(0,)]
    # The last one waited for two days, and nothing was sent for it.
    assert scene.sms.taken == []


def test_codes_cannot_be_guessed_by_many_tickets(scene: Scene) -> None:
    """Tries are counted for the place that they come from as well."""
    statuses = [scene.post("/preferences/code", code=f"{one:06}").status for one in range(31)]
    assert set(statuses) == {422}
    assert scene.rows.ask("SELECT count(*) FROM page_ask") == [(30,)]


def test_what_is_no_address_is_said_at_once(scene: Scene) -> None:
    """It tells of nobody; the form is shown again with what was typed, as text."""
    for typed in ("", "x", "06", "a@b", "x" * 500, "https://push.test/x", "\0", "<b>@x"):
        answer = scene.post("/preferences?lang=en", address=typed)
        assert answer.status == 422
        assert "neither a mobile number nor an email" in answer.text
        assert "<b>" not in answer.text
    # Typed on an Arabic keyboard it is a number, too.
    assert scene.post("/preferences", address="٠٦٦١٢٣٤٥٦٧").status == 303
    scene.send()
    arabic = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
    assert scene.post("/preferences/code", code=scene.code().translate(arabic)).status == 303


def test_a_form_changes_only_what_it_shows(scene: Scene) -> None:
    """Languages stay chosen whatever an import says, and others see what changed in the trail."""
    scene.enter()
    page = scene.choose(first="fr-MA", second="ar-MA")
    assert re.search(r'<option value="fr-MA"[^>]* selected', page.text)
    assert scene.rows.ask(
        "SELECT locales, quiet, attributes -> 'followed_areas' FROM customer"
    ) == [(["fr-MA", "ar-MA"], None, None)]
    scene.site.runtime.customers.save([amina()])
    assert scene.rows.ask("SELECT locales FROM customer") == [(["fr-MA", "ar-MA"],)]

    scene.choose(quiet_from="22", quiet_until="7")
    assert scene.rows.ask("SELECT locales, quiet FROM customer") == [
        (["fr-MA", "ar-MA"], "22:00-07:00")
    ]
    scene.choose(quiet_from="")
    assert scene.rows.ask("SELECT quiet FROM customer") == [(None,)]
    page = scene.choose(shown=["sms"], sms=["safety"])
    proofs = scene.rows.ask("SELECT DISTINCT proof, source FROM consent_record WHERE NOT granted")
    assert proofs == [("code 1, preferences 1", "page")]
    assert scene.rows.ask("SELECT channel, class FROM consent WHERE NOT granted") == [
        ("sms", "service"),
    ]
    # Advertising is agreed to on the channel of the code alone.
    scene.choose(shown=["sms", "email"], sms=["service", "promotional"], email=["promotional"])
    assert scene.rows.ask(
        "SELECT channel FROM consent WHERE class = 'promotional' AND granted"
    ) == [("sms",)]
    actions = scene.rows.ask(
        "SELECT DISTINCT actor, subject FROM audit WHERE action = 'preferences'"
    )
    assert actions == [("recipient", "customer 1")]


def test_followed_areas_are_those_that_are_offered(scene: Scene) -> None:
    """Others can't be followed by a form that was made up; segments ask for them."""
    runtime = scene.site.runtime
    for name in ("Old <b>town</b>", "Harbour"):
        runtime.areas.save_circle(name, -7.6, 33.6, 500)
    runtime.own_page.offer("Old <b>town</b>", "amina", offered=True)
    text = scene.enter().text
    assert "Old &lt;b&gt;town&lt;/b&gt;" in text
    assert "Harbour" not in text
    names = ["Old <b>town</b>", "Harbour", "everywhere"]
    scene.choose(area_shown=names, area=names)
    held = scene.rows.ask("SELECT attributes -> 'followed_areas' FROM customer")
    assert held == [(["Old <b>town</b>", "everywhere"],)]
    assert runtime.customers.count('followed_areas has "everywhere"') == 1
    assert runtime.customers.count('followed_areas has any of ("Harbour", "Old <b>town</b>")') == 1
    assert runtime.customers.count('followed_areas has "Harbour"') == 0
    # What was not shown stays.
    scene.choose(area_shown=["everywhere"])
    assert runtime.customers.count('followed_areas has "Old <b>town</b>"') == 1


def test_a_page_closes_by_itself_and_by_its_button(scene: Scene) -> None:
    """And is nobody else's: neither a forged cookie opens it, nor another page's form."""
    scene.enter()
    token = scene.jar["broadcaster_page"]
    assert scene.post("/preferences/mine", csrf="0" * 32, which="0", first="fr").status == 403
    foreign = {
        "Cookie": f"broadcaster_page={token}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "cross-site",
    }
    answer = scene.site.ask("/preferences/mine", method="POST", body=b"which=0", headers=foreign)
    assert answer.status == 403
    for forged in ("", "x", token[:-1], "x" * 5000):
        headers = {"Cookie": f"broadcaster_page={forged}"}
        assert scene.site.ask("/preferences/mine", headers=headers).status == 303
    assert scene.post("/preferences/leave").status == 303
    scene.jar["broadcaster_page"] = token
    assert scene.get("/preferences/mine").status == 303
    scene.enter()
    scene.later(minutes=15)
    assert scene.get("/preferences/mine").status == 303


def test_who_shares_an_address_has_a_form_each(scene: Scene) -> None:
    """And one form says nothing about the other customer."""
    scene.rows.save([amina(8)])
    page = scene.enter()
    assert page.text.count('name="which"') == 2
    scene.choose(first="fr-MA")
    assert scene.rows.ask("SELECT locales[1] FROM customer ORDER BY id") == [("fr-MA",), ("ar-MA",)]


def test_an_erased_person_leaves_no_code_and_no_open_page(scene: Scene) -> None:
    """Their tables go with the address."""
    scene.enter()
    scene.rows.tell("DELETE FROM customer_address")
    assert "nothing at this address" in scene.get("/preferences/mine?lang=en").text
    scene.rows.tell("DELETE FROM address")
    assert scene.rows.ask("SELECT count(*) FROM page_session") == [(0,)]
    assert scene.rows.ask("SELECT count(*) FROM page_code") == [(0,)]


def test_large_and_odd_bodies_are_refused(scene: Scene) -> None:
    """Before they are read."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body, status in ((b"a=" + b"x" * 20_000, 413), (b"\xff\xfe", 400), (b"a=1&" * 700, 400)):
        answer = scene.site.ask("/preferences", method="POST", body=body, headers=form)
        assert answer.status == status
    for method in ("PUT", "DELETE"):
        assert scene.site.ask("/preferences", method=method).status == 405


def test_channels_of_an_address_that_is_barred_get_no_code(scene: Scene) -> None:
    """Nothing is sent to a number whose holder told the carrier to stop."""
    scene.rows.tell(
        "INSERT INTO suppression (address_id, class, ground, source, reason)"
        " SELECT id, 'safety', 'carrier', 'stop', 'x' FROM address WHERE channel = %s",
        Channel.SMS.value,
    )
    scene.post("/preferences", address=PHONE)
    assert scene.send() == 1
    assert scene.sms.taken == []
