"""What the planner needs of segments."""

from broadcaster.audience.query import parse
from broadcaster.audience.sql import condition
from broadcaster.ports import Condition


class SegmentAudience:
    """Translates segments; an implementation of the port `Audience`, without state."""

    def condition(self, expression: str) -> Condition:
        """Translate; InvalidInputError with position and remedy when the expression is wrong."""
        return condition(parse(expression))
