"""Expressions read, told in words and counted, for a page or for the builder on it."""

from collections.abc import Mapping
from dataclasses import dataclass

from broadcaster.audience.explained import counted, explain
from broadcaster.audience.expression import Expression, canonical
from broadcaster.audience.faults import ExpressionError
from broadcaster.audience.form import read_json, to_form
from broadcaster.audience.knowledge import Knowledge
from broadcaster.bootstrap import Runtime
from broadcaster.errors import InvalidInputError
from broadcaster.render.speech import ConsoleSpeech
from broadcaster.web.languages import Language

#: How many customers are shown of a segment.
SAMPLE = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """An expression in its canonical form, as a form, in words, and how many it selects."""

    expression: str
    form: Mapping[str, object]
    words: str
    count: int
    counted: str
    sample: tuple[str, ...] = ()

    def figures(self) -> dict[str, object]:
        """Give it as JSON values."""
        return {
            "expression": self.expression,
            "form": self.form,
            "words": self.words,
            "counted": self.counted,
            "sample": list(self.sample),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What is wrong with an expression; the place counts from 1, 0 where there is none.

    `before` and `after` are the text around the place.
    """

    position: int
    before: str
    after: str
    problem: str
    remedy: str

    def figures(self) -> dict[str, object]:
        """Give it as JSON values."""
        return {name: getattr(self, name) for name in Fault.__dataclass_fields__}


def fault_of(error: InvalidInputError) -> Fault:
    """Say what is wrong, with the text around the place where there is one."""
    if not isinstance(error, ExpressionError):
        return Fault(position=0, before="", after="", problem=error.problem, remedy=error.remedy)
    at = error.position - 1
    return Fault(
        position=error.position,
        before=error.text[:at],
        after=error.text[at:],
        problem=error.problem,
        remedy=error.remedy,
    )


def speech(language: Language) -> ConsoleSpeech:
    """Let the inside say sentences in the language of a page."""
    return ConsoleSpeech(locale=language.locale, texts=language.texts)


def words(tree: Expression, known: Knowledge, language: Language) -> str:
    """Say whom an expression selects."""
    return explain(tree, known.catalogue, speech(language))


def tell(
    runtime: Runtime, language: Language, *, expression: str = "", form: str = "", sample: bool
) -> Told:
    """Read an expression, or a form of JSON, and count; InvalidInputError."""
    known = runtime.audience.knowledge()
    tree = read_json(form, known.catalogue, known.names) if form else known.parse(expression)
    text = canonical(tree)
    count = runtime.customers.count(text)
    return Told(
        expression=text,
        form=to_form(tree),
        words=words(tree, known, language),
        count=count,
        counted=counted(count, speech(language)),
        sample=tuple(runtime.customers.sample(text, SAMPLE)) if sample else (),
    )
