"""Remembering how campaigns go; what is lost of it is missed in a picture and nowhere else."""

from collections.abc import Sequence
from typing import Protocol

from broadcaster.domain.course import HandedOver, Happening


class Chronicle(Protocol):
    """Remembers how fast campaigns went, and what befell them."""

    def write(self, handed: Sequence[HandedOver], happened: Sequence[Happening]) -> None:
        """Add to what is known; UnavailableError."""
        ...
