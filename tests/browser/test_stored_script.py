"""Script that people store in names and texts, on every page in a real browser: none runs.

The policy that would stop it is switched off here: escaping has to do without.
"""

from pathlib import Path

from playwright.sync_api import Browser

from tests.browsers import browser
from tests.furnished import Furnished
from tests.places import SLOW, all_places
from tests.team_scene import opened_team, window

__all__ = ["browser"]

#: Leaves attributes, titles and scripts, and acts by itself in every way that one page or another
#: has once allowed.
_EVIL = "\"'></title></textarea></script><img src=x onerror=hit()><svg onload=hit()>{{7*7}}"


def test_no_script_that_is_stored_runs_on_any_page(
    database_url: str, redis_url: str, home: Path, browser: Browser
) -> None:
    """In names of campaigns, segments, operators and customers, in facts, wording and comments."""
    with opened_team(database_url, redis_url, home, people=12, batch=12) as team:
        scene = Furnished(team, evil=_EVIL)
        with window(browser, bypass_csp=True) as watched:
            hits: list[str] = []
            watched.context.expose_function("hit", lambda: hits.append(page.url))
            url = team.site.url
            watched.context.add_cookies([{"name": "broadcaster", "value": scene.token, "url": url}])
            page = watched.page()
            for path, places in all_places(scene).items():
                for place in places if path not in SLOW else ():
                    page.goto(f"{url}{place if isinstance(place, str) else place()}")
            # What is meant: the way back to signing in, and pages that are not there.
            watched.faults.clear()
            assert hits == []
