"""What a run says to people at its end."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg

from tests.chaos.referee import Fullest
from tests.chaos.run import Outcome
from tests.chaos.wishes import Wishes

_ROWS = """
COPY (SELECT delivery.campaign_id, delivery.number, batch.id AS batch, delivery.channel,
             delivery.status, delivery.reason, delivery.attempts, delivery.provider,
             delivery.reference, delivery.code, delivery.updated_at
      FROM delivery LEFT JOIN batch ON batch.campaign_id = delivery.campaign_id
           AND delivery.number BETWEEN batch.first AND batch.last
      ORDER BY 1, 2) TO STDOUT WITH CSV HEADER
"""


#: What is said of a run in which everything was right.
GOOD = "Nobody lost, nobody told twice, limits kept, finished"

#: What is told of the time before a second that was too full, and how long before, seconds.
_TOLD, _BEFORE = frozenset({"event", "followed", "resumed", "started"}), 6.0


def text(wishes: Wishes, outcome: Outcome, lines: Sequence[Mapping[str, Any]]) -> str:
    """Write the summary."""
    verdict = outcome.verdict
    missed = sum(1 for line in lines if line["what"] == "followed" and "missed" in line)
    parts = [
        (
            f"Seed {wishes.seed}: {wishes.customers:,} customers, {outcome.done} events"
            f" ({missed} met nobody), {outcome.seconds:.0f} s."
        ),
        "Done to it: " + ", ".join(f"{name} {n}" for name, n in sorted(kinds(lines).items())) + ".",
        *_followed(lines),
    ]
    for campaign, sums in verdict.sums.items():
        words = " + ".join(f"{count:,} {name}" for name, count in sums.items())
        parts.append(f"Campaign {campaign}: {sum(sums.values()):,} accounted for = {words}.")
        counts = verdict.statuses[campaign]
        parts.append("  " + ", ".join(f"{status} {n:,}" for status, n in sorted(counts.items())))
    parts.append(f"The networks took {verdict.taken:,} messages.")
    parts += [
        f"Fullest second of {full.network}: {full.units} of {full.limit:g} units."
        for full in verdict.fullest
    ]
    parts += [line for full in verdict.fullest for line in _around(full, lines)]
    broken = [*outcome.faults, *map(str, verdict.findings)]
    parts += [f"BROKEN: {one}" for one in broken]
    if not broken:
        parts.append(f"{GOOD}.")
    return "\n".join(parts) + "\n"


def _around(full: Fullest, lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """Tell what was done shortly before a second that was too full."""
    if full.units <= full.limit:
        return []
    near = [
        f"  {line['time'] - full.at:+.2f} s {line['what']} {line.get('event', '')}"
        for line in lines
        if line["what"] in _TOLD and -_BEFORE < line["time"] - full.at < 1
    ]
    return [f"Around the {full.over} too full seconds of {full.network}, the fullest:", *near]


def kinds(lines: Sequence[Mapping[str, Any]]) -> Mapping[str, int]:
    """Count how often each kind of event was done."""
    return Counter(line["event"].partition(" ")[0] for line in lines if line["what"] == "event")


def _followed(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    stops = [line["took"] for line in lines if line["what"] == "followed" and "took" in line]
    holds = sum(1 for line in lines if line["what"] == "resumed")
    said = [f"Put on hold by the system and resumed by the operator: {holds} times."]
    if stops:
        said.append(f"Soft stops took {min(stops):.1f} to {max(stops):.1f} s.")
    return said


def keep_rows(database_url: str, path: Path) -> None:
    """Write the ledger's rows to a file, without addresses."""
    with (
        psycopg.connect(database_url) as connection,
        connection.cursor().copy(_ROWS) as copy,
        path.open("wb") as file,
    ):
        for data in copy:
            file.write(data)
