"""Counts in the English of commands, checks and reports."""


def number_of(count: int, one: str, more: str = "") -> str:
    """Write how many there are of something: `1 text`, `2 texts`, `1,200 texts`."""
    return f"{count:,} {one if count == 1 else more or f'{one}s'}"
