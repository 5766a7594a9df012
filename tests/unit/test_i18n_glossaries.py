"""Glossaries: translations are held to the words of the house."""

import pytest

from broadcaster import bootstrap
from broadcaster.errors import ConfigurationError
from broadcaster.render.glossaries import Term, read_glossary

_TEXT = """
[terms."branch"]
forms = ["branches"]
use = ["agence"]
avoid = ["succursale"]
note = "The place that customers visit."
"""


def problems(term: Term, source: str, said: str) -> list[str]:
    """List what is wrong with a translation."""
    return [fault.problem for fault in term.faults(source, said)]


def term(**values: object) -> Term:
    """Make a term."""
    fields = {"english": ("branch", "branches"), "use": ("agence",), "avoid": ("succursale",)}
    return Term(**{**fields, **values})  # type: ignore[arg-type]  # (fields of a test)


def test_a_translation_in_the_words_of_the_house_passes() -> None:
    """In any form that begins so, whatever the capitals."""
    assert problems(term(), "Visit our Branches", "Venez dans nos Agences") == []


def test_a_word_to_avoid_is_named_with_the_one_to_use() -> None:
    """With the reason that the glossary gives."""
    (fault,) = read_glossary(_TEXT, "fr")[0].faults("The branch", "La succursale")
    assert fault.problem == "says 'succursale' for 'branch'"
    assert fault.remedy == "Say agence. The place that customers visit."


def test_a_term_that_is_not_said_is_found() -> None:
    """Unless the glossary allows to do without it."""
    assert problems(term(), "The branch", "Le bureau") == [
        "does not say 'branch' as the glossary does"
    ]
    assert problems(term(may_omit=True), "The branch", "Chez nous") == []
    assert problems(term(may_omit=True), "The branch", "Nos succursales") != []


@pytest.mark.parametrize("source", ["A branchline", "%(branch)s", "Water"])
def test_a_term_counts_as_a_word_alone(source: str) -> None:
    """Not within another, and not as the name of a fact."""
    assert problems(term(), source, "Le bureau") == []


def test_what_is_to_be_said_may_have_a_word_to_avoid_in_it() -> None:
    """What is in use is looked at first."""
    one = term(use=("coupure programmée",), avoid=("coupure",))
    assert problems(one, "branch", "Une coupure programmée") == []
    assert problems(one, "branch", "Une coupure") != []


def test_arabic_words_are_found_behind_what_is_written_together_with_them() -> None:
    """The article, and, to, by."""
    one = term(use=("وكال",), avoid=("فرع",))
    assert problems(one, "branch", "زوروا الوكالة") == []
    assert problems(one, "branch", "وبالفرع") == ["says 'فرع' for 'branch'"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("terms = 1", "fr/glossary.toml, terms: is not a table"),
        ("[terms.branch]\n", "names no translation"),
        ('[terms.branch]\nuse = [" "]\n', "names no translation"),
        ('[terms.branch]\nuse = ["a"]\navoids = ["b"]\n', "avoids: is unknown"),
        ("[terms.branch\n", "is not TOML"),
    ],
)
def test_a_broken_glossary_is_refused_with_its_place(text: str, problem: str) -> None:
    """A misspelt key must not pass unseen."""
    with pytest.raises(ConfigurationError, match=problem):
        read_glossary(text, "fr/glossary.toml")


@pytest.mark.parametrize("tag", ["ar", "es", "fr"])
def test_shipped_glossaries_can_be_read(tag: str) -> None:
    """And no word is both to be used and to be avoided."""
    path = bootstrap.shipped("locales") / tag / "glossary.toml"
    terms = read_glossary(path.read_text("utf-8"), tag)
    assert len(terms) >= 12
    assert not [one for one in terms if {*one.use} & {*one.avoid}]
