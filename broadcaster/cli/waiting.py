"""What waits, is held or passes a rule, in sentences."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from broadcaster.domain.english import number_of
from broadcaster.domain.own_hours import parted

Figures = Mapping[str, Any]

_WHY = {
    "quiet_hours": "for quiet hours",
    "hold": "by an operator",
    "segment": "by an operator, of a segment",
}
#: How many parts are named at most; the rest is summed up.
_SHOWN = 20


def held_lines(figures: Figures) -> Iterator[str]:
    """Say what is held until when, by zone and channel; times are those of the zone."""
    held = figures.get("held", ())
    for row in held[:_SHOWN]:
        where = row["zone"] or "the utility's own zone"
        yield (
            f"Held until {_clock(row['until'], row['zone'])} {_WHY[row['why']]}: "
            f"{row['messages']:,} by {row['channel']} in {where}."
        )
    rest = sum(row["messages"] for row in held[_SHOWN:])
    if rest:
        yield f"Held elsewhere: {rest:,}. '--json' lists all."
    for hold in figures.get("holds", ()):
        yield _hold(hold)


def passed_lines(figures: Figures) -> Iterator[str]:
    """Say which rules were passed, for how many and by whom."""
    for row in figures.get("passed", ()):
        count = (
            "not counted yet" if row["messages"] is None else number_of(row["messages"], "message")
        )
        where = "".join(
            f" {word} {row[name]}"
            for name, word in (("channel", "by"), ("zone", "in"))
            if row[name]
        )
        rule = row["rule"].replace("_", " ")
        yield f"Passed {rule}{where}: {count}, by {row['by']}: {row['why']}."


def fairness_lines(foreseen: Figures) -> Iterator[str]:
    """Say of a forecast who will be held until when, and which rules are passed."""
    for wait in foreseen.get("waits", ())[:_SHOWN]:
        start, end = (_clock(wait[name], wait["zone"]) for name in ("quiet_from", "quiet_until"))
        who = f"{wait['messages']:,} by {wait['channel']} in {wait['zone']}"
        if wait["passed"]:
            yield f"Passes the quiet hours from {start} to {end}: {who}."
        elif wait["held_at_once"]:
            yield f"Held until {end}: {who}."
        else:
            yield f"Quiet hours from {start} to {end}: who still waits then of {who} waits on."
        if not wait["in_time"] and not wait["passed"]:
            yield "  The advisory expires before that is over: they would not be told."
    if foreseen.get("passed_caps"):
        yield f"Passes frequency caps as urgent safety does: {foreseen['passed_caps']}."
    if foreseen.get("passed_one_per"):
        yield f"Tells everybody, not one for each {foreseen['passed_one_per']}: urgent safety does."


def _hold(hold: Figures) -> str:
    parts = [f"{hold[name]}" for name in ("channel", "zone", "segment") if hold[name]]
    what = ", ".join(parts) or "all of it"
    if hold["released_at"]:
        return (
            f"Hold {hold['id']} ({what}) by {hold['by']} was released by {hold['released_by']}: "
            f"{hold['release_why']}"
        )
    until = f" until {_clock(hold['until'], None)}" if hold["until"] else ""
    return f"Hold {hold['id']} ({what}) by {hold['by']}{until}: {hold['why']}"


def _clock(text: str, zone: str | None) -> str:
    """Show a moment on the clock of a zone, or in UTC where this machine does not know it."""
    name, _ = parted(zone)
    try:
        moment = datetime.fromisoformat(text).astimezone(ZoneInfo(name or "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        name, moment = None, datetime.fromisoformat(text).astimezone(ZoneInfo("UTC"))
    return f"{moment:%Y-%m-%d %H:%M}" + ("" if name else " UTC")
