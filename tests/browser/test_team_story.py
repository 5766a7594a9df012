"""The team's story in a real browser: signed in, composed, approved by another, watched, corrected.

Only by what a person sees and clicks: roles and labels, in the language of the page. All of it,
from the invitation on, in each of the console's first three languages.
"""

import json
import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from broadcaster.domain.access import Role
from broadcaster.domain.campaign import CampaignStatus
from tests.browsers import browser
from tests.commands import Run, run
from tests.fakes import FakeClock
from tests.team_scene import Team, Watched, Words, opened_team, window

__all__ = ["browser", "run"]

_GOOD = "seven boats on dry land"
_KIND = "planned_outage"
#: What the town of twelve is told by phone and by mail.
_PEOPLE, _MESSAGES = 12, 24


@pytest.fixture
def team(database_url: str, redis_url: str, home: Path) -> Iterator[Team]:
    """Serve the console over a town of twelve; a batch is of four messages."""
    with opened_team(database_url, redis_url, home) as opened:
        yield opened


def _heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", name=text).first).to_be_visible()


def _press(page: Page, text: str) -> None:
    page.get_by_role("button", name=text, exact=True).click()


def _later(team: Team, **time: float) -> None:
    clock = team.site.runtime.clock
    assert isinstance(clock, FakeClock)
    clock.moment += timedelta(**time)


def _compose(page: Page, team: Team, say: Words, name: str) -> None:
    """Compose a campaign step by step, as far as its checklist."""
    page.goto(f"{team.url}/?lang={say.language.locale.tag}")
    page.get_by_role("link", name=say("New campaign")).click()
    page.get_by_role("button", name=re.compile(f"^{re.escape(say.kind(_KIND))}")).click()

    page.get_by_label(say("Name of the campaign")).fill(name)
    page.get_by_label(say.fact(_KIND, "service")).select_option("electricity")
    places = page.get_by_role("group", name=say.fact(_KIND, "districts"))
    places.get_by_label(say("For all languages")).fill("Oasis\nDerb Ghallef")
    page.get_by_label(say.fact(_KIND, "starts")).fill("2020-03-23T08:00")
    page.get_by_label(say.fact(_KIND, "ends")).fill("2020-03-23T14:00")
    _press(page, say("Save and go on"))

    page.get_by_label(say("Segment"), exact=True).select_option("everyone")
    told = say.many("customer now", "customers now", _PEOPLE)
    expect(page.get_by_text(told)).to_contain_text(str(_PEOPLE))
    _press(page, say("Save and go on"))

    channels = page.get_by_role("group", name=say("Channels"))
    for one, wanted in (("SMS", True), ("Email", True), ("Push", False)):
        channels.get_by_label(say(one), exact=True).set_checked(wanted)
    page.get_by_role("radio", name=say("All channels")).check()
    _press(page, say("Save and go on"))


def _word(page: Page, say: Words) -> None:
    """Word the text message, and see it on the phone beside it before it is kept."""
    text = page.get_by_label(say("SMS"), exact=True)
    own = f"{text.input_value()} Bravo."
    text.fill(own)
    shown = page.frame_locator("iframe")
    expect(shown.get_by_text("Bravo.").first).to_be_visible()
    _press(page, say("Keep this wording"))
    expect(page.get_by_text(say("Saved."))).to_be_visible()


def _hand_over(page: Page, say: Words) -> None:
    """Leave the schedule as it is, read the checklist, and type the number."""
    page.get_by_role("link", name=say("Go on")).click()
    _press(page, say("Save and go on"))
    _confirmed(page, say)


def _confirmed(page: Page, say: Words) -> None:
    _heading(page, say("Confirm, and hand it over for approval"))
    asked = say("Type how many people would be told: <bdi>%(count)s</bdi>", count=_PEOPLE)
    page.get_by_label(asked).fill(str(_PEOPLE))
    _press(page, say("Hand it over for approval"))
    page.wait_for_url(re.compile(r"/campaigns/\d+"))


def _approve(page: Page, team: Team, say: Words, name: str) -> int:
    """Look at everything that will be sent, and approve it; which campaign it is."""
    page.goto(f"{team.url}/?lang={say.language.locale.tag}")
    page.get_by_role("link", name=say("Approvals")).click()
    page.get_by_role("link", name=name).click()
    _heading(page, say("What differs"))
    sheet = page.frame_locator("iframe")
    expect(sheet.get_by_text("Derb Ghallef").first).to_be_visible()
    asked = say("Type how many people would be told: <bdi>%(count)s</bdi>", count=_PEOPLE)
    page.get_by_label(asked).fill(str(_PEOPLE))
    _press(page, say("Approve"))
    found = re.search(r"/campaigns/(\d+)", page.url)
    assert found is not None
    return int(found[1])


def _launch(page: Page, team: Team, say: Words, campaign: int) -> None:
    page.goto(f"{team.url}/campaigns/{campaign}?lang={say.language.locale.tag}")
    page.get_by_role("link", name=say("Launch…")).click()
    _press(page, say("Launch"))
    expect(page.get_by_role("status").get_by_text(say("Launched")).first).to_be_visible()


def _figure(page: Page, step: str, count: int) -> None:
    """Wait until the page shows a figure, which nobody reloads."""
    term = page.get_by_role("term").filter(has_text=re.compile(f"^{re.escape(step)}$"))
    row = term.locator("xpath=..")
    expect(row.get_by_role("strong")).to_have_text(str(count))


def _watch(page: Page, team: Team, say: Words, campaign: int) -> None:
    """Watch messages leave, pause, see that nothing leaves, and let it go on."""
    workers = team.workers
    workers.plan(campaign)
    workers.send(campaign, slice(0, 2))
    left = workers.left
    assert 0 < left < _MESSAGES
    _figure(page, say("Accepted"), left)
    _press(page, say("Pause"))
    expect(
        page.get_by_text(say("It is paused. Nothing more leaves; nothing is lost."))
    ).to_be_visible()
    expect(page.get_by_role("link", name=say("Resume…"))).to_be_visible()
    workers.send(campaign)
    assert workers.left == left
    assert team.status(campaign) is CampaignStatus.PAUSED
    _figure(page, say("Accepted"), left)
    page.get_by_role("link", name=say("Resume…")).click()
    _press(page, say("Let it go on"))
    expect(page.get_by_role("button", name=say("Pause"), exact=True)).to_be_visible()
    workers.send(campaign)
    assert workers.left == _MESSAGES
    _figure(page, say("Accepted"), _MESSAGES)
    workers.confirm(campaign)
    _figure(page, say("Delivered"), _MESSAGES)


def _told(page: Page, team: Team, watched: Watched, say: Words, name: str) -> int:
    """Bring one campaign from its first word to its last delivery."""
    _compose(page, team, say, name)
    _word(page, say)
    _hand_over(page, say)
    with window(watched.context.browser, locale=say.language.locale.lang) as other:  # type: ignore[arg-type]
        team.signed_in(other, Role.APPROVER)
        campaign = _approve(other.page(), team, say, name)
    _launch(page, team, say, campaign)
    _watch(page, team, say, campaign)
    return campaign


def _report(page: Page, team: Team, say: Words, campaign: int, run: Run, folder: Path) -> None:
    """Open the evidence, have it as PDF and as an archive, and check that one by the command."""
    page.goto(f"{team.url}/campaigns/{campaign}")
    page.get_by_role("link", name=say("Evidence"), exact=True).click()
    expect(page.get_by_text(say("Evidence of a campaign"), exact=True)).to_be_visible()
    row = page.get_by_role("term").filter(has_text=say("Reached on one channel at least"))
    expect(row.locator("xpath=..").get_by_role("definition")).to_have_text(str(_PEOPLE))
    link = page.get_by_role("link", name=say("Document (PDF)")).get_attribute("href")
    printed = page.context.request.get(f"{team.url}{link}")
    assert printed.status == 200
    assert printed.body().startswith(b"%PDF-")
    # What stands in it is of the language: the PDF is printed of this document.
    assert f"-{say.language.locale.tag}.pdf" in printed.headers["content-disposition"]
    page.get_by_label(say("What the archive is for")).fill("la commune")
    with page.expect_download() as waited:
        _press(page, say("Download the archive (ZIP)"))
    archive = folder / "evidence.zip"
    waited.value.save_as(archive)
    checked = run("evidence", "verify", str(archive), "--json")
    assert checked.code == 0, checked.err
    known = json.loads(checked.out)
    assert (known["campaign"], known["made_by"]) == (campaign, "Amina")
    with zipfile.ZipFile(archive) as opened:
        assert say("Evidence of a campaign") in opened.read("evidence.html").decode()


def _code(team: Team, secret: str) -> str:
    return pyotp.TOTP(secret).at(team.site.runtime.clock.now())


def _enter(page: Page, team: Team, say: Words, name: str) -> str:
    """Follow an invitation, set up an authenticator; its secret."""
    page.goto(f"{team.invited(name, Role.DUTY_OFFICER)}?lang={say.language.locale.tag}")
    _heading(page, say("Welcome, %(name)s", name=name))
    page.get_by_label(say("New password")).fill(_GOOD)
    page.get_by_label(say("The same again")).fill(_GOOD)
    _press(page, say("Set password and enter"))
    _press(page, say("Set up an authenticator"))
    secret = page.get_by_role("code").inner_text().replace(" ", "")
    page.get_by_label(say("Code")).fill(_code(team, secret))
    _press(page, say("Check the code"))
    _heading(page, say("Codes to write down"))
    page.get_by_role("link", name=say("I have them")).click()
    expect(page.get_by_text(say("The authenticator is set up."))).to_be_visible()
    return secret


def _leave(page: Page, say: Words, name: str) -> None:
    page.get_by_text(name, exact=True).first.click()
    _press(page, say("Sign out"))
    _heading(page, say("Sign in"))


def _come_back(page: Page, team: Team, say: Words, name: str, secret: str) -> None:
    """Sign in by name, password and the code of now."""
    _later(team, seconds=30)
    page.get_by_label(say("Name")).fill(name)
    page.get_by_label(say("Password")).fill(_GOOD)
    _press(page, say("Sign in"))
    page.get_by_label(say("Code")).fill(_code(team, secret))
    _press(page, say("Go on"))
    _heading(page, say("What is going on"))


def _passkey(page: Page, team: Team, say: Words, name: str) -> None:
    """Add a passkey of a device that asks for a finger, and enter by it alone."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    page.goto(f"{team.url}/account")
    _press(page, say("Add a passkey"))
    page.get_by_label(say("Name")).fill("Chromium")
    _press(page, say("Ask this device"))
    expect(page.get_by_text(say("The passkey is added."))).to_be_visible()
    _leave(page, say, name)
    _press(page, say("Sign in with a passkey"))
    _heading(page, say("What is going on"))


def _correct(page: Page, team: Team, watched: Watched, say: Words, campaign: int) -> None:
    """Put right what was wrong: a draft of the same facts, approved and launched like any other."""
    page.goto(f"{team.url}/campaigns/{campaign}")
    page.get_by_role("link", name=say("Correct…")).click()
    _press(page, say("Make the draft"))
    _press(page, say("Change the draft"))
    page.get_by_label(say.fact(_KIND, "ends")).fill("2020-03-23T17:00")
    _press(page, say("Save and go on"))
    page.get_by_role("navigation", name=say("Steps")).get_by_role(
        "link", name=say("Checklist")
    ).click()
    _confirmed(page, say)
    name = team.site.runtime.campaigns.get(str(campaign + 1)).name
    with window(watched.context.browser, locale=say.language.locale.lang) as other:  # type: ignore[arg-type]
        team.signed_in(other, Role.APPROVER)
        assert _approve(other.page(), team, say, name) == campaign + 1
    _launch(page, team, say, campaign + 1)
    team.workers.plan(campaign + 1)
    team.workers.send(campaign + 1)
    _figure(page, say("Accepted"), _MESSAGES)
    texts = [str(one.content) for one in team.workers.networks["twilio"].taken[-_PEOPLE:]]
    assert all(re.search("17|5[: ]?00", text) for text in texts)
    _heading(page, say("The whole thread"))


@pytest.mark.parametrize(
    ("tag", "asked", "name"),
    [
        ("ar", "ar-MA", "انقطاع الوازيس"),
        ("fr", "fr-FR", "Coupure à l’Oasis"),
        ("en", "en-GB", "Outage at the Oasis"),
    ],
)
def test_the_whole_story(
    team: Team, browser: Browser, run: Run, tmp_path: Path, tag: str, asked: str, name: str
) -> None:
    """Invited, signed in three ways, composed, approved, watched, paused, reported, corrected."""
    say = team.words(tag)
    with window(browser, locale=asked) as watched:
        page = watched.page()
        secret = _enter(page, team, say, "Amina")
        _leave(page, say, "Amina")
        _come_back(page, team, say, "Amina", secret)
        _passkey(page, team, say, "Amina")
        campaign = _told(page, team, watched, say, name)
        _report(page, team, say, campaign, run, tmp_path)
        _correct(page, team, watched, say, campaign)
