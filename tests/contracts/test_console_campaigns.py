"""Home, campaigns and one campaign in the console, over real servers: looked at and steered."""

import asyncio
import csv
import re
import threading
from dataclasses import replace
from datetime import timedelta
from http.client import HTTPConnection
from io import StringIO
from typing import Any

import pytest

from broadcaster.domain.access import Role
from broadcaster.domain.campaign import Campaign, CampaignStatus
from broadcaster.domain.course import Befallen, HandedOver, Happening
from broadcaster.domain.message import Channel
from broadcaster.errors import UnavailableError
from broadcaster.reports.funnel import Funnel
from broadcaster.reports.reports import Reports
from broadcaster.web.console.looks import Look, Looks
from tests.builders import NOON, address, customer
from tests.desk_scene import DeskSite, site
from tests.fakes import FakeClock
from tests.markup import check_markup
from tests.rows import Rows

__all__ = ["site"]

OFFICER, VIEWER = Role.DUTY_OFFICER, Role.VIEWER


@pytest.fixture
def rows(site: DeskSite) -> Rows:
    """Give short ways to fill the database."""
    return Rows(site.runtime.pool)


def _running(rows: Rows, **changes: Any) -> int:  # noqa: ANN401  (any field of a campaign)
    """Make a campaign of which of five one each arrived, failed, was given up, and is in doubt."""
    campaign = rows.running(5, **changes)
    for number, status, reason in (
        (1, "delivered", None),
        (2, "undelivered", "unreachable"),
        (3, "dead", "no_connection"),
        (4, "unknown", "no_answer"),
    ):
        rows.tell(
            "UPDATE delivery SET status = %s, reason = %s, attempts = 1, units = 1 "
            "WHERE campaign_id = %s AND number = %s",
            *(status, reason, campaign, number),
        )
    return campaign


def _text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def _audited(rows: Rows, campaign: int) -> list[tuple[str, str]]:
    query = "SELECT action, actor FROM audit WHERE subject = %s ORDER BY id"
    return [(action, actor) for action, actor in rows.ask(query, f"campaign {campaign}")]


def test_every_page_is_whole_in_each_language_and_carries_no_markup_of_names(
    site: DeskSite, rows: Rows
) -> None:
    """Names come from people; figures are written as in the country."""
    campaign = _running(rows, name='"><img src=x onerror=alert(1)>')
    draft = rows.draft(name="a draft")
    one = f"/campaigns/{campaign}"
    words = ("cancel", "resume", "launch", "next", "hold", "release", "replay", "follow/update")
    paths = ["/", "/campaigns", one, f"{one}/deliveries", f"/campaigns/{draft}"]
    for path in [*paths, *(f"{one}/{word}" for word in words), f"{one}/follow/all-clear"]:
        for tag, direction in (("ar", "rtl"), ("fr", "ltr"), ("en", "ltr")):
            answer = site.ask(f"{path}?lang={tag}", OFFICER)
            assert answer.status == 200, path
            assert f'<html lang="{tag}" dir="{direction}">' in answer.text
            assert "<img src=x" not in answer.text
            check_markup(answer.text)
    for path in ("/campaigns/99", "/campaigns/99999999999", "/campaigns/x", f"{one}/follow/x"):
        assert site.ask(path, OFFICER).status == 404


def test_each_figure_of_the_funnel_leads_to_its_list_for_those_who_may_see_people(
    site: DeskSite, rows: Rows
) -> None:
    """By step, channel, locale and reason; whose deliveries were shown is noted of each of them."""
    campaign = _running(rows)
    page = site.ask(f"/campaigns/{campaign}?lang=en", OFFICER).text
    for piece in ("5 one for each", "1 20.0%", "The phone was out of reach", "SMS"):
        assert piece in _text(page)
    path = f"/campaigns/{campaign}/deliveries"
    links = re.findall(rf'href="({path}\?[^"]+)"', page)
    assert {"status=failed", "status=delivered&amp;channel=sms", "reason=no_answer"} <= {
        link.partition("?")[2] for link in links
    }
    failed = site.ask(f"{path}?status=failed&lang=en", OFFICER).text
    assert f"{campaign}-2" in failed
    assert f"{campaign}-3" in failed
    assert f"{campaign}-1<" not in failed
    assert "2 deliveries" in _text(failed)
    seen = "SELECT actor FROM audit WHERE action = 'deliveries'"
    assert rows.ask(seen) == [("the duty_officer",)] * 2
    # A viewer sees figures, and nobody behind them.
    assert f'href="{path}' not in site.ask(f"/campaigns/{campaign}", VIEWER).text
    assert site.ask(path, VIEWER).status == 403


def test_a_list_has_pages_and_a_file_without_formulas_for_a_purpose(
    site: DeskSite, rows: Rows
) -> None:
    """Fifty on a page, behind a number; the file is asked for with a reason, which is noted."""
    rows.save(replace(customer(number), number=f"=cmd{number}") for number in range(1, 61))
    campaign = rows.running()
    path = f"/campaigns/{campaign}/deliveries"
    first = site.ask(f"{path}?channel=sms", OFFICER).text
    assert first.count('<tr><th scope="row">') == 50
    assert "channel=sms&amp;after=50" in first
    assert site.ask(f"{path}?after=50", OFFICER).text.count('<tr><th scope="row">') == 10
    assert site.ask(f"{path}?after=junk&status=planned", OFFICER).status == 200
    for wrong in ("status=junk", "reason=junk", "channel=web", "locale=xx", "status=sent&status=x"):
        assert site.ask(f"{path}?{wrong}&lang=ar", OFFICER).status == 422
        unknown = site.ask(f"{path}?{wrong}&lang=en", OFFICER)
        assert (unknown.status, "<tbody>" in unknown.text) == (422, False), wrong
        assert "has no value" in unknown.text
    assert site.post(f"{path}.csv?status=junk", OFFICER, purpose="calls by hand").status == 422
    assert site.post(f"{path}.csv?status=waiting", OFFICER, purpose=" ").status == 422
    answer = site.post(f"{path}.csv?status=waiting", OFFICER, purpose="calls by hand")
    assert answer.headers["content-disposition"].startswith("attachment")
    table = list(csv.DictReader(StringIO(answer.text)))
    assert [row["customer"] for row in table[:2]] == ["'=cmd1", "'=cmd2"]
    assert len(table) == 60
    none = site.post(f"{path}.csv?status=failed", OFFICER, purpose="calls by hand")
    assert list(csv.DictReader(StringIO(none.text))) == []
    assert ("export", "the duty_officer") in _audited(rows, campaign)


def test_a_campaign_is_paused_by_one_press_and_stopped_by_its_number_in_the_operators_name(
    site: DeskSite, rows: Rows
) -> None:
    """Each step is in the audit; what the status does not allow is said, and changes nothing."""
    campaign = _running(rows)
    path = f"/campaigns/{campaign}"
    assert site.post(f"{path}/pause", VIEWER).status == 403
    done = site.post(f"{path}/pause", OFFICER)
    assert (done.status, done.headers["location"]) == (303, f"{path}?done=pause")
    page = site.ask(f"{path}?done=pause&lang=en", OFFICER).text
    assert "It is paused." in page
    assert 'data-status="paused"' in page
    again = site.post(f"{path}/pause", OFFICER)
    assert again.status == 409
    assert 'role="alert"' in again.text
    assert site.post(f"{path}/resume", Role.AUTHOR).status == 403
    assert site.post(f"{path}/resume", Role.APPROVER).status == 303
    assert site.post(f"{path}/cancel", OFFICER, number="12345").status == 422
    get = site.runtime.campaigns.get
    assert get(str(campaign)).status is CampaignStatus.RUNNING
    assert site.post(f"{path}/cancel", OFFICER, number=str(campaign)).status == 303
    assert get(str(campaign)).status is CampaignStatus.CANCELLED
    ended = site.ask(f"{path}/cancel?lang=en", OFFICER).text
    assert "This campaign has ended: it was stopped for good." in ended
    assert 'name="number"' not in ended
    # Who was told before it was stopped can be told that it was wrong.
    stopped = site.ask(path, OFFICER).text
    assert f'href="{path}/follow/withdraw"' in stopped
    assert re.search(r'<section aria-labelledby="h-more"[^>]* hidden', stopped) is None
    assert _audited(rows, campaign)[3:] == [
        ("pause", "the duty_officer"),
        ("resume", "the approver"),
        ("cancel", "the duty_officer"),
    ]


def test_a_part_is_held_and_released_and_the_failed_are_sent_again(
    site: DeskSite, rows: Rows
) -> None:
    """With a reason, which a form without it asks for again."""
    campaign = _running(rows)
    path = f"/campaigns/{campaign}"
    assert site.post(f"{path}/hold", OFFICER, channel="sms", reason="").status == 422
    assert site.post(f"{path}/hold", OFFICER, zone="Nowhere", reason="x").status == 422
    assert site.post(f"{path}/hold", OFFICER, at="junk", reason="x").status == 422
    held = site.post(f"{path}/hold", OFFICER, channel="sms", until="+1h", reason="a rumour")
    assert held.headers["location"].endswith("done=hold")
    home = _text(site.ask("/?lang=en", OFFICER).text)
    assert "Held by the team until 20 March 2020" in home
    rows.tell("UPDATE batch SET zone = 'Europe/Paris 22:00-07:00'")
    choices = site.ask(f"{path}/release", OFFICER).text
    assert 'value="Europe/Paris"' in choices
    assert "22:00" not in choices.partition("<select")[2]
    assert site.post(f"{path}/release", OFFICER, channel="sms", reason="over").status == 303
    assert site.post(f"{path}/replay", OFFICER, reason="mailbox_full").status == 409
    assert site.post(f"{path}/replay", OFFICER, reason="no_conection").status == 409
    assert site.post(f"{path}/replay", OFFICER, reason="no_connection").status == 303
    assert rows.delivery(campaign, 3, "status") == ("deferred",)
    # In doubt: it may have arrived.
    assert rows.delivery(campaign, 4, "status") == ("unknown",)
    steps = [action for action, _ in _audited(rows, campaign)]
    assert steps[-4:] == ["hold_part", "release_part", "replay", "replay"]


def test_the_next_channel_is_turned_to_before_its_time_once(site: DeskSite, rows: Rows) -> None:
    """For a plan that has one; everybody else is told that there is none."""
    plain = rows.running(2)
    rows.tell("UPDATE campaign SET channel_plan = 'escalate' WHERE id = %s", plain)
    steps = "INSERT INTO escalation (campaign_id, step, channel, due_at) VALUES (%s, 2, 'sms', %s)"
    rows.tell(steps, plain, NOON + timedelta(hours=1))
    page = site.ask(f"/campaigns/{plain}?lang=en", OFFICER).text
    assert "Turn to SMS now" in page
    assert site.post(f"/campaigns/{plain}/next", Role.AUTHOR).status == 403
    assert site.post(f"/campaigns/{plain}/next", OFFICER).status == 303
    assert rows.ask("SELECT due_at FROM escalation") == [(NOON,)]
    rows.tell("DELETE FROM escalation")
    assert site.post(f"/campaigns/{plain}/next", OFFICER).status == 409


def test_what_follows_a_message_is_a_draft_and_shows_the_whole_thread(
    site: DeskSite, rows: Rows
) -> None:
    """Made once; the second time it is said that there is one."""
    facts = site.runtime.renderer.kinds["remote_services"].sample()
    campaign = _running(rows, facts=facts)
    path = f"/campaigns/{campaign}/follow/update"
    assert site.post(path, Role.APPROVER).status == 403
    made = site.post(path, Role.AUTHOR)
    assert made.status == 303
    page = site.ask(f"{made.headers['location']}&lang=en", Role.AUTHOR).text
    assert "The whole thread" in page
    assert f'href="/campaigns/{campaign}"' in page
    assert site.post(path, Role.AUTHOR).status == 409
    clear = f"/campaigns/{campaign}/follow/all-clear"
    assert "?kind=restoration" in site.ask(f"{clear}?lang=en", Role.AUTHOR).text
    asked = site.ask(f"{clear}?kind=restoration", Role.AUTHOR).text
    assert {"fact-service", "fact-districts"} <= set(re.findall(r'name="(fact-[^"]+)"', asked))
    given = {"kind": "restoration", "fact-service": "water", "fact-districts": "Anfa\r\nSbata"}
    assert site.post(clear, Role.AUTHOR, **{**given, "fact-service": "gas"}).status == 422
    done = site.post(clear, Role.AUTHOR, **given)
    assert done.status == 303
    draft = site.runtime.campaigns.get(done.headers["location"].split("/")[2].partition("?")[0])
    facts = site.runtime.ledger.advisory(draft.advisory_id).facts
    assert facts["service"] == "water"


def test_campaigns_are_found_by_status_and_name_page_by_page(site: DeskSite, rows: Rows) -> None:
    """Behind the last one of the page before; signs of patterns are texts."""
    assert "There are no campaigns yet" in site.ask("/campaigns?lang=en", VIEWER).text
    for number in range(25):
        rows.draft(name=f"cut 100% of {number:02}")
    last = rows.running(1, name="Ruée vers l’eau")
    first = site.ask("/campaigns?lang=en", VIEWER).text
    assert first.count('<li class="card">') == 20
    (older,) = re.findall(r'href="(/campaigns\?before=\d+)"', first)
    assert site.ask(older, VIEWER).text.count('<li class="card">') == 6
    found = site.ask("/campaigns?status=running&lang=en", VIEWER).text
    assert found.count('<li class="card">') == 1
    assert f"/campaigns/{last}" in found
    assert site.ask("/campaigns?name=100%25+OF+07", VIEWER).text.count('<li class="card">') == 1
    assert "No campaign is like that" in site.ask("/campaigns?name=_&lang=en", VIEWER).text
    assert site.ask("/campaigns?before=junk", VIEWER).status == 200
    unknown = site.ask("/campaigns?status=junk&lang=en", VIEWER)
    assert (unknown.status, unknown.text.count('<li class="card">')) == (422, 0)
    assert "“Status” has no value <bdi>junk</bdi>" in unknown.text
    assert 'href="/campaigns?status=running">Running</a>' in unknown.text
    assert site.ask("/audit?action=junk&lang=fr", Role.ADMINISTRATOR).status == 422
    audit = site.ask("/audit?action=junk&since=junk&lang=en", Role.ADMINISTRATOR)
    assert audit.status == 422
    assert "“First day” has no value" in audit.text


def test_home_says_what_runs_waits_ends_and_fails(site: DeskSite, rows: Rows) -> None:
    """With the rate, messages in doubt, and the network that is left alone until it is well."""
    running = _running(rows, name="the running one", expires=NOON + timedelta(hours=3))
    rows.draft(name="the waiting one")
    handed = HandedOver(
        campaign=running,
        channel=Channel.SMS,
        at=NOON - timedelta(seconds=10),
        messages=35,
        units=40,
    )
    broken = Happening(
        campaign=running,
        provider="twilio",
        what=Befallen.OPENED,
        at=NOON - timedelta(minutes=1),
        until=NOON,
    )
    site.runtime.chronicle.write([handed], [broken, broken])
    home = _text(site.ask("/?lang=en", VIEWER).text)
    for piece in ("the running one", "the waiting one", "valid until 20 March 2020", "In doubt 1"):
        assert piece in home
    assert "3.5 messages a second" in home
    assert "twilio failed" in home
    page = _text(site.ask(f"/campaigns/{running}?lang=en", VIEWER).text)
    assert "twilio failed; it is left alone for a while 2 times" in page
    assert "Launched by amina" in page
    clock = site.runtime.clock
    assert isinstance(clock, FakeClock)
    clock.moment += timedelta(hours=1)
    assert "twilio failed" not in _text(site.ask("/?lang=en", VIEWER).text)


class _Counting(Reports):
    """Reports that tell how often they counted, and fail when they are to."""

    asked = 0
    fault: Exception | None = None

    def funnel(self, campaign: int) -> Funnel:
        """Count."""
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        return super().funnel(campaign)


def _first_event(site: DeskSite, path: str, token: str) -> str:
    """Watch until the first event is whole."""
    connection = HTTPConnection("127.0.0.1", site.port, timeout=10)
    connection.request("GET", path, headers={"Cookie": f"broadcaster={token}"})
    response = connection.getresponse()
    assert response.getheader("content-type") == "text/event-stream; charset=utf-8"
    lines: list[str] = []
    while not lines or lines[-1] or len(lines) < 4:
        lines.append(response.readline().decode().rstrip("\n"))
    connection.close()
    return "\n".join(line.removeprefix("data: ") for line in lines if line.startswith("data: "))


class _Slow(Looks):
    """Counts when it is let."""

    begun, let = threading.Event(), threading.Event()

    def _look(self, campaign: Campaign) -> Look:
        self.begun.set()
        assert self.let.wait(10)
        return super()._look(campaign)


def test_what_was_being_counted_before_a_pause_does_not_say_that_it_runs(
    site: DeskSite, rows: Rows
) -> None:
    """Whoever pauses sees it paused, though somebody else's page had begun to count."""
    runtime, number = site.runtime, rows.running(1)

    async def paused() -> Look:
        looks = _Slow(runtime)
        early = asyncio.create_task(looks.at(runtime.campaigns.get(str(number))))
        await asyncio.to_thread(looks.begun.wait, 10)
        runtime.campaigns.pause(number, "amina", NOON)
        looks.forget(number)
        late = asyncio.create_task(looks.at(runtime.campaigns.get(str(number))))
        await asyncio.sleep(0)
        looks.let.set()
        await early
        return await late

    assert asyncio.run(paused()).campaign.status is CampaignStatus.PAUSED


def test_all_who_watch_get_the_same_at_once_for_one_count_and_faults_are_said_without_words(
    site: DeskSite, rows: Rows, caplog: pytest.LogCaptureFixture
) -> None:
    """The event is the part that the page itself has."""
    rows.save([customer(1, addresses=[address(number=1)])])
    campaign = rows.running()
    rows.tell("UPDATE campaign SET status = 'completed', finished_at = %s", NOON)
    counting = site.runtime.reports = _Counting(site.runtime.pool)
    token, path = site.token(VIEWER), f"/campaigns/{campaign}"
    page = site.ask(f"{path}?lang=fr", VIEWER).text
    events = {_first_event(site, f"{path}/events?lang=fr", token) for _ in range(5)}
    # Districts are counted behind the page.
    assert (
        len(
            {
                re.sub(r"(?s)<section aria-labelledby=.h-reach.*?</section>", "", one)
                for one in events
            }
        )
        == 1
    )
    assert "h-timeline" in page
    assert all("h-timeline" in event for event in events)
    assert counting.asked == 1
    assert _first_event(site, "/events", token)
    other = rows.running(name="another")
    for fault, status in ((UnavailableError("secret"), 503), (ValueError("secret"), 500)):
        counting.fault = fault
        answer = site.ask(f"/campaigns/{other}?lang=fr", VIEWER)
        assert answer.status == status
        assert "secret" not in answer.text + caplog.text
