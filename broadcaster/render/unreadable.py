"""What is wrong with a wording that can not be read, in plain words."""

import re

from jinja2 import nodes

from broadcaster.render.wording import Fault

#: What may be written between braces at all.
REMEDY = "Use facts, reader, advisory and locale, {% if %}, {% for %} over a list, and filters."

_TEXT_ITSELF = "Write the text itself: a wording takes nothing from other files."
_FACTS = "Write a value as it is, such as {{ facts.sender }}, with one filter where it needs one."
_THERE = "Write facts, reader, advisory or locale, a point and a name, as {{ facts.sender }}."
#: How each piece of a template is called, and what to do instead.
_PIECES: dict[type[nodes.Node], Fault] = {
    nodes.Include: Fault("another file", _TEXT_ITSELF),
    nodes.Import: Fault("macros of another file", _TEXT_ITSELF),
    nodes.FromImport: Fault("macros of another file", _TEXT_ITSELF),
    nodes.Extends: Fault("a layout", _TEXT_ITSELF),
    nodes.Macro: Fault("a macro", "Write the text where it is to stand."),
    nodes.CallBlock: Fault("a call of a macro", "Write the text where it is to stand."),
    nodes.FilterBlock: Fault("a filter around a text", "Put the filter on one value."),
    nodes.Assign: Fault("a {% set %}", "Write the value where it is to stand."),
    nodes.AssignBlock: Fault("a {% set %}", "Write the value where it is to stand."),
    nodes.With: Fault("a {% with %}", "Write the value where it is to stand."),
    nodes.ScopedEvalContextModifier: Fault("an {% autoescape %}", "Take it out."),
    nodes.Block: Fault("a block within something else", "Put blocks one after the other."),
    nodes.Call: Fault("a call", "Take out the round brackets and what stands before them."),
    nodes.Getitem: Fault("square brackets after a value", "Write the name after a point."),
    nodes.Getattr: Fault("a part of a value", "Write no more than one point, as facts.sender."),
    nodes.Filter: Fault("a filter", "Put it on a value that is put out, not into a condition."),
    nodes.Test: Fault("the word 'is'", "Ask {% if facts.reason %}, or compare with ==."),
    nodes.Compare: Fault("a comparison", "Compare within {% if … %}."),
    nodes.Concat: Fault("texts joined by ~", "Write one value after the other."),
    nodes.CondExpr: Fault("a choice without 'else'", "Write {{ 'a' if facts.reason else 'b' }}."),
    nodes.Const: Fault("a value that is no text and no whole number", "Write it as text."),
    nodes.TemplateData: Fault("a text", _FACTS),
    **dict.fromkeys((nodes.List, nodes.Tuple, nodes.Dict), Fault("a list of its own", _FACTS)),
    **dict.fromkeys(
        (nodes.BinExpr, nodes.UnaryExpr), Fault("a calculation", "Write the result itself.")
    ),
}

_CLOSERS = {"endif": "if", "else": "if", "elif": "if", "endfor": "for", "endblock": "block"}
_USUAL = "A wording can use {% if %}, {% for %} and {% block %}."
#: What the parser says, and what is meant; `{0}` is what it found.
_MESSAGES = (
    (
        r"expected token 'end of print statement', got (?P<found>.*)",
        "has something between {{ and }} that does not belong there: §",
        "Write one value, such as {{ facts.sender }} or {{ facts.starts|time }}.",
    ),
    (
        r"expected token 'end of statement block', got (?P<found>.*)",
        "has something between {% and %} that does not belong there: §",
        "Write a tag such as {% if facts.reason %}, with nothing behind it.",
    ),
    (
        r"Missing end of comment tag",
        "begins a comment that does not end",
        "Close it with #}.",
    ),
    (r"Missing end of raw directive", "has a {% raw %} without end", "Write {% endraw %}."),
    (
        r"Unexpected end of template.*",
        "has a tag that is not closed before the end",
        "Close each {% if %} with {% endif %}, {% for %} with {% endfor %}, and so on.",
    ),
    (
        r"unexpected '(?P<found>.*)'",
        "has a § where none can stand",
        "Look at the braces: values stand in {{ … }}, tags in {% … %}.",
    ),
    (
        r"unexpected char (?P<found>'.*') at \d+",
        "has between its braces a character that can not stand there: §",
        "Write texts outside of the braces, or in quotation marks.",
    ),
    (
        r"expected token .*, got (?P<found>.*)",
        "can not be understood between its braces, at §",
        "Write a value as {{ facts.sender }}, a tag as {% if facts.reason %}.",
    ),
)
_UNKNOWN_TAG = re.compile(r"Encountered unknown tag '([^']*)'")
_ENDS = {"'end of template'": "the end", "'end of print statement'": "}}"}
_SHOWN = 40


def unreadable(message: str | None) -> Fault:
    """Say what the parser found; without a full stop, as all problems."""
    said = " ".join((message or "").split())
    tag = _UNKNOWN_TAG.match(said)
    if tag:
        return _unknown_tag(tag[1])
    for pattern, problem, remedy in _MESSAGES:
        match = re.fullmatch(f"{pattern}\\.?", said, re.DOTALL)
        if match:
            found = match.groupdict().get("found") or ""
            shown = _ENDS.get(found, found)[:_SHOWN]
            return Fault(problem.replace("§", shown), remedy)
    return Fault(
        "can not be understood between its braces",
        "Write a value as {{ facts.sender }}, a tag as {% if facts.reason %}.",
    )


def _unknown_tag(name: str) -> Fault:
    opener = _CLOSERS.get(name)
    if opener:
        problem = f"has {{% {name} %}} where no {{% {opener} %}} is open"
        return Fault(problem, "Put each tag and its end into the right order.")
    return Fault(f"has the tag {{% {name[:_SHOWN]} %}}, which is not there", _USUAL)


def piece(node: nodes.Node) -> Fault:
    """Name an expression or a statement for people, and say what to do without it."""
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return Fault(f"{node.node.name[:_SHOWN]}.{node.attr[:_SHOWN]}", _THERE)
    if isinstance(node, nodes.Name):
        return Fault(node.name[:_SHOWN], _THERE)
    for type_ in type(node).__mro__:
        if type_ in _PIECES:
            return _PIECES[type_]
    return Fault("something", REMEDY)
