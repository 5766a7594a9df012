"""A small Broadcaster inside a test: real servers, real networks, no processes but those wanted."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from broadcaster.bootstrap import Runtime
from broadcaster.sandbox.config import DEFAULT_ACCOUNT, DEFAULT_TOKEN, SandboxConfig
from broadcaster.settings import load
from tests import builders, sandboxes
from tests.chaos import evidence
from tests.chaos.launching import launch
from tests.chaos.referee import Request, Taken, seconds

ROOT = Path(__file__).parents[2]
#: How long a lease lasts, seconds.
LEASE = 3.0


class Small:
    """A planned campaign by SMS, and the carrier that takes it."""

    def __init__(self, home: Path, runtime: Runtime) -> None:
        """Made by `small`."""
        self.home = home
        self.runtime = runtime
        self.campaign = 0

    def plan(self, customers: int) -> list[int]:
        """Plan a campaign to so many customers; the ids of its batches."""
        runtime = self.runtime
        runtime.customers.save(builders.customer(number) for number in range(1, customers + 1))
        runtime.segments.save("everybody", "all")
        self.campaign = launch(runtime, "small", channels="sms")
        runtime.planner.plan(self.campaign, runtime.clock.now())
        return self.batches()

    def batches(self) -> list[int]:
        """List the ids of all batches."""
        with runtime_connection(self.runtime) as connection:
            return [
                int(str(one)) for (one,) in connection.execute("SELECT id FROM batch ORDER BY id")
            ]

    def statuses(self) -> Counter[str]:
        """Count the deliveries by status."""
        return Counter(row.status for row in evidence.rows(self.runtime.database_url))

    def taken(self) -> list[Taken]:
        """List what the carrier took."""
        return list(evidence.taken(self.home / "sandbox"))

    def told_twice(self) -> list[str]:
        """List addresses that were told more than once."""
        counts = Counter(one.address for one in self.taken())
        return [address for address, count in counts.items() if count > 1]

    def fullest_second(self) -> int:
        """Give the units of the fullest second that the carrier saw."""
        asked: list[Request] = list(evidence.requests(self.home / "sandbox"))
        return max(units for _, units in seconds(asked))

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start another worker process (`tests.chaos.sleeper`) on the same servers."""
        runtime = self.runtime
        places = [str(self.home), runtime.database_url, runtime.redis_url]
        return subprocess.Popen(  # noqa: S603  (our own module)
            [sys.executable, "-m", "tests.chaos.sleeper", *places, *words], cwd=ROOT
        )


def runtime_connection(runtime: Runtime) -> psycopg.Connection[tuple[object, ...]]:
    """Connect to the database, past the pool."""
    return psycopg.connect(runtime.database_url)


@contextmanager
def small(home: Path, database_url: str, redis_url: str, *, limit: int = 2000) -> Iterator[Small]:
    """Run a carrier, and give what sends to it with a limit of units a second."""
    config = SandboxConfig(folder=home / "sandbox", carrier_port=0, smtp_port=0, push_port=0)
    with sandboxes.running(config) as ports:
        values = {
            "TWILIO_ACCOUNT_SID": DEFAULT_ACCOUNT,
            "TWILIO_AUTH_TOKEN": DEFAULT_TOKEN,
            "TWILIO_SENDER": "LYDEC",
            "TWILIO_BASE_URL": f"http://127.0.0.1:{ports.carrier}",
            "LIMITS": f"twilio={limit}",
            "BATCH_SIZE": 40,
            "SLICE_SIZE": 10,
            "LEASE": LEASE,
            # Nobody listens there: receipts are not what is looked at.
            "PUBLIC_URL": "http://127.0.0.1:9",
        }
        lines = [f"BROADCASTER_{name}={value}\n" for name, value in values.items()]
        (home / "settings.env").write_text("".join(lines), encoding="utf-8")
        settings = load({"BROADCASTER_HOME": str(home)})
        runtime = Runtime(settings, database_url, redis_url)
        try:
            yield Small(home, runtime)
        finally:
            runtime.close()
