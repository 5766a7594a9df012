"""Households of a file with more members than live under one roof.

Their key may stand for something else; and of a household one alone may be told, so that a key
which a whole town has in common would silence it.
"""

from collections.abc import Sequence

from broadcaster.audience.draft import Finding, shown
from broadcaster.audience.seen import Counts
from broadcaster.domain.saying import Figure, Saying, said

#: More customers than that are seldom one household.
USUAL = 20
#: How many keys are remembered, and how many are told.
_MOST = 10_000
_TOLD = 20
_REMEDY = said("Is the key their own? Of a household one alone may be told: see docs/fair-use.md.")


class Households:
    """Counts the members of each household of a file."""

    def __init__(self) -> None:
        """Nobody was seen."""
        self._counts = Counts()
        self._large: dict[str, int] = {}
        self._others = 0

    def add(self, key: str) -> None:
        """Note a customer's household."""
        count = self._counts.add(key)
        if count <= USUAL:
            return
        if key in self._large or len(self._large) < _MOST:
            self._large[key] = count
        elif count == USUAL + 1:
            self._others += 1

    def findings(self, row: int) -> Sequence[Finding]:
        """Tell the largest ones; `row` is that of the header."""
        largest = sorted(self._large.items(), key=lambda one: (-one[1], one[0]))
        found = [
            _finding(
                row,
                key,
                said("is the household of %(count)s customers in this file", count=Figure(count)),
            )
            for key, count in largest[:_TOLD]
        ]
        others = self._others + len(largest[_TOLD:])
        if others:
            found.append(
                _finding(
                    row,
                    "",
                    said(
                        "%(count)s more households have more than %(most)s",
                        count=Figure(others),
                        most=USUAL,
                    ),
                )
            )
        return found


def _members(count: int) -> Saying:
    return said("is the household of %(count)s customers in this file", count=Figure(count))


def _finding(row: int, key: str, problem: str) -> Finding:
    return Finding(
        row=row,
        column="household",
        value=shown(key),
        problem=problem,
        remedy=_REMEDY,
        refused=False,
        noted=True,
    )
