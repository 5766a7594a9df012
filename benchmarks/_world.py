"""A world of its own for a run: servers in a temporary home, customers, real workers."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import _customers, _memory, _processor
from broadcaster import bootstrap
from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.drafting import Form, draft
from broadcaster.errors import BroadcasterError
from broadcaster.settings import load

_ROOT = Path(__file__).parent.parent

#: The worker children that do the sending.
CHILDREN = 2
#: So many SMS each of them has in the air at once, whatever client sends them.
AT_ONCE = 32

#: What no campaign of these runs comes near, units a second, where limits cannot be left open.
_WIDE = "1000000"
_PROVIDERS = ("twilio", "smtp", "webpush", "fcm")


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """How a campaign went; times in seconds since 1970, sizes in MiB."""

    campaign: int
    launched: float
    planned: float
    ended: float
    statuses: Mapping[str, int]

    @property
    def seconds(self) -> float:
        """From its launch to the last record."""
        return self.ended - self.launched

    @property
    def sent(self) -> int:
        """How many a provider took."""
        return self.statuses.get("accepted", 0)


class World:
    """Servers that run, and what is done with them."""

    def __init__(
        self, runtime: Runtime, environment: Mapping[str, str], program: str = "broadcaster"
    ) -> None:
        """Nothing is in it yet; `program` is the module that its workers run."""
        self.runtime = runtime
        self._program = program
        self._environment = environment
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._customers = 0
        self._campaigns = 0

    # -- people and campaigns ------------------------------------------------------------------

    def people(self, count: int) -> None:
        """Have so many customers, all with a phone and a mailbox; never fewer than before."""
        _customers.add(self.runtime.pool, self._customers + 1, count)
        self._customers = max(count, self._customers)
        _customers.segment(self.runtime.segments, count)

    def approved(self, channels: str, count: int | None = None, *, lane: str = "routine") -> int:
        """Make and approve a campaign of the founding notice: to the first `count`, or to all."""
        runtime = self.runtime
        self._campaigns += 1
        form = Form(
            name=f"benchmark {self._campaigns}",
            kind="remote_services",
            segment=_customers.segment(runtime.segments, count),
            channels=channels,
            lane=lane,
            drill=False,
            by="benchmark",
        )
        campaign = draft(runtime, form)
        found = runtime.campaigns.get(str(campaign))
        pinned = runtime.hash(found, runtime.ledger.advisory(found.advisory_id))
        runtime.campaigns.approve(campaign, pinned, "approver", runtime.clock.now())
        return campaign

    def launch(self, campaign: int) -> float:
        """Launch a campaign; when, seconds since 1970."""
        moment = time.time()
        self.runtime.campaigns.launch(campaign, "benchmark", self.runtime.clock.now())
        return moment

    def run(self, channels: str, count: int, *, seconds: float = 600) -> Course:
        """Send a campaign and wait for its last record."""
        campaign = self.approved(channels, count)
        launched = self.launch(campaign)
        return self.course(campaign, launched, seconds)

    def course(self, campaign: int, launched: float, seconds: float = 600) -> Course:
        """Wait until nothing is left to send; BroadcasterError when it is held, or takes too long.

        Its status says `completed` later: when what is in doubt is settled too.
        """
        deadline = time.monotonic() + seconds
        while not self._sent(campaign):
            if self.status(campaign) == "paused":
                raise BroadcasterError(f"held: {self.runtime.campaigns.hold_reason(campaign)}")
            if time.monotonic() > deadline:
                raise BroadcasterError(f"not done within {seconds} s: {self.counts(campaign)}")
            time.sleep(0.1)
        planned, ended = self._times(campaign)
        return Course(
            campaign=campaign,
            launched=launched,
            planned=planned,
            ended=ended,
            statuses=self.counts(campaign),
        )

    def _sent(self, campaign: int) -> bool:
        query = "SELECT bool_and(done) FROM batch WHERE campaign_id = %s"
        return self._one(query, campaign) is True

    def status(self, campaign: int) -> str:
        """Tell where a campaign is."""
        return str(self._one("SELECT status::text FROM campaign WHERE id = %s", campaign))

    def counts(self, campaign: int) -> dict[str, int]:
        """Count its deliveries by status."""
        query = "SELECT status::text, count(*) FROM delivery WHERE campaign_id = %s GROUP BY 1"
        with self.runtime.pool.connection() as connection:
            return dict(connection.execute(query, [campaign]).fetchall())

    def _times(self, campaign: int) -> tuple[float, float]:
        """Give when its rows were planned, and when the last of them was written."""
        query = (
            "SELECT extract(epoch FROM (SELECT planned_at FROM campaign WHERE id = %(c)s)), "
            "extract(epoch FROM max(updated_at)) FROM delivery WHERE campaign_id = %(c)s"
        )
        with self.runtime.pool.connection() as connection:
            row = connection.execute(query, {"c": campaign}).fetchone()
        assert row is not None
        return float(row[0]), float(row[1])

    def _one(self, query: str, *values: object) -> object:
        with self.runtime.pool.connection() as connection:
            row = connection.execute(query.encode(), values).fetchone()
        return None if row is None else row[0]

    # -- processes -----------------------------------------------------------------------------

    def start(
        self, *, children: int = CHILDREN, urgent: bool = False, profile: Path | None = None
    ) -> None:
        """Start beat, a worker for control, one that sends, and perhaps one for urgent alone."""
        self.worker("control", "control", 1)
        if urgent:
            self.worker("urgent", "urgent", 1)
        self.worker("worker", "urgent,routine", children, profile=profile)
        self._child("beat", ["-m", "broadcaster", "beat"], {})
        self._ready(children + 1 + urgent)

    def web(self) -> None:
        """Start the web server."""
        self._child("web", ["-m", "broadcaster", "web"], {})

    def worker(self, name: str, queues: str, children: int, *, profile: Path | None = None) -> None:
        """Start one worker."""
        words = ["worker", "--queues", queues, "--concurrency", str(children), "--name", name]
        if profile is None:
            self._child(name, ["-m", self._program, *words], {})
        else:
            self._child(
                name, ["-m", "benchmarks._profiled", *words], {"BENCH_PROFILE": str(profile)}
            )

    def kill(self, name: str) -> None:
        """Kill a service and all its children at once, as the kernel does when memory is short."""
        child = self._children.pop(name)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait(30)

    def children(self, name: str) -> list[int]:
        """List the processes that a worker forked."""
        return _memory.children(self._children[name].pid)

    def pids(self) -> dict[str, list[int]]:
        """List processes by what they are."""
        found = {
            name: [child.pid, *_memory.children(child.pid)]
            for name, child in self._children.items()
        }
        home = self.runtime.settings.home
        for server in ("postgres", "valkey"):
            found[server] = _memory.server(home, server)
        return found

    def processor(self) -> dict[str, float]:
        """Give the processor time used so far by each of them, seconds."""
        return {name: _processor.seconds(pids) for name, pids in self.pids().items()}

    def stop(self) -> None:
        """End all services."""
        for child in self._children.values():
            child.terminate()
        for child in self._children.values():
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait(20)
        self._children.clear()

    def _child(self, name: str, words: list[str], more: Mapping[str, str]) -> None:
        log = self.runtime.settings.home / f"{name}.log"
        with log.open("ab") as file:
            self._children[name] = subprocess.Popen(  # noqa: S603  (our own program)
                [sys.executable, *words],
                cwd=_ROOT,
                env={**os.environ, **self._environment, **more},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    def _ready(self, children: int, seconds: float = 60) -> None:
        """Wait until the workers have forked."""
        deadline = time.monotonic() + seconds
        while True:
            forked = sum(
                len(_memory.children(child.pid))
                for name, child in self._children.items()
                if name not in {"beat", "web"}
            )
            gone = [name for name, child in self._children.items() if child.poll() is not None]
            if gone or time.monotonic() > deadline:
                log = (self.runtime.settings.home / f"{(gone or ['worker'])[0]}.log").read_text()
                raise BroadcasterError(f"{gone or 'the workers'} did not start: {log[-1500:]}")
            if forked >= children:
                return
            time.sleep(0.1)


@contextmanager
def world(settings: Mapping[str, str], program: str = "broadcaster") -> Iterator[World]:
    """Give a world with these settings, and take everything of it away at the end.

    `program` is the module that its workers run.
    """
    home = Path(tempfile.mkdtemp(prefix="bcb-"))
    environment = {**_settings(home), **settings}
    former = dict(os.environ)
    # A run that is told to end takes its servers and workers with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for name in [name for name in os.environ if name.startswith("BROADCASTER_")]:
        del os.environ[name]
    os.environ.update(environment)
    try:
        with bootstrap.running(load()) as runtime:
            made = World(runtime, {**environment, **_urls(runtime)}, program)
            try:
                yield made
            finally:
                made.stop()
    finally:
        os.environ.clear()
        os.environ.update(former)
        shutil.rmtree(home, ignore_errors=True)


def _urls(runtime: Runtime) -> dict[str, str]:
    return {
        "BROADCASTER_DATABASE_URL": runtime.database_url,
        "BROADCASTER_REDIS_URL": runtime.redis_url,
    }


def _settings(home: Path) -> dict[str, str]:
    return {
        "BROADCASTER_HOME": str(home),
        "BROADCASTER_LIMITS": wide_limits(),
        "BROADCASTER_CONCURRENCY": str(CHILDREN),
        "BROADCASTER_PUBLIC_URL": "https://advisories.lydec.test",
        "BROADCASTER_SMTP_FROM": "advisories@lydec.test",
        "BROADCASTER_SMTP_FROM_NAME": "Lydec",
        "BROADCASTER_SMTP_BOUNCE_DOMAIN": "bounces.lydec.test",
        "BROADCASTER_TWILIO_ACCOUNT_SID": f"AC{secrets.token_hex(16)}",
        "BROADCASTER_TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        "BROADCASTER_TWILIO_SENDER": "LYDEC",
    }


def wide_limits() -> str:
    """Give limits that hold nothing back: none where that can be said, else very wide ones."""
    for rate in ("unlimited", _WIDE):
        text = ";".join(f"{name}={rate}" for name in _PROVIDERS)
        try:
            with tempfile.TemporaryDirectory() as home:
                load({"BROADCASTER_HOME": home, "BROADCASTER_LIMITS": text})
        except BroadcasterError:
            continue
        return text
    raise AssertionError("no limits are understood")


def mail_settings(port: int, connections: int = 8) -> dict[str, str]:
    """Give the settings that send mail to a sink."""
    return {
        "BROADCASTER_SMTP_HOST": "127.0.0.1",
        "BROADCASTER_SMTP_PORT": str(port),
        "BROADCASTER_SMTP_TLS": "none",
        "BROADCASTER_SMTP_CONNECTIONS": str(connections),
        "BROADCASTER_SMTP_PER_CONNECTION": "100000",
    }


def sms_settings(port: int, client: str = "wire") -> dict[str, str]:
    """Give the settings that send SMS to a sink, by a client: `wire` or `library`."""
    return {
        "BROADCASTER_TWILIO_BASE_URL": f"http://127.0.0.1:{port}",
        "BROADCASTER_TWILIO_CLIENT": client,
        "BROADCASTER_TWILIO_CONCURRENCY": str(AT_ONCE),
    }


def accounted(course: Course, received: list[str]) -> dict[str, int]:
    """Compare a campaign's ledger with what a sink recorded, one for one."""
    return {
        "targeted": sum(course.statuses.values()),
        "accepted": course.sent,
        "received": len(received),
        "told twice": len(received) - len(set(received)),
    }
