"""What most systems do: one Celery task for each recipient, which connects each time.

Its own small Celery application on the same broker, with the same texts. It keeps no ledger and
reads no database: what a task needs comes with it, which is in its favour.
"""

import os
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from celery import Celery
from twilio.rest import Client  # type: ignore[import-untyped]

from benchmarks import _memory, _texts

_QUEUE = "each"

app = Celery("each", broker=os.environ.get("BENCH_BROKER", "memory://"))
app.conf.update(
    task_default_queue=_QUEUE,
    task_ignore_result=True,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)


@cache
def _held() -> _texts.Texts:
    return _texts.read(Path(os.environ["BENCH_TEMPLATES"]))


@app.task(name="each.mail")
def mail(index: int, port: int) -> None:
    """Send one mail."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="bench.test") as relay:
        relay.send_message(_held().mail(index))


@app.task(name="each.sms")
def sms(index: int, port: int) -> None:
    """Send one SMS, as the provider's documentation shows it."""
    client: Any = Client("AC" + "0" * 32, "token")
    client.api.base_url = f"http://127.0.0.1:{port}"
    client.messages.create(to=_texts.number(index), from_="LYDEC", body=_held().sms(index))


def enqueue(channel: str, port: int, count: int) -> None:
    """Put a task for each recipient into the queue."""
    task = mail if channel == "email" else sms
    with app.producer_pool.acquire(block=True) as producer:
        for index in range(1, count + 1):
            task.apply_async((index, port), producer=producer)


@dataclass(frozen=True, slots=True)
class Workers:
    """The workers that run."""

    pid: int

    def pids(self) -> list[int]:
        """List their processes."""
        return [self.pid, *_memory.children(self.pid)]


@contextmanager
def workers(broker: str, templates: Path, children: int) -> Iterator[Workers]:
    """Run the workers of this application."""
    app.conf.update(broker_url=broker)
    words = ["-A", "benchmarks._each", "worker", "-Q", _QUEUE, "-c", str(children), "-n", "each@%h"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=ERROR"]
    with subprocess.Popen(  # noqa: S603  (our own program)
        [sys.executable, "-m", "celery", *words, *quiet],
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "BENCH_BROKER": broker, "BENCH_TEMPLATES": str(templates)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as child:
        try:
            yield Workers(child.pid)
        finally:
            child.terminate()
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
