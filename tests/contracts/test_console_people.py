"""The pages of one customer, over real servers: found, looked at for a purpose, changed, erased."""

import json

import pytest

from broadcaster.domain.access import Role
from broadcaster.domain.message import MessageClass
from broadcaster.privacy.looking import Looking
from tests.desk_scene import DeskSite, site
from tests.people_scene import SCRIPT, amina, settle
from tests.town import AMINA, Town, town
from tests.vaults import sealed

__all__ = ["site", "town"]

_PLACE = "/customers/K%2F778812?purpose=asked"


def test_a_customer_is_found_by_number_or_exact_address_and_every_look_is_noted(
    site: DeskSite,
) -> None:
    """However the number is written; a part of it, or a name, finds nobody."""
    settle(site)
    for sought in ("K/778812", "+212 6 61 23 45 67", "06 61 23 45 67", "amina@exemple.test"):
        found = site.post("/customers", Role.AUTHOR, sought=sought, purpose="asked")
        assert (found.status, found.headers["location"]) == (303, _PLACE), sought
    for sought in ("K/77881", "أمينة", "amina@", "0661234568"):
        found = site.post("/customers", Role.AUTHOR, sought=sought, purpose="asked")
        assert found.status in {200, 422}
        assert "K/778812" not in found.text
    assert site.post("/customers", Role.AUTHOR, sought="K/778812").status == 422
    before = site.runtime.accesses.of("K/778812")
    assert [one.action for one in before] == ["find"] * 3
    page = site.ask(f"{_PLACE}&lang=en", Role.AUTHOR)
    assert "أمينة" in page.text
    seen = site.runtime.accesses.of("K/778812")[-1]
    assert (seen.by, seen.action, seen.purpose) == ("the author", "look", "asked")


def test_nothing_is_shown_before_it_is_said_why(site: DeskSite) -> None:
    """A page without a purpose asks for one, whoever there is."""
    settle(site)
    for path in ("/customers/K%2F778812", "/customers/nobody", "/customers/K%2F778812?purpose=x"):
        page = site.ask(path, Role.AUTHOR)
        assert page.status == 200
        assert "أمينة" not in page.text
    assert site.runtime.accesses.of("K/778812") == []
    assert site.ask("/customers/nobody?purpose=asked", Role.AUTHOR).status == 404


def test_addresses_are_masked_until_they_are_asked_for(site: DeskSite) -> None:
    """And then it is noted; names that attack stay texts."""
    settle(site)
    page = site.ask(_PLACE, Role.AUTHOR)
    assert "+212661234567" not in page.text
    assert "amina@exemple.test" not in page.text
    assert SCRIPT not in page.text
    assert "&lt;script&gt;" in page.text
    shown = site.post("/customers/show", Role.AUTHOR, number="K/778812", purpose="complaint")
    assert "+212661234567" in shown.text
    noted = [(one.action, one.purpose) for one in site.runtime.accesses.of("K/778812")]
    assert ("show_addresses", "complaint") in noted


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ADMINISTRATOR])
def test_nobody_is_found_by_who_may_not_see_people(site: DeskSite, role: Role) -> None:
    """Whoever there is and who is not are answered alike."""
    settle(site)
    for number in ("K%2F778812", "nobody"):
        assert site.ask(f"/customers/{number}?purpose=asked", role).status == 403
    for sought in ("K/778812", "nobody"):
        assert site.post("/customers", role, sought=sought, purpose="asked").status == 403
        text = f'number = "{sought}"'
        assert site.post("/segments/new/check", role, expression=text).status == 403
        assert site.post("/segments/new", role, expression=text, act="check").status == 403
    site.runtime.segments.save("her", 'number = "K/778812"')
    page = site.ask("/segments/her?lang=en", role)
    assert page.status == 200
    assert "Some of them" not in page.text


def test_a_word_of_the_customer_is_noted_with_its_proof(site: DeskSite) -> None:
    """Without a proof or a channel nothing is; an approver looks and does not change."""
    settle(site)
    given = {
        "number": "K/778812",
        "purpose": "consent",
        "act": "consent",
        "channel": "sms",
        "scope": "service",
        "granted": "no",
        "source": "operator",
    }
    assert site.post("/customers/change", Role.APPROVER, **given, proof="call").status == 403
    refused = site.post("/customers/change", Role.AUTHOR, **given, proof="")
    assert refused.status == 422
    taken = site.post("/customers/change", Role.AUTHOR, **given, proof=f"call 12 {SCRIPT}")
    assert taken.status == 303
    (sms,) = [
        one for one in site.runtime.consents.of_customer("K/778812") if one.channel.value == "sms"
    ]
    assert not sms.verdicts[MessageClass.SERVICE].allowed
    assert (sms.records[-1].by, sms.records[-1].proof) == ("the author", f"call 12 {SCRIPT}")
    assert SCRIPT not in site.ask(_PLACE, Role.AUTHOR).text


def test_an_address_is_barred_and_freed_with_reasons(site: DeskSite) -> None:
    """Only one that the customer has; an unknown id bars nothing."""
    settle(site)
    (sms,) = [
        one for one in site.runtime.consents.of_customer("K/778812") if one.channel.value == "sms"
    ]
    bar = {
        "number": "K/778812",
        "act": "bar",
        "scope": "everything",
        "source": "operator",
        "proof": "letter 3",
    }
    assert site.post("/customers/change", Role.AUTHOR, **bar, address="999999").status == 422
    assert (
        site.post("/customers/change", Role.AUTHOR, **bar, address=str(sms.address)).status == 303
    )
    assert sum(count for *_, count in site.runtime.suppressions.counts()) == 1
    lift = {
        "number": "K/778812",
        "act": "lift",
        "address": str(sms.address),
        "ground": "wish",
        "reason": "asked to be told again",
        "proof": "call 14",
    }
    assert site.post("/customers/change", Role.AUTHOR, **lift).status == 303
    assert site.runtime.suppressions.counts() == []
    assert site.post("/customers/change", Role.AUTHOR, **lift).status == 422


def test_what_is_kept_is_handed_out_and_a_person_erased_by_who_may(site: DeskSite) -> None:
    """The number is written twice; an author may neither."""
    site.runtime.vault = sealed(site.runtime.pool, 1)
    settle(site)
    given = {"number": "K/778812", "reason": "request 7"}
    assert site.post("/requests/erase", Role.AUTHOR, **given, again="K/778812").status == 403
    assert site.post("/requests/disclose", Role.AUTHOR, **given).status == 403
    handed = site.post("/requests/disclose", Role.ADMINISTRATOR, **given)
    assert handed.headers["content-disposition"].startswith("attachment")
    assert json.loads(handed.text)["customer"]["name"] == amina().name
    other = site.post("/requests/erase", Role.ADMINISTRATOR, **given, again="K/778813")
    assert other.status == 422
    assert site.runtime.customers.count() == 1
    done = site.post("/requests/erase", Role.ADMINISTRATOR, **given, again="K/778812")
    assert done.status == 200
    assert site.runtime.customers.count() == 0


def test_what_was_sent_to_somebody_is_listed_the_latest_first_page_by_page(town: Town) -> None:
    """With what became of it, found by the index of ranges; of others nothing."""
    campaigns = [town.told(f"notice {number}") for number in range(3)]
    looking = Looking(town.pool, town.keys)
    first = looking.messages(AMINA.number, limit=2)
    assert [one.campaign_id for one in first] == campaigns[:0:-1]
    rest = looking.messages(AMINA.number, (first[-1].campaign_id, first[-1].number), 50)
    assert [one.campaign_id for one in rest] == campaigns[:1]
    assert {event for one in first for event, _ in one.receipts} == {"deliver"}
    indexes = town.rows.ask(
        "SELECT count(*) FROM pg_indexes WHERE tablename = %s AND indexdef LIKE %s",
        f"delivery_{campaigns[0]}",
        "%brin (customer_id)%",
    )
    assert indexes == [(1,)]
