"""The course of the demo: set the scene, send, watch, compare, report."""

import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from broadcaster import bootstrap
from broadcaster.bootstrap import Runtime, people
from broadcaster.bootstrap.drafting import Form, draft
from broadcaster.cli.demo import records, scene
from broadcaster.cli.live import Line, follow, terminal
from broadcaster.cli.services import services, stay
from broadcaster.cli.tables import show_report
from broadcaster.domain.access import Role
from broadcaster.domain.campaign import CampaignStatus
from broadcaster.embedded.supervisor import Supervisor
from broadcaster.errors import BroadcasterError, ConflictError, InvalidInputError
from broadcaster.settings import load

_NAME = "founding notice"
_SEGMENT = "everybody"
_AUTHOR = "author of the demo"
_WATCHER = "duty officer of the demo"
#: How long the counts must stand still, once nothing is left to send, before the story is over.
_QUIET = 6.0
#: The longest wait for receipts after the last message left.
_PATIENCE = 90.0


#: What is told at the end: the page went down with the services.
_WHAT_NOW = (
    "To look around in the console, with these customers: make demo ARGS=--keep. To compose "
    "something of your own: make dev, which prints a link to sign in by."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What was asked for on the command line."""

    customers: int
    seed: int
    trouble: float
    json: Path | None
    dump: Path | None
    keep: bool
    fresh: bool


def run(wishes: Wishes) -> None:
    """Run the demo; BroadcasterError with one clear line when something is in the way."""
    _require_writable(wishes)
    home = Path(os.environ.get("BROADCASTER_HOME") or ".broadcaster").absolute() / "demo"
    console = terminal()
    scene.enter(home, scene.Trouble(seed=wishes.seed, share=wishes.trouble))
    settings = load()
    with bootstrap.servers(settings) as runtime:
        supervisor = Supervisor(home, services(runtime, sandbox=True))
        with supervisor:
            campaign = _resumed(runtime, wishes, console) or _begun(runtime, wishes, console)
            console.print("Starting the simulated networks, the web page, the workers and beat …")
            started = time.monotonic()
            supervisor.start()
            _show_way(runtime, campaign, console, "The campaign's page, by a link that works once:")
            _watch(runtime, supervisor, campaign)
            _tell(runtime, campaign, wishes, console, time.monotonic() - started)
            if wishes.keep:
                _stay(runtime, supervisor, campaign, console)
            else:
                console.print(_WHAT_NOW, highlight=False, soft_wrap=True)


def _require_writable(wishes: Wishes) -> None:
    """Find out before the work, not after it, that its result can't be kept."""
    for option, path in (("--json", wishes.json), ("--dump", wishes.dump)):
        if path is None:
            continue
        folder = path if option == "--dump" else path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / f".probe.{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            remedy = "Name a place that can be written."
            raise InvalidInputError(option, f"{path}: {error.strerror}", remedy) from error


def _resumed(runtime: Runtime, wishes: Wishes, console: Console) -> int | None:
    """Find an interrupted run of the same customers and seed."""
    from broadcaster.ledger import schema  # noqa: PLC0415  (bootstrap's way: load what is used)

    if wishes.fresh or schema.current(runtime.database_url) != schema.head():
        return None
    marker = scene.unfinished(runtime.settings.home)
    if marker is None or (marker.customers, marker.seed) != (wishes.customers, wishes.seed):
        return None
    console.print(f"Going on with the run that was interrupted (campaign {marker.campaign}).")
    if runtime.campaigns.get(str(marker.campaign)).status is CampaignStatus.APPROVED:
        runtime.campaigns.launch(marker.campaign, _AUTHOR, runtime.clock.now())
    return marker.campaign


def _begun(runtime: Runtime, wishes: Wishes, console: Console) -> int:
    """Empty the demo's own database and networks, and make customers and a campaign."""
    home = runtime.settings.home
    scene.unmark(home)
    _empty(runtime)
    shutil.rmtree(home / "sandbox", ignore_errors=True)
    bootstrap.sandbox_account(runtime.settings)
    console.print(f"Making {wishes.customers:,} fictional customers of Casablanca …")
    runtime.customers.save(people.maker(runtime.settings, wishes.seed).make(wishes.customers))
    runtime.segments.save(_SEGMENT, "all")
    form = Form(
        name=_NAME,
        kind="remote_services",
        segment=_SEGMENT,
        channels="sms,email,push",
        lane="routine",
        drill=True,
        by=_AUTHOR,
    )
    campaign = draft(runtime, form)
    found = runtime.campaigns.get(str(campaign))
    advisory = runtime.ledger.advisory(found.advisory_id)
    pinned = runtime.hash(found, advisory)
    now = runtime.clock.now()
    runtime.campaigns.approve(campaign, pinned, "approver of the demo", now)
    scene.mark(home, scene.Unfinished(wishes.customers, wishes.seed, campaign))
    runtime.campaigns.launch(campaign, _AUTHOR, runtime.clock.now())
    return campaign


def _empty(runtime: Runtime) -> None:
    from broadcaster.ledger import schema  # noqa: PLC0415  (bootstrap's way: load what is used)

    if runtime.settings.embedded_database:
        schema.recreate(runtime.database_url)
    bootstrap.upgrade(runtime)
    if runtime.customers.count():
        message = (
            "BROADCASTER_DATABASE_URL: names a database that has customers, and the demo wants an "
            "empty one. Name another, or leave it out."
        )
        raise ConflictError(message)
    if runtime.settings.embedded_redis:
        runtime.redis.flushall()


def _watch(runtime: Runtime, supervisor: Supervisor, campaign: int) -> None:
    """Show the campaign until nothing is left to send and the receipts have come."""
    still = _Stillness()

    def done(status: CampaignStatus, rows: list[Line]) -> bool:
        if status is CampaignStatus.PAUSED:
            why = runtime.campaigns.hold_reason(campaign)
            message = f"The campaign was put on hold: {why or 'paused by an operator'}."
            raise BroadcasterError(message)
        over = status in (CampaignStatus.COMPLETED, CampaignStatus.CANCELLED)
        return over and still.long_enough(rows)

    def look_after() -> None:
        supervisor.watch()
        for name, log in supervisor.failing():
            message = f"The service {name} ends again and again. Its log tells why: {log}."
            raise BroadcasterError(message)

    follow(runtime, campaign, done=done, beat=look_after)


def _show_way(runtime: Runtime, campaign: int, console: Console, words: str) -> None:
    """Print an address by which whoever runs the demo enters as somebody who may do everything."""
    roles = (Role.ADMINISTRATOR, Role.DUTY_OFFICER)
    link = runtime.entry(_WATCHER, "broadcaster", roles, f"/campaigns/{campaign}")
    console.print(f"{words}\n{link}", highlight=False, soft_wrap=True)


class _Stillness:
    """Tells when the counts have stood still for long enough, or everything has its end."""

    def __init__(self) -> None:
        self._seen: list[Line] = []
        self._since = self._ended = time.monotonic()
        self._begun = False

    def long_enough(self, rows: list[Line]) -> bool:
        now = time.monotonic()
        if not self._begun:
            self._begun, self._ended = True, now
        if rows != self._seen:
            self._seen, self._since = rows, now
        if not any(row.accepted or row.doubt for row in rows):
            return True
        return now - self._since > _QUIET or now - self._ended > _PATIENCE


def _tell(
    runtime: Runtime, campaign: int, wishes: Wishes, console: Console, seconds: float
) -> None:
    """Report, compare with what the networks received, and write what was asked for."""
    folder = runtime.settings.home / "sandbox"
    report = bootstrap.report(runtime, campaign)
    show_report(report)
    comparison = records.compare(runtime.reports.handed_over(campaign), folder)
    console.print(comparison.sentence())
    if wishes.dump is not None:
        records.copy(folder, wishes.dump)
    if wishes.json is not None:
        figures = {**bootstrap.summary(runtime, campaign), "elapsed": round(seconds, 1)}
        wishes.json.write_text(
            json.dumps(figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )
    scene.unmark(runtime.settings.home)
    if not comparison.agrees:
        message = "The ledger and the networks disagree; see the lines above."
        raise BroadcasterError(message)


def _stay(runtime: Runtime, supervisor: Supervisor, campaign: int, console: Console) -> None:
    home = runtime.settings.home
    _show_way(runtime, campaign, console, "Everything stays up. The page, by a link for once:")
    console.print(
        f"In another terminal: BROADCASTER_HOME={home} broadcaster campaigns status {campaign}\n"
        "Ctrl+C ends it."
    )
    stay(supervisor, console)
