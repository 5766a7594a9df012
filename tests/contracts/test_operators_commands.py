"""`broadcaster operators`: who may enter, said on the command line."""

import json

from broadcaster.access.sessions import Sessions
from broadcaster.ledger.pool import LedgerPool
from tests.builders import NOON
from tests.commands import Run, run

__all__ = ["run"]


def test_operators_are_added_listed_changed_and_ended(run: Run, pool: LedgerPool) -> None:
    """The first administrator by a command; each change has its line in the audit trail."""
    assert "Nobody may enter yet" in run("operators", "list").out
    added = run("operators", "add", "Amina", "--role", "administrator", "--by", "root", "--json")
    link = json.loads(added.out)["link"]
    assert link.startswith("http://127.0.0.1:8400/invitation/")
    assert len(link.rpartition("/")[2]) == 43
    again = run("operators", "add", "amina", "--role", "viewer")
    assert (again.code, "'amina' is taken" in again.err) == (2, True)
    assert "'king' is unknown" in run("operators", "add", "Driss", "--role", "king").err
    told = run("operators", "add", "Driss", "--role", "author", "--role", "approver")
    assert "Driss sets a password here, once, within 24 hours:" in told.out
    last = run("operators", "disable", "Amina")
    assert (last.code, "last administrator" in last.err) == (2, True)
    assert "last administrator" in run("operators", "roles", "Amina", "--role", "viewer").err
    assert "is now: viewer" in run("operators", "roles", "driss", "--role", "viewer").out
    assert "is already" in run("operators", "roles", "Driss", "--role", "viewer").out
    listed = json.loads(run("operators", "list", "--json").out)
    assert [(one["operator"], one["roles"]) for one in listed] == [
        ("Amina", ["administrator"]),
        ("Driss", ["viewer"]),
    ]
    assert "nothing yet" in run("operators", "list").out
    run("operators", "disable", "Driss")
    assert "'Driss' is disabled" in run("operators", "invite", "Driss").err
    run("operators", "enable", "Driss")
    assert "/invitation/" in run("operators", "invite", "Driss", "--reset-factors").out
    with pool.connection() as connection:
        rows = connection.execute("SELECT action, actor FROM audit ORDER BY id").fetchall()
    assert rows[:2] == [("operator_added", "root"), ("operator_invited", "root")]
    assert [action for action, _ in rows[4:]] == [
        "operator_roles",
        "operator_disabled",
        "operator_enabled",
        "second_factors_reset",
        "operator_invited",
    ]


def test_sessions_are_listed_and_ended(run: Run, pool: LedgerPool) -> None:
    """One alone or all; there is nothing to show of one that has ended."""
    run("operators", "add", "Amina", "--role", "viewer")
    with pool.connection() as connection:
        row = connection.execute("SELECT id, now() FROM operator").fetchone()
    assert row is not None
    assert row[1] > NOON
    tokens = [Sessions(pool).open(row[0], row[1], browser="Firefox") for _ in range(3)]
    listed = json.loads(run("operators", "sessions", "Amina", "--json").out)
    assert [(one["by"], one["browser"]) for one in listed] == [("link", "Firefox")] * 3
    assert "Firefox" in run("operators", "sessions", "Amina").out
    one = str(listed[0]["session"])
    assert "Ended: 1." in run("operators", "end-sessions", "Amina", "--session", one).out
    assert run("operators", "end-sessions", "Amina", "--session", one).code == 2
    assert "Ended: 2." in run("operators", "end-sessions", "Amina").out
    assert all(Sessions(pool).find(token, row[1]) is None for token in tokens)
    assert "signed in nowhere" in run("operators", "sessions", "Amina").out
