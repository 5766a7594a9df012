"""Strategies for the tests of skeletons: sources of templates, and readers to be feared."""

from hypothesis import strategies as st

from broadcaster.ports import Reader

_NAMES = (
    "",
    " ",
    "Ali",
    "ali ben  hassan",
    "عائشة",
    "Ali عائشة",
    "\u202eevil\u2069\u2068",
    "a\nb\r\nc\u2028d\x85",
    "%(name)s %s %% %",
    "{{ reader.name }}{% if x %}{# y",
    "\"'<b>&amp;&</b>--><![CDATA[",
    "\U00013000\U00013001",
    "\U00013100\U00013101\ue000",
    "e\u0301e\u0301 \\u{301} \\n \u064b",
    "x" * 99 + " y",
    "é" * 500,
    "\u00a0 \u200e\u200f",
    "\ud800",
    "“L’…”",
    "<table x",
    "true",
    "👩\u200d👧",
)
_URLS = (
    "",
    "https://example.test/1/ar",
    "https://example.test/1/fr?a=1&b='2'",
    "https://example.test/%E2%80%8E",
    "https://example.test/\u200e",
    " https://example.test/x ",
    "a\nb",
    'x" onclick="y',
    "<b>",
    "https://example.test/" + "x" * 4000,
    "\U00013002",
    "مثال",
)

NAMES = st.sampled_from(_NAMES) | st.text(max_size=30)
URLS = st.sampled_from(_URLS) | st.from_regex(r"https://[a-z./?=&']{0,20}", fullmatch=True)
READERS = st.builds(
    Reader, name=NAMES, number=st.sampled_from(_NAMES), unsubscribe_url=URLS, page_url=URLS
)

FIELDS = ("reader.name", "reader.number", "reader.page_url", "reader.unsubscribe_url")
#: What stands between: white space and marks that the ends of the pipes look at.
LITERALS = st.sampled_from(
    (
        *("Hello ", " ", "  ", "\n", "\n\n\n", " \t", "\r\n", "مرحبا", "\u200e", "\u200f ", "."),
        *("\u2066", "\u2069", "…", "« »", "é", "%", "%%", "100 %(name)s", "\u00a0", "𓀀", "\u202e"),
    )
)
_VALUES = st.sampled_from((*FIELDS, *FIELDS, "facts.sender", "reader['name']", "reader.name.raw"))
#: Ways to put a value out that leave a hole.
GENTLE = (
    "{{ @A }}",
    "{{ @A }} {{ @B }}",
    "{{ @A or @B }}",
    "{{ @A if @B else 'x' }}",
    "{{ @A ~ ' & ' ~ @B }}",
    "{% if @A %}{{ @B }}{% else %}-{% endif %}",
    "{% if not @A and @B %}{{ @A }}{% endif %}",
    "{% set v = @A %}{{ v }}",
    "{% with v = @A %}{{ v }}{% endwith %}",
    "{% set t %}({{ @A }}){% endset %}{{ t }}",
    "{% for x in [@A, @B] %}{{ loop.index }}{{ x }}{% endfor %}",
    "{% macro m(a) %}{{ a }}{{ @B }}{% endmacro %}{{ m(@A) }}",
    "{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}{{ @A }}{% endcall %}",
    "{% from '_base/shout.txt' import shout %}{{ shout(@A) }}",
    "{% macro m(a) %}({{ a }}){% endmacro %}{% set t = m(@A) %}{{ t }}",
    "{% macro m(a) %}({{ a }}){% endmacro %}{% trans name=m(@A) %}Hello {{ name }},{% endtrans %}",
    "{% include '_base/piece.txt' %}",
    "{% trans name=@A %}Hello {{ name }},{% endtrans %}",
    "{% trans name=@A %}{{ name }}: 100% of {{ name }}{% endtrans %}",
    (
        "{% trans n=facts.count, name=@A %}{{ n }} street, {{ name }}{% pluralize %}"
        "{{ n }} streets, {{ name }}{% endtrans %}"
    ),
    "{% if facts.streets|length > 2 %}{{ facts.streets|listing }}{{ @A }}{% endif %}",
    "{{ @A is defined }}{{ @A is none }}",
)
#: Ways that look at a value, or at a text that was made of one.
PRYING = (
    "{{ @A|escape }}",
    "{{ @A|isolate }}",
    "{{ @A|forceescape }}",
    "{{ @A|length }}",
    "{{ [@A, @B]|listing }}",
    "{{ @A.raw }}",
    "{{ @A.href is defined }}",
    "{{ @A[0] is defined }}",
    "{{ @A[:3] }}",
    "{{ @A + 'x' }}",
    "{{ @A == @B }}{{ @A == 'Ali' }}",
    "{{ @A in ['', 'Ali', @B] }}",
    "{% if @A|length > 5 %}long{% endif %}",
    "{% for c in @A %}{{ c }}-{% endfor %}",
    "{% for k in reader %}{{ reader[k] }}{% endfor %}",
    "{{ reader }}",
    "{% set r = reader %}{{ r.name }}",
    "{% set t %}{{ @A }}{% endset %}{{ t|length }}{% if t == 'Ali' %}!{% endif %}",
    "{% set t %}{{ @A }}{% endset %}{% for c in t %}{{ c }}.{% endfor %}",
    "{% set t %}{{ @A }}{% endset %}{{ t[:2] }}",
    "{% set t = @A ~ 'x' %}{% if t == 'Alix' %}!{% endif %}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{% if m(@A) == 'Ali' %}!{% endif %}{{ m(@A)|length }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{% set t = m(@A) %}{{ t|length }}",
    (
        "{% macro m(a) %}{{ a }}{% endmacro %}{% set t = m(@A) %}"
        "{% for c in t %}{{ c }}.{% endfor %}"
    ),
    "{% filter plain %}{{ @A }}<b>{% endfilter %}{{ @B|plain }}",
    "{% macro m() %}{{ caller()|length }}{% endmacro %}{% call m() %}{{ @A }}{% endcall %}",
    "{% from '_base/shout.txt' import weigh %}{{ weigh(@A) }}",
    "{% from '_base/shout.txt' import weigh with context %}{{ weigh(@A) }}",
    "{% import '_base/piece.txt' as p with context %}{{ (p ~ '')|length }}",
    "{% filter forceescape %}{{ @A }}<{% endfilter %}",
    "{% filter length %}{{ @A }}{% endfilter %}",
    "{% filter isolate %}{{ @A }}{% endfilter %}",
    "{% set t | forceescape %}{{ @A }}{% endset %}{{ t }}",
    "{% autoescape true %}{{ @A }}{% endautoescape %}",
    "{% trans name=@A|escape %}Hello {{ name }},{% endtrans %}",
    "{% trans name=@A %}Dear {{ name }}{% endtrans %}",
    "{{ gettext('Hello %(name)s,', name=@A)|length }}",
    "{% set t = gettext('Hello %(name)s,', name=@A) %}{% if t in [@B, t] %}{{ t }}{% endif %}",
    (
        "{% trans n=@A, name=@B %}{{ n }} street, {{ name }}{% pluralize %}"
        "{{ n }} streets, {{ name }}{% endtrans %}"
    ),
    (
        "{% trans n=@A|length, name=@B %}{{ n }} street, {{ name }}{% pluralize %}"
        "{{ n }} streets, {{ name }}{% endtrans %}"
    ),
    "{% if gettext('Hello %(name)s,', name=@A) == 'Hello Ali,' %}!{% endif %}",
    "{% if @A|escape == 'Ali' %}!{% endif %}{{ @A|isolate == 'Ali' }}",
    "{% set t = [@A]|listing %}{% if t == 'Ali' %}!{% endif %}",
    "{% set t | length %}{{ @A }}{% endset %}{{ t }}",
    "{{ gettext(@A) }}",
    "{% set facts = {'sender': @A} %}{% set t = facts.sender ~ 'y' %}{{ t|length }}",
    "{% set gettext = @A %}{{ gettext }}",
    "{{ {@A: 1}|length }}",
    "{{ @A|number }}",
    "{{ @A|date }}",
    "{{ @A|bare_url }}",
    "{{ @A is eq(@B) }}",
    "{{ @A < @B }}",
    "{{ loop }}",
    "{{ @A * 2 }}",
    "{{ 'a%sb' % @A }}",
    "{{ facts[@A] is defined }}",
)


def speak(shape: str, first: str, second: str) -> str:
    """Write a template: a way of saying something about two values."""
    return shape.replace("@A", first).replace("@B", second)


def _filled(shapes: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.builds(speak, st.sampled_from(shapes), _VALUES, _VALUES)


def sources(*, prying: bool) -> st.SearchStrategy[str]:
    """Make templates of text; without prying ones every message can be filled."""
    shapes = GENTLE + PRYING if prying else GENTLE
    pieces = st.lists(_filled(shapes) | LITERALS, min_size=1, max_size=4).map("".join)
    return pieces | pieces.map(
        lambda text: "{% extends '_base/frame.txt' %}{% block main %}" + text + "{% endblock %}"
    )


def columns(*, prying: bool) -> st.SearchStrategy[str]:
    """Make what stands in the column of a mail's HTML part."""
    shapes = GENTLE + PRYING if prying else GENTLE
    text = st.lists(_filled(shapes) | LITERALS, min_size=1, max_size=3).map("".join)
    places = [
        "<mj-text>%s</mj-text>",
        "<mj-text><p>%s</p><br />%s</mj-text>",
        "<mj-table><tr><td>%s</td></tr></mj-table>",
        '<mj-button href="{{ reader.page_url }}">%s</mj-button>',
        (
            '<mj-text><a href="{{ reader.unsubscribe_url }}" title="{{ reader.name.raw }}">%s</a>'
            "</mj-text>"
        ),
    ]
    if prying:
        places += [
            '<mj-image src="x" width="{{ reader.number.raw }}" alt="{{ reader.name.raw }}" />%s',
            '<mj-text css-class="{{ reader.number.raw }}">%s</mj-text>',
            (
                '<mj-text><p style="width:{{ reader.number.raw }}" title="{{ reader.name }}">%s</p>'
                "</mj-text>"
            ),
            '<mj-image src="x" fluid-on-mobile="{{ reader.number.raw }}" />%s',
            "<mj-raw>%s</mj-raw>",
            "<mj-text><!-- %s --></mj-text>",
            "<mj-text><![CDATA[%s]]></mj-text>",
            "<mj-text><style>%s</style></mj-text>",
            "%s",
        ]
    return st.tuples(st.sampled_from(places), text).map(
        lambda drawn: drawn[0].replace("%s", drawn[1])
    )
