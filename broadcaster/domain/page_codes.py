"""The rules of codes and sessions of the customer's page; pure.

A six-digit code is one of a million. With five tries to a code, and at most ten codes to an address
in a day, who guesses day and night finds one in some fifty years, and its owner is told each time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

#: How long a code is good, and how often one may be tried.
CODE_LIFE, TRIES = timedelta(minutes=10), 5
#: How many digits it has.
DIGITS = 6
#: How long the page stays open without another code.
SESSION_LIFE = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """At most so many within so long."""

    most: int
    within: timedelta


_QUARTER, _DAY = timedelta(minutes=15), timedelta(days=1)
#: How often a code may be asked for: for one address, and from one place of the internet, where
#: many may live behind one number.
FOR_ADDRESS: Sequence[Allowance] = (
    Allowance(most=3, within=_QUARTER),
    Allowance(most=10, within=_DAY),
)
FROM_SOURCE: Sequence[Allowance] = (
    Allowance(most=10, within=_QUARTER),
    Allowance(most=60, within=_DAY),
)
#: How often codes may be tried from one place: more than anybody mistypes.
TRIED_FROM: Sequence[Allowance] = (
    Allowance(most=30, within=_QUARTER),
    Allowance(most=100, within=_DAY),
)
#: How many browsers may begin to follow from one place: a school or an office has many.
SUBSCRIBED_FROM: Sequence[Allowance] = (
    Allowance(most=20, within=_QUARTER),
    Allowance(most=100, within=_DAY),
)


def is_code(text: str) -> bool:
    """Tell whether a text can be a code."""
    return len(text) == DIGITS and text.isascii() and text.isdigit()
