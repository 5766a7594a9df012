"""Wordings that are meant to take long, to fill the memory or to reach what they must not."""

import re
import sys
from pathlib import Path
from types import FrameType

import pytest

from broadcaster.domain.message import Channel, SmsContent
from broadcaster.errors import BroadcasterError, InvalidInputError
from broadcaster.render.check import sample_reader
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.render.worded import phrased
from tests import wordings

#: Each would burn time or memory, or reach something, if templates might do it.
HOSTILE = {
    "loops in loops": "{% for a in facts.streets %}{% for b in facts.streets %}x"
    "{% endfor %}{% endfor %}",
    "a long range": "{% for a in range(10**9) %}x{% endfor %}",
    "a list of its own": "{% for a in [1, 2, 3] %}x{% endfor %}",
    "the letters of a text": "{% for a in facts.sender %}x{% endfor %}",
    "a recursive loop": "{% for a in facts.streets recursive %}{{ loop(a) }}{% endfor %}",
    "a loop that filters": "{% for a in facts.streets if a %}x{% endfor %}",
    "a power": "{{ 9**9**9 }}",
    "a product": "{{ 'x' * 10**9 }}",
    "a sum of texts": "{{ 'x' + 'y' }}",
    "texts joined": "{{ facts.sender ~ facts.sender }}",
    "a format": "{{ '%999999999d' % 1 }}",
    "a method": "{{ 'x'.ljust(10**9) }}",
    "a method of a fact": "{{ facts.sender.raw.center(10**9) }}",
    "a filter that fills": "{{ facts.sender|center(10**9) }}",
    "a filter with an argument": "{{ facts.starts|date(10**9) }}",
    "filters on filters": "{{ facts.sender|isolate|isolate|isolate }}",
    "escaping again and again": "{{ facts.sender|forceescape|forceescape }}",
    "a filter on a block": "{% filter isolate %}x{% endfilter %}",
    "a macro that calls itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "a call with a block": "{% call m() %}x{% endcall %}",
    "a block that shows itself": "{% block message %}{{ self.message() }}{% endblock %}",
    "its parent's block": "{% block message %}{{ super() }}{% endblock %}",
    "another file": "{% include 'made/email/body.txt' %}",
    "macros of a file": "{% from 'made/words.txt' import m %}",
    "a layout": "{% extends 'made/email/body.txt' %}",
    "what is kept": "{% set a = facts.sender %}{{ a }}",
    "what is kept of a block": "{% set a %}{{ facts.sender }}{% endset %}{{ a }}",
    "a name for a while": "{% with a = facts.sender %}{{ a }}{% endwith %}",
    "a text to translate": "{% trans %}x{% endtrans %}",
    "gettext": "{{ gettext('x') }}",
    "no escaping": "{% autoescape false %}{{ facts.sender }}{% endautoescape %}",
    "statements": "{% do facts.clear() %}",
    "the class of a value": "{{ facts.__class__ }}",
    "a class by its key": "{{ facts['__class__'] }}",
    "a class by its filter": "{{ facts|attr('__class__') }}",
    "all of Python": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "the reader whole": "{{ reader }}",
    "another field": "{{ reader.address }}",
    "what is not there": "{{ config }}{{ environment }}",
    "a slice": "{{ facts.sender[0:1] }}",
    "a comparison of readers": "{% if reader.name == 'Amina' %}x{% endif %}",
    "a comparison of facts": "{% if facts.sender == facts.online %}x{% endif %}",
    "deep brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "many brackets": "{{ " + "(" * 150 + "facts.sender" + ")" * 150 + " }}{{ m() }}",
    "deep conditions": "{% if facts.sender %}" * 200 + "x" + "{% endif %}" * 200,
    "a chain of conditions": "{% if " + " and ".join(["facts.sender"] * 300) + " %}x{% endif %}",
    "a chain of attributes": "{{ facts" + ".a" * 500 + " }}",
    "negation upon negation": "{% if " + "not " * 900 + "facts.sender %}x{% endif %}",
    "a number too long": "{{ " + "9" * 1900 + " }}",
    "a large exponent": "{{ 1e99999 }}",
    "an open comment": "{# " * 200,
    "a comment that opens at the end": "x {#",
    "an open tag": "{% if facts.sender %}",
    "open braces": "{{" * 500,
    "a long text": "x" * 3000,
    "nothing": " \n ",
    "many filters in a loop": "{% for a in facts.streets %}"
    + "{{ facts.starts|date }}" * 60
    + "{% endfor %}",
    "many lists in a loop": "{% for a in facts.streets %}"
    + "{{ facts.streets|listing }}" * 50
    + "{% endfor %}",
    "a block twice": "{% block message %}x{% endblock %}{% block message %}y{% endblock %}",
    "a block of another name": "{% block footer %}x{% endblock %}",
    "a block in a block": "{% block message %}{% block message2 %}x{% endblock %}{% endblock %}",
    "a block in a condition": "{% if facts.sender %}{% block message %}x{% endblock %}{% endif %}",
    "a way out of the block": "x{% endblock %}{% block footer %}",
    "text beside a block": "{% block message %}x{% endblock %} and more",
    "a fact that was left out": "{{ facts.reason }}",
    "a fact that is left out where it is asked for": (
        "{% if not facts.reason %}{{ facts.reason }}{% endif %}"
    ),
    "a date as it is": "{{ facts.starts }}",
    "a list as it is": "{{ facts.streets }}",
    "a choice as it is": "{{ facts.service }}",
    "a choice as the advisory has it": "{{ advisory.message_type }}",
    "a phone as a date": "{{ facts.call_centre|date }}",
}


_JARGON = re.compile(
    r"getattr|getitem|callblock|condexpr|assignblock|templatedata|jinja|token|Encountered|statement"
    r"|template|[.;:]\.|\. ?\."
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{ facts.service }}", "facts.service, of which customers would read the code, such as"),
        ("{{ facts.sender.raw }}", "puts out a part of a value"),
        ("{% include 'x' %}", "has another file; a wording can not"),
        ("{{ facts.sender facts.online }}", "between {{ and }} that does not belong there"),
        ("{% if facts.sender %}x", "has a tag that is not closed"),
        ("x{% endif %}", "has {% endif %} where no {% if %} is open"),
        ("{{ facts.sendr }}", "has facts.sendr, which is not there. Did you mean facts.sender?"),
    ],
)
def test_what_is_wrong_is_told_in_plain_words(
    texts: TemplateRenderer, text: str, problem: str
) -> None:
    """The line, the thing, and a remedy about that thing."""
    kind = texts.kinds["made"]
    with pytest.raises(InvalidInputError, match=re.escape(problem)):
        phrased(wordings.advisory(texts), kind, "sms/body.txt", "fr", text)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> TemplateRenderer:
    """Render the made-up kind."""
    return wordings.renderer(wordings.write_kind(tmp_path_factory.mktemp("kinds")))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_is_not_the_language_of_wordings_is_refused_before_it_runs(
    texts: TemplateRenderer, text: str
) -> None:
    """Each is refused with what to do instead, and renders nothing if it got into the database."""
    streets = [f"Street {number}" for number in range(100)]
    advised = wordings.advisory(texts, streets=streets, reason=None)
    kind = texts.kinds["made"]
    with pytest.raises(InvalidInputError) as refused:
        phrased(advised, kind, "sms/body.txt", "fr", text)
    assert refused.value.remedy
    # In words that say nothing of what reads it, and in sentences that end once.
    assert not _JARGON.search(str(refused.value))
    stored = wordings.worded(advised, "sms/body.txt", text)
    reader = sample_reader(texts.locales["fr"])
    with pytest.raises(BroadcasterError, match=r"sms/body\.txt/fr"):
        texts.render(stored, Channel.SMS, "fr", reader)


def test_the_dearest_wording_there_can_be_takes_a_bounded_number_of_calls(
    texts: TemplateRenderer,
) -> None:
    """As many filters in a loop as are allowed, over the longest list, are still few calls."""
    streets = [f"Street {number}" for number in range(100)]
    advised = wordings.advisory(texts, streets=streets)
    body = "{% for street in facts.streets %}" + "{{ facts.starts|day }}" * 4 + "{% endfor %}"
    reader = sample_reader(texts.locales["fr"])
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        del frame, argument
        calls += event == "call"

    sys.setprofile(count)
    try:
        content = texts.render(
            wordings.worded(advised, "push/body.txt", body), Channel.PUSH, "fr", reader
        )
    finally:
        sys.setprofile(None)
    assert content is not None
    assert calls < 200_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{ facts.sender }}: {{ facts.call_centre }}", "Lydec: 0522312020"),
        ("{{ facts.starts|date }}, {{ facts.starts|time }}", "21 mars 2026, 07:00"),
        ("{% for s in facts.streets %}{{ s }}{% if not loop.last %}; {% endif %}{% endfor %}", ";"),
        ("{{ facts.streets|listing }}", "c & d"),
        ("{% if facts.service == 'water' %}eau{% else %}non{% endif %}", "eau"),
        ("{% if facts.service in ['power'] %}non{% elif facts.sender %}oui{% endif %}", "oui"),
        ("{% if facts.streets|length > 2 %}rues{% endif %}", "rues"),
        ("{{ 'eau' if facts.service == 'water' else 'non' }}", "eau"),
        ("{% if facts.reason %}{{ facts.reason }}{% else %}rien{% endif %}", "rien"),
        (
            "{{ reader.name }}{# a note #} et {{ facts.online|bare_url }}",
            "Amina et client.lydec.ma",
        ),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("{% raw %}{{% endraw %}{{ facts.sender }} {", "{Lydec {"),
        ("{{ advisory.expires|time }} {{ locale.tag }}", "10:00 fr"),
        ("{% block message %}Bonjour{% endblock %}", "Bonjour"),
    ],
)
def test_what_operators_need_is_there(texts: TemplateRenderer, text: str, shown: str) -> None:
    """Facts, fields, filters, conditions and loops over lists work, with or without the block."""
    advised = wordings.worded(wordings.advisory(texts, reason=None), "sms/body.txt", text)
    content = texts.render(advised, Channel.SMS, "fr", sample_reader(texts.locales["fr"]))
    assert isinstance(content, SmsContent)
    assert shown in content.body


def test_a_wording_of_a_file_elsewhere_is_not_reached(tmp_path: Path) -> None:
    """A path in a name of a locale or a part reaches no file: both have to be known."""
    texts = wordings.renderer(wordings.write_kind(tmp_path))
    with pytest.raises(InvalidInputError, match="no part of made"):
        phrased(wordings.advisory(texts), texts.kinds["made"], "../kind.toml", "fr", "x")
