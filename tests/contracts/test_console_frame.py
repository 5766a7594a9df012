"""What is around every page: where to go, what waits, and what is said when something is wrong."""

import csv
from io import StringIO

from broadcaster import bootstrap
from broadcaster.domain.access import Role
from broadcaster.domain.message import Channel
from tests.builders import customer
from tests.desk_scene import DeskSite, site
from tests.rows import Rows

__all__ = ["site"]

OFFICER, VIEWER = Role.DUTY_OFFICER, Role.VIEWER
_ENGLISH = {"Accept-Language": "en"}
_FORM = {**_ENGLISH, "Content-Type": "application/x-www-form-urlencoded"}


def test_faults_keep_the_way_back_for_who_is_signed_in_and_what_came_too_late_is_shown(
    site: DeskSite,
) -> None:
    """Strangers see nothing of the console; what is secret is never shown again."""
    for path, role, status in (("/campaigns/999", OFFICER, 404), ("/operators", VIEWER, 403)):
        page = site.ask(path, role, headers=_ENGLISH)
        assert page.status == status
        assert page.text.count('href="/segments"') == 2
        assert ('href="/operators"' in page.text) == (role is Role.ADMINISTRATOR)
    alone = site.ask("/nowhere", headers=_ENGLISH)
    assert alone.status == 404
    assert "/segments" not in alone.text
    typed = b"csrf=x&name=Cut+in+Oasis&confirm_password=hunter2"
    stale = {"Cookie": "broadcaster=stale", "Referer": f"{site.url}/compose/3/facts", **_FORM}
    late = site.ask("/compose/3/facts", method="POST", body=typed, headers=stale)
    assert late.status == 401
    assert "Cut in Oasis" in late.text
    assert "hunter2" not in late.text
    assert "next=/compose/3/facts" in late.text
    foreign = {**stale, "Sec-Fetch-Site": "cross-site"}
    sent = site.ask("/compose/3/facts", method="POST", body=typed, headers=foreign)
    assert sent.status == 303
    assert "Oasis" not in sent.text


def test_who_is_left_out_is_listed_and_noted_and_that_nobody_else_approved_is_shown_everywhere(
    site: DeskSite,
) -> None:
    """On the pages, to commands, and in the evidence."""
    runtime, rows = site.runtime, Rows(site.runtime.pool)
    runtime.customers.save(map(customer, range(1, 4)))
    campaign = rows.draft(
        name="Night cut", segment="all", expression="all", channels=(Channel.PUSH,)
    )
    now = runtime.clock.now()
    runtime.campaigns.approve(campaign, "hash", "amina", now, bypass="Nobody awake")
    path = f"/campaigns/{campaign}"
    for shown in (path, "/", f"{path}/evidence"):
        assert "Nobody awake" in site.ask(shown, VIEWER, headers=_ENGLISH).text
    told = {"by": "amina", "reason": "Nobody awake"}
    assert bootstrap.report(runtime, campaign)["bypass"] == told
    assert bootstrap.listing(runtime)[0]["bypass"] == told
    page = site.ask(f"{path}/left-out", OFFICER, headers=_ENGLISH)
    assert page.status == 200
    assert page.text.count("No address on this channel") == 3
    assert site.ask(f"{path}/left-out", VIEWER).status == 403
    assert f"{path}/left-out" not in site.ask(path, VIEWER).text
    beyond = site.ask(f"{path}/left-out?after=50", OFFICER, headers=_ENGLISH)
    assert "There are no more." in beyond.text
    assert site.post(f"{path}/left-out.csv", OFFICER, purpose="").status == 422
    file = site.post(f"{path}/left-out.csv", OFFICER, purpose="letters instead")
    assert next(csv.reader(StringIO(file.text))) == ["customer", "channel", "reason"]
    assert len(file.text.splitlines()) == 4
    noted = rows.ask("SELECT details ->> 'purpose' FROM audit WHERE action = 'left_out'")
    assert ("letters instead",) in noted
    assert len(noted) == 7  # three on the page, three more beside the refused form, one file
