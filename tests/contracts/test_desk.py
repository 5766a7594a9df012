"""The door of the console, over real servers: nothing is open, and a form is its sender's wish."""

import time
from contextlib import ExitStack
from datetime import timedelta

import pytest

from broadcaster.domain.access import Role
from tests.desk_scene import DeskSite, later, site
from tests.fakes import FakeClock

__all__ = ["site"]


def test_nobody_enters_without_a_session(site: DeskSite) -> None:
    """Not from this machine either: the way leads to signing in, and back."""
    answer = site.ask("/campaigns?page=2")
    assert answer.status == 303
    assert answer.headers["location"] == "/sign-in?next=/campaigns%3Fpage%3D2"
    stolen = {"Cookie": "broadcaster=made-up"}
    assert site.ask("/", headers=stolen).status == 303


def test_an_operator_sees_pages_in_the_language_that_was_asked_for_before(site: DeskSite) -> None:
    """The choice is kept in a cookie of its own."""
    token = site.token(Role.VIEWER)
    asked = site.ask("/?lang=fr", Role.VIEWER)
    assert asked.status == 200
    assert 'lang="fr"' in asked.text
    kept = asked.headers["set-cookie"].partition(";")[0]
    again = site.ask("/", headers={"Cookie": f"broadcaster={token}; {kept}"})
    assert 'lang="fr"' in again.text


def test_a_session_ends_when_it_is_not_used_and_after_a_day_of_work(site: DeskSite) -> None:
    """An hour without a page, or twelve with."""
    clock = site.runtime.clock
    assert isinstance(clock, FakeClock)
    token = site.token(Role.VIEWER)
    begun = clock.now()
    while clock.now() < begun + timedelta(hours=12):
        assert site.runtime.sessions.find(token, clock.now()) is not None
        clock.moment += timedelta(minutes=50)
    assert site.runtime.sessions.find(token, clock.now()) is None
    other = site.runtime.sessions.open(1, clock.now())
    clock.moment += timedelta(hours=1)
    assert site.runtime.sessions.find(other, clock.now()) is None
    # What ended is not kept beyond the next sign-in.
    with site.runtime.pool.connection() as connection:
        kept = connection.execute("SELECT count(*) FROM operator_session").fetchone()
    assert kept == (1,)


def test_a_page_that_keeps_itself_fresh_keeps_no_session_alive(site: DeskSite) -> None:
    """Only what a person does; a stream and what a script asks again are nobody's doing."""
    runtime, token = site.runtime, site.token(Role.AUTHOR)
    watching = ({"Accept": "text/event-stream"}, {"X-Watching": "yes", "Accept": "text/html"})
    for _ in range(2):
        for headers in watching:
            later(site, minutes=14)
            # A page that is not there is enough: the session is looked for first.
            assert site.ask("/campaigns/999", Role.AUTHOR, headers=headers).status == 404
    later(site, minutes=5)
    assert site.ask("/campaigns", Role.AUTHOR).status == 303
    assert runtime.sessions.find(token, runtime.clock.now()) is None
    now = runtime.clock.now()
    site.enter_as(Role.AUTHOR, runtime.sessions.open(1, now))
    later(site, minutes=59)
    assert site.ask("/campaigns", Role.AUTHOR).status == 200
    later(site, minutes=59)
    assert site.ask("/campaigns", Role.AUTHOR).status == 200


@pytest.mark.parametrize("token", ["", "x", "x" * 5000, "\udcff"])
def test_what_is_no_token_is_nobodys(site: DeskSite, token: str) -> None:
    """Whatever a browser sends is looked up at most."""
    assert site.runtime.sessions.find(token, site.runtime.clock.now()) is None


def test_what_takes_long_leaves_connections_for_pages(site: DeskSite) -> None:
    """Two forecasts and two files at once are no reason to wait, for Pause least of all."""
    with ExitStack() as long:
        for _ in range(10):
            connection = long.enter_context(site.runtime.pool.connection())
            connection.execute("SELECT 1")
        begun = time.monotonic()
        assert site.ask("/", Role.VIEWER).status == 200
        assert time.monotonic() - begun < 5
