"""Killing things while a campaign is on its way."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.servers import free_ports

#: How many customers; more by hand: KILL_CUSTOMERS=20000.
CUSTOMERS = int(os.environ.get("KILL_CUSTOMERS", "500"))
#: Longest waits, seconds: for a moment of the story, and for its end.
MOMENT, END = 120.0, 600.0 + CUSTOMERS / 20
FILES = {"sms.jsonl": "to", "email.jsonl": "to", "push.jsonl": "address"}


class Run:
    """A demo in a home of its own, on ports of its own."""

    def __init__(self, home: Path, ports: list[int]) -> None:
        self.home = home
        self.demo = home / "demo"
        web, carrier, mail, push, bounce = ports
        self.environment = {
            **{name: value for name, value in os.environ.items() if "BROADCASTER" not in name},
            "BROADCASTER_HOME": str(home),
            "BROADCASTER_WEB_PORT": str(web),
            "BROADCASTER_SANDBOX_CARRIER_PORT": str(carrier),
            "BROADCASTER_SANDBOX_SMTP_PORT": str(mail),
            "BROADCASTER_SANDBOX_PUSH_PORT": str(push),
            "BROADCASTER_BOUNCE_PORT": str(bounce),
            # What a killed worker held is free again after a few seconds; it takes thirty as it is.
            "BROADCASTER_LEASE": "5",
            "BROADCASTER_WORK_TIME": "3",
            "BROADCASTER_SANDBOX_PACE": "0.3",
            # Slow enough that every kill happens in the middle.
            "BROADCASTER_LIMITS": "twilio=60;smtp=60;webpush=30;fcm=30"
            if CUSTOMERS < 5000
            else "twilio=300;smtp=200;webpush=100;fcm=100",
        }

    @contextmanager
    def started(self) -> Iterator[subprocess.Popen[bytes]]:
        """Start the demo; end it if it goes on when the test is over."""
        words = ["demo", "--customers", str(CUSTOMERS), "--trouble", "0.05"]
        results = ["--json", str(self.home / "figures.json"), "--dump", str(self.home / "dump")]
        with (self.home / "out.log").open("ab") as out:
            process = subprocess.Popen(  # noqa: S603  (our own command)
                [sys.executable, "-m", "broadcaster", *words, *results],
                env=self.environment,
                stdout=out,
                stderr=out,
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(30)
            if process.poll() is None:
                process.kill()
                process.wait()

    def received(self) -> int:
        """Count what the networks received so far."""
        paths = [self.demo / "sandbox" / name for name in FILES]
        return sum(path.read_bytes().count(b"\n") for path in paths if path.exists())

    def pid(self, service: str) -> int:
        """Find a service of the run."""
        if service == "valkey":
            return int((self.demo / "valkey" / "valkey.pid").read_text(encoding="ascii"))
        services = json.loads((self.demo / "run" / "services.json").read_text(encoding="utf-8"))
        return next(int(row["pid"]) for row in services if row["name"] == service)

    def child(self, service: str) -> int:
        """Find one of a worker's children."""
        path = Path(f"/proc/{self.pid(service)}/task/{self.pid(service)}/children")
        return int(path.read_text(encoding="ascii").split()[-1])

    def words(self) -> str:
        """Give what the run printed."""
        return (self.home / "out.log").read_text(encoding="utf-8")


def until(condition: Callable[[], bool], seconds: float, what: str, run: Run) -> None:
    """Wait for a moment, a bounded time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not in {seconds:.0f} s: {what}\n{run.words()}")
        time.sleep(0.1)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads children from /proc")
def test_nobody_is_lost_or_told_twice_whatever_is_killed(
    home: Path,
) -> None:
    """A child, a worker, Valkey and the supervisor are killed -9; the same command goes on."""
    run = Run(home, free_ports(5))
    victims: list[tuple[float, Callable[[], int]]] = [
        (0.1, lambda: run.child("worker")),
        (0.25, lambda: run.pid("worker")),
        (0.4, lambda: run.pid("valkey")),
        (0.55, lambda: run.pid("control")),
    ]
    with run.started() as demo:
        for share, victim in victims:
            _received(run, share)
            os.kill(victim(), signal.SIGKILL)
        _received(run, 0.7)
        demo.kill()
        demo.wait()
    with run.started() as demo:
        until(lambda: demo.poll() is not None, END, "the second start ends", run)
    assert demo.returncode == 0, run.words()
    assert "Going on with the run that was interrupted" in run.words()
    _check(json.loads((home / "figures.json").read_text(encoding="utf-8")), home / "dump")


def _received(run: Run, share: float) -> None:
    """Wait until that share of the customers' number was received; each gets about 1.7."""
    goal = CUSTOMERS * share
    until(lambda: run.received() >= goal, MOMENT, f"{share:.0%} received", run)


def _check(figures: dict[str, Any], dump: Path) -> None:
    """Everybody has one end, and no address was told twice."""
    statuses: Counter[str] = Counter()
    for row in figures["channels"].values():
        statuses.update({status: count for status, count in row.items() if status != "units"})
    assert sum(statuses.values()) == figures["targeted"]
    open_ = {"planned", "submitting", "deferred"} & {name for name, n in statuses.items() if n}
    assert not open_
    told: Counter[str] = Counter()
    for name, field in FILES.items():
        with (dump / name).open(encoding="utf-8") as lines:
            told.update(json.loads(line)[field] for line in lines)
    assert max(told.values()) == 1
    ended = ("delivered", "undelivered", "accepted")
    certain = sum(statuses[status] for status in ended)
    assert certain <= len(told) <= certain + statuses["unknown"]
