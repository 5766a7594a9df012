"""The names under which people save segments, areas and mappings."""

from broadcaster.errors import InvalidInputError

_LONGEST = 100


def tidied(name: str) -> str:
    """Tidy a name; one that the database could not hold is none of ours."""
    text = " ".join(name.split())
    return text if text.isprintable() else ""


def checked(name: str) -> str:
    """Tidy the name of something new; InvalidInputError when it can be none."""
    text = tidied(name)
    if not text or len(text) > _LONGEST:
        problem = "is empty, too long or has control characters"
        remedy = f"Give 1 to {_LONGEST} printable characters."
        raise InvalidInputError("name", problem, remedy)
    return text
