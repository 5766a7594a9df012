"""Signing in at an identity provider, over real HTTP: what is believed, and what is forged."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from broadcaster.domain.access import Factor, Role
from tests.browsing import Browser
from tests.builders import NOON
from tests.desk_scene import DeskSite, serving_desk
from tests.identity import CLIENT, SECRET, IdentityHost, identity_host

_ROLES = "duty=duty_officer;it=administrator,viewer"

Scene = tuple[DeskSite, IdentityHost]


@contextmanager
def _serving(database_url: str, redis_url: str, home: Path, **more: str) -> Iterator[Scene]:
    with identity_host(lambda: NOON) as host:
        given = {
            "OIDC_ISSUER": host.issuer,
            "OIDC_CLIENT_ID": CLIENT,
            "OIDC_CLIENT_SECRET": SECRET,
            "OIDC_LABEL": "Town login",
            **more,
        }
        host.person = {"sub": "u-1", "preferred_username": "Amina", "groups": ["duty", "x"]}
        with serving_desk(database_url, redis_url, home, given) as site:
            yield site, host


@pytest.fixture
def scene(database_url: str, redis_url: str, home: Path) -> Iterator[Scene]:
    """Serve everything, with a provider that says what somebody is."""
    with _serving(database_url, redis_url, home, OIDC_ROLES=_ROLES) as opened:
        yield opened


def _visit(scene: Scene, path: str = "/campaigns") -> Browser:
    site, host = scene
    browser = Browser(site.port)
    browser.get("/sign-in/provider?" + urlencode({"next": path}))
    if browser.status == 303:
        browser.get("/sign-in/provider/callback?" + host.agree(browser.location))
    return browser


def test_whom_the_provider_knows_enters_with_the_roles_that_it_says(scene: Scene) -> None:
    """Who is new is added; a changed role counts at the next signing in; none is refused."""
    site, host = scene
    page = Browser(site.port)
    assert page.get("/sign-in?lang=en") == 200
    assert "Sign in with Town login" in page.text
    browser = _visit(scene)
    assert (browser.status, browser.location) == (303, "/campaigns")
    assert browser.get("/campaigns") == 200
    now = site.runtime.clock.now()
    found = site.runtime.sessions.find(browser.cookies["broadcaster"], now)
    assert found is not None
    assert (found.operator.name, found.factor, found.strong) == ("Amina", Factor.PROVIDER, True)
    assert found.operator.roles == {Role.DUTY_OFFICER}
    site.runtime.operators.add("Boss", [Role.ADMINISTRATOR], "the test", now)
    host.person["groups"] = ["it"]
    assert _visit(scene).status == 303
    assert site.runtime.operators.get("Amina").roles == {Role.ADMINISTRATOR, Role.VIEWER}
    # What it gave before ended with the role.
    assert browser.get("/campaigns") == 303
    host.person["groups"] = []
    assert (_visit(scene).status, site.runtime.operators.get("Amina").name) == (403, "Amina")


def test_a_name_that_is_here_already_is_not_taken_over(scene: Scene) -> None:
    """Only who is signed in links an identity; a disabled one stays outside."""
    site, host = scene
    now = site.runtime.clock.now()
    site.runtime.operators.add("Boss", [Role.ADMINISTRATOR], "the test", now)
    found = site.runtime.operators.add("amina", [Role.VIEWER], "the test", now)
    assert _visit(scene).status == 403
    browser = Browser(site.port, {"broadcaster": site.runtime.sessions.open(found.id, now)})
    browser.get("/account?lang=en")
    assert browser.post("/account/provider") == 200
    address = browser.text.split('class="button" href="')[1].split('"')[0].replace("&amp;", "&")
    stranger = Browser(site.port)
    query = host.agree(address)
    assert stranger.get(f"/sign-in/provider/callback?{query}") == 403
    browser.get("/account?lang=en")
    browser.post("/account/provider")
    address = browser.text.split('class="button" href="')[1].split('"')[0].replace("&amp;", "&")
    browser.get("/sign-in/provider/callback?" + host.agree(address))
    assert browser.location == "/account?done=linked"
    assert _visit(scene).status == 303
    assert site.runtime.operators.get("amina").roles == {Role.DUTY_OFFICER}
    site.runtime.operators.disable(found.id, "the test", now)
    assert _visit(scene).status == 403


def test_an_answer_is_good_once_and_in_the_browser_that_asked(scene: Scene) -> None:
    """A state that is replayed, made up, or came by a link from somebody else."""
    site, host = scene
    browser = Browser(site.port)
    browser.get("/sign-in/provider?next=//evil.example")
    query = host.agree(browser.location)
    assert Browser(site.port).get(f"/sign-in/provider/callback?{query}") == 403
    browser.get("/sign-in/provider?next=//evil.example")
    query = host.agree(browser.location)
    cookies = dict(browser.cookies)
    browser.get(f"/sign-in/provider/callback?{query}")
    assert browser.location == "/"
    again = Browser(site.port, cookies)
    assert again.get(f"/sign-in/provider/callback?{query}") == 403
    assert again.get("/sign-in/provider/callback?error=access_denied&state=x") == 403
    other = Browser(site.port)
    other.get("/sign-in/provider")
    swapped = host.agree(other.location).replace(host.issuer, "https://evil.example")
    assert other.get(f"/sign-in/provider/callback?{swapped}") == 403


def _plain(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _unsigned(claims: Mapping[str, Any]) -> str:
    return f"{_plain(json.dumps({'alg': 'none'}))}.{_plain(json.dumps(claims))}."


def _by_another_key(claims: Mapping[str, Any]) -> str:
    key = ECKey.generate_key("P-256", {"kid": "one"})
    return jwt.encode({"alg": "ES256", "kid": "one"}, dict(claims), key)


def _by_our_secret(claims: Mapping[str, Any]) -> str:
    key = OctKey.import_key(SECRET * 3)
    return jwt.encode({"alg": "HS256", "kid": "one"}, dict(claims), key)


def test_what_is_not_signed_by_the_provider_is_not_believed(scene: Scene) -> None:
    """No signature, another key under the same name, a shared secret, junk."""
    forgeries: list[Callable[[Mapping[str, Any]], str]] = [
        _unsigned,
        _by_another_key,
        _by_our_secret,
        lambda claims: scene[1].signed(claims)[:-4] + "AAAA",
        lambda _: "junk",
    ]
    for sign in forgeries:
        scene[1].sign = sign
        assert _visit(scene).status == 403
    scene[1].sign = None
    assert _visit(scene).status == 303


def test_what_is_not_for_us_now_and_this_visit_is_not_believed(scene: Scene) -> None:
    """Another issuer or reader, another visit's nonce, a token that has ended, or of nobody."""
    moment = int(NOON.timestamp())
    lies: list[dict[str, Any]] = [
        {"iss": "https://evil.example"},
        {"aud": "somebody else"},
        {"aud": [CLIENT, "somebody else"]},
        {"azp": "somebody else"},
        {"nonce": "of another visit"},
        {"nonce": None},
        {"exp": moment - 120},
        {"exp": None},
        {"exp": float("nan")},
        {"iat": moment - 3600},
        {"iat": moment + 3600},
        {"sub": ""},
        {"sub": None},
    ]
    for lie in lies:
        scene[1].lies = lie
        assert _visit(scene).status == 403, lie


def test_what_wants_somebody_who_was_asked_just_now_wants_the_provider_to_say_so(
    scene: Scene,
) -> None:
    """Where it says no moment it lets in and confirms nothing; and an old moment is not now."""
    site, host = scene
    host.person["groups"] = ["it"]
    host.lies = {"auth_time": None}
    browser = _visit(scene, "/account")
    assert browser.status == 303
    browser.get("/account?lang=en")
    assert browser.post("/account/codes") == 403
    assert "/sign-in/provider?again=yes" in browser.text
    moment = int(site.runtime.clock.now().timestamp())
    for said in (None, moment - 120, "now"):
        host.lies = {"auth_time": said}
        browser.get("/sign-in/provider?again=yes&next=/account&lang=en")
        asked = parse_qs(urlsplit(browser.location).query)
        assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
        answer = f"/sign-in/provider/callback?{host.agree(browser.location)}"
        assert browser.get(answer, {"Accept-Language": "en"}) == 403
        assert "does not say that it asked you again" in browser.text
    host.lies = {}
    browser.get("/sign-in/provider?again=yes&next=/account")
    assert browser.get(f"/sign-in/provider/callback?{host.agree(browser.location)}") == 303
    browser.get("/account?lang=en")
    assert browser.post("/account/codes") == 303


def test_a_provider_that_answers_wrongly_or_leads_elsewhere_is_left_alone(scene: Scene) -> None:
    """Nothing of it is believed, other ways stay open, and nothing unbounded is read."""
    _, host = scene
    for broken in (b"junk", b"[]", b"{" + b" " * 300_000 + b"}", b"[" * 100_000):
        host.broken = broken
        assert _visit(scene).status == 503
    host.broken = b""
    for name in ("token_endpoint", "jwks_uri", "authorization_endpoint"):
        for place in ("https://evil.example/x", "http://169.254.169.254/x", "file:///etc/passwd"):
            host.described = {name: place}
            assert _visit(scene).status == 503
    host.described = {"issuer": "https://evil.example"}
    assert _visit(scene).status == 503
    host.described = {}
    assert _visit(scene).status == 303
    count = host.asked.count("/jwks")
    assert _visit(scene).status == 303
    assert host.asked.count("/jwks") == count


def test_without_a_mapping_only_who_is_linked_enters(
    database_url: str, redis_url: str, home: Path
) -> None:
    """And what they are is said here."""
    with _serving(database_url, redis_url, home) as (site, host):
        assert _visit((site, host)).status == 403
        now = site.runtime.clock.now()
        found = site.runtime.operators.add("Driss", [Role.AUTHOR], "the test", now)
        site.runtime.operators.link(found.id, host.issuer, "u-1")
        browser = _visit((site, host))
        assert browser.status == 303
        assert site.runtime.operators.get("Driss").roles == {Role.AUTHOR}
