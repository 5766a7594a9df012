"""The language in which an operator words a part: a small piece of the templates' own.

A wording may put out facts and fields of the reader, ask `{% if %}`, go through a list with
`{% for %}` and name its `{% block %}`s. It can not call, import, include, calculate, keep values or
go through a list within a list. So its cost is known before it runs: every step is counted from
what is written and from the advisory's own facts, and too many are refused. There is nothing left
that could take long, and no clock has to watch it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jinja2 import Environment, TemplateSyntaxError

from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError
from broadcaster.render.grammar import Grammar, Vocabulary
from broadcaster.render.unreadable import unreadable

#: What could begin a tag, alone or with what follows the text.
_BRACE = re.compile(r"\{(?=[{%#]|\Z)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrased:
    """A wording that was read, and the blocks that it names.

    `literals` are the texts that stand in it, also those that are shown to some readers only.
    """

    text: str
    blocks: Sequence[str]
    literals: Sequence[str]


def read(text: str, vocabulary: Vocabulary, name: str) -> Phrased:
    """Read a wording; InvalidInputError with `name`, the line and what to write instead."""
    # Its parser knows no texts to translate: a wording is in its own language.
    environment = Environment(autoescape=True)
    try:
        tree = environment.parse(text)
        # At the very end of a text the parser overlooks that a comment begins.
        unclosed = [sort for _, sort, _ in environment.lex(text)][-1:] == ["comment_begin"]
    except TemplateSyntaxError as error:
        fault = unreadable(error.message)
        problem = said("line %(lineno)s %(problem)s", lineno=error.lineno, problem=fault.problem)
        raise InvalidInputError(name, problem, fault.remedy) from error
    except (ValueError, OverflowError, RecursionError) as error:
        problem = said("cannot be read: a number or something nested is too large")
        raise InvalidInputError(name, problem, said("Write it more simply.")) from error
    if unclosed:
        raise InvalidInputError(name, said("ends in an open comment"), said("Close it with #}."))
    reading = Grammar(vocabulary, name)
    reading.check_depth(tree)
    reading.whole(tree)
    if reading.blocks and reading.loose:
        known = ", ".join(reading.blocks)
        problem = said(
            "line %(loose)s: has text outside of the blocks %(known)s",
            loose=reading.loose,
            known=known,
        )
        raise InvalidInputError(
            name, problem, said("Put it into a block; the rest is the kind's own.")
        )
    if not reading.blocks and len(vocabulary.blocks) > 1:
        listed = ", ".join(f"{{% block {one} %}}…{{% endblock %}}" for one in vocabulary.blocks)
        raise InvalidInputError(
            name, said("names no block"), said("Use one or more of %(listed)s.", listed=listed)
        )
    return Phrased(
        text=text,
        blocks=tuple(reading.blocks),
        literals=tuple(reading.literals),
    )


def literal(text: str) -> str:
    """Write a text so that a template shows it as it is, whatever stands behind it."""
    return _BRACE.sub("{{ '{' }}", text)


def tags(text: str) -> Iterator[tuple[str, Sequence[str]]]:
    """Part a wording into its texts, without words, and its tags, with the words of each.

    Comments are left out. The wording was read before.
    """
    tag, words = "", [""]
    for _, sort, value in Environment(autoescape=True).lex(text):
        if sort == "data":
            yield value, ()
        elif sort in {"block_begin", "variable_begin"}:
            tag, words = value, []
        elif sort in {"block_end", "variable_end"}:
            yield tag + value, words or [""]
        elif not sort.startswith(("comment", "raw")):
            tag += value
            if sort == "name":
                words.append(value)
