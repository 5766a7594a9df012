"""Typed reading of TOML files that people write."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from broadcaster.errors import ConfigurationError

_Word = TypeVar("_Word", bound=StrEnum)


class EntryError(ConfigurationError):
    """An entry of a TOML file is wrong: where it is, its key, what is wrong, and the remedy."""

    def __init__(self, where: str, key: str, problem: str, remedy: str) -> None:
        """Keep the parts; the message has them all."""
        place = f"{where}, {key}" if key else where
        super().__init__(f"{place}: {problem}. {remedy}")
        self.place = place
        self.problem = problem
        self.remedy = remedy


class Table:
    """A table of a TOML file from outside; each value is taken out once, by its type.

    The first fault is raised; with `faults` all are noted there instead, and defaults stand for
    what is wrong.
    """

    def __init__(
        self, where: str, values: Mapping[str, object], faults: list[EntryError] | None = None
    ) -> None:
        """Read `values`; `where` names the file and place in errors."""
        self._where = where
        self._faults = faults
        self.values = dict(values)

    def refuse(self, key: str, problem: str, remedy: str) -> EntryError:
        """Make the error that names the place."""
        return EntryError(self._where, key, problem, remedy)

    def wrong(self, key: str, problem: str, remedy: str) -> None:
        """Raise the error that names the place, or note it."""
        error = self.refuse(key, problem, remedy)
        if self._faults is None:
            raise error
        self._faults.append(error)

    def done(self) -> None:
        """Refuse what nobody asked for: a misspelt key must not pass unseen."""
        for key in self.values:
            self.wrong(key, "is unknown", "Check its spelling.")

    def table(self, key: str) -> "Table":
        """Take a table; empty when not there."""
        value = self.values.pop(key, {})
        if not isinstance(value, dict):
            self.wrong(key, "is not a table", "Write it as a table.")
            value = {}
        return Table(f"{self._where}, {key}", value, self._faults)

    def word(self, key: str, words: type[_Word], default: _Word) -> _Word:
        """Take one of the words."""
        value = self.values.pop(key, default.value)
        try:
            return words(str(value))
        except ValueError:
            known = ", ".join(word.value for word in words)
            self.wrong(key, "is an unknown word", f"Use one of {known}.")
            return default

    def words(self, key: str, known: Sequence[str] | None) -> tuple[str, ...]:
        """Take a list of words, or one; each of `known`, when given."""
        value = self.values.pop(key, [])
        words = [value] if isinstance(value, str) else value
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            self.wrong(key, "is not a list of words", 'Write ["…", "…"].')
            return ()
        unknown = [word for word in words if known is not None and word not in known]
        for word in unknown:
            self.wrong(key, f"names {word!r}, which is unknown", "Check the spelling.")
        return tuple(word for word in words if word not in unknown)

    def labels(self, key: str, default: str) -> Mapping[str, str]:
        """Take a text for people: one in English, or one for each language."""
        value = self.values.pop(key, default)
        if isinstance(value, str):
            return {"en": value}
        texts = value if isinstance(value, dict) else {}
        if "en" not in texts or not all(isinstance(text, str) for text in texts.values()):
            self.wrong(key, "has no English text", 'Write { en = "…" }.')
            return {"en": default}
        return {str(tag): str(text) for tag, text in texts.items()}

    def flag(self, key: str, *, default: bool) -> bool:
        """Take true or false."""
        value = self.values.pop(key, default)
        if not isinstance(value, bool):
            self.wrong(key, "is not true or false", "Write true or false.")
            return default
        return value

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """Take a number from `low` to `high`; the default may lie outside."""
        value = self.values.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.wrong(key, "is not a number", "Write a number.")
            return default
        if value != default and not low <= value <= high:
            self.wrong(key, "is out of range", f"Write a number from {low:g} to {high:g}.")
            return default
        return value

    def text(self, key: str, default: str) -> str:
        """Take a text."""
        value = self.values.pop(key, default)
        if not isinstance(value, str):
            self.wrong(key, "is not a text", "Write it in quotes.")
            return default
        return value
