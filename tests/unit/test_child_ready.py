"""How long the children of workers may take to be ready."""

from broadcaster.ledger import pool
from broadcaster.tasks.app import make


def test_a_child_that_waits_for_the_database_is_not_killed() -> None:
    """Else a worker whose children died amid an outage never had any again."""
    ready = make("redis://127.0.0.1:1/0", 1).conf.worker_proc_alive_timeout
    assert ready > 3 * (pool._CONNECT + pool._PATIENCE)
