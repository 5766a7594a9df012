"""Comparing what the simulated networks received with what the ledger says, one for one."""

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from broadcaster.domain.delivery import DeliveryStatus
from broadcaster.domain.message import Channel

#: The file of each channel, and the field that names who received.
FILES = {
    Channel.SMS: ("sms.jsonl", "to"),
    Channel.EMAIL: ("email.jsonl", "to"),
    Channel.PUSH: ("push.jsonl", "address"),
}

#: The provider took it, so a network must have received it, exactly once.
_HANDED_OVER = frozenset(
    {DeliveryStatus.ACCEPTED, DeliveryStatus.DELIVERED, DeliveryStatus.UNDELIVERED}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """How far the two accounts agree; each count should be zero but `received` and `doubt`."""

    received: int
    missing: int
    unexplained: int
    twice: int
    doubt: int

    @property
    def agrees(self) -> bool:
        """Whether nobody was told twice and the ledger matches, those in doubt aside."""
        return not (self.missing or self.unexplained or self.twice)

    def sentence(self) -> str:
        """Say it in a line."""
        verdict = "one for one" if self.agrees else "and they DISAGREE"
        return (
            f"The networks received {self.received:,} messages, compared with the ledger: "
            f"{verdict}. Missing {self.missing:,}, unexplained {self.unexplained:,}, "
            f"told twice {self.twice:,}, in doubt {self.doubt:,}."
        )


def compare(handed_over: Iterable[tuple[Channel, str, DeliveryStatus]], folder: Path) -> Comparison:
    """Compare the ledger's deliveries (channel, address, status) with the networks' records."""
    received = Counter(_received(folder))
    certain: set[tuple[Channel, str]] = set()
    doubtful: set[tuple[Channel, str]] = set()
    for channel, address, status in handed_over:
        if status in _HANDED_OVER:
            certain.add((channel, address))
        elif status is DeliveryStatus.UNKNOWN:
            doubtful.add((channel, address))
    return Comparison(
        received=sum(received.values()),
        missing=sum(1 for who in certain if who not in received),
        unexplained=sum(1 for who in received if who not in certain and who not in doubtful),
        twice=sum(count - 1 for count in received.values()),
        doubt=len(doubtful),
    )


def _received(folder: Path) -> Iterator[tuple[Channel, str]]:
    for channel, (name, field) in FILES.items():
        path = folder / name
        if path.exists():
            with path.open(encoding="utf-8") as lines:
                for line in lines:
                    yield channel, json.loads(line)[field]


def copy(folder: Path, target: Path) -> None:
    """Copy the networks' records; a channel that received nothing has an empty file."""
    for name, _ in FILES.values():
        if (folder / name).exists():
            shutil.copyfile(folder / name, target / name)
        else:
            (target / name).touch()
