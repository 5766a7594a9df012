"""Arrays as PostgreSQL reads them, written as a whole: the driver does it element by element."""

from collections.abc import Iterable


def integers(numbers: Iterable[int]) -> str:
    """Write an array of numbers."""
    return "{" + ",".join(map(str, numbers)) + "}"


def texts(words: Iterable[str | None]) -> str:
    """Write an array of texts, of which some may be missing."""
    return "{" + ",".join(["NULL" if word is None else _quoted(word) for word in words]) + "}"


def _quoted(word: str) -> str:
    # Letters and digits are all there is in most references. `NULL` is a word of the array's own.
    if word.isalnum() and word.isascii() and len(word) > len("NULL"):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
