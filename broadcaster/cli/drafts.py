"""Fields of forms as options of commands: what is wrong is named as it was typed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from broadcaster.errors import InvalidInputError

#: What is not called by its field's name with dashes.
_NAMES: Mapping[str, str] = MappingProxyType({"name": "NAME", "message_class": "--class"})
_OPTIONS = frozenset(
    {
        *_NAMES,
        "by",
        "channel",
        "channels",
        "effective",
        "escalate_after",
        "expires",
        "lane",
        "one_per",
        "plan",
        "scheduled",
        "until",
        "zone",
    }
)


@contextmanager
def as_options() -> Iterator[None]:
    """Have errors of the fields of a form name the options that gave them."""
    try:
        yield
    except InvalidInputError as error:
        if type(error) is not InvalidInputError or error.field not in _OPTIONS:
            raise
        name = _NAMES.get(error.field) or f"--{error.field.replace('_', '-')}"
        raise InvalidInputError(name, error.problem, error.remedy) from error
