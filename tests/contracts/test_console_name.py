"""A console under a name of its own: what leads there, what is served where, whose a form is."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from broadcaster.domain.access import Role
from broadcaster.errors import ConfigurationError
from broadcaster.settings import load
from broadcaster.web.alerting import speaker
from tests.browsing import Browser
from tests.builders import NOON
from tests.desk_scene import DeskSite, serving_desk
from tests.identity import CLIENT, SECRET, IdentityHost, identity_host

PUBLIC, CONSOLE = "http://alerts.example.test", "http://console.example.test"

Scene = tuple[DeskSite, IdentityHost]


@pytest.fixture
def scene(database_url: str, redis_url: str, home: Path) -> Iterator[Scene]:
    """Serve both names, with an identity provider."""
    with identity_host(lambda: NOON) as host:
        names = {"PUBLIC_URL": PUBLIC, "CONSOLE_URL": CONSOLE, "OIDC_ISSUER": host.issuer}
        oidc = {"OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET": SECRET}
        with serving_desk(database_url, redis_url, home, {**names, **oidc}) as site:
            yield site, host


def test_what_is_the_teams_leads_to_the_console_and_what_is_customers_does_not(
    scene: Scene,
) -> None:
    """And under each name only what is its own is served; this machine asks for both."""
    site, _ = scene
    runtime = site.runtime
    assert runtime.entry("Amina", "the test", [Role.VIEWER]).startswith(f"{CONSOLE}/enter/")
    assert runtime.invitation("Amina", "the test").startswith(f"{CONSOLE}/invitation/")
    assert runtime.links.page(1, "fr").startswith(f"{PUBLIC}/advisories/")
    assert speaker(runtime.settings).test().body.endswith(CONSOLE)
    token = {"broadcaster": site.token(Role.VIEWER)}
    ours = ("/campaigns", "/sign-in", "/", "/api/v1/openapi.json", "/enter/x", "/invitation/x")
    public = ("/preferences", "/unsubscribe/x", "/advisories/", "/follow", "/push-worker.js")
    for paths, here, elsewhere in ((ours, CONSOLE, PUBLIC), (public, PUBLIC, CONSOLE)):
        for path in paths:
            there = Browser(site.port, dict(token), host=urlsplit(elsewhere).netloc)
            assert there.get(path) == 404, path
            assert "<bdi>404</bdi>" in there.text, path
            status = Browser(site.port, dict(token), host=urlsplit(here).netloc).get(path)
            assert status in {200, 303, 404, 410}, path
            local = Browser(site.port, dict(token))
            assert local.get(path) == status, path
    for name in (PUBLIC, CONSOLE):
        assert Browser(site.port, host=urlsplit(name).netloc).get("/healthz") == 200
    assert Browser(site.port, host="elsewhere.example.test").get("/campaigns") == 421


def test_forms_passkeys_and_the_identity_provider_are_of_the_consoles_name(scene: Scene) -> None:
    """A page of the public name can not have the console do anything."""
    site, _ = scene
    token = {"broadcaster": site.token(Role.VIEWER)}
    browser = Browser(site.port, token, host=urlsplit(CONSOLE).netloc)
    browser.get("/account?lang=en")
    for origin, status in ((PUBLIC, 403), (CONSOLE, 303)):
        assert browser.post("/account/codes", {"Origin": origin}) == status
    browser.get("/sign-in/provider")
    back = parse_qs(urlsplit(browser.location).query)["redirect_uri"]
    assert back == [f"{CONSOLE}/sign-in/provider/callback"]
    door = Browser(site.port, host=urlsplit(CONSOLE).netloc)
    door.get("/sign-in")
    kind = {"Content-Type": "application/json", "X-CSRF-Token": door.csrf, "Origin": CONSOLE}
    assert door.ask("POST", "/sign-in/passkey/challenge", b'{"use": "enter"}', kind) == 200
    assert '"console.example.test"' in door.text


@pytest.mark.parametrize(
    "address", ["console.example.org", "https://", "https://x.org/console", "ftp://x.org"]
)
def test_a_name_of_the_console_is_a_host_and_no_more(tmp_path: Path, address: str) -> None:
    """What is none is refused by its name; without one the console is where the public is."""
    given = {"BROADCASTER_HOME": str(tmp_path), "BROADCASTER_PUBLIC_URL": PUBLIC}
    assert load(given).console_url == PUBLIC
    assert load({**given, "BROADCASTER_CONSOLE_URL": f"{CONSOLE}/"}).console_url == CONSOLE
    with pytest.raises(ConfigurationError, match="BROADCASTER_CONSOLE_URL"):
        load({**given, "BROADCASTER_CONSOLE_URL": address})
