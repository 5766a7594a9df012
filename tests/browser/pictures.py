"""Makes the pictures of the console in the documentation: `python -m tests.browser.pictures`.

They show the product's own pages, over a database of their own with fictional people, at a clock
that stands: they change when pages do.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from broadcaster.embedded.postgres import EmbeddedPostgres
from broadcaster.embedded.valkey import EmbeddedValkey
from broadcaster.ledger import schema
from tests.browsers import launched
from tests.fetch_browser import driven
from tests.furnished import Furnished
from tests.team_scene import opened_team

_FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
_DESKTOP, _PHONE = (1280, 860), (390, 844)
#: The most octets of a picture.
_MOST = 200_000


@dataclass(frozen=True)
class Shot:
    """One picture: of which page, in which language, how large, and from which heading on."""

    name: str
    path: str
    tag: str
    size: tuple[int, int] = _DESKTOP
    look: str = "light"
    start: str = ""


def shots(scene: Furnished) -> Iterator[Shot]:
    """List them."""
    running, waiting = f"/campaigns/{scene.running}", f"/campaigns/{scene.waiting}"
    yield Shot("home-fr", "/", "fr")
    yield Shot("home-phone-ar", "/", "ar", _PHONE)
    yield Shot("compose-ar", f"{scene.work}/wording?locale=ar", "ar")
    yield Shot("checklist-fr", f"{scene.work}/check", "fr")
    yield Shot("approval-ar", f"{waiting}/approve", "ar")
    yield Shot("approval-phone-fr", f"{waiting}/approve", "fr", _PHONE)
    yield Shot("campaign-ar", running, "ar")
    yield Shot("campaign-dark-en", running, "en", look="dark")
    yield Shot("campaign-phone-fr", running, "fr", _PHONE)
    yield Shot("customer-fr", "/customers/C000007?purpose=asked", "fr")
    yield Shot("segment-ar", f"/segments/{scene.segment}", "ar")
    yield Shot("evidence-en", f"/campaigns/{scene.done}/evidence/document.html", "en")


def take(page: Page, url: str, shot: Shot, folder: Path) -> Path:
    """Take one picture."""
    width, height = shot.size
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=shot.look, reduced_motion="reduce")  # type: ignore[arg-type]
    mark = "&" if "?" in shot.path else "?"
    page.goto(f"{url}{shot.path}{mark}lang={shot.tag}")
    page.wait_for_function("document.fonts.ready.then(() => true)")
    if page.locator("iframe").count():
        page.frame_locator("iframe").first.locator("body").wait_for()
    path = folder / f"console-{shot.name}.png"
    page.screenshot(path=path, animations="disabled", caret="hide")
    assert path.stat().st_size < _MOST, f"{path.name} has {path.stat().st_size} octets"
    return path


@contextmanager
def _scene() -> Iterator[Furnished]:
    with (
        tempfile.TemporaryDirectory(prefix="pictures-") as folder,
        EmbeddedPostgres(Path(folder, "sql"), durable=False).used() as database,
        EmbeddedValkey(Path(folder, "keys")).used() as cache,
    ):
        schema.upgrade(database)
        home = Path(folder, "home")
        home.mkdir()
        with opened_team(database, cache, home, people=40, batch=10) as team:
            yield Furnished(team)


def _all(browser: Browser, folder: Path) -> None:
    with _scene() as scene:
        context = browser.new_context(reduced_motion="reduce")
        url = scene.team.site.url
        context.add_cookies([{"name": "broadcaster", "value": scene.token, "url": url}])
        page = context.new_page()
        for shot in shots(scene):
            print(take(page, url, shot, folder))  # noqa: T201  (a command says what it made)


def main() -> None:
    """Make them all."""
    with driven(), sync_playwright() as running, launched(running) as browser:
        _all(browser, _FOLDER)


if __name__ == "__main__":
    main()
