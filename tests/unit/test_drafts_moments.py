"""Reading times as operators type them."""

from datetime import timedelta

import pytest

from broadcaster.bootstrap.drafting import moment
from broadcaster.errors import InvalidInputError
from tests.builders import NOON


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("now", timedelta(0)),
        ("+90m", timedelta(minutes=90)),
        ("+48h", timedelta(hours=48)),
        ("+7d", timedelta(days=7)),
        ("2020-03-20T14:00:00+01:00", timedelta(hours=1)),
    ],
)
def test_a_time_is_read(text: str, after: timedelta) -> None:
    """A span counts from the start; a date says its offset."""
    assert moment("--expires", text, NOON) == NOON + after


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "+5", "+5w", "-2h", "+٣h", "2020-03-20T14:00", "+99999d", "20/03/2020"]
)
def test_a_time_that_could_be_misread_is_refused(text: str) -> None:
    """No guessing of zones or units, and the field is named."""
    with pytest.raises(InvalidInputError, match=r"--expires: .*Write 2020"):
        moment("--expires", text, NOON)
