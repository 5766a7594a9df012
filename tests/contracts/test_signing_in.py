"""Signing in, over real servers: what lets people in, and what is tried in vain."""

import re
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest

from broadcaster.domain.access import Role
from broadcaster.web.console.library import providers
from tests.browsing import Browser
from tests.desk_scene import DeskSite, later, site

__all__ = ["site"]

_GOOD = "seven boats on dry land"


def _amina(site: DeskSite, *roles: Role) -> int:
    now = site.runtime.clock.now()
    found = site.runtime.operators.add("Amina", roles or [Role.AUTHOR], "the test", now)
    site.runtime.credentials.set_password(found.id, _GOOD)
    return found.id


def _sign_in(site: DeskSite, name: str = "Amina", password: str = _GOOD) -> Browser:
    browser = Browser(site.port)
    browser.get("/sign-in")
    browser.post("/sign-in", name=name, password=password, next="/campaigns")
    return browser


def test_a_name_and_a_password_let_in_and_lead_to_where_one_wanted(site: DeskSite) -> None:
    """In whatever case the name is typed; and out again, for good."""
    _amina(site)
    browser = _sign_in(site, "  aMINA ")
    assert (browser.status, browser.location) == (303, "/campaigns")
    assert browser.get("/campaigns?lang=en") == 200
    assert "Amina" in browser.text
    token = browser.cookies["broadcaster"]
    assert browser.post("/sign-out") == 303
    assert "broadcaster" not in browser.cookies
    assert site.runtime.sessions.find(token, site.runtime.clock.now()) is None


def test_who_is_not_known_is_answered_as_who_is(site: DeskSite) -> None:
    """The same page, status and headers for a wrong password, no such name, and a disabled one."""
    which = _amina(site)
    site.runtime.operators.add("Driss", [Role.VIEWER], "the test", site.runtime.clock.now())
    seen = []
    for name in ("Amina", "Nobody", "Driss"):
        browser = _sign_in(site, name, "a wrong password")
        text = re.sub(r'name="csrf" value="\w+"|data-csrf="\w+"', "", browser.text)
        seen.append((browser.status, sorted(browser.headers), text.replace(name, "…")))
    assert seen[0][0] == 422
    assert seen[0] == seen[1] == seen[2]
    site.runtime.operators.add("Boss", [Role.ADMINISTRATOR], "the test", site.runtime.clock.now())
    site.runtime.operators.disable(which, "Boss", site.runtime.clock.now())
    assert _sign_in(site).status == 422


def test_every_attempt_compares_with_something(site: DeskSite) -> None:
    """Who is unknown costs as much work as who is known: one comparison each."""
    _amina(site)
    passwords = site.runtime.passwords
    done: list[bool] = []

    class Counting(type(passwords._hasher)):  # type: ignore[misc]  # a hasher that counts
        def verify(self, kept: str, given: bytes) -> bool:
            done.append(True)
            return bool(super().verify(kept, given))

    hasher = Counting(time_cost=1, memory_cost=64, parallelism=1)
    passwords._hasher = hasher
    for name in ("Amina", "Nobody"):
        done.clear()
        assert _sign_in(site, name, "a wrong password").status == 422
        assert done == [True]


def test_guessing_is_slowed_and_the_right_person_is_not_kept_out(site: DeskSite) -> None:
    """The wait doubles; a browser by which they entered before is counted by itself."""
    which = _amina(site)
    own = _sign_in(site)
    for _ in range(5):
        assert _sign_in(site, "Amina", "a wrong password").status == 422
    held = _sign_in(site)
    assert held.status == 429
    assert held.headers["retry-after"] == "2"
    later(site, seconds=2)
    assert _sign_in(site, "Amina", "a wrong password").status == 422
    assert _sign_in(site).headers["retry-after"] == "4"
    # Known to this browser, while everybody else waits.
    own.get("/")
    own.post("/sign-out")
    own.get("/sign-in")
    assert own.post("/sign-in", name="Amina", password=_GOOD, next="/") == 303
    assert site.runtime.sessions.list(which, site.runtime.clock.now())
    later(site, minutes=5)
    assert _sign_in(site).status == 303
    with site.runtime.pool.connection() as connection:
        rows = connection.execute(
            "SELECT actor, subject, details FROM audit WHERE action = 'sign_in_slowed'"
        ).fetchall()
    assert rows[0] == ("broadcaster", "operator Amina", {"failures": 5})


def test_a_hundred_guesses_at_once_are_a_hundred(site: DeskSite) -> None:
    """An attempt is counted before it is looked at, in PostgreSQL, whatever process takes it."""
    trials, now = site.runtime.trials, site.runtime.clock.now()
    from broadcaster.access.trials import PAIR  # noqa: PLC0415  (the rule alone)

    key = trials.hashed("pair", "amina", "192.0.2.1")
    waits = [trials.begin({key: PAIR}, now) for _ in range(20)]
    assert sum(1 for wait in waits if not wait) == PAIR.free + 1


def test_another_sites_form_signs_nobody_in(site: DeskSite) -> None:
    """Without the token of this browser, or from elsewhere, it is refused."""
    _amina(site)
    body = urlencode({"name": "Amina", "password": _GOOD, "csrf": "0" * 32}).encode()
    assert site.ask("/sign-in", method="POST", body=body).status == 403
    browser = Browser(site.port)
    browser.get("/sign-in")
    elsewhere = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert browser.post("/sign-in", elsewhere, name="Amina", password=_GOOD) == 403
    assert "broadcaster" not in browser.cookies


@pytest.mark.parametrize(
    "path", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "/a\n"]
)
def test_signing_in_leads_nowhere_else(site: DeskSite, path: str) -> None:
    """Whatever address somebody was sent to the door with."""
    _amina(site)
    browser = Browser(site.port)
    browser.get("/sign-in?" + urlencode({"next": path}))
    assert "evil" not in browser.text
    browser.post("/sign-in", name="Amina", password=_GOOD, next=path)
    assert (browser.status, browser.location) == (303, "/")


def test_a_session_that_somebody_else_prepared_is_worth_nothing(site: DeskSite) -> None:
    """Each signing in makes a token of its own, and ends what the browser showed before."""
    which = _amina(site)
    now = site.runtime.clock.now()
    planted = site.runtime.sessions.open(which, now)
    browser = Browser(site.port)
    browser.get("/sign-in")
    browser.cookies["broadcaster"] = planted
    browser.post("/sign-in", name="Amina", password=_GOOD, next="/")
    assert browser.status == 303
    assert browser.cookies["broadcaster"] not in {planted, ""}
    assert site.runtime.sessions.find(planted, now) is None


def test_an_invitation_sets_a_password_once(site: DeskSite) -> None:
    """Looking at it uses nothing up; a bad password neither; afterwards it has ended."""
    runtime = site.runtime
    runtime.operators.add("Salma", [Role.VIEWER], "the test", runtime.clock.now())
    path = runtime.invitation("Salma", "the test").removeprefix(site.url)
    browser = Browser(site.port)
    assert browser.get(f"{path}?lang=en") == 200
    assert "Salma" in browser.text
    assert browser.post(path, password="short", again="short") == 422
    assert browser.post(path, password="password1234", again="password1234") == 422
    assert browser.post(path, password=_GOOD, again=_GOOD + "!") == 422
    assert browser.post(path, password=_GOOD, again=_GOOD) == 303
    assert browser.get("/campaigns") == 200
    other = Browser(site.port)
    other.get("/sign-in")
    assert other.get(path) == 410
    assert other.post(path, password=_GOOD + "?", again=_GOOD + "?") == 410
    assert _sign_in(site, "Salma").status == 303


def test_a_newer_invitation_ends_the_one_before_and_a_day_ends_both(site: DeskSite) -> None:
    """Whoever finds an old link finds nothing."""
    runtime = site.runtime
    runtime.operators.add("Salma", [Role.VIEWER], "the test", runtime.clock.now())
    first = runtime.invitation("Salma", "the test").removeprefix(site.url)
    second = runtime.invitation("Salma", "the test").removeprefix(site.url)
    browser = Browser(site.port)
    assert (browser.get(first), browser.get(second)) == (410, 200)
    later(site, hours=24)
    assert browser.get(second) == 410


def test_a_link_enters_once(site: DeskSite) -> None:
    """As the demo prints it; it leads to a page of ours alone."""
    runtime = site.runtime
    link = runtime.entry("Guide", "the test", [Role.VIEWER], "/campaigns")
    path = link.removeprefix(site.url)
    browser = Browser(site.port)
    assert browser.get(path) == 200
    token = path.partition("?")[0]
    assert browser.post(token, next="//evil.example") == 303
    assert browser.location == "/"
    assert browser.get("/") == 200
    assert Browser(site.port).get(path) == 410


def test_a_new_password_ends_every_session(site: DeskSite) -> None:
    """Whoever had the old one is out."""
    which = _amina(site)
    browser = _sign_in(site)
    assert browser.get("/") == 200
    site.runtime.credentials.set_password(which, _GOOD + " again")
    assert browser.get("/") == 303
    assert _sign_in(site).status == 422


def test_a_password_is_hashed_anew_when_the_parameters_change(site: DeskSite) -> None:
    """At the next signing in, and it goes on to fit."""
    from broadcaster.access.passwords import Passwords  # noqa: PLC0415  (as above)
    from tests.desk_scene import quick_hasher  # noqa: PLC0415  (as above)

    which = _amina(site)
    stronger = quick_hasher()
    stronger = type(stronger)(time_cost=2, memory_cost=64, parallelism=1)
    site.runtime.credentials._passwords = Passwords(stronger)
    assert _sign_in(site).status == 303
    with site.runtime.pool.connection() as connection:
        row = connection.execute("SELECT password FROM operator WHERE id = %s", [which]).fetchone()
    assert row is not None
    assert ",t=2," in row[0]
    assert _sign_in(site).status == 303


def test_a_crowd_that_signs_in_holds_up_nobody_who_is_in(site: DeskSite) -> None:
    """However many passwords wait to be looked at, pages are answered meanwhile."""
    browser = Browser(site.port)
    browser.get("/sign-in")
    site.token(Role.VIEWER)

    def guess(number: int) -> int:
        one = Browser(site.port, dict(browser.cookies), csrf=browser.csrf)
        elsewhere = {"X-Forwarded-For": f"203.0.113.{number}"}
        return one.post("/sign-in", elsewhere, name=f"nobody {number}", password=_GOOD)

    turns = site.runtime.passwords._turns
    with ThreadPoolExecutor(60) as crowd:
        with turns, turns:
            waiting = [crowd.submit(guess, number) for number in range(60)]
            connection = HTTPConnection("127.0.0.1", site.port, timeout=5)
            shown = {"Cookie": f"broadcaster={site.token(Role.VIEWER)}"}
            for _ in range(5):
                connection.request("GET", "/account", headers=shown)
                answer = connection.getresponse()
                assert (answer.status, bool(answer.read())) == (200, True)
            connection.close()
        assert {one.result() for one in waiting} <= {422, 503}


def test_who_was_signed_out_watches_no_more(
    site: DeskSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that is kept fresh asks again and again whether it may."""
    monkeypatch.setattr(providers, "_BEAT", 0.02)
    monkeypatch.setattr(providers, "_ASK", 1)
    token = site.token(Role.VIEWER)
    connection = HTTPConnection("127.0.0.1", site.port, timeout=10)
    connection.request("GET", "/providers/events", headers={"Cookie": f"broadcaster={token}"})
    answer = connection.getresponse()
    assert answer.readline() == b"retry: 3000\n"
    site.runtime.sessions.end(token)
    answer.read()
    connection.close()
