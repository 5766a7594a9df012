"""Reading templates: what they ask of their reader, and whether they look at texts."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from broadcaster.render.catalogues import SourceTexts
from broadcaster.render.environment import Setting, make_environment
from broadcaster.render.locales import load_locales
from broadcaster.render.usage import FILTERS, TESTS, usage
from broadcaster.render.values import Surface


@pytest.mark.parametrize(
    ("source", "fields", "blind"),
    [
        ("Hello", (), True),
        ("{{ reader.name }}{{ reader['page_url'] }}", ("name", "page_url"), True),
        ("{% set r = reader %}", ("name", "number", "unsubscribe_url", "page_url"), True),
        ("{{ reader[locale.tag] }}", ("name", "number", "unsubscribe_url", "page_url"), True),
        ("{% set t %}{{ facts.sender }}{% endset %}{{ t|length }}", (), True),
        ("{% set t %}{{ facts.sender ~ x }}{% endset %}{{ t|length }}", (), False),
        ("{% set t = reader.name ~ '' %}", ("name",), False),
        ("{% for facts in [] %}{% endfor %}{% set t = facts.sender ~ '' %}", (), False),
        ("{% from 'a' import locale %}{% set t = locale.tag ~ '' %}", (), False),
        ("{{ [caller()] }}", (), False),
        ("{{ 1 if caller() else 2 }}", (), False),
        ("{{ caller() if 1 else 2 }}", (), True),
        ("{{ gettext('a', b=x) }}", (), True),
        ("{% if gettext('a', b=x) %}{% endif %}", (), False),
        ("{% if gettext('a', b=facts.x) %}{% endif %}", (), True),
        ("{{ x|escape }}{{ x|isolate }}{{ x|listing }}", (), True),
        ("{% if x|escape %}{% endif %}", (), False),
        ("{% set t | escape %}{{ x }}{% endset %}", (), False),
        ("{% filter escape %}{{ x }}{% endfilter %}", (), True),
        ("{% filter unheard_of %}{{ x }}{% endfilter %}", (), False),
        ("{% set a.b %}{{ x }}{% endset %}", (), False),
        ("{{ gettext(facts.sender) }}", (), True),
        ("{{ gettext(x) }}", (), False),
        ("{% import 'a' as a with context %}", (), False),
        ("{% autoescape false %}{% endautoescape %}", (), False),
        ("{{ x|unheard_of }}{{ x is unheard_of }}", (), False),
    ],
)
def test_templates_are_read(source: str, fields: tuple[str, ...], *, blind: bool) -> None:
    """The syntax tells which fields are asked for, and whether a text is looked at."""
    found = usage({"a": source}, ["a"])
    assert (found.fields, found.blind) == (fields, blind)


def test_every_filter_and_test_was_thought_about() -> None:
    """A new filter or test of the sandbox has to be judged before holes may go through it."""
    locales, _ = load_locales([Path(__file__).parents[2] / "locales"], "en")
    setting = Setting(surface=Surface.SMS, locale=locales["en"], zone=ZoneInfo("UTC"))
    environment = make_environment({}, SourceTexts(), setting)
    assert set(environment.filters) == FILTERS
    assert set(environment.tests) == TESTS
    assert set(environment.globals) == {"gettext", "ngettext", "pgettext", "npgettext"}
