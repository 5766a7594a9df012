"""The whole way of a campaign through the console: composed, confirmed, approved, launched."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from broadcaster import bootstrap
from broadcaster.domain.access import Role
from broadcaster.domain.campaign import Campaign, CampaignStatus
from broadcaster.errors import ConflictError
from tests import builders
from tests.desk_scene import DeskSite, site
from tests.web_scene import Answer

__all__ = ["site"]

_FACTS = {
    "fact.service": "electricity",
    "fact.districts": "Oasis\nDerb Ghallef",
    "fact.districts.ar": "الوازيس\n",
    "fact.starts": "2020-03-23T08:00",
    "fact.ends": "2020-03-23T14:00",
}


@pytest.fixture
def town(site: DeskSite) -> DeskSite:
    """Twelve customers, and a segment of all of them."""
    site.runtime.customers.save(map(builders.customer, range(1, 13)))
    site.runtime.segments.save("everyone", "all")
    return site


def _see(site: DeskSite, path: str, role: Role = Role.AUTHOR) -> Answer:
    """Look at a page in English."""
    answer = site.ask(path, role, headers={"Accept-Language": "en"})
    assert answer.status == 200, answer.text
    return answer


def _where(answer: Answer) -> str:
    assert answer.status == 303, answer.text
    return answer.headers["location"]


def _version(site: DeskSite, path: str) -> str:
    page = site.ask(path, Role.AUTHOR)
    assert page.status == 200, page.text
    found = re.search(r'name="version" value="(\d+)"', page.text)
    assert found is not None
    return found[1]


def _save(
    site: DeskSite,
    work: str,
    step: str,
    fields: Mapping[str, str | list[str]],
    *,
    role: Role = Role.AUTHOR,
    version: str = "",
) -> Answer:
    given = {"version": version or _version(site, f"{work}/{step}"), "do": "next", **fields}
    return site.post(f"{work}/{step}", role, **given)


def _begun(site: DeskSite, kind: str = "planned_outage") -> str:
    return _where(site.post("/compose", Role.AUTHOR, kind=kind)).removesuffix("/facts")


def _composed(site: DeskSite, name: str = "Cut in Oasis", **facts: str) -> str:
    work = _begun(site)
    _where(_save(site, work, "facts", {"name": name, **_FACTS, **facts}))
    _where(_save(site, work, "audience", {"how": "saved", "segment": "everyone"}))
    plan: dict[str, str | list[str]] = {
        "channels": ["sms", "email"],
        "plan": "all",
        "lane": "routine",
        "message_class": "service",
        "one_per": "customer",
    }
    assert _where(_save(site, work, "plan", plan)) == f"{work}/wording"
    return work


def _campaign(site: DeskSite, name: str = "Cut in Oasis") -> Campaign:
    return site.runtime.campaigns.get(name)


def _handed(site: DeskSite, work: str) -> int:
    version = _version(site, f"{work}/schedule")
    answer = site.post(f"{work}/check", Role.AUTHOR, version=version, people="12")
    return int(_where(answer).split("/")[2])


def _approve(site: DeskSite, campaign: int, role: Role = Role.APPROVER, **fields: str) -> Answer:
    found = site.runtime.campaigns.get(str(campaign))
    content = site.runtime.hash(found, site.runtime.ledger.advisory(found.advisory_id))
    shown = {"revision": str(found.revision), "content": content}
    given = {**shown, "people": "12", "do": "approve", **fields}
    return site.post(f"/campaigns/{campaign}/approve", role, **given)


def test_a_campaign_is_composed_confirmed_approved_by_another_and_launched(town: DeskSite) -> None:
    """Each step leads to the next, and every page shows."""
    town.runtime.customers.save([builders.customer(1, locales=("fr-MA",))])
    work = _composed(town)
    for step in ("facts", "audience", "plan", "wording", "schedule"):
        page = town.ask(f"{work}/{step}", Role.AUTHOR)
        assert page.status == 200
        assert "Cut in Oasis" in page.text
    shown = town.ask(f"{work}/preview?locale=ar", Role.AUTHOR)
    assert shown.status == 200
    assert "الوازيس" in shown.text
    assert "sandbox" in shown.headers["content-security-policy"]
    _where(_save(town, work, "schedule", {"effective": "", "expires": "", "scheduled": ""}))
    campaign = _handed(town, work)
    page = _see(town, f"/campaigns/{campaign}/approve", Role.APPROVER)
    # French is no other language than the French of Morocco.
    assert "Told in another language" in page.text
    assert "fr-MA" not in page.text
    # Enter in the field presses the first button of the form: it must not launch.
    assert 0 < page.text.index('value="approve"') < page.text.index('value="launch"')
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    queue = _see(town, "/approvals", Role.APPROVER)
    assert "Cut in Oasis" in queue.text
    sheet = town.ask(f"/campaigns/{campaign}/sheet", Role.APPROVER)
    assert sheet.headers["x-frame-options"] == "SAMEORIGIN"
    assert "Derb Ghallef" in sheet.text
    assert _where(_approve(town, campaign, do="launch")) == f"/campaigns/{campaign}"
    found = _campaign(town)
    assert found.status is CampaignStatus.LAUNCHED
    assert found.approved_by == "the approver"
    assert found.bypass is None
    # Whoever looks later sees what was approved, and nothing is worked out anew.
    town.runtime.customers.save([builders.customer(13)])
    kept = _see(town, f"/campaigns/{campaign}/approve", Role.APPROVER).text
    assert "This is the forecast that was approved" in kept
    assert "of <bdi>12</bdi> would be told" in kept
    piece = _see(town, f"/campaigns/{campaign}/forecast", Role.APPROVER).text
    assert "data-running" not in piece
    facts = town.runtime.ledger.advisory(found.advisory_id).facts
    assert facts["districts"] == [{"und": "Oasis", "ar": "الوازيس"}, "Derb Ghallef"]
    assert str(facts["starts"]).startswith("2020-03-23T08:00:00+0")
    assert town.ask("/approvals", Role.APPROVER).text.count("Cut in Oasis") == 0


def test_a_draft_is_left_unfinished_and_gone_on_with_by_another(town: DeskSite) -> None:
    """What is wrong or missing is kept as it was typed, and listed for everybody."""
    work = _begun(town)
    version = _version(town, f"{work}/facts")
    typed = {**_FACTS, "name": "Cut", "fact.ends": "2020-01-01T08:00"}
    answer = town.post(f"{work}/facts", Role.AUTHOR, version=version, do="next", **typed)
    assert answer.status == 422
    assert 'id="e-fact.ends"' in answer.text
    listed = _see(town, "/compose", Role.DUTY_OFFICER)
    assert f'href="{work}"' in listed.text
    assert "the author" in listed.text
    page = _see(town, f"{work}/facts", Role.DUTY_OFFICER)
    assert "Derb Ghallef" in page.text
    assert 'value="2020-01-01T08:00"' in page.text
    assert _see(town, f"{work}/wording").text.count(f'href="{work}/audience"') > 1
    assert _where(town.ask(work, Role.AUTHOR)) == f"{work}/facts"
    assert (
        _save(town, work, "facts", {"name": "Cut", **_FACTS}, role=Role.DUTY_OFFICER).status == 303
    )
    assert _where(town.ask(work, Role.AUTHOR)) == f"{work}/audience"
    assert town.post(f"{work}/discard", Role.AUTHOR).status == 303
    assert town.ask(work, Role.AUTHOR).status == 404


def test_whoever_saves_later_is_told_what_changed(town: DeskSite) -> None:
    """An unfinished draft, and one that is a campaign already, which the command line changes."""
    work = _begun(town)
    old = _version(town, f"{work}/facts")
    _where(_save(town, work, "facts", {"name": "Mine", **_FACTS}))
    mine = {"name": "Mine", **_FACTS}
    late = _save(town, work, "facts", mine, role=Role.DUTY_OFFICER, version=old)
    assert late.status == 409
    assert "the author" in late.text
    work = _composed(town, "Campaign")
    old = _version(town, f"{work}/schedule")
    found = _campaign(town, "Campaign")
    form = replace(bootstrap.form_of(town.runtime, found, "youssef"), expires="+24h")
    assert not bootstrap.redraft(town.runtime, found, form)
    late = _save(town, work, "schedule", {"expires": "2020-03-24T10:00"}, version=old)
    assert late.status == 409
    assert "youssef" in late.text
    with pytest.raises(ConflictError, match="meanwhile"):
        bootstrap.redraft(town.runtime, found, form, revision=found.revision)


def test_nobody_approves_what_they_wrote_but_in_an_emergency(town: DeskSite) -> None:
    """Not in the console, nor by the command; the reason is recorded and shown."""
    work = _composed(town)
    version = _version(town, f"{work}/schedule")
    answer = town.post(f"{work}/check", Role.DUTY_OFFICER, version=version, people="11")
    assert answer.status == 422
    assert 'id="e-people"' in answer.text
    _where(_save(town, work, "schedule", {"expires": "2020-03-26T10:00"}, role=Role.DUTY_OFFICER))
    campaign = _handed(town, work)
    for wrong in ("13", "", "many"):
        assert _approve(town, campaign, people=wrong).status == 422
    refused = _approve(town, campaign, Role.DUTY_OFFICER)
    assert refused.status == 422
    assert _campaign(town).status is CampaignStatus.DRAFT
    assert _approve(town, campaign, bypass="alone here").status == 403
    assert _approve(town, campaign, Role.AUTHOR).status == 403
    found = _campaign(town)
    with pytest.raises(ConflictError, match="somebody else has to"):
        bootstrap.approve(town.runtime, found, "The  Author")
    # What is written between the look and the approval was seen by nobody.
    bootstrap.refill(town.runtime, found, {"streets": ["Rue Socrate"]}, "youssef")
    with pytest.raises(ConflictError, match="changed meanwhile"):
        bootstrap.approve(town.runtime, found, "the approver")
    assert _campaign(town).status is CampaignStatus.DRAFT
    _where(
        _approve(town, campaign, Role.DUTY_OFFICER, bypass="Nobody else is on call", people="١٢")
    )
    assert _campaign(town).bypass == "Nobody else is on call"
    page = _see(town, f"/campaigns/{campaign}/approve", Role.VIEWER)
    assert "without a second person" in page.text
    assert "Nobody else is on call" in page.text
    trail = town.runtime.pool
    with trail.connection() as connection:
        query = "SELECT actor, details->>'bypass' FROM audit WHERE action = 'approve'"
        assert connection.execute(query).fetchall() == [
            ("the duty_officer", "Nobody else is on call")
        ]


def test_what_changes_while_it_is_looked_at_is_not_approved(town: DeskSite) -> None:
    """Neither by a colleague at that moment, nor by a kind whose texts read otherwise by now."""
    campaign = _handed(town, _composed(town))
    found = _campaign(town)
    form = replace(bootstrap.form_of(town.runtime, found, "youssef"), expires="+24h")
    bootstrap.redraft(town.runtime, found, form)
    with pytest.raises(ConflictError, match="meanwhile"):
        bootstrap.approve(town.runtime, found, "nadia")
    assert _campaign(town).status is CampaignStatus.DRAFT
    assert _approve(town, campaign, content="of another kind").status == 422
    page = _see(town, f"/campaigns/{campaign}/approve", Role.APPROVER)
    shown = dict(re.findall(r'name="(revision|content)" value="(\w+)"', page.text))
    _where(_approve(town, campaign, **shown))


def test_a_version_is_given_back_mended_and_compared(town: DeskSite) -> None:
    """The second person sees word by word what differs, in the direction of the language."""
    work = _composed(town)
    campaign = _handed(town, work)
    assert _approve(town, campaign, do="return", comment=" ").status == 422
    _where(_approve(town, campaign, do="return", comment="Name the street too"))
    assert "Cut in Oasis" not in _see(town, "/approvals", Role.APPROVER).text
    assert "Name the street too" in _see(town, f"{work}/check").text
    assert ">Electricity</option>" in _see(town, f"{work}/facts").text
    fields = {"name": "Cut in Oasis", **_FACTS, "fact.streets": "Rue Socrate"}
    fields["fact.service"] = "water"
    _where(_save(town, work, "facts", fields))
    assert _handed(town, work) == campaign
    page = _see(town, f"/campaigns/{campaign}/approve", Role.APPROVER)
    assert re.search(r"<ins>[^<]*Rue Socrate", page.text)
    assert re.search(r'<p class="diff" dir="rtl" lang="ar">', page.text)
    assert "<del>Electricity</del><ins>Water</ins>" in page.text
    _where(_approve(town, campaign))
    assert _campaign(town).status is CampaignStatus.APPROVED
    again = {**fields, "fact.streets": ""}
    _where(_save(town, work, "facts", again))
    assert _campaign(town).status is CampaignStatus.DRAFT
    page = _see(town, f"/campaigns/{campaign}/approve", Role.APPROVER)
    assert re.search(r"<del>[^<]*Rue Socrate", page.text)


def test_wording_is_shown_before_it_is_kept_and_blocked_where_it_is_wrong(town: DeskSite) -> None:
    """A preview changes nothing; what lacks a contact is refused at its part."""
    work = _composed(town)
    version = _version(town, f"{work}/wording?locale=fr")
    texts = {"locale": "fr", "sms/body.txt": "Coupure lundi. Infos {{ facts.call_centre }}"}
    shown = town.post(f"{work}/preview", Role.AUTHOR, **texts)
    assert "Coupure lundi." in shown.text, re.findall("class=.fault.*", shown.text)
    assert not town.runtime.ledger.advisory(_campaign(town).advisory_id).wording
    bad = {"locale": "fr", "sms/body.txt": "Coupure lundi {{ nothing }}"}
    assert "Coupure lundi" not in town.post(f"{work}/preview", Role.AUTHOR, **bad).text
    answer = town.post(f"{work}/wording", Role.AUTHOR, version=version, do="save", **bad)
    assert answer.status == 422
    near = {"locale": "fr", "sms/body.txt": "Coupure à {{ facts.distrcts|listing }}"}
    answer = town.post(f"{work}/wording?lang=fr", Role.AUTHOR, version=version, do="save", **near)
    assert answer.status == 422
    assert "Vouliez-vous dire facts.districts ?" in answer.text
    # What may be inserted has its name for people, and what it stands for at present.
    page = town.ask(f"{work}/wording?locale=ar&lang=fr", Role.AUTHOR).text
    entry = re.search(r'<li data-insert="{{ facts.districts\|listing }}".*?</li>', page)
    assert entry is not None
    assert "الوازيس" in entry[0]
    assert "<code" in entry[0]
    assert page.index("<iframe") < page.index("<textarea")


def test_what_people_write_is_never_script(town: DeskSite) -> None:
    """Names, facts and segments stand in pages, previews and differences as text."""
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    town.runtime.segments.save(f"s {evil}", "all")
    work = _begun(town)
    facts = {**_FACTS, "fact.districts": f"Oasis {evil}"}
    _where(_save(town, work, "facts", {"name": f"Cut {evil}", **facts}))
    _where(_save(town, work, "audience", {"how": "saved", "segment": f"s {evil}"}))
    plan: dict[str, str | list[str]] = {"channels": ["email"]}
    plan |= {"plan": "all", "lane": "routine", "message_class": "service"}
    _where(_save(town, work, "plan", plan))
    campaign = _campaign(town, f"Cut {evil}").id
    paths = [f"{work}/{step}" for step in ("facts", "audience", "plan", "wording", "check")]
    paths += [f"{work}/preview?locale=fr", "/compose", "/approvals"]
    paths += [f"/campaigns/{campaign}/{page}" for page in ("approve", "sheet")]
    for path in paths:
        page = _see(town, path, Role.DUTY_OFFICER)
        assert "<script>alert" not in page.text, path
        assert "<img src=x" not in page.text, path
        assert re.search(r"srcdoc=\"[^\"]*&lt;img src=x", page.text) is None, path


def test_an_audience_is_counted_while_it_is_written(town: DeskSite) -> None:
    """With words, a sample for those who may see people, and what is wrong; saved as a segment."""
    work = _begun(town)
    told = town.post("/compose/count", Role.AUTHOR, how="own", expression='number = "C000001"')
    assert told.status == 200
    assert "<strong><bdi>1</bdi></strong>" in told.text
    assert "C000001" in told.text
    town.runtime.areas.save_circle("Derb Sultan", -7.6, 33.6, 500)
    where = 'location in area "Derb Sultan"'
    drawn = town.post("/compose/count", Role.AUTHOR, how="own", expression=where)
    assert '<svg class="map"' in drawn.text
    assert "map-title-1" in drawn.text
    wrong = town.post("/compose/count", Role.AUTHOR, how="own", expression="nmber = 1")
    assert "number" in wrong.text
    assert town.post("/compose/count", Role.VIEWER, how="own", expression="all").status == 403
    own = {"how": "own", "expression": "all", "segment_name": "everyone"}
    assert _save(town, work, "audience", own).status == 422
    _where(_save(town, work, "audience", {**own, "segment_name": "mine"}))
    assert town.runtime.segments.get("mine").expression == "all"
    _where(_save(town, work, "facts", {"name": "Cut", **_FACTS}))
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert town.ask(f"{work}/check", Role.AUTHOR, headers=elsewhere).status == 200
    assert town.runtime.campaigns.list() == []
    assert town.ask(f"{work}/check", Role.AUTHOR).status == 200
    assert len(town.runtime.campaigns.list()) == 1
