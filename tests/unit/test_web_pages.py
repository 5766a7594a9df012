"""The pages: who may read them, in which language, and what they may load."""

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request

from broadcaster import bootstrap
from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.tokens import sign
from broadcaster.errors import ConfigurationError
from broadcaster.web.health import Health
from tests.markup import check_markup
from tests.web_scene import FakeInside, Site, make_inside, serving

LANGUAGES = [("ar", "rtl"), ("es", "ltr"), ("fr", "ltr"), ("en", "ltr")]


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


@pytest.mark.parametrize(("tag", "direction"), LANGUAGES)
@pytest.mark.parametrize("path", ["/unsubscribe/", "/none"])
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
    assert answer.headers["referrer-policy"] == "same-origin"
    check_markup(answer.text)


def test_the_browser_is_heard_and_the_default_is_the_organisations(site: Site) -> None:
    """First what it prefers, then what our customers read."""
    asked = {"Accept-Language": "de, fr-MA;q=0.5"}
    assert '<html lang="fr"' in site.ask("/none", headers=asked).text
    assert '<html lang="ar"' in site.ask("/none", headers={"Accept-Language": "de"}).text
    assert '<html lang="ar"' in site.ask("/none").text
    assert '<html lang="ar"' in site.ask("/none?lang=xx").text


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
    page = site.ask("/none").text
    for address in re.findall(r'"(/assets/[^"]+)"', page):
        answer = site.ask(address)
        assert answer.status == 200
        assert "immutable" in answer.headers["cache-control"]
    assert site.ask("/assets/..%2Fapp.py").status == 404
    assert site.ask("/assets/../app.py").status == 404


def test_readiness_names_what_does_not_answer(inside: FakeInside) -> None:
    """Each server by itself, and no words of theirs; that we live is another question."""

    def down() -> None:
        raise ConnectionError("secret")

    with serving(inside, {"database": lambda: None, "redis": down}) as site:
        answer, alive = site.ask("/readyz"), site.ask("/healthz")
    assert (answer.status, answer.text) == (503, '{"database":true,"redis":false}')
    assert (alive.status, alive.text) == (200, '{"alive":true}')


def test_a_language_that_is_left_out_is_told_and_sends_nobody_away(inside: FakeInside) -> None:
    """All else works."""

    def damaged() -> None:
        raise ConfigurationError("fr/LC_MESSAGES/advisories.po, line 2")

    with serving(inside, {"database": lambda: None, "texts": damaged}) as site:
        answer = site.ask("/readyz")
    assert (answer.status, answer.text) == (200, '{"database":true,"texts":false}')


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
