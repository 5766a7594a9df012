"""Reading moments of bodies."""

from datetime import datetime
from zoneinfo import ZoneInfo

from broadcaster.audience.days import read_moment
from broadcaster.bootstrap import Runtime
from broadcaster.errors import InvalidInputError


def moment_of(runtime: Runtime, field: str, text: str | None) -> datetime | None:
    """Read a date or time, in the utility's zone where it says none; InvalidInputError."""
    if not text:
        return None
    try:
        return read_moment(text.strip(), ZoneInfo(runtime.settings.time_zone))
    except (ValueError, OverflowError) as error:
        remedy = "Write it as 2026-03-20 or 2026-03-20T12:00+00:00."
        raise InvalidInputError(field, f"{text[:40]!r} is no date", remedy) from error
