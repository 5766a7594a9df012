"""Cells of an exported file."""

from datetime import UTC, datetime

import pytest

from broadcaster.reports.export import cell


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_begins_like_a_formula_is_disarmed(first: str) -> None:
    """A spreadsheet would run it (OWASP, CSV injection)."""
    assert cell(f"{first}cmd|' /C calc'!A0") == f"'{first}cmd|' /C calc'!A0"


def test_plain_values_stay_as_they_are() -> None:
    """Texts, numbers, times and nothing."""
    assert [cell("a=b"), cell(12), cell(None)] == ["a=b", "12", ""]
    assert cell(datetime(2020, 3, 20, 12, tzinfo=UTC)) == "2020-03-20T12:00:00+00:00"
