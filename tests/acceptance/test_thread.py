"""A thread with real workers and simulated networks, counted where messages arrive."""

import sys

import pytest

from benchmarks import thread


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads children from /proc")
def test_everybody_gets_what_they_are_owed_though_a_worker_is_killed(
    database_url: str, redis_url: str
) -> None:
    """Corrected when half sent, then withdrawn; the ledger and the networks say the same."""
    settings = {
        "BROADCASTER_DATABASE_URL": database_url,
        "BROADCASTER_REDIS_URL": redis_url,
        "BROADCASTER_LEASE": "2",
        "BROADCASTER_LIMITS": "twilio=150;smtp=150;webpush=1;fcm=1",
    }
    found = thread.run(600, kill=True, more=settings)
    assert (found.wrong, found.twice, found.unlike, found.alone) == (0, 0, 0, 0)
    # Some got the alert, some what replaced it, and some had got nothing to be withdrawn.
    assert {len(row) for row in found.rows} == {2, 3}
    assert sum(found.rows.values()) < 600
    assert max(found.late.values()) < 2
