"""Second factors, over real servers: authenticators, written codes, passkeys, and asking again."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp

from broadcaster.access.sealing import Seal
from broadcaster.domain.access import Factor, Role
from tests.authenticators import Device
from tests.browsing import Browser
from tests.desk_scene import DeskSite, later, serving_desk, site

__all__ = ["site"]

_GOOD = "seven boats on dry land"


def _person(site: DeskSite, *roles: Role) -> int:
    now = site.runtime.clock.now()
    found = site.runtime.operators.add("Amina", roles or [Role.ADMINISTRATOR], "the test", now)
    site.runtime.credentials.set_password(found.id, _GOOD)
    return found.id


def _code(site: DeskSite, secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(site.runtime.clock.now() + timedelta(seconds=30 * steps))


def _password(site: DeskSite) -> Browser:
    browser = Browser(site.port)
    browser.get("/sign-in")
    browser.post("/sign-in", name="Amina", password=_GOOD, next="/campaigns")
    return browser


def _second(site: DeskSite, code: str) -> Browser:
    browser = _password(site)
    assert browser.location == "/sign-in/second?next=/campaigns"
    browser.get(browser.location)
    browser.post("/sign-in/second", code=code, next="/campaigns")
    return browser


def _set_up(site: DeskSite, browser: Browser) -> tuple[str, list[str]]:
    """Set an authenticator up on the page: its secret, and the codes that are written down."""
    browser.get("/account?lang=en")
    assert browser.post("/account/authenticator") == 303
    path = browser.location
    browser.get(path)
    found = re.search(r'class="letters">([A-Z2-7 ]+)<', browser.text)
    assert found is not None
    secret = found[1].replace(" ", "")
    assert Browser(site.port, dict(browser.cookies)).get(f"{path}/picture") == 200
    browser.get(path)
    assert browser.post(path, code="000000") == 422
    assert browser.post(path, code=_code(site, secret)) == 303
    browser.get(browser.location)
    codes = re.findall(r"<li><code>([a-z0-9-]+)</code>", browser.text)
    assert browser.get(path) == 404
    return secret, codes


def test_an_authenticators_code_is_asked_for_and_taken_once(site: DeskSite) -> None:
    """Neither the one that set it up, nor an older one, nor the same in another window."""
    which = _person(site)
    secret, codes = _set_up(site, _password(site))
    assert len(set(codes)) == 10
    assert _second(site, _code(site, secret)).status == 422
    later(site, seconds=30)
    used = _code(site, secret)
    first = _second(site, used)
    assert (first.status, first.location) == (303, "/campaigns")
    seats = site.runtime.sessions.list(which, site.runtime.clock.now())
    assert Factor.TOTP in {seat.factor for seat in seats}
    for code in (used, _code(site, secret, -1), "12345", "abcdef", "١٢٣٤٥٦", ""):
        assert _second(site, code).status == 422, code
        later(site, minutes=6)
    # Clocks may differ by a step.
    assert _second(site, _code(site, secret, 1)).status == 303


def test_a_written_code_lets_in_once_however_it_is_typed(site: DeskSite) -> None:
    """And new ones make the old ones worthless."""
    _person(site)
    _, codes = _set_up(site, _password(site))
    assert _second(site, codes[0].upper().replace("-", " ")).status == 303
    assert _second(site, codes[0]).status == 422
    browser = _second(site, codes[1])
    browser.get("/account?lang=en")
    assert "8 are left" in browser.text
    assert browser.post("/account/codes") == 303
    shown = browser.location
    assert browser.get(shown) == 200
    assert browser.get(shown) == 303
    assert _second(site, codes[2]).status == 422


def test_another_key_of_the_server_ends_authenticators_and_says_so(site: DeskSite) -> None:
    """Nothing breaks: written codes and passkeys go on, and what was to be shown once has ended."""
    which = _person(site)
    browser = _password(site)
    secret, codes = _set_up(site, browser)
    assert browser.post("/account/codes") == 303
    shown = browser.location
    before = site.runtime.credentials._seal
    for keeper in (site.runtime.credentials, site.runtime.revealing):
        keeper._seal = Seal(b"another key of the server altogether")
    later(site, seconds=30)
    refused = _second(site, _code(site, secret))
    assert refused.status == 422
    assert "لم يعد تطبيق المصادقة" in refused.text
    assert browser.get(shown) == 303
    assert _second(site, codes[3]).status == 422
    later(site, minutes=20)
    asked = site.runtime.sessions.open(which, site.runtime.clock.now() - timedelta(minutes=20))
    left_open = Browser(site.port, {"broadcaster": asked})
    left_open.get("/account?lang=en")
    assert left_open.post("/account/codes") == 403
    assert "Your authenticator is not known here any more" in left_open.text
    for keeper in (site.runtime.credentials, site.runtime.revealing):
        keeper._seal = before
    assert _second(site, _code(site, secret)).status == 303


def test_the_password_alone_opens_nothing_and_codes_cannot_be_guessed(site: DeskSite) -> None:
    """The step in between is no session; after some wrong codes one waits longer and longer."""
    _person(site)
    secret, _ = _set_up(site, _password(site))
    half = _password(site)
    assert "broadcaster" not in half.cookies
    assert half.get("/campaigns") == 303
    later(site, minutes=1)
    statuses = [_second(site, "000000").status for _ in range(7)]
    assert statuses == [422] * 5 + [429] * 2
    assert _second(site, _code(site, secret)).status == 429
    later(site, minutes=5)
    assert _second(site, _code(site, secret)).status == 303
    # The step ends by itself, and by being used.
    half.get("/sign-in/second")
    later(site, minutes=10)
    assert half.post("/sign-in/second", code="000000", next="//evil.example") == 303
    assert half.location == "/sign-in?next=/"


def _call(browser: Browser, path: str, **values: object) -> Any:  # noqa: ANN401  (JSON)
    headers = {"Content-Type": "application/json", "X-CSRF-Token": browser.csrf}
    browser.ask("POST", path, json.dumps(values).encode(), headers)
    return json.loads(browser.text) if browser.status == 200 else None


def _local(site: DeskSite, cookies: dict[str, str] | None = None) -> Browser:
    """Ask by the name `localhost`, to which a browser binds passkeys on one's own machine."""
    return Browser(site.port, cookies or {}, host=f"localhost:{site.port}")


def _with_passkey(site: DeskSite, device: Device) -> Browser:
    token = _password(site).cookies["broadcaster"]
    browser = _local(site, {"broadcaster": token})
    browser.get("/account?lang=en")
    assert browser.post("/account/passkeys/new") == 200
    asked = _call(browser, "/account/passkeys/challenge", use="register")
    junk = {"ticket": asked["ticket"], "credential": 5}
    assert (_call(browser, "/account/passkeys", **junk), browser.status) == (None, 422)
    asked = _call(browser, "/account/passkeys/challenge", use="register")
    answer = {"ticket": asked["ticket"], "credential": device.make(asked["options"])}
    assert _call(browser, "/account/passkeys", **answer, name="my key")["go"].startswith("/account")
    assert _call(browser, "/account/passkeys", **answer, name="again") is None
    return browser


def test_a_passkey_lets_in_without_a_password(site: DeskSite) -> None:
    """Each challenge once; not from another site's page, without the PIN, or with a copied key."""
    _person(site)
    device = Device(f"http://localhost:{site.port}")
    _with_passkey(site, device)
    browser = _local(site)

    def enter(shown: Device, **lies: object) -> int:
        browser.cookies.clear()
        browser.get("/sign-in")
        asked = _call(browser, "/sign-in/passkey/challenge", use="enter")
        credential = shown.show(asked["options"])
        values = {"use": "enter", "ticket": asked["ticket"], "credential": credential, **lies}
        _call(browser, "/sign-in/passkey", **values, next="//evil.example")
        if browser.status == 200:
            assert json.loads(browser.text) == {"go": "/"}
            assert browser.get("/campaigns") == 200
            browser.get("/sign-in")
            cookies = browser.cookies.pop("broadcaster")
            _call(browser, "/sign-in/passkey", **values)
            assert browser.status in {403, 422}
            browser.cookies["broadcaster"] = cookies
            return 200
        return browser.status

    assert enter(device) == 200
    device.origin = "https://evil.example"
    assert enter(device) == 422
    device.origin = f"http://localhost:{site.port}"
    device.verified = False
    assert enter(device) == 422
    device.verified = True
    device.counter = 0
    assert enter(device) == 422
    assert enter(Device(device.origin)) == 422
    for junk in (None, "x", {}, {"rawId": 5}, {"rawId": "AAAA", "response": []}):
        assert enter(device, credential=junk) == 422
    assert enter(device) == 200


def test_a_passkey_is_a_second_factor_and_confirms(site: DeskSite) -> None:
    """After the password; and for what wants somebody who has just shown who they are."""
    which = _person(site)
    device = Device(f"http://localhost:{site.port}", verified=False)
    _with_passkey(site, device)
    half = _local(site, dict(_password(site).cookies))
    half.get("/sign-in/second?lang=en")
    assert "Use a passkey" in half.text
    asked = _call(half, "/sign-in/passkey/challenge", use="second")
    answer = {"ticket": asked["ticket"], "credential": device.show(asked["options"])}
    assert _call(half, "/sign-in/passkey", **answer, use="enter") is None
    half.get("/sign-in/second")
    asked = _call(half, "/sign-in/passkey/challenge", use="second")
    answer = {"ticket": asked["ticket"], "credential": device.show(asked["options"])}
    assert _call(half, "/sign-in/passkey", **answer, use="second", next="/") == {"go": "/"}
    later(site, minutes=16)
    half.get("/operators?lang=en")
    assert half.post(f"/operators/{which}/sessions") == 403
    assert "Is it you?" in half.text
    asked = _call(half, "/account/passkeys/challenge", use="confirm")
    answer = {"ticket": asked["ticket"], "credential": device.show(asked["options"])}
    old = half.cookies["broadcaster"]
    half.csrf = _call(half, "/account/passkeys/confirm", **answer)["csrf"]
    assert half.cookies["broadcaster"] != old
    assert half.post(f"/operators/{which}/sessions") == 303
    key = site.runtime.passkeys.list(which)[0]
    half.get("/account")
    half.post(f"/account/passkeys/{key.id}/name", name="the blue one")
    assert site.runtime.passkeys.list(which)[0].name == "the blue one"
    half.post(f"/account/passkeys/{key.id}/remove")
    assert site.runtime.passkeys.list(which) == []


def test_another_sites_script_gets_no_challenge(site: DeskSite) -> None:
    """The calls of the script want the token of the page, as forms do."""
    browser = _local(site)
    browser.get("/sign-in")
    browser.csrf = "0" * 32
    assert _call(browser, "/sign-in/passkey/challenge", use="enter") is None
    assert browser.status == 403
    browser.get("/sign-in")
    for body in (b"junk", b"[]", b"[" * 9000, b'{"use": "register"}'):
        browser.ask("POST", "/sign-in/passkey/challenge", body, {"X-CSRF-Token": browser.csrf})
        assert browser.status == 400
    elsewhere = {"X-CSRF-Token": browser.csrf, "Origin": "https://evil.example"}
    browser.ask("POST", "/sign-in/passkey/challenge", b'{"use": "enter"}', elsewhere)
    assert browser.status == 403


def test_a_screen_that_was_left_open_is_not_enough(site: DeskSite) -> None:
    """The form is kept, asks for the password, is done then; and the session has a new token."""
    _person(site)
    browser = _password(site)
    later(site, minutes=16)
    old = browser.cookies["broadcaster"]
    browser.get("/operators?lang=en")
    fields: dict[str, str | list[str]] = {"name": "Driss & Co", "role": ["viewer", "author"]}
    assert browser.post("/operators", **fields) == 403
    assert 'value="Driss &amp; Co"' in browser.text
    assert browser.text.count('name="role"') == 2
    assert browser.post("/operators", **fields, confirm_password="wrong") == 403
    assert "That does not fit." in browser.text
    assert browser.post("/operators", **fields, confirm_password=_GOOD) == 303
    fresh = browser.cookies["broadcaster"]
    now = site.runtime.clock.now()
    assert site.runtime.sessions.find(old, now) is None
    assert site.runtime.sessions.find(fresh, now) is not None
    assert site.runtime.operators.get("Driss & Co").roles == {Role.VIEWER, Role.AUTHOR}
    assert browser.get(browser.location) == 200
    assert "/invitation/" in browser.text


def test_roles_can_want_a_second_factor(database_url: str, redis_url: str, home: Path) -> None:
    """Who has none gets to their account alone until there is one."""
    given = {"SECOND_FACTOR": "administrator;approver"}
    with serving_desk(database_url, redis_url, home, given) as site:
        _person(site)
        browser = _password(site)
        assert browser.get("/campaigns") == 303
        assert browser.location == "/account?needed=factor"
        browser.get("/account?lang=en")
        assert browser.post("/operators", name="Driss", role="viewer") == 303
        assert browser.get("/account?lang=en") == 200
        assert "wants a second factor" in browser.text
        _set_up(site, browser)
        assert browser.get("/campaigns") == 200


def test_sessions_are_seen_and_ended_by_their_owner_and_by_administrators(site: DeskSite) -> None:
    """One, or all but this one; nobody ends another's by its number."""
    which = _person(site)
    here, there, third = (_password(site) for _ in range(3))
    other = site.token(Role.VIEWER)
    now = site.runtime.clock.now()
    found = site.runtime.sessions.find(other, now)
    assert found is not None
    here.get("/account?lang=en")
    here.post("/account/sessions/end", session=str(found.id))
    assert site.runtime.sessions.find(other, now) is not None
    seat = site.runtime.sessions.find(there.cookies["broadcaster"], now)
    assert seat is not None
    here.post("/account/sessions/end", session=str(seat.id))
    assert (there.get("/"), third.get("/"), here.get("/account")) == (303, 200, 200)
    here.post("/account/sessions/end", session="all")
    assert (third.get("/"), here.get("/account")) == (303, 200)
    again = "nine bells under water"
    assert here.post("/account/password", current="no", password=again, again=again) == 422
    assert here.post("/account/password", current=_GOOD, password=again, again=again) == 303
    assert here.get("/account") == 200
    assert len(site.runtime.sessions.list(which, now)) == 1
    page = site.ask(f"/operators/{found.operator.id}", Role.ADMINISTRATOR)
    assert page.status == 200
    site.post(f"/operators/{found.operator.id}/disable", Role.ADMINISTRATOR)
    assert site.runtime.sessions.find(other, now) is None


def test_the_audit_trail_is_read_page_by_page_and_by_what_one_looks_for(site: DeskSite) -> None:
    """Who, what, to which thing and when; what was typed wrongly is in no line."""
    _person(site)
    for number in range(60):
        site.runtime.operators.add(f"No {number}", [Role.VIEWER], "Amina", site.runtime.clock.now())
    browser = _password(site)
    browser.get("/sign-in")
    browser.get("/audit?lang=en")
    assert browser.text.count("<tr>") == 51
    older = re.search(r'href="(/audit\?before=\d+)"', browser.text)
    assert older is not None
    browser.get(older[1])
    assert "Operator added" in browser.text
    assert (
        browser.get("/audit?lang=en&actor=Amina&action=operator_added&subject=operator+No+7") == 200
    )
    assert browser.text.count("<tr>") == 2
    # What can't be looked for is said, and not left out.
    assert browser.get("/audit?lang=en&since=1999-13-01&until=x&before=junk&actor=%00") == 422
    assert browser.get("/audit?lang=en&until=2001-01-01") == 200
    assert "Nothing was found." in browser.text
