"""What every benchmark shares: rounds side by side, medians, ratios, and how they are told.

Absolute times say something about one machine on one day; ratios of runs that were made side by
side, in turn, on the same machine say something about the code.
"""

import argparse
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from benchmarks._conditions import BUSY, LOAD, conditions

RESULTS = Path(__file__).parent / "results"
PICTURES = Path(__file__).parent.parent / "docs" / "pictures"

#: So many rounds make a median in the full form.
ROUNDS = 3

Figure = float | int | str | bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ratio:
    """A ratio of two measurements, and what it should be: at least or at most."""

    name: str
    value: float
    at_least: float | None = None
    at_most: float | None = None
    unit: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without a target."""
        if self.at_least is None and self.at_most is None:
            return None
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)

    @property
    def shown(self) -> str:
        """The value for people."""
        return f"{shown(float(self.value))}{self.unit}"

    @property
    def target(self) -> str:
        """The target for people; empty without one."""
        words = [("at least", self.at_least), ("at most", self.at_most)]
        return ", ".join(
            f"{word} {bound:g}{self.unit}" for word, bound in words if bound is not None
        )

    @property
    def verdict(self) -> str:
        """Whether it is met, for people."""
        missed = "BELOW TARGET" if self.at_least is not None else "ABOVE TARGET"
        return {None: "", True: "reached", False: missed}[self.met]

    def sentence(self) -> str:
        """Say it in a line."""
        target = f" (target: {self.target})" if self.target else ""
        return f"{self.name}: {self.shown}{target} {self.verdict}".rstrip()


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What a benchmark found."""

    name: str
    title: str
    full: bool
    ratios: Sequence[Ratio]
    figures: Sequence[Mapping[str, Figure]]
    sizes: Mapping[str, Figure]
    notes: Sequence[str] = ()
    series: Mapping[str, Sequence[Sequence[float]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for on the command line."""

    full: bool
    keep: bool
    count: int = 0

    def rounds(self, short: int = 1) -> int:
        """Give the number of rounds."""
        return max(ROUNDS, short) if self.full else short


def parser(description: str | None) -> argparse.ArgumentParser:
    """Make what reads the command line of a benchmark."""
    made = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    made.add_argument("--full", action="store_true", help="the long form, with medians of rounds")
    made.add_argument(
        "--keep", action="store_true", help="keep the figures and the picture also of a short run"
    )
    made.add_argument(
        "--count", type=int, default=0, help="messages of a run of ours (else: by its speed)"
    )
    return made


def wishes(description: str | None, arguments: Sequence[str] | None = None) -> Wishes:
    """Read the command line of a benchmark that has no options of its own."""
    given = parser(description).parse_args(arguments)
    return Wishes(full=given.full, keep=given.keep or given.full, count=given.count)


def median(values: Sequence[float]) -> float:
    """Give the middle; ValueError without any value."""
    if not values:
        raise ValueError("nothing was measured")
    return float(statistics.median(values))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Give the ratio of two medians; ValueError when there is nothing to divide by."""
    divisor = median(theirs)
    if divisor <= 0:
        raise ValueError("the other side did nothing")
    return median(ours) / divisor


def interleaved(ways: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Measure each way once in every round, in turns, so that a slow minute hits all alike."""
    measured: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for turn in range(rounds):
        # Another one begins each round: who comes first finds a colder machine.
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            measured[name].append(ways[name]())
    return measured


def publish(result: Result, wished: Wishes) -> Path | None:
    """Print what was found, and keep it when that was wished."""
    about = conditions()
    if LOAD > BUSY:
        busy = f"The machine had other work (load {LOAD:.1f} before): ratios suffer, rates more."
        result = replace(result, notes=[*result.notes, busy])
    print(f"\n{result.title}")
    for found in result.ratios:
        print(f"  {found.sentence()}")
    for row in result.figures:
        print("    " + "  ".join(f"{name} {shown(value)}" for name, value in row.items()))
    for note in result.notes:
        print(f"  Note: {note}")
    sizes = {"form": "full" if result.full else "short", **result.sizes}
    words = [f"{name} {shown(value)}" for name, value in {**sizes, **about}.items()]
    print("  Conditions: " + ", ".join(words), flush=True)
    if not wished.keep:
        return None
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{result.name}.json"
    kept = {**asdict(result), "conditions": about}
    path.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def rates_shown(
    rates: Mapping[str, Sequence[float]], spent: Mapping[str, Sequence[float]]
) -> list[dict[str, Figure]]:
    """Give a row for each way: its median rate, the lowest and the highest, fastest first.

    `spent` is the processor time of a message, seconds, of those where it is known.
    """
    rows: list[dict[str, Figure]] = [
        {
            "way": name,
            "a second": round(median(values), 1),
            "lowest": round(min(values), 1),
            "highest": round(max(values), 1),
            "rounds": len(values),
            "processor, µs each": round(median(spent[name]) * 1e6, 1) if name in spent else None,
        }
        for name, values in rates.items()
    ]
    return sorted(rows, key=lambda row: -float(row["a second"] or 0))


def shown(value: Figure) -> str:
    """Write a figure for people; nothing for none."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
