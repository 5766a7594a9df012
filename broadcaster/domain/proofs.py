"""What must be known of a word about consent before it is kept: its proof, by whom, and when."""

from datetime import datetime, timedelta

from broadcaster.errors import InvalidInputError

#: The longest proof, characters, and the longest name of who recorded it.
LONGEST_PROOF, LONGEST_NAME = 500, 200

#: How old a word may be, and how far clocks may differ.
_OLDEST = timedelta(days=50 * 366)
_AHEAD = timedelta(minutes=5)


def checked_proof(field: str, text: str) -> str:
    """Tidy a proof; InvalidInputError when it is missing, too long, or not printable."""
    return _line(field, text, LONGEST_PROOF, "Say what proves it, such as a file, letter or call.")


def checked_name(field: str, text: str) -> str:
    """Tidy the name of who recorded something; InvalidInputError."""
    return _line(field, text, LONGEST_NAME, "Name a person of the team.")


def checked_moment(field: str, moment: datetime | None, now: datetime) -> datetime | None:
    """Check when something was said: not in the future, not a lifetime ago; InvalidInputError."""
    if moment is None:
        return None
    if moment.utcoffset() is None:
        raise InvalidInputError(field, "has no time zone", "Give its offset from UTC.")
    if not now - _OLDEST < moment <= now + _AHEAD:
        remedy = "Give a time that has passed, within the last 50 years."
        raise InvalidInputError(field, "is in the future or too long ago", remedy)
    return moment


def _line(field: str, text: str, longest: int, remedy: str) -> str:
    line = " ".join(text.split())
    if not line:
        raise InvalidInputError(field, "is missing", remedy)
    if len(line) > longest or not line.isprintable():
        problem = f"is longer than {longest} characters, or has control characters"
        raise InvalidInputError(field, problem, remedy)
    return line
