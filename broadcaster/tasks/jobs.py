"""The tasks; each is a thin shell that reads ids and calls the inside."""

from celery import shared_task

from broadcaster.tasks.app import CONTROL
from broadcaster.tasks.process import process

#: The most receipts handled by one task, so that others get their turn.
_RECEIPTS = 2000


@shared_task(name="broadcaster.tick")
def tick() -> None:
    """Find what is due and send it to be done; everything here is a query on the ledger."""
    runtime = process().runtime
    due = runtime.sweeper.sweep()
    for campaign in due.campaigns:
        plan.apply_async((campaign,), queue=CONTROL)
    for batch, lane in due.batches:
        dispatch.apply_async((batch,), queue=lane.value)
    if due.receipts:
        apply_receipts.apply_async(queue=CONTROL)
    if due.doubts:
        settle.apply_async(queue=CONTROL)


@shared_task(name="broadcaster.plan")
def plan(campaign: int) -> None:
    """Turn a due campaign into deliveries and batches; planning twice changes nothing."""
    runtime = process().runtime
    runtime.planner.plan(campaign, runtime.clock.now())


@shared_task(name="broadcaster.dispatch")
def dispatch(batch: int) -> None:
    """Work on a batch for a while."""
    process().run(process().runtime.dispatcher.dispatch(batch))


@shared_task(name="broadcaster.apply_receipts")
def apply_receipts() -> None:
    """Apply the receipts that were stored."""
    runtime = process().runtime
    while runtime.ledger.apply_receipts(runtime.clock.now(), _RECEIPTS) == _RECEIPTS:
        pass


@shared_task(name="broadcaster.settle")
def settle() -> None:
    """Ask providers about what is in doubt, and about what was accepted and never reported."""
    process().run(process().runtime.doubt.settle())
