"""Every page of the application, looked at by axe, and by somebody with a keyboard.

The routes are the application's own: one that is new and in none of the lists fails here.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]  # no stubs
from playwright.sync_api import Browser, Page
from starlette.routing import Mount, Route

from broadcaster.domain.access import Role
from tests.browsers import browser
from tests.furnished import Furnished, Place
from tests.team_scene import opened_team, window

__all__ = ["browser"]

#: What answers GET and is no page, and why it isn't.
NOT_PAGES: Mapping[str, str] = {
    "/account/authenticator/{token}/picture": "a picture",
    "/advisories/{path:path}": "files that were published; its pages are looked at by their paths",
    "/assets/{name}": "styles, scripts and pictures",
    "/campaigns/{campaign:int}/events": "a stream of events",
    "/campaigns/{campaign:int}/evidence/document.pdf": "a file",
    "/campaigns/{campaign:int}/forecast": "a piece of the page of the approval",
    "/compose/map": "a picture",
    "/compose/{work:int}": "leads to the first step that lacks something",
    "/compose/{work:int}/forecast": "a piece of the checklist",
    "/customers/import/report": "a file",
    "/events": "a stream of events",
    "/healthz": "for programs",
    "/kinds/by-language/{tag}/advisories.po": "a file",
    "/providers/events": "a stream of events",
    "/push-worker.js": "a script",
    "/push/key": "for the page's script",
    "/readyz": "for programs",
    "/sign-in/provider": "leads to the identity provider",
    "/sign-in/provider/callback": "comes back from the identity provider: test_identity_provider",
}


#: Shown in frames alone, with nothing of theirs allowed: axe's own script neither, but here.
_SANDBOXED = frozenset(
    {
        "/campaigns/{campaign:int}/sheet",
        "/compose/{work:int}/preview",
        "/kinds/{kind}/sheet",
    }
)
#: Answers that are meant.
_MEANT = {(410, "/invitation/none")}

#: Language, width and look of a page, and whether all rules are asked again: what is the same in
#: every look is asked once in each language. With the variable set, everything is asked always.
_Look = tuple[str, int, str, bool]
_LOOKS: tuple[_Look, ...] = (
    ("ar", 390, "dark", True),
    ("ar", 390, "light", False),
    ("en", 1280, "light", True),
    ("en", 1280, "dark", False),
)
_ALL: tuple[_Look, ...] = tuple(
    (tag, width, look, True)
    for tag in ("ar", "en")
    for width in (390, 1280)
    for look in ("light", "dark")
)
_WHOLE = "BROADCASTER_TEST_EVERY_LOOK"

_RUN = """
async (rules) => {
  const options = { iframes: false, resultTypes: ["violations"] };
  if (rules.length) options.runOnly = rules;
  const { violations } = await axe.run(document, options);
  return violations.map((one) => [one.id, one.nodes.map((node) => [
    node.target.join(" "), node.any.map((check) => check.message).join("; ")])]);
}
"""


def _places(scene: Furnished) -> Mapping[str, list[Place]]:
    """Say where each page of the team is, by its route."""
    running, waiting = f"/campaigns/{scene.running}", f"/campaigns/{scene.waiting}"
    boss = scene.boss

    def authenticator() -> str:
        boss.get("/account")
        boss.post("/account/authenticator")
        return boss.location

    def codes() -> str:
        boss.get("/account")
        boss.post("/account/codes")
        return boss.location

    def invited() -> str:
        boss.get("/operators/2")
        boss.post("/operators/2/invite")
        return boss.location

    follow = [f"{running}/follow/{word}" for word in ("update", "correct", "withdraw", "all-clear")]
    steps = ["facts", "audience", "plan", "wording", "wording?locale=ar", "schedule", "check"]
    return {
        "/": ["/"],
        "/campaigns": ["/campaigns", "/campaigns?name=nothing"],
        "/campaigns/{campaign:int}": [running, waiting, f"/campaigns/{scene.done}"],
        "/campaigns/{campaign:int}/deliveries": [f"{running}/deliveries"],
        "/campaigns/{campaign:int}/resume": [f"{running}/resume"],
        "/campaigns/{campaign:int}/launch": [f"{waiting}/launch"],
        "/campaigns/{campaign:int}/cancel": [f"{running}/cancel"],
        "/campaigns/{campaign:int}/next": [f"{running}/next"],
        "/campaigns/{campaign:int}/hold": [f"{running}/hold"],
        "/campaigns/{campaign:int}/release": [f"{running}/release"],
        "/campaigns/{campaign:int}/replay": [f"{running}/replay"],
        "/campaigns/{campaign:int}/follow/{word}": [*follow],
        "/campaigns/{campaign:int}/approve": [f"{waiting}/approve"],
        "/campaigns/{campaign:int}/sheet": [f"{waiting}/sheet"],
        "/campaigns/{campaign:int}/evidence": [f"{running}/evidence"],
        "/campaigns/{campaign:int}/evidence/document.html": [f"{running}/evidence/document.html"],
        "/compose": ["/compose"],
        "/compose/{work:int}/{step}": [
            *(f"{scene.work}/{step}" for step in steps),
            f"{scene.unfinished}/facts",
        ],
        "/compose/{work:int}/preview": [f"{scene.work}/preview?locale=ar"],
        "/approvals": ["/approvals"],
        "/customers": ["/customers"],
        "/customers/import": ["/customers/import"],
        "/customers/{name:path}": ["/customers/C000001", "/customers/C000001?purpose=asked"],
        "/segments": ["/segments"],
        "/segments/new": ["/segments/new"],
        "/segments/{name:path}": ["/segments/Oasis and around"],
        "/areas": ["/areas"],
        "/areas/new": ["/areas/new"],
        "/areas/{name:path}": ["/areas/Oasis", "/areas/Derb Sultan"],
        "/attributes": ["/attributes"],
        "/attributes/{name}": ["/attributes/district"],
        "/rules": ["/rules"],
        "/requests": ["/requests"],
        "/kinds": ["/kinds"],
        "/kinds/by-language": ["/kinds/by-language"],
        "/kinds/bring-in": ["/kinds/bring-in"],
        "/kinds/all-findings": ["/kinds/all-findings"],
        "/kinds/{kind}": ["/kinds/planned_outage"],
        "/kinds/{kind}/sheet": ["/kinds/planned_outage/sheet?in=ar"],
        "/providers": ["/providers"],
        "/providers/tariffs": ["/providers/tariffs"],
        "/providers/check": ["/providers/check"],
        "/operators": ["/operators"],
        "/operators/{operator:int}": ["/operators/1"],
        "/operators/invitation/{token}": [invited],
        "/account": ["/account"],
        "/account/authenticator/{token}": [authenticator],
        "/account/codes/{token}": [codes],
        "/audit": ["/audit"],
        **_doors(scene),
        **_public(scene),
    }


def _doors(scene: Furnished) -> Mapping[str, list[Place]]:
    """Say where one signs in."""
    runtime = scene.team.site.runtime

    def invitation() -> str:
        return runtime.invitation("Hind", "the test").removeprefix(scene.team.site.url)

    def enter() -> str:
        link = runtime.entry("Guide", "the test", [Role.VIEWER], "/campaigns")
        return link.removeprefix(scene.team.site.url)

    return {
        "/sign-in": ["/sign-in"],
        "/sign-in/second": ["/sign-in/second"],
        "/invitation/{token}": [invitation, "/invitation/none"],
        "/enter/{token}": [enter],
    }


def _public(scene: Furnished) -> Mapping[str, list[Place]]:
    """Say where customers are."""
    return {
        "/advisories": ["/advisories"],
        "/advisories/{path:path}": [f"/advisories/{scene.running}"],
        "/follow": ["/follow"],
        "/preferences": ["/preferences"],
        "/preferences/code": ["/preferences/code"],
        "/preferences/mine": ["/preferences/mine"],
        "/preferences/{token}": [f"/preferences/{scene.link('unsubscribe')}"],
        "/unsubscribe/{token}": [f"/unsubscribe/{scene.link('unsubscribe')}"],
    }


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
    looks = _ALL if os.environ.get(_WHOLE) else _LOOKS
    loaded = ""
    for tag, width, look, all_rules in looks:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=look, reduced_motion="reduce")  # type: ignore[arg-type]
        if tag != loaded:
            path = place if isinstance(place, str) else place()
            page.goto(f"{url}{path}{'&' if '?' in path else '?'}lang={tag}")
            page.evaluate(AXE_SCRIPT)
            loaded = tag
        for rule, nodes in page.evaluate(_RUN, [] if all_rules else ["color-contrast"]):
            yield f"{page.url} {tag} {width} {look}: {rule}: {nodes[:3]}"
        if look == looks[-1][2] or tag == "ar":
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
        places = _places(scene)
        routes = set(_routes(scene))
        assert routes - set(places) - set(NOT_PAGES) == set()
        assert (set(places) | set(NOT_PAGES)) - routes == set()
        found: list[str] = []
        half = {**scene.half_signed_in(), **scene.customer()}
        outside = {*_doors(scene), *_public(scene)}
        for cookies, mine, options in (
            (half, outside, {}),
            ({"broadcaster": scene.token}, routes - outside - _SANDBOXED, {}),
            ({"broadcaster": scene.token}, _SANDBOXED, {"bypass_csp": True}),
        ):
            with _visitor(scene, browser, cookies, **options) as page:
                for path in sorted(mine & set(places)):
                    for place in places[path]:
                        found += _examine(page, team.site.url, place)
        assert found == []
