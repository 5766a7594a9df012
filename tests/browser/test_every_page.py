"""Every page of the application, looked at by axe, and by somebody with a keyboard.

The routes are the application's own: one that is new and in none of the lists fails here.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]  # no stubs
from playwright.sync_api import Browser, Page
from starlette.routing import Mount, Route

from tests.browsers import browser
from tests.furnished import Furnished, Place
from tests.places import NOT_PAGES, all_places, door_places, public_places
from tests.team_scene import opened_team, window

__all__ = ["browser"]

#: Shown in frames alone, with nothing of theirs allowed: axe's own script neither, but here.
_SANDBOXED = frozenset(
    {
        "/campaigns/{campaign:int}/evidence/document.html",
        "/campaigns/{campaign:int}/sheet",
        "/compose/{work:int}/preview",
        "/kinds/{kind}/sheet",
    }
)
#: Answers that are meant.
_MEANT = {(410, "/invitation/none")}

#: Language, width and look of a page. Each is looked at once: one half from right to left, small
#: and dark, the other from left to right, large and light; with the variable set, in every look.
_Look = tuple[str, int, str]
_LOOKS: tuple[_Look, ...] = (("ar", 390, "dark"), ("en", 1280, "light"))
_ALL: tuple[_Look, ...] = tuple(
    (tag, width, look)
    for tag in ("ar", "en")
    for width in (390, 1280)
    for look in ("light", "dark")
)
_WHOLE = "BROADCASTER_TEST_EVERY_LOOK"

_RUN = """
async () => {
  const options = { iframes: false, resultTypes: ["violations"] };
  const { violations } = await axe.run(document, options);
  return violations.map((one) => [one.id, one.nodes.map((node) => [
    node.target.join(" "), node.any.map((check) => check.message).join("; ")])]);
}
"""


def _routes(scene: Furnished) -> Iterator[str]:
    """List what answers GET; the API answers programs, and has tests of its own."""
    for route in scene.team.site.app.routes:
        if isinstance(route, Mount):
            continue
        assert isinstance(route, Route)
        if "GET" in (route.methods or ()):
            yield route.path


@contextmanager
def _visitor(
    scene: Furnished, browser: Browser, cookies: Mapping[str, str], **options: bool
) -> Iterator[Page]:
    with window(browser, **options) as watched:
        watched.meant |= _MEANT
        url = scene.team.site.url
        watched.context.add_cookies(
            [{"name": name, "value": value, "url": url} for name, value in cookies.items()]
        )
        yield watched.page()


def _examine(page: Page, url: str, place: Place) -> Iterator[str]:
    """Look at one page in every look; what is wrong with it."""
    named = place if isinstance(place, str) else place.__name__
    looks = _ALL if os.environ.get(_WHOLE) else (_LOOKS[crc32(named.encode()) % len(_LOOKS)],)
    loaded = ""
    for tag, width, look in looks:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=look, reduced_motion="reduce")  # type: ignore[arg-type]
        if tag != loaded:
            path = place if isinstance(place, str) else place()
            page.goto(f"{url}{path}{'&' if '?' in path else '?'}lang={tag}")
            page.evaluate(AXE_SCRIPT)
            loaded = tag
        for rule, nodes in page.evaluate(_RUN):
            yield f"{page.url} {tag} {width} {look}: {rule}: {nodes[:3]}"
        page.set_viewport_size({"width": 320, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            yield f"{page.url} {tag} 320: {wide} px too wide"


def test_every_page_is_for_everybody(
    database_url: str, redis_url: str, home: Path, browser: Browser
) -> None:
    """No rule of axe is broken on any page, from right to left and back, small, large and dark."""
    with opened_team(database_url, redis_url, home, people=40, batch=10) as team:
        scene = Furnished(team)
        places = all_places(scene)
        routes = set(_routes(scene))
        assert routes - set(places) - set(NOT_PAGES) == set()
        assert (set(places) | set(NOT_PAGES)) - routes == set()
        found: list[str] = []
        half = {**scene.half_signed_in(), **scene.customer()}
        outside = {*door_places(scene), *public_places(scene)}
        for cookies, mine, options in (
            (half, outside, {}),
            ({"broadcaster": scene.token}, routes - outside - _SANDBOXED, {}),
            ({"broadcaster": scene.token}, _SANDBOXED, {"bypass_csp": True}),
        ):
            with _visitor(scene, browser, cookies, **options) as page:
                for path in sorted(mine & set(places)):
                    for place in places[path]:
                        found += _examine(page, team.site.url, place)
        assert not found, "\n".join(found)
