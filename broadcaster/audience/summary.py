"""The findings of an import, counted by what is wrong: a million lines in some twenty."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from broadcaster.audience.draft import Finding

#: How many sorts are told apart; the rest is counted together.
MOST = 200
_VARYING = re.compile(r"'[^']*'|\"[^\"]*\"|\b\d[\d,.]*")


@dataclass(slots=True)
class Sort:
    """A sort of finding: the first of it, and how many there are."""

    first: Finding
    count: int = 0


@dataclass(slots=True)
class Summary:
    """Counts of findings by column, outcome and problem; values in the problem don't count."""

    sorts: dict[tuple[str, str, str], Sort] = field(default_factory=dict)
    others: int = 0

    def add(self, finding: Finding) -> None:
        """Count one."""
        key = (finding.column, finding.outcome, _VARYING.sub("…", finding.problem))
        sort = self.sorts.get(key)
        if sort is None:
            if len(self.sorts) >= MOST:
                self.others += 1
                return
            sort = self.sorts[key] = Sort(finding)
        sort.count += 1

    def listed(self) -> Sequence[Sort]:
        """Give the sorts, those that refuse rows first, and then by their number."""
        order = {"refused": 0, "stored without it": 1, "repaired": 2, "noted": 3}
        return sorted(
            self.sorts.values(), key=lambda sort: (order[sort.first.outcome], -sort.count)
        )
