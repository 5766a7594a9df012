"""The values of a condition: bound under names of ours, never written into its text."""

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import LiteralString

from broadcaster.ports import Condition

#: What begins the names of our values, so that they never meet those of a surrounding query.
_PREFIX: LiteralString = "segment_"
AND: LiteralString = " AND "
OR: LiteralString = " OR "
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")
_DIGITS: tuple[LiteralString, ...] = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")


class Values:
    """Collects values and gives their placeholders."""

    def __init__(self) -> None:
        """Begin with none."""
        self.bound: dict[str, object] = {}

    def bind(self, value: object) -> LiteralString:
        """Keep a value and give its placeholder; names are ours, so they are safe in the text."""
        name: LiteralString = _PREFIX + _counted(len(self.bound))
        self.bound[name] = value
        return "%(" + name + ")s"

    def bind_json(self, value: object) -> LiteralString:
        """Keep a value as JSON, or a list of values as an array of JSON."""
        if isinstance(value, list):
            return self.bind([_json(one) for one in value]) + "::jsonb[]"
        return self.bind(_json(value)) + "::jsonb"

    def adopt(self, condition: Condition) -> LiteralString:
        """Take a condition that was written elsewhere, its values under new names."""
        ours = {name: self.bind(value) for name, value in condition.values.items()}
        # Its words are ours too: a condition's text is a LiteralString.
        return _PLACEHOLDER.sub(lambda found: ours[found[1]], condition.text)


def bracketed(sign: LiteralString, parts: Sequence[LiteralString]) -> LiteralString:
    """Join conditions in brackets."""
    return "(" + sign.join(parts) + ")"


def _json(value: object) -> str:
    """Write JSON; numbers exactly as they are."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return json.dumps(value, ensure_ascii=False)


def _counted(number: int) -> LiteralString:
    """Write a number as text that is known to be ours."""
    ending = _DIGITS[number % 10]
    return ending if number < len(_DIGITS) else _counted(number // 10) + ending
