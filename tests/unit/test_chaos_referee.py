"""The referee of the fault suite must find each kind of violation: else it proves nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.referee import Accounts, Pause, Request, Row, Taken, Verdict, judge, seconds

START = 1_600_000_000.0
PEOPLE = [(f"F{number}", "sms") for number in range(1, 7)]
STATUSES = ("delivered", "accepted", "undelivered", "rejected", "suppressed", "unknown")
FATES = ("delivered", "delivered", "failed", "", "", "delivered")


def _rows() -> tuple[Row, ...]:
    return tuple(
        Row(
            campaign=1,
            number=number,
            customer=who,
            channel=channel,
            address=f"+21261000000{number}",
            status=status,
            reason="opted_out" if status == "suppressed" else None,
        )
        for number, ((who, channel), status) in enumerate(zip(PEOPLE, STATUSES, strict=True), 1)
    )


def _taken() -> tuple[Taken, ...]:
    return tuple(
        Taken(
            campaign=1,
            number=row.number,
            channel="sms",
            address=row.address,
            at=START + row.number,
            fate=fate,
        )
        for row, fate in zip(_rows(), FATES, strict=True)
        if fate
    )


def _right() -> Accounts:
    """Give accounts that agree: six people, four of them taken."""
    return Accounts(
        targeted={1: frozenset(PEOPLE)},
        owed={1: frozenset(PEOPLE) - {("F5", "sms")}},
        rows=_rows(),
        taken=_taken(),
        requests=tuple(Request(at=one.at, network="carrier", units=2) for one in _taken()),
        limits={"carrier": 4},
        ended={1: "completed"},
    )


def _rules(verdict: Verdict) -> set[str]:
    return {finding.rule for finding in verdict.findings}


def test_accounts_that_agree_are_good() -> None:
    """A run in which nothing went wrong has no finding, and its sum is what was targeted."""
    verdict = judge(_right())
    assert verdict.good, verdict.findings
    assert verdict.sums[1] == {"delivered": 2, "failed": 2, "suppressed": 1, "in doubt": 1}


def _changed(
    number: int, *, status: str, reason: str | None = None
) -> Callable[[Accounts], Accounts]:
    def change(right: Accounts) -> Accounts:
        changed = replace(right.rows[number - 1], status=status, reason=reason)
        rows = [changed if r.number == number else r for r in right.rows]
        return replace(right, rows=rows)

    return change


def _without_row(right: Accounts) -> Accounts:
    return replace(right, rows=[*right.rows[:3], *right.rows[4:]])


def _row_twice(right: Accounts) -> Accounts:
    return replace(right, rows=[*right.rows, replace(right.rows[0], number=9)])


def _stranger(right: Accounts) -> Accounts:
    return replace(right, rows=[*right.rows, replace(right.rows[4], number=9, customer="F9")])


def _again(right: Accounts) -> Accounts:
    return replace(right, taken=[*right.taken, replace(right.taken[0], at=START + 90)])


def _shared_number(right: Accounts) -> Accounts:
    """Two deliveries of one campaign that lead to one address."""
    rows = [replace(r, address="+212610000001") if r.number == 2 else r for r in right.rows]
    taken = [replace(t, address="+212610000001") if t.number == 2 else t for t in right.taken]
    return replace(right, rows=rows, taken=taken)


def _never_taken(right: Accounts) -> Accounts:
    return replace(right, taken=right.taken[1:])


def _confused(right: Accounts) -> Accounts:
    """The message of the first, found for the third."""
    taken = [replace(right.taken[0], reference="SM1"), *right.taken[1:]]
    rows = [replace(row, reference="SM1") if row.number in (1, 3) else row for row in right.rows]
    return replace(right, taken=taken, rows=rows)


def _unknown_message(right: Accounts) -> Accounts:
    return replace(right, taken=[*right.taken, replace(right.taken[0], number=77, address="x")])


def _other_address(right: Accounts) -> Accounts:
    return replace(right, taken=[replace(right.taken[0], address="x"), *right.taken[1:]])


def _crowd(right: Accounts) -> Accounts:
    crowd = [Request(at=START + 50 + step / 4, network="carrier", units=1) for step in range(5)]
    # Five within a second and a moment: only the window that begins between them is too full.
    return replace(right, requests=[*crowd, Request(at=START + 50.99, network="carrier", units=2)])


def _unlimited(right: Accounts) -> Accounts:
    return replace(right, limits={})


def _cancelled(right: Accounts) -> Accounts:
    return replace(right, ended={1: "paused"})


def _through_pause(right: Accounts) -> Accounts:
    return replace(right, pauses=[Pause(campaign=1, start=START + 0.5, end=START + 9)])


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        (_without_row, "targeted person without exactly one delivery"),
        (_without_row, "sum differs from targeted"),
        (_row_twice, "targeted person without exactly one delivery"),
        (_row_twice, "sum differs from targeted"),
        (_stranger, "targeted person without exactly one delivery"),
        (_changed(4, status="planned"), "delivery left waiting"),
        (_changed(4, status="deferred"), "delivery left waiting"),
        (_changed(4, status="submitting"), "delivery left waiting"),
        (_changed(4, status="a new word"), "delivery left waiting"),
        (_changed(4, status="suppressed", reason="opted_out"), "left out without a reason"),
        (_again, "address told twice"),
        (_shared_number, "address told twice"),
        (_unknown_message, "taken by a network and not known to the ledger"),
        (_other_address, "taken by a network and not known to the ledger"),
        (_changed(1, status="rejected"), "taken by a network and not known to the ledger"),
        (_changed(1, status="planned"), "taken by a network and not known to the ledger"),
        (_never_taken, "said to be handed over and never taken"),
        (_changed(4, status="accepted"), "said to be handed over and never taken"),
        (_confused, "taken for another message"),
        (_changed(1, status="undelivered"), "end contradicts the network"),
        (_changed(3, status="delivered"), "end contradicts the network"),
        (_crowd, "second over the limit"),
        (_unlimited, "second over the limit"),
        (_cancelled, "campaign not finished"),
        (_through_pause, "left after a pause"),
    ],
)
def test_each_violation_is_found(wrong: Callable[[Accounts], Accounts], rule: str) -> None:
    """One thing wrong in accounts that otherwise agree is a finding of its own rule."""
    assert any(found.startswith(rule) for found in _rules(judge(wrong(_right()))))


@pytest.mark.parametrize(
    "fine",
    [
        # Taken or not, both is possible for one in doubt.
        _changed(1, status="unknown"),
        _changed(4, status="unknown"),
        # The network said meanwhile that nobody is there.
        _changed(4, status="suppressed", reason="address_suppressed"),
        # Cancelled and expired are ends too.
        _changed(4, status="expired"),
    ],
)
def test_what_may_happen_is_no_violation(fine: Callable[[Accounts], Accounts]) -> None:
    """Doubt, and refusals of networks, are in the sum like any other end."""
    assert judge(fine(_right())).good


def test_what_leaves_within_two_seconds_of_a_pause_is_allowed() -> None:
    """A pause takes effect within two seconds, not at once."""
    pause = Pause(campaign=1, start=START + 4.5, end=START + 9)
    assert judge(replace(_right(), pauses=[pause])).good


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(1, 9)), min_size=1, max_size=40))
def test_the_fullest_second_is_that_of_every_beginning(moments: list[tuple[float, int]]) -> None:
    """No window of a second, wherever it begins, holds more than the fullest one found."""
    asked = [Request(at=at, network="carrier", units=units) for at, units in moments]
    found = max(units for _, units in seconds(asked))
    starts = [at for at, _ in moments]
    assert found == max(
        sum(units for at, units in moments if start <= at and at - 1 < start) for start in starts
    )
