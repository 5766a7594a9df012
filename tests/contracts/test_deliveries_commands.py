"""`broadcaster deliveries` on a real database."""

import json

import pytest

from tests.commands import Run, run

__all__ = ["run"]


@pytest.fixture
def given_up(run: Run, request: pytest.FixtureRequest) -> Run:
    """A running campaign in which some deliveries were given up, for two reasons."""
    from tests.rows import Rows  # noqa: PLC0415  (after the fixtures' servers)

    rows = Rows(request.getfixturevalue("pool"))
    campaign = rows.running(6)
    for number, reason in ((1, "rendering"), (2, "rate_limited"), (3, "rate_limited")):
        rows.tell(
            "UPDATE delivery SET status = 'dead', reason = %s::reason, provider = 'twilio',"
            " code = '429', attempts = 3 WHERE campaign_id = %s AND number = %s",
            reason,
            campaign,
            number,
        )
    rows.tell("UPDATE advisory SET expires = now() + interval '1 day', effective = now()")
    return run


def test_the_dead_are_listed_with_reasons(given_up: Run) -> None:
    """Counted by reason, then one by one, without addresses."""
    said = given_up("deliveries", "list", "notice", "--status", "dead", "--json")
    figures = json.loads(said.out)
    assert {(one["reason"], one["count"]) for one in figures["counts"]} == {
        ("rate_limited", 2),
        ("rendering", 1),
    }
    assert [row["delivery"] for row in figures["deliveries"]] == ["1-1", "1-2", "1-3"]
    assert "+2126" not in said.out
    shown = given_up("deliveries", "list", "notice", "--status", "dead", "--limit", "1").out
    assert "1 of 3 shown; '--after 1' goes on." in shown


def test_some_of_the_dead_are_sent_again(given_up: Run) -> None:
    """A reason chooses them; first dry; the others stay dead."""
    replay = ("deliveries", "replay", "notice", "--reason", "rate_limited")
    assert "2 deliveries would be sent again" in given_up(*replay, "--dry-run").out
    assert "2 deliveries are sent again" in given_up(*replay, "--by", "amina").out
    left = json.loads(given_up("deliveries", "list", "1", "--status", "dead", "--json").out)
    assert [row["reason"] for row in left["deliveries"]] == ["rendering"]
    again = json.loads(given_up("deliveries", "list", "1", "--status", "deferred", "--json").out)
    assert len(again["deliveries"]) == 2


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--status", "gone"), "--status: 'gone' is unknown"),
        (("--reason", "why"), "--reason: 'why' is unknown"),
        (("--channel", "web"), "--channel: 'web' is unknown"),
    ],
)
def test_unknown_words_are_named_with_the_known_ones(
    given_up: Run, words: tuple[str, ...], fault: str
) -> None:
    """Exit code 2, and what may be said instead."""
    said = given_up("deliveries", "list", "notice", *words)
    assert said.code == 2
    assert fault in said.err
    assert "Use one of" in said.err
