"""Who is told: what the inside needs of segments and addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString, Protocol

from broadcaster.domain.customer import PhoneCheck


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """A segment as SQL: a boolean expression over the row alias `customer`, with bound values.

    Null selects nobody, as false does: to negate it, ask whether it `IS NOT TRUE`.

    `text` holds only names and operators that we wrote, with `%(name)s` placeholders; every
    value from outside is in `values`.
    """

    text: LiteralString
    values: Mapping[str, object]


class Audience(Protocol):
    """Turns a segment's expression into what the planner can run."""

    def condition(self, expression: str) -> Condition:
        """Translate; InvalidInputError with position and remedy when the expression is wrong."""
        ...


class CheckPhone(Protocol):
    """Reads a text given as a telephone number, in a region that was chosen before."""

    def __call__(self, raw: str) -> PhoneCheck:
        """Check it; every text has an answer."""
        ...


class Note(Protocol):
    """Adds a line to the audit trail."""

    def __call__(
        self,
        connection: Any,  # noqa: ANN401  (the inside knows no database)
        actor: str,
        action: str,
        subject: str,
        details: Mapping[str, object] | None = None,
    ) -> None:
        """Add it, in the transaction of that connection; details hold no address and no body."""
        ...
