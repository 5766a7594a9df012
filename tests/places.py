"""Where each page of the application is, with something on it; and what answers and is no page."""

from collections.abc import Mapping
from urllib.parse import quote

from broadcaster.domain.access import Role
from tests.furnished import Furnished, Place

#: What answers GET and is no page, and why it isn't.
NOT_PAGES: Mapping[str, str] = {
    "/account/authenticator/{token}/picture": "a picture",
    "/advisories/{path:path}": "files that were published; its pages are looked at by their paths",
    "/assets/{name}": "styles, scripts and pictures",
    "/campaigns/{campaign:int}/events": "a stream of events",
    "/campaigns/{campaign:int}/evidence/document.pdf": "a file",
    "/campaigns/{campaign:int}/forecast": "a piece of the page of the approval",
    "/compose/{work:int}": "leads to the first step that lacks something",
    "/compose/{work:int}/forecast": "a piece of the checklist",
    "/customers/import/report": "a file",
    "/events": "a stream of events",
    "/favicon.ico": "nothing, for browsers that ask by themselves",
    "/healthz": "for programs",
    "/kinds/by-language/{tag}/advisories.po": "a file",
    "/providers/events": "a stream of events",
    "/push-worker.js": "a script",
    "/push/key": "for the page's script",
    "/readyz": "for programs",
    "/sign-in/provider": "leads to the identity provider",
    "/sign-in/provider/callback": "comes back from the identity provider: test_identity_provider",
}


#: Begins a check of all kinds, once in a process: shows nothing that people write.
SLOW = frozenset({"/kinds/all-findings"})


def team_places(scene: Furnished) -> Mapping[str, list[Place]]:
    """Say where each page of the team is, by its route."""
    running, waiting = f"/campaigns/{scene.running}", f"/campaigns/{scene.waiting}"
    boss = scene.boss
    circle = quote(f"Derb Sultan{scene.evil}", safe="")

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
        "/campaigns/{campaign:int}/left-out": [f"{waiting}/left-out"],
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
        "/segments/{name:path}": [f"/segments/{quote(scene.segment, safe='')}"],
        "/areas": ["/areas"],
        "/areas/new": ["/areas/new"],
        "/areas/{name:path}": [
            "/areas/Oasis",
            f"/areas/{circle}",
        ],
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
        "/keys": ["/keys"],
        "/webhooks": ["/webhooks"],
        "/webhooks/{webhook:int}": [f"/webhooks/{scene.webhook}"],
    }


def door_places(scene: Furnished) -> Mapping[str, list[Place]]:
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


def public_places(scene: Furnished) -> Mapping[str, list[Place]]:
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


def all_places(scene: Furnished) -> Mapping[str, list[Place]]:
    """Say where all pages are, by their routes."""
    return {**team_places(scene), **door_places(scene), **public_places(scene)}
