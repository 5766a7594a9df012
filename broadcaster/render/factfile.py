"""Reading the facts of an advisory from a file: JSON or TOML, within bounds."""

import json
from collections.abc import Sequence
from pathlib import Path

from broadcaster.errors import InvalidInputError
from broadcaster.render.sources import load_toml

_BYTES = 1_000_000
_FIELD = "facts file"


def read_facts(path: Path) -> dict[str, object]:
    """Read facts by name; InvalidInputError with what is wrong with the file, and the remedy.

    They are not checked against a kind yet: `Kind.resolve` does that.
    """
    text = _read(path)
    remedy = _remedy(path)
    try:
        if path.suffix == ".toml":
            facts: object = _toml(text, path)
        else:
            facts = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise InvalidInputError(_FIELD, f"{path} is not JSON ({reason})", remedy) from error
    if not isinstance(facts, dict):
        raise InvalidInputError(_FIELD, f"{path} holds no table of facts", remedy)
    return facts


def _remedy(path: Path) -> str:
    written = "a line fact = value for each" if path.suffix == ".toml" else '{"fact": value, …}'
    return f"Write {written}; 'broadcaster kinds facts KIND --toml' gives a file to begin with."


def _toml(text: str, path: Path) -> dict[str, object]:
    try:
        return load_toml(text)
    except ValueError as error:
        raise InvalidInputError(_FIELD, f"{path} is not TOML ({error})", _remedy(path)) from error


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_BYTES + 1)
    except OSError as error:
        problem = f"{path} cannot be read ({error.strerror})"
        raise InvalidInputError(_FIELD, problem, "Name a file that you may read.") from error
    if len(data) > _BYTES:
        problem = f"{path} is larger than {_BYTES} octets"
        raise InvalidInputError(_FIELD, problem, "Give facts alone.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"{path} is not UTF-8 at octet {error.start}"
        raise InvalidInputError(_FIELD, problem, "Save it as UTF-8.") from error
    if not text.strip():
        raise InvalidInputError(_FIELD, f"{path} is empty", _remedy(path))
    return text


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """Refuse a name that is given twice: one of the two values would be lost unseen."""
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = f"{twice!r} is given twice"
        raise ValueError(message)
    return values


def _no_constant(name: str) -> float:
    message = f"{name} is no number"
    raise ValueError(message)
