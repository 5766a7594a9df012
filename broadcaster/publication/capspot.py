"""What the check of alerts finds, and the elements that it looks at with their places."""

from dataclasses import dataclass
from enum import StrEnum

from broadcaster.publication.capform import ORDER
from broadcaster.publication.captree import Node


class Gravity(StrEnum):
    """Whether an alert may go out with this."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What is wrong, where, and what to do; `place` is such as `info 2, area 1, polygon 1`."""

    gravity: Gravity
    line: int
    place: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Spot:
    """An element and where it stands, to say something about it."""

    node: Node
    place: str

    def error(self, problem: str, remedy: str) -> Finding:
        """Say that it must be mended."""
        return self._say(Gravity.ERROR, problem, remedy)

    def warning(self, problem: str, remedy: str) -> Finding:
        """Say what would be better."""
        return self._say(Gravity.WARNING, problem, remedy)

    def _say(self, gravity: Gravity, problem: str, remedy: str) -> Finding:
        return Finding(
            gravity=gravity, line=self.node.line, place=self.place, problem=problem, remedy=remedy
        )

    def each(self, name: str) -> list["Spot"]:
        """List the children of a name, numbered where there may be several."""
        found = self.node.all(name)
        before = "" if self.place == "alert" else f"{self.place}, "
        several = any(slot.name == name and slot.most is None for slot in ORDER[self.node.name])
        return [
            Spot(one, f"{before}{name} {number}" if several else f"{before}{name}")
            for number, one in enumerate(found, 1)
        ]

    def one(self, name: str) -> "Spot | None":
        """Give the first child of a name; None when there is none."""
        found = self.each(name)
        return found[0] if found else None

    @property
    def text(self) -> str:
        """Give what it says, without blanks around."""
        return self.node.text.strip()
