"""What anybody may ask for is counted for who asks, and holds up nobody else."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from broadcaster.ports import STORING
from broadcaster.providers.webpush import generate_private_key
from broadcaster.sandbox.subscriptions import keys
from tests.desk_scene import DeskSite, serving_desk
from tests.web_scene import Answer

_SERVICE = "http://127.0.0.1:8499"


@pytest.fixture
def site(database_url: str, redis_url: str, home: Path) -> Iterator[DeskSite]:
    """Serve behind a proxy that is on another machine."""
    variables = {
        "WEB_PROXIES": "192.0.2.0/24",
        "WEBPUSH_PRIVATE_KEY": generate_private_key(),
        "WEBPUSH_ALLOWED_HOSTS": _SERVICE,
    }
    with serving_desk(database_url, redis_url, home, variables) as opened:
        yield opened


def _begin(site: DeskSite, number: int) -> Answer:
    endpoint = f"{_SERVICE}/push/{number}"
    what = {"subscription": {"endpoint": endpoint, "keys": dict(keys(endpoint))}, "locale": "ar"}
    kind = {"Content-Type": "application/json", "X-Forwarded-For": f"203.0.113.{number}"}
    return site.ask(
        "/push/subscriptions", method="POST", body=json.dumps(what).encode(), headers=kind
    )


def test_what_anybody_may_ask_for_holds_up_nobody(site: DeskSite) -> None:
    """Nor does who says to speak for others, and is no proxy of ours, pass for many."""
    with site.runtime.pool.connection() as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [STORING])
        with ThreadPoolExecutor(22) as crowd:
            answers = list(crowd.map(lambda number: _begin(site, number), range(1, 23)))
        # While customers are stored, each is told soon to come again.
        assert {one.status for one in answers} <= {429, 503}
    assert _begin(site, 30).status in {201, 429}
    asked = [_begin(site, number).status for number in range(31, 52)]
    assert asked[-1] == 429
