"""Remembering what a text was read as: most columns of a million rows hold a few words."""

from collections.abc import Callable
from typing import TypeVar

_Value = TypeVar("_Value")

#: How many texts of a column are remembered.
MOST = 4_096


class Memo(dict[str, _Value]):
    """Gives what a pure function makes of a text; the first texts are remembered.

    What the function raises is raised, and not remembered.
    """

    def __init__(self, make: Callable[[str], _Value]) -> None:
        """Remember nothing yet."""
        super().__init__()
        self._make = make

    def __repr__(self) -> str:
        """Hide the texts."""
        return f"Memo({len(self)} texts)"

    def __missing__(self, text: str) -> _Value:
        """Make the value, and remember it while there is room."""
        value = self._make(text)
        if len(self) < MOST:
            self[text] = value
        return value
