"""The tasks; each is a thin shell that reads ids and calls the inside."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import redis
from celery import current_task, shared_task
from kombu.exceptions import OperationalError

from broadcaster.bootstrap import Runtime
from broadcaster.dispatch.sweeper import Due
from broadcaster.domain.message import Lane
from broadcaster.errors import (
    BroadcasterError,
    ConfigurationError,
    ConflictError,
    InvalidInputError,
)
from broadcaster.ports import Step
from broadcaster.ports.auditing import SYSTEM
from broadcaster.tasks.app import CONTROL, ROUTINE, URGENT
from broadcaster.tasks.process import process

_log = logging.getLogger(__name__)

#: The most receipts handled at once, so that nobody waits for long.
_RECEIPTS = 1000
#: The next ticks ask again for what waited longer than this, seconds.
_FRESH = 10


@shared_task(name="broadcaster.tick")
def tick() -> None:
    """Find what is due and send it to be done; everything here is a query on the ledger."""
    runtime = process().runtime
    calendar = runtime.sweeper.calendar
    before = getattr(calendar, "recovered", 0)
    due = runtime.sweeper.sweep(_idle(runtime.redis))
    if recovered := getattr(calendar, "recovered", 0) - before:
        runtime.probe.counted("recovered", recovered)
    with _ticking(something=bool(due.campaigns or due.escalations or due.batches)) as headers:
        _begin(runtime, due, headers)
    if due.receipts:
        apply_receipts.apply_async(queue=CONTROL, expires=_FRESH)
    if runtime.page_codes.waiting():
        send_codes.apply_async(queue=URGENT, expires=_FRESH)
    if due.doubts:
        settle.apply_async(queue=CONTROL, expires=_FRESH)
    _show(runtime)


def _begin(runtime: Runtime, due: Due, headers: Mapping[str, str]) -> None:
    """Put what is due into the queues."""
    sent = 0
    try:
        # Of each lane one is planned at a time, and never both by those who serve the tick.
        for task, found in ((plan, due.campaigns), (escalate, due.escalations)):
            for campaign, lane in found:
                queue = URGENT if lane is Lane.URGENT else CONTROL
                task.apply_async((campaign,), queue=queue, expires=_FRESH, headers=dict(headers))
        for batch, lane in due.batches:
            dispatch.apply_async(
                (batch,),
                queue=lane.value,
                retry=False,
                expires=runtime.sweeper.stale.total_seconds(),
                headers=dict(headers),
            )
            sent += 1
    finally:
        # What the broker did not take is offered again at the next tick, not when it is stale.
        if sent < len(due.batches):
            runtime.sweeper.calendar.unpublish([batch for batch, _ in due.batches[sent:]])


@contextmanager
def _ticking(*, something: bool) -> Iterator[Mapping[str, str]]:
    """Give what messages carry of the trace that they belong to: ids, where anything is traced."""
    traces = process().tracing
    if traces is None or not something:
        yield {}
        return
    with traces.tick():
        yield traces.headers()


@contextmanager
def _carried() -> Iterator[None]:
    """Go on in the trace of the message that this task was woken by."""
    traces = process().tracing
    headers = getattr(getattr(current_task, "request", None), "headers", None)
    if traces is None or not headers:
        yield
        return
    with traces.carried({name: value for name, value in headers.items() if isinstance(value, str)}):
        yield


def _show(runtime: Runtime) -> None:
    """Have published and announced what is due; a fault in that must not stop what is sent."""
    try:
        if runtime.publisher.pending():
            publish.apply_async(queue=CONTROL, expires=_FRESH)
        if runtime.announcements.waiting(runtime.clock.now()):
            # It may wait for networks; nothing else may wait behind it that must not.
            announce.apply_async(queue=ROUTINE, expires=_FRESH)
        if runtime.outbox.waiting(runtime.clock.now()):
            tell.apply_async(queue=ROUTINE, expires=_FRESH)
    except (BroadcasterError, OSError) as error:
        _log.warning("could not look", extra=_fault("publish_failed", error))


def _fault(action: str, error: Exception) -> dict[str, str]:
    return {"action": action, "fault": type(error).__name__}


def _idle(broker: redis.Redis) -> frozenset[Lane]:
    """List the lanes in whose queues no message waits; none when that can't be said."""
    with suppress(redis.RedisError):
        return frozenset(lane for lane in Lane if not broker.exists(lane.value))
    return frozenset()


@shared_task(name="broadcaster.plan")
def plan(campaign: int) -> None:
    """Turn a due campaign into deliveries and batches; planning twice changes nothing."""
    runtime = process().runtime
    try:
        with _carried(), runtime.probe.step(Step.PLAN, campaign=campaign):
            runtime.planner.plan(campaign, runtime.clock.now())
    except ConflictError:
        # Paused or cancelled while it was planned, or planned by another: their word counts.
        _log.info("plan undone", extra={"action": "plan_undone", "campaign": campaign})
    except (InvalidInputError, ConfigurationError) as error:
        runtime.campaigns.hold(campaign, str(error))
    else:
        # Its batches need not wait for the clock; when they have to, it finds them.
        with suppress(OperationalError):
            tick.apply_async(queue=CONTROL, retry=False, expires=_FRESH)


@shared_task(name="broadcaster.escalate")
def escalate(campaign: int) -> None:
    """Turn to the next channel for those who confirmed nothing; twice changes nothing."""
    runtime = process().runtime
    with suppress(ConflictError):
        runtime.escalator.escalate(campaign, runtime.clock.now())


@shared_task(name="broadcaster.dispatch")
def dispatch(batch: int) -> None:
    """Work on a batch for a while."""
    with _carried():
        process().run(process().runtime.dispatcher.dispatch(batch))


@shared_task(name="broadcaster.apply_receipts")
def apply_receipts() -> None:
    """Apply the receipts that were stored."""
    runtime = process().runtime
    while runtime.ledger.apply_receipts(runtime.clock.now(), _RECEIPTS) == _RECEIPTS:
        # The rest waits in the ledger; a worker that is to end has ten seconds for that.
        if runtime.stopping():
            break
    seen = runtime.ledger.effects
    for effect in list(seen):
        runtime.probe.counted(f"receipt:{effect}", seen.pop(effect))


@shared_task(name="broadcaster.retain")
def retain() -> None:
    """Let go of what has been kept for long enough, one after the other."""
    runtime = process().runtime
    # Whoever planned may have ended before it was counted for how many a rule was passed.
    runtime.planner.count_passed()
    runtime.chronicle.forget(runtime.clock.now())
    for done in runtime.retention.apply(SYSTEM, runtime.clock.now()):
        extra = {"action": "retain", "rows": done.rows, "missing": done.missing is not None}
        _log.info("kept for long enough", extra=extra)
        # The rest comes with the next hour; a worker that is to end has ten seconds.
        if runtime.stopping():
            break
    runtime.page_codes.tidy(runtime.clock.now())


@shared_task(name="broadcaster.send_codes")
def send_codes() -> None:
    """Send the codes that customers asked for on their page."""
    process().run(process().runtime.code_sender.send())


@shared_task(name="broadcaster.publish")
def publish() -> None:
    """Publish what is due, and bring the public folder into step; once at a time."""
    try:
        process().runtime.publisher.publish(wait=False)
    except (BroadcasterError, OSError) as error:
        # The next tick asks again.
        _log.warning("could not publish", extra=_fault("publish_failed", error))


@shared_task(name="broadcaster.announce")
def announce() -> None:
    """Announce what was published on the public channels that are set up."""
    process().runtime.announcer.announce()


@shared_task(name="broadcaster.look")
def look() -> None:
    """See how campaigns and limits get on, for endpoints that want to know; let go of what is old.

    Endpoints are told by `tell`.
    """
    runtime = process().runtime
    now = runtime.clock.now()
    runtime.outbox.forget(now)
    runtime.answers.forget(now)
    runtime.looking.look()


@shared_task(name="broadcaster.tell")
def tell() -> None:
    """Tell endpoints what they wait for."""
    process().runtime.deliverer.deliver()


@shared_task(name="broadcaster.settle")
def settle() -> None:
    """Ask providers about what is in doubt, and about what was accepted and never reported."""
    process().run(process().runtime.doubt.settle())
