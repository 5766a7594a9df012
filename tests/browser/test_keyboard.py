"""The console by keyboard alone: each thing that acts is reached, in order, and is seen to be."""

from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browsers import browser
from tests.furnished import Furnished
from tests.team_scene import opened_team, window

__all__ = ["browser"]

#: What acts on a page, but in frames and in what is closed; of radio buttons one of each group.
_LISTED = """
  const groups = new Set();
  const acting = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  const listed = [...document.querySelectorAll(acting)]
    .filter((one) => one.type !== "hidden" && !one.disabled && one.checkVisibility()
      && !(one.closest("details:not([open])") && one.tagName !== "SUMMARY"))
    .filter((one) => {
      if (one.type !== "radio") return true;
      if (!one.checked && document.querySelector(`[name="${one.name}"]:checked`)) return false;
      return !groups.has(one.name) && groups.add(one.name);
    });
"""
_ACTING = f"() => {{{_LISTED} return listed.map((one, index) => index); }}"
#: Where the focus is, and whether somebody sees it: a ring, and nothing in front of it.
_FOCUSED = (
    "() => {"
    + _LISTED
    + """
  const one = document.activeElement;
  const style = getComputedStyle(one);
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
    || style.boxShadow !== "none";
  const box = one.getBoundingClientRect();
  const within = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return [listed.indexOf(one), ring, within, one.outerHTML.slice(0, 90)];
}
"""
)


def _walk(page: Page, count: int) -> Sequence[int]:
    """Press Tab until all was visited; where the focus was, in order."""
    seen: list[int] = []
    for _ in range(3 * count):
        page.keyboard.press("Tab")
        number, ring, within, what = page.evaluate(_FOCUSED)
        # A field of a time is passed through part by part.
        if number < 0 or number in seen[-1:]:
            continue
        if number in seen:
            break
        assert ring, f"{page.url}: no ring around {what}"
        assert within, f"{page.url}: out of sight: {what}"
        seen.append(number)
    return seen


def test_everything_that_acts_is_reached_by_tab_in_its_order(
    database_url: str, redis_url: str, home: Path, browser: Browser
) -> None:
    """On steps of composing, the approval and the live page of a campaign, from right to left."""
    with opened_team(database_url, redis_url, home, people=12, batch=12) as team:
        scene = Furnished(team)
        url = team.site.url
        with window(browser) as watched:
            watched.context.add_cookies([{"name": "broadcaster", "value": scene.token, "url": url}])
            page = watched.page()
            for path in (
                f"{scene.unfinished}/facts",
                f"{scene.work}/audience",
                f"{scene.work}/plan",
                f"{scene.work}/check",
                f"/campaigns/{scene.waiting}/approve",
                f"/campaigns/{scene.done}",
            ):
                page.goto(f"{url}{path}?lang=ar")
                numbers = page.evaluate(_ACTING)
                assert len(numbers) > 15
                # What is live may have become more meanwhile.
                assert _walk(page, len(numbers)) == page.evaluate(_ACTING), path
            # The first press shows the way around the navigation.
            page.goto(f"{url}/?lang=en")
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")
            assert page.evaluate("document.activeElement.id") == "content"
