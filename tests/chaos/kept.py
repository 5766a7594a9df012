"""What is kept of a run, read again: for its picture, and for the page that tells of many."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """The record of one run: what was wished, what came of it, and the lines of its book."""

    wishes: Mapping[str, Any]
    verdict: Mapping[str, Any]
    lines: Sequence[Mapping[str, Any]]

    @property
    def faults(self) -> int:
        """How many things were not as they must be."""
        return len(self.verdict["faults"]) + len(self.verdict["verdict"]["findings"])

    @property
    def sums(self) -> Mapping[str, int]:
        """How many messages of all campaigns came to which end."""
        found: Counter[str] = Counter()
        for sums in self.verdict["verdict"]["sums"].values():
            found.update(sums)
        return found


def read(folder: Path) -> Kept:
    """Read the record of a run that has ended."""
    text = (folder / "events.jsonl").read_text("utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    (wishes,) = (line for line in lines if line["what"] == "wishes")
    verdict = json.loads((folder / "verdict.json").read_text("utf-8"))
    return Kept(wishes=wishes, verdict=verdict, lines=lines)
