"""The time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time, and waiting; a test's clock does not really wait."""

    def now(self) -> datetime:
        """Give the present moment, aware, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
