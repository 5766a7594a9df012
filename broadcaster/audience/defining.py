"""What an attribute may be: the rule that every definition passes before it is kept."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from broadcaster.audience import columns
from broadcaster.audience.attributes import COLUMNS, Attribute, Catalogue, Kind, Labels
from broadcaster.audience.words import KEYWORDS
from broadcaster.errors import InvalidInputError

#: The languages that every label has: those of the console.
LANGUAGES = ("ar", "fr", "en")
#: How many attributes there may be, and how many choices of one.
MOST = 200
_MOST_CHOICES = 500
_LONGEST_LABEL = 60
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_CHOICE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", re.ASCII)
#: What separates the members of a set in a file.
_SEPARATORS = re.compile(r"[;|,]")


def tidy(labels: Mapping[str, str]) -> Labels:
    """Compose letters and leave out what surrounds, so that equal labels are equal."""
    return {
        language: " ".join(unicodedata.normalize("NFC", label).split())
        for language, label in labels.items()
    }


def check(name: str, attribute: Attribute, others: Catalogue) -> None:
    """Refuse a definition that is wrong in itself or meets one of the `others`.

    InvalidInputError names the field, the problem and the remedy.
    """
    _check_name(name, others)
    _check_labels("--label", attribute.labels)
    _check_meanings(name, attribute, others)
    _check_choices(attribute)


def _check_name(name: str, others: Catalogue) -> None:
    if not _NAME.fullmatch(name):
        problem = f"{name[:60]!r} can be no name"
        remedy = "Begin with a letter a to z; then letters, digits and _, at most 40."
        raise InvalidInputError("NAME", problem, remedy)
    if name in KEYWORDS:
        problem = f"{name} is a word of the segment language"
        raise InvalidInputError("NAME", problem, f"Name it otherwise, as {name}_code.")
    if name in columns.meanings() or name in COLUMNS:
        problem = f"{name} is a column that every import has"
        raise InvalidInputError("NAME", problem, "Name it otherwise.")
    if name in others.attributes:
        problem = f"there is an attribute {name} already"
        raise InvalidInputError("NAME", problem, f"Type 'attributes change {name}' to change it.")
    if len(others.attributes) >= MOST:
        problem = f"there are {MOST} attributes already"
        raise InvalidInputError("NAME", problem, "Remove one that is not used.")


def _check_labels(field: str, labels: Labels) -> None:
    for language in LANGUAGES:
        if not labels.get(language):
            problem = f"has none in the language {language}"
            remedy = f"Give {', '.join(f'{one}=...' for one in LANGUAGES)}."
            raise InvalidInputError(field, problem, remedy)
    for language, label in labels.items():
        if not _LANGUAGE.fullmatch(language):
            problem = f"{language[:20]!r} is no language"
            raise InvalidInputError(field, problem, "Write it as in fr=piscines.")
        controls = any(unicodedata.category(one) in ("Cc", "Cf", "Cs") for one in label)
        if not label or len(label) > _LONGEST_LABEL or controls:
            problem = f"the label in {language} is empty, too long or has control characters"
            remedy = f"Give 1 to {_LONGEST_LABEL} printable characters."
            raise InvalidInputError(field, problem, remedy)


def _check_meanings(name: str, attribute: Attribute, others: Catalogue) -> None:
    """A heading of a file must mean one thing."""
    taken: dict[str, str] = dict(columns.meanings())
    for other, one in {**COLUMNS, **others.attributes}.items():
        taken[other] = other
        for label in one.labels.values():
            taken.setdefault(columns.heading(label), other)
        for word in columns.headings_of_halves(other, one):
            taken.setdefault(word, f"of the place {other}")
    if name in taken:
        problem = f"{name} is a column {taken[name]} already"
        raise InvalidInputError("NAME", problem, "Name it otherwise.")
    for word in columns.headings_of_halves(name, attribute):
        if word in taken:
            problem = f"a file's column {word} would be half of it, and is {taken[word]} already"
            raise InvalidInputError("NAME", problem, "Name it otherwise, or label it otherwise.")
    for language, label in attribute.labels.items():
        other = taken.get(columns.heading(label), name)
        if other != name:
            problem = f"{label!r} ({language}) heads the column {other} already"
            raise InvalidInputError("--label", problem, "Choose another label.")


def _check_choices(attribute: Attribute) -> None:
    choices = attribute.choices
    if choices and attribute.kind not in (Kind.CHOICE, Kind.SET):
        problem = f"an attribute of kind {attribute.kind} has no choices"
        raise InvalidInputError("--choice", problem, "Leave them out, or use choice or set.")
    if not choices and attribute.kind is Kind.CHOICE:
        remedy = 'Give each as --choice "gold: ar=ذهبي, fr=or, en=gold".'
        raise InvalidInputError("--choice", "there is none to choose from", remedy)
    if len(choices) > _MOST_CHOICES:
        problem = f"there are more than {_MOST_CHOICES}"
        raise InvalidInputError("--choice", problem, "Use an attribute of kind text.")
    for name, labels in choices.items():
        if not _CHOICE.fullmatch(name):
            problem = f"{name[:60]!r} can be no choice"
            remedy = "Use letters a to z, digits, and _ . - between, at most 40."
            raise InvalidInputError("--choice", problem, remedy)
        _check_labels(f"--choice {name}", labels)
        if any(_SEPARATORS.search(label) for label in labels.values()):
            problem = f"a label of {name} has a comma, a semicolon or a bar"
            raise InvalidInputError("--choice", problem, "Files separate choices by these.")
    _check_unique(choices)


def _check_unique(choices: Mapping[str, Labels]) -> None:
    owners: dict[str, str] = {name: name for name in choices}
    for name, labels in choices.items():
        for label in _folded(labels.values()):
            if owners.setdefault(label, name) != name:
                problem = f"{label!r} would mean both {owners[label]} and {name}"
                raise InvalidInputError("--choice", problem, "Choose another label.")


def _folded(labels: Iterable[str]) -> Iterable[str]:
    return (label.casefold() for label in labels)
