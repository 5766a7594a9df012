"""The pages: who may read them, in which language, and what they may load."""

import asyncio
import http.client
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.requests import Request

from broadcaster import bootstrap
from broadcaster.domain.campaign import CampaignStatus
from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.tokens import sign
from broadcaster.errors import UnavailableError
from broadcaster.reports.funnel import Funnel
from broadcaster.web.health import Health
from tests import builders
from tests.web_scene import FakeInside, Site, make_inside, serving

LANGUAGES = [("ar", "rtl"), ("fr", "ltr"), ("en", "ltr")]
_VOID = {"meta", "link", "img", "input", "br"}


@pytest.fixture
def inside(tmp_path: Path) -> FakeInside:
    """Give the fakes."""
    return make_inside(tmp_path)


@pytest.fixture
def site(inside: FakeInside) -> Iterator[Site]:
    """Serve them."""
    with serving(inside) as site:
        yield site


def _token(inside: FakeInside) -> str:
    return sign(bootstrap.signing_key(inside.settings), "unsubscribe", DeliveryId(1, 1))


class _Checker(HTMLParser):
    """Fails on tags that don't match, ids that repeat, styles and handlers in attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        assert "style" not in named
        assert not any(name.startswith("on") for name in named)
        assert named.get("id") not in self.ids or "id" not in named
        if "id" in named:
            self.ids.add(str(named["id"]))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _check(html: str) -> None:
    checker = _Checker()
    checker.feed(html)
    assert checker.open == []


@pytest.mark.parametrize(("tag", "direction"), LANGUAGES)
@pytest.mark.parametrize("path", ["/", "/campaigns/1", "/unsubscribe/", "/none"])
def test_each_page_is_whole_in_each_language(
    inside: FakeInside, site: Site, path: str, tag: str, direction: str
) -> None:
    """Well formed, with language and direction, and strict about what it loads."""
    if path == "/unsubscribe/":
        path += _token(inside)
    answer = site.ask(f"{path}?lang={tag}")
    assert answer.status == (404 if path == "/none" else 200)
    assert f'<html lang="{tag}" dir="{direction}">' in answer.text
    assert answer.headers["content-language"] == tag
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    _check(answer.text)


def test_the_browser_is_heard_and_the_default_is_the_organisations(site: Site) -> None:
    """First what it prefers, then what our customers read."""
    assert '<html lang="fr"' in site.ask("/", headers={"Accept-Language": "de, fr-MA;q=0.5"}).text
    assert '<html lang="ar"' in site.ask("/", headers={"Accept-Language": "de"}).text
    assert '<html lang="ar"' in site.ask("/").text
    assert '<html lang="ar"' in site.ask("/?lang=xx").text


def test_the_funnel_shows_counts_shares_and_reasons(site: Site) -> None:
    """Every step with its number and per cent, by channel, with reasons."""
    text = site.ask("/campaigns/1?lang=en").text
    for piece in ("10,798", "1,389", "12.9%", "3,940", "4,171", "38.6%", "&lt;\u20600.1%"):
        assert piece in text
    assert "The mailbox is full" in text
    assert "Drill: simulated networks only" in text


def test_figures_are_written_as_in_the_country(site: Site) -> None:
    """Moroccan Arabic: Latin digits, point for thousands, comma for decimals."""
    text = site.ask("/campaigns/1?lang=ar").text
    assert "10.798" in text
    assert "12,9" in text


def test_a_campaign_that_is_not_planned_has_no_figures(inside: FakeInside, site: Site) -> None:
    """And no picture of nothing."""
    inside.reports.counts = Funnel(channels={}, units={}, locales={}, reasons={}, failures={})
    assert "Not planned yet" in site.ask("/campaigns/1?lang=en").text
    assert "Not planned yet" in site.ask("/?lang=en").text


def test_why_a_campaign_is_held_is_said(inside: FakeInside, site: Site) -> None:
    """In the words of who holds it, with mark-up made harmless."""
    inside.campaigns.held = [builders.campaign(status=CampaignStatus.PAUSED)]
    inside.campaigns.reason = "<script>alert(1)</script>"
    text = site.ask("/campaigns/1?lang=en").text
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text


def test_names_cannot_carry_markup(inside: FakeInside, site: Site) -> None:
    """Names come from people."""
    inside.campaigns.held = [builders.campaign(name='"><img src=x onerror=alert(1)>')]
    for path in ("/", "/campaigns/1"):
        text = site.ask(path).text
        assert "<img src=x" not in text
        _check(text)


def test_what_waits_for_the_morning_is_said_by_zone(inside: FakeInside, site: Site) -> None:
    """How many, where, and until when on the utility's clock; in each language."""
    part = {"channel": "sms", "zone": "Asia/Kathmandu", "why": "quiet_hours", "messages": 41200}
    until = "2020-03-21T07:00:00+00:00"
    held = {**part, "why": "hold", "zone": None, "messages": 3}
    inside.reports.waiting = [{**part, "until": until}, {**held, "until": until}]
    page = site.ask("/campaigns/1?lang=en").text
    assert "Quiet hours until" in page
    assert "<bdi>41,200</bdi> wait, SMS, <bdi>Asia/Kathmandu</bdi>" in page
    assert "<bdi>3</bdi> wait, SMS, <bdi>Africa/Casablanca</bdi>" in page
    for language, words in (("fr", "Heures calmes jusqu’au"), ("ar", "ساعات الهدوء إلى غاية")):
        assert words in site.ask(f"/campaigns/1?lang={language}").text


def test_without_campaigns_the_list_says_how_to_make_one(inside: FakeInside, site: Site) -> None:
    """And a page beyond the last is no fault."""
    inside.campaigns.held = []
    assert "broadcaster campaigns create" in site.ask("/?lang=en").text
    assert site.ask("/?page=99").status == site.ask("/?page=junk").status == 200


def test_a_long_list_has_pages(inside: FakeInside, site: Site) -> None:
    """Twenty campaigns on each."""
    inside.campaigns.held = [builders.campaign(id=number) for number in range(45, 0, -1)]
    first, last = site.ask("/?lang=en").text, site.ask("/?page=3&lang=en").text
    assert first.count('<li class="card">') == 20
    assert 'rel="next"' in first
    assert last.count('<li class="card">') == 5
    assert 'rel="next"' not in last


@pytest.mark.parametrize("path", ["/campaigns/2", "/campaigns/99999999999", "/campaigns/x"])
def test_unknown_campaigns_are_not_found(site: Site, path: str) -> None:
    """Also numbers that no database holds."""
    assert site.ask(path).status == 404


def test_a_faltering_database_is_said_without_its_words(inside: FakeInside, site: Site) -> None:
    """503, in the reader's language."""
    inside.reports.fault = UnavailableError("secret")
    answer = site.ask("/campaigns/1?lang=fr")
    assert answer.status == 503
    assert "Impossible" in answer.text
    assert "secret" not in answer.text


def test_a_fault_of_ours_is_logged_without_its_words(
    inside: FakeInside, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """Which sort and where; the words may hold an address."""
    inside.reports.fault = ValueError("secret")
    answer = site.ask("/campaigns/1")
    assert answer.status == 500
    assert "secret" not in answer.text + caplog.text
    assert "ValueError at web_scene.py" in caplog.text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:1234", 200),
        ("127.0.0.1", 200),
        ("[::1]:80", 200),
        ("evil.example", 421),
        ("evil.example:80@localhost", 200),
        ("localhost.evil.example", 421),
        ("[::1", 421),
        ("", 421),
    ],
)
def test_other_host_names_are_refused(site: Site, host: str, status: int) -> None:
    """A page elsewhere that names this machine as its own (DNS rebinding) gets nothing."""
    assert site.ask("/healthz", headers={"Host": host}).status == status


def test_more_names_can_be_set(tmp_path: Path) -> None:
    """BROADCASTER_WEB_HOSTS, with semicolons."""
    with serving(make_inside(tmp_path, WEB_HOSTS="a.example;b.example")) as site:
        assert site.ask("/healthz", headers={"Host": "b.example"}).status == 200


def test_a_path_without_end_is_refused(site: Site) -> None:
    """Tokens and ids are short."""
    assert site.ask("/unsubscribe/" + "x" * 2000).status == 414


def test_assets_are_kept_and_nothing_beside_them(site: Site) -> None:
    """For ever, as their address changes with their content."""
    page = site.ask("/").text
    for address in re.findall(r'"(/assets/[^"]+)"', page):
        answer = site.ask(address)
        assert answer.status == 200
        assert "immutable" in answer.headers["cache-control"]
    assert site.ask("/assets/..%2Fapp.py").status == 404
    assert site.ask("/assets/../app.py").status == 404


def test_watchers_hear_the_live_part_at_once(inside: FakeInside, site: Site) -> None:
    """As one event, which is the part that the page itself has."""
    page = site.ask("/campaigns/1?lang=fr").text
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    connection.request("GET", "/campaigns/1/events?lang=fr")
    response = connection.getresponse()
    assert response.getheader("content-type") == "text/event-stream; charset=utf-8"
    lines: list[str] = []
    while not lines or lines[-1] or len(lines) < 4:
        lines.append(response.readline().decode().rstrip("\n"))
    connection.close()
    live = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    assert "\n".join(live) in page
    assert inside.reports.asked == 1


def test_many_who_look_cost_one_count(inside: FakeInside, site: Site) -> None:
    """Counting a million rows is not done for each of them."""
    for _ in range(5):
        site.ask("/")
    assert inside.reports.asked == 1


def test_readiness_names_what_does_not_answer(inside: FakeInside) -> None:
    """Each server by itself, and no words of theirs; that we live is another question."""

    def down() -> None:
        raise ConnectionError("secret")

    with serving(inside, {"database": lambda: None, "redis": down}) as site:
        answer, alive = site.ask("/readyz"), site.ask("/healthz")
    assert (answer.status, answer.text) == (503, '{"database":true,"redis":false}')
    assert (alive.status, alive.text) == (200, '{"alive":true}')


def test_a_server_that_is_silent_is_not_waited_for_and_asked_once() -> None:
    """Whoever asks again meanwhile takes no second thread, and hears in time that it is away."""
    silence = threading.Event()
    asked: list[None] = []

    def hang() -> None:
        asked.append(None)
        silence.wait(10)

    async def ask_twice() -> list[int]:
        health = Health({"database": hang}, patience=0.05)
        request = Request({"type": "http"})
        statuses = [(await health.ready(request)).status_code for _ in range(2)]
        silence.set()
        return statuses

    assert asyncio.run(ask_twice()) == [503, 503]
    assert len(asked) == 1


def test_a_renamed_campaign_is_counted_anew(inside: FakeInside, site: Site) -> None:
    """What is remembered of it holds only while it stays the same."""
    site.ask("/campaigns/1")
    inside.campaigns.held = [replace(inside.campaigns.held[0], status=CampaignStatus.COMPLETED)]
    assert "Completed" in site.ask("/campaigns/1?lang=en").text
