"""Waking tasks up from outside a worker; best effort, for the tick finds what was not woken."""

import logging

from celery import Task
from kombu.exceptions import OperationalError

from broadcaster.tasks.app import CONTROL
from broadcaster.tasks.jobs import apply_receipts, tick
from broadcaster.tasks.process import application

_log = logging.getLogger(__name__)


def receipts() -> None:
    """Have stored receipts applied soon."""
    _wake(apply_receipts)


def campaigns() -> None:
    """Have what is due looked for now, rather than at the clock's next tick."""
    _wake(tick)


def _wake(task: Task[[], None]) -> None:
    application()
    try:
        task.apply_async(queue=CONTROL, retry=False, expires=10)
    except OperationalError:
        _log.warning("could not wake a worker", extra={"action": "wake_failed"})
