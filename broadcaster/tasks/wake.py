"""Waking tasks up from outside a worker; best effort, for the tick finds what was not woken."""

import logging

from kombu.exceptions import OperationalError

from broadcaster.tasks.app import CONTROL, URGENT
from broadcaster.tasks.jobs import apply_receipts, send_codes
from broadcaster.tasks.process import application

_log = logging.getLogger(__name__)


def receipts() -> None:
    """Have stored receipts applied soon."""
    application()
    try:
        apply_receipts.apply_async(queue=CONTROL, retry=False, expires=10)
    except OperationalError:
        _log.warning("could not wake a worker", extra={"action": "wake_failed"})


def codes() -> None:
    """Have codes that wait sent soon."""
    application()
    try:
        send_codes.apply_async(queue=URGENT, retry=False, expires=10)
    except OperationalError:
        _log.warning("could not wake a worker", extra={"action": "wake_failed"})
