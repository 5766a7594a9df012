"""How far a file is stored that is stored in parts, and what is done when all of it is."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

from psycopg import Connection

if TYPE_CHECKING:
    from broadcaster.audience.running import Saved


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """The end of what is stored: so many `records`, the last of them from the file's row `row`.

    `inserted`, `updated`, `unchanged` and `consents_left` are the figures until there. `before` is
    how many customers there were before the first part, where that counts.
    """

    records: int = 0
    row: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    consents_left: int = 0
    before: int | None = None

    @classmethod
    def of(cls, kept: dict[str, Any] | None) -> Self:
        """Read what `figures` wrote."""
        return cls(**kept or {})

    def figures(self) -> dict[str, int | None]:
        """Give it as JSON holds it."""
        return asdict(self)


class Marks(Protocol):
    """Where it is noted how far a file is stored."""

    @property
    def mark(self) -> Mark:
        """The end of what an earlier run stored."""
        ...

    def row_of(self, records: int) -> int:
        """Say from which row of the file the last of so many records was."""
        ...

    def note(self, connection: Connection[Any], mark: Mark) -> None:
        """Note it in the transaction that stores it."""
        ...


#: Done in the transaction that makes an import whole, with what came of it.
Ending = Callable[[Connection[Any], "Saved"], None]
