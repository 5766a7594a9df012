"""Reading typed values out of named texts, such as environment variables."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from broadcaster.domain.limits import UNLIMITED, UNLIMITED_WORD, check_name, check_rate, provider_of
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

_Number = TypeVar("_Number", int, float)

#: What a route can be for.
_ROUTE = re.compile(
    r"(tel|mailto|webpush|fcm)\Z|tel/\+[0-9]{1,14}\Z|mailto/(?=.{1,253}\Z)[a-z0-9.-]+\Z"
)


class Secret:
    """A text that shows itself only when asked by name."""

    def __init__(self, value: str) -> None:
        """Keep the text."""
        self._value = value

    def reveal(self) -> str:
        """Give the text, at the place that needs it."""
        return self._value

    def __bool__(self) -> bool:
        """Tell whether there is anything."""
        return bool(self._value)

    def __repr__(self) -> str:
        """Hide it."""
        return "Secret(***)"


class Options:
    """Named texts under a common prefix; every method names the variable that it refuses.

    All methods raise InvalidInputError with the whole variable name, the problem and the remedy.
    """

    def __init__(self, prefix: str, values: Mapping[str, str]) -> None:
        """Read `values` whose names start with `prefix`."""
        self._prefix = prefix
        self.values = MappingProxyType(dict(values))

    def __repr__(self) -> str:
        """Show the prefix alone: values may be secret."""
        return f"Options({self._prefix!r})"

    def refuse(self, name: str, problem: str, remedy: str) -> InvalidInputError:
        """Make the error that names the whole variable; the caller raises it."""
        return InvalidInputError(self._prefix + name, problem, remedy)

    def text(self, name: str, default: str) -> str:
        """Read a text without control characters, trimmed."""
        value = self.values.get(self._prefix + name, default).strip()
        if any(ord(character) < ord(" ") for character in value):
            raise InvalidInputError(self._prefix + name, "has a control character", "Remove it.")
        return value

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """Read a whole number from `low` to `high`."""
        return self._bounded(name, int, default, low, high)

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """Read a number from `low` to `high`."""
        return self._bounded(name, float, default, low, high)

    def _bounded(
        self,
        name: str,
        kind: Callable[[str], _Number],
        default: _Number,
        low: _Number,
        high: _Number,
    ) -> _Number:
        text = self.text(name, str(default))
        remedy = f"Set a number from {low} to {high}."
        try:
            value = kind(text)
        except ValueError as error:
            raise InvalidInputError(
                self._prefix + name, f"{text!r} is not a number", remedy
            ) from error
        if not low <= value <= high:
            raise InvalidInputError(self._prefix + name, f"{text} is out of range", remedy)
        return value

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        """Read one of the choices."""
        value = self.text(name, default)
        if value not in choices:
            remedy = f"Use one of {', '.join(choices)}."
            raise InvalidInputError(self._prefix + name, f"{value!r} is unknown", remedy)
        return value

    def words(self, name: str, default: str) -> tuple[str, ...]:
        """Read a list, separated by semicolons."""
        return tuple(word for part in self.text(name, default).split(";") if (word := part.strip()))

    def secret(self, name: str) -> Secret:
        """Read a text that must not be shown; empty when not set."""
        return Secret(self.text(name, ""))

    def required(self, name: str, remedy: str) -> str:
        """Read a text that has no sensible default."""
        value = self.text(name, "")
        if not value:
            raise InvalidInputError(self._prefix + name, said("is not set"), remedy)
        return value

    def paths(self, name: str) -> tuple[Path, ...]:
        """Read a list of folders that exist, separated as PATH is."""
        paths = tuple(
            Path(word).absolute() for word in self.text(name, "").split(os.pathsep) if word
        )
        for path in paths:
            if not path.is_dir():
                raise InvalidInputError(
                    self._prefix + name, f"{path} is no folder", "Name a folder."
                )
        return paths

    def pairs(self, name: str, default: str) -> dict[str, str]:
        """Read `name=value;name=value`."""
        pairs = {}
        for word in self.words(name, default):
            key, equals, value = word.partition("=")
            if not equals:
                remedy = "Write name=value;name=value."
                raise InvalidInputError(self._prefix + name, f"{word!r} has no '='", remedy)
            pairs[key.strip()] = value.strip()
        return pairs

    def routes(self, name: str, default: str) -> Mapping[str, tuple[str, ...]]:
        """Read `tel=first,second;tel/+212=…;mailto/example.org=…`: ordered providers.

        A key is what sort of address it is, or that with a prefix of a number or a mail domain.
        """
        found = {}
        for key, value in self.pairs(name, default).items():
            match = _ROUTE.match(key)
            if match is None:
                remedy = (
                    "Give tel, mailto, webpush or fcm, or tel/+<digits>, or mailto/<domain> in"
                    " lower case."
                )
                raise InvalidInputError(self._prefix + name, f"{key!r} is no destination", remedy)
            names = tuple(word for part in value.split(",") if (word := part.strip()))
            if not names:
                remedy = "Name its providers, the preferred one first."
                raise InvalidInputError(self._prefix + name, f"{key} has no provider", remedy)
            found[key] = names
        return MappingProxyType(found)

    def limits(self, name: str, default: str) -> Mapping[str, float]:
        """Read `limit=rate;…`, in units a second; `unlimited` gives the rate `inf`."""
        field = self._prefix + name
        limits = {}
        for word, value in self.pairs(name, default).items():
            limit = check_name(field, word)
            if value == UNLIMITED_WORD and provider_of(limit) == limit:
                limits[limit] = UNLIMITED
            else:
                limits[limit] = check_rate(f"{field}: {limit}", value)
        return MappingProxyType(limits)
