"""The shared layout of mails and pages on light and dark screens: letters stand out on both."""

import re
from pathlib import Path

import pytest

from tests.colours import contrast

_BASE = Path(__file__).parents[2] / "templates" / "_base"
_PAIRS = (
    *(("ink", "paper"), ("soft", "paper"), ("title", "paper"), ("link", "paper")),
    *(("ink", "panel"), ("title", "panel"), ("link", "panel"), ("soft", "ground")),
)


@pytest.mark.parametrize("look", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back"), _PAIRS)
def test_letters_of_the_page_stand_out(look: int, front: str, back: str) -> None:
    """Text on its ground has a contrast of 4.5 (WCAG 2.2 AA)."""
    text = (_BASE / "web" / "page.html").read_text("utf-8")
    places = re.findall(r":root \{([^}]*)\}", text)
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6});", places[look]))
    assert contrast(colours[front], colours[back]) >= 4.5


def test_letters_of_a_dark_mail_stand_out() -> None:
    """What mail programs are told for dark screens is readable, and says all it overrides."""
    text = (_BASE / "email" / "body.mjml").read_text("utf-8")
    (dark,) = re.findall(r"@media \(prefers-color-scheme: dark\) \{(.*?)\n {6}\}", text, re.DOTALL)
    rules = {
        selectors.strip(): dict(re.findall(r"([\w-]+): (#[0-9a-f]{6}) !important", body))
        for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", dark)
    }
    paper = rules[".paper, .paper table"]["background-color"]
    ground = rules["body, .ground, .ground table, .foot, .foot table"]["background-color"]
    panel = rules[".panel"]["background-color"]
    for back in (paper, panel):
        for selectors in (".paper div", ".paper h1, .paper h2", ".paper a, .foot a"):
            assert contrast(rules[selectors]["color"], back) >= 4.5
    assert contrast(rules[".foot div"]["color"], ground) >= 4.5
    assert contrast(rules[".paper a, .foot a"]["color"], ground) >= 4.5
    assert contrast("#ffffff", rules[".band, .band table"]["background-color"]) >= 4.5
