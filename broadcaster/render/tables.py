"""Typed reading of TOML files that people write."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from broadcaster.errors import ConfigurationError

_Word = TypeVar("_Word", bound=StrEnum)


class Table:
    """A table of a TOML file from outside; each value is taken out once, by its type."""

    def __init__(self, where: str, values: Mapping[str, object]) -> None:
        """Read `values`; `where` names the file and place in errors."""
        self._where = where
        self.values = dict(values)

    def refuse(self, key: str, problem: str, remedy: str) -> ConfigurationError:
        """Make the error that names the place."""
        place = f"{self._where}, {key}" if key else self._where
        return ConfigurationError(f"{place}: {problem}. {remedy}")

    def done(self) -> None:
        """Refuse what nobody asked for: a misspelt key must not pass unseen."""
        for key in self.values:
            raise self.refuse(key, "is unknown", "Check its spelling.")

    def table(self, key: str) -> "Table":
        """Take a table; empty when not there."""
        value = self.values.pop(key, {})
        if not isinstance(value, dict):
            raise self.refuse(key, "is not a table", "Write it as a table.")
        return Table(f"{self._where}, {key}", value)

    def word(self, key: str, words: type[_Word], default: _Word) -> _Word:
        """Take one of the words."""
        value = self.values.pop(key, default.value)
        try:
            return words(str(value))
        except ValueError as error:
            known = ", ".join(word.value for word in words)
            raise self.refuse(key, "is an unknown word", f"Use one of {known}.") from error

    def words(self, key: str, known: Sequence[str] | None) -> tuple[str, ...]:
        """Take a list of words, or one; each of `known`, when given."""
        value = self.values.pop(key, [])
        words = [value] if isinstance(value, str) else value
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise self.refuse(key, "is not a list of words", 'Write ["…", "…"].')
        for word in words:
            if known is not None and word not in known:
                raise self.refuse(key, f"names {word!r}, which is unknown", "Check the spelling.")
        return tuple(words)

    def labels(self, key: str, default: str) -> Mapping[str, str]:
        """Take a text for people: one in English, or one for each language."""
        value = self.values.pop(key, default)
        if isinstance(value, str):
            return {"en": value}
        texts = value if isinstance(value, dict) else {}
        if "en" not in texts or not all(isinstance(text, str) for text in texts.values()):
            raise self.refuse(key, "has no English text", 'Write { en = "…" }.')
        return {str(tag): str(text) for tag, text in texts.items()}

    def flag(self, key: str, *, default: bool) -> bool:
        """Take true or false."""
        value = self.values.pop(key, default)
        if not isinstance(value, bool):
            raise self.refuse(key, "is not true or false", "Write true or false.")
        return value

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """Take a number from `low` to `high`; the default may lie outside."""
        value = self.values.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refuse(key, "is not a number", "Write a number.")
        if value != default and not low <= value <= high:
            raise self.refuse(key, "is out of range", f"Write a number from {low:g} to {high:g}.")
        return value

    def text(self, key: str, default: str) -> str:
        """Take a text."""
        value = self.values.pop(key, default)
        if not isinstance(value, str):
            raise self.refuse(key, "is not a text", "Write it in quotes.")
        return value
