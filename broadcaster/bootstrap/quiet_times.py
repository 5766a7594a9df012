"""When it is quiet, by class and channel, as JSON values."""

from datetime import datetime
from typing import Any

from broadcaster.domain.fairness import Course, Rules
from broadcaster.domain.hours import zone_of
from broadcaster.domain.message import DELIVERY_CHANNELS, MessageClass


def quiet_times(rules: Rules, place: str, when: datetime) -> list[dict[str, Any]]:
    """Say of each class and channel whether it is quiet at a moment, and until or from when."""
    course, clock = Course(rules=rules, time_zone=place), zone_of(place, "UTC")
    rows: list[dict[str, Any]] = []
    for class_ in MessageClass:
        for channel in DELIVERY_CHANNELS:
            quiet = course.quiet(when, class_, channel, place)
            rows.append(
                {
                    "class": class_.value,
                    "channel": channel.value,
                    "zone": place,
                    "quiet": quiet is not None and quiet.start <= when,
                    "from": quiet and quiet.start.astimezone(clock).isoformat(),
                    "until": quiet and quiet.end.astimezone(clock).isoformat(),
                }
            )
    return rows
