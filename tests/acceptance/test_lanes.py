"""Urgent work beside routine work, with real workers and a limit counted by the network."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.servers import free_ports

#: What the carrier takes, messages a second.
RATE = 40
PATIENCE = 90.0


class Town:
    """Everything on this machine, in a home of its own, without trouble in the networks."""

    def __init__(self, home: Path) -> None:
        web, carrier, mail, push, bounce = free_ports(5)
        self.home = home
        self.environment = {
            **{name: value for name, value in os.environ.items() if "BROADCASTER" not in name},
            "BROADCASTER_HOME": str(home),
            "BROADCASTER_WEB_PORT": str(web),
            "BROADCASTER_SANDBOX_CARRIER_PORT": str(carrier),
            "BROADCASTER_SANDBOX_SMTP_PORT": str(mail),
            "BROADCASTER_SANDBOX_PUSH_PORT": str(push),
            "BROADCASTER_BOUNCE_PORT": str(bounce),
            "BROADCASTER_SANDBOX_TROUBLE": "0",
            "BROADCASTER_LIMITS": f"twilio={RATE};smtp={RATE};webpush={RATE};fcm={RATE}",
        }

    @contextmanager
    def up(self) -> Iterator[None]:
        """Run all services; stopped at the end."""
        words = [sys.executable, "-m", "broadcaster", "up", "--sandbox"]
        with (self.home / "up.log").open("ab") as out:
            process = subprocess.Popen(words, env=self.environment, stdout=out, stderr=out)  # noqa: S603  (our own command)
        try:
            self.until(lambda: "Everything is up" in self.words(), "it is up")
            yield
        finally:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(40)
            if process.poll() is None:
                process.kill()
                process.wait()

    def run(self, *words: str) -> str:
        """Run a command; its output."""
        done = subprocess.run(  # noqa: S603  (our own command)
            [sys.executable, "-m", "broadcaster", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def campaign(self, name: str, segment: str, lane: str) -> int:
        """Make, approve and launch a campaign by SMS; its number."""
        words = ("--kind", "remote_services", "--segment", segment, "--channels", "sms")
        made = self.run("campaigns", "create", name, *words, "--lane", lane, "--drill", "--json")
        self.run("campaigns", "approve", name, "--by", "youssef")
        self.run("campaigns", "launch", name)
        return int(json.loads(made)["id"])

    def received(self) -> list[dict[str, Any]]:
        """List what the carrier took, in order."""
        found = list(self.home.rglob("sms.jsonl"))
        text = found[0].read_text("ascii") if found else ""
        return [json.loads(line) for line in text.splitlines() if line.endswith("}")]

    def words(self) -> str:
        """Give what the services printed."""
        return (self.home / "up.log").read_text(encoding="utf-8")

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a moment, a bounded time."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"not in {PATIENCE:.0f} s: {what}\n{self.words()}")
            time.sleep(0.1)


def _campaign_of(line: dict[str, Any]) -> int:
    return int(str(line["callback"]).rpartition("/")[2].partition("-")[0])


def test_an_urgent_campaign_overtakes_a_routine_one_that_is_at_its_limit(home: Path) -> None:
    """Its first message leaves soon, and nine of ten are its own until it is done.

    How soon is measured by `benchmarks/urgent.py`; here a busy machine must not matter.
    """
    town = Town(home)
    with town.up():
        town.run("customers", "make", "4000", "--seed", "5")
        town.run("segments", "save", "everybody", "all")
        routine = town.campaign("routine", "everybody", "routine")
        town.until(lambda: len(town.received()) >= 3 * RATE, "the routine campaign is on its way")
        urgent = town.campaign("urgent", "everybody", "urgent")
        launched = time.time()
        town.until(
            lambda: sum(_campaign_of(line) == urgent for line in town.received()) >= 4 * RATE,
            "the urgent one is on its way",
        )
        town.run("campaigns", "cancel", "routine")
        town.run("campaigns", "cancel", "urgent")
        lines = town.received()
    times = {
        campaign: [line["at"] for line in lines if _campaign_of(line) == campaign]
        for campaign in (routine, urgent)
    }
    first = min(times[urgent])
    assert sum(launched <= at < first for at in times[routine]) <= 6 * RATE
    # A second after its first message the window holds nothing of before.
    begin, end = first + 1, max(times[urgent])
    share = {
        campaign: sum(begin <= at <= end for at in moments) for campaign, moments in times.items()
    }
    assert share[urgent] >= 0.9 * sum(share.values())
    fullest = _fullest(sorted(at for moments in times.values() for at in moments))
    assert fullest <= RATE


def _fullest(moments: list[float]) -> int:
    """Count the fullest second, wherever it begins."""
    most = first = 0
    for index, at in enumerate(moments):
        while moments[first] <= at - 1:
            first += 1
        most = max(most, index - first + 1)
    return most
