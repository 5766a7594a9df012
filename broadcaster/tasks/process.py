"""What one worker process keeps: its runtime and its event loop, made after the fork."""

import asyncio
import ctypes
import gc
import os
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from billiard.process import current_process
from celery import Celery
from celery.signals import setup_logging, worker_init, worker_process_init, worker_process_shutdown
from celery.utils.nodenames import host_format

from broadcaster import bootstrap
from broadcaster.bootstrap import logs, telemetry
from broadcaster.errors import BroadcasterError
from broadcaster.settings import load
from broadcaster.tasks.app import CONTROL, make
from broadcaster.tasks.stopping import stopping

if TYPE_CHECKING:
    from broadcaster.render.renderer import TemplateRenderer
    from broadcaster.telemetry.exposition import Listener
    from broadcaster.telemetry.shared import SharedFigures
    from broadcaster.telemetry.tracing import Tracing

_Result = TypeVar("_Result")


@lru_cache(maxsize=1)
def application() -> Celery:
    """Make the Celery application from the settings; the servers must be running."""
    settings = load()
    runtime = bootstrap.attached(settings)
    url, transport = bootstrap.broker(runtime.redis_url)
    app = make(url, settings.concurrency, transport)
    app.set_default()
    return app


@lru_cache(maxsize=1)
def texts() -> "TemplateRenderer":
    """Read templates and catalogues; once before the fork, for a child to take over."""
    return bootstrap.renderer(load())


@lru_cache(maxsize=1)
def figures() -> "SharedFigures | None":
    """Make room for what is counted; once before the fork, for all children to share."""
    return telemetry.work_figures(load())


@lru_cache(maxsize=1)
def listener() -> "Listener | None":
    """Tell what is counted, from the process that the others are forked from."""
    shared = figures()
    return telemetry.listen(load(), "worker", [shared.read] if shared else [])


class Process:
    """The runtime of this process, and one event loop that lives as long as it does.

    Connections to providers belong to the loop, so they are kept from one task to the next.
    """

    @cached_property
    def runtime(self) -> bootstrap.Runtime:
        """The adapters of this process."""
        runtime = bootstrap.attached(load())
        runtime.stopping = stopping.is_set
        # What is wrong with the texts is said by who needs them.
        with suppress(BroadcasterError):
            runtime.use(texts())
        runtime.probe = telemetry.work_probe(runtime, figures(), self.tracing)
        return runtime

    @cached_property
    def tracing(self) -> "Tracing | None":
        """What traces, where it is set up."""
        traces = telemetry.tracing(load(), "worker")
        if traces is not None:
            logs.tell_trace(traces.current)
        return traces

    @cached_property
    def _runner(self) -> asyncio.Runner:
        return asyncio.Runner()

    @property
    def _controls(self) -> bool:
        """Whether it is of the worker that plans and settles."""
        return CONTROL in application().amqp.queues.consume_from

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Run work on the loop."""
        return self._runner.run(work)

    def warm(self) -> None:
        """Be ready for the first task.

        Messages are many, short-lived and in no circles: the collector need not look often.
        """
        self.load()
        settle()
        gc.set_threshold(20_000, 50, 50)
        if not self._controls:
            let_others_finish()

    def load(self) -> None:
        """Make what the first batch would have to wait for; what fails now is said then."""
        with suppress(BroadcasterError):
            self.runtime.dispatcher.ledger.campaign(0)
        if self._controls:
            # Who settles loads all networks' libraries: not while a tick waits behind it.
            with suppress(BroadcasterError):
                self.runtime.doubt  # noqa: B018  (made when it is first named)

    def close(self) -> None:
        """Close connections in good order."""
        if "runtime" in self.__dict__:
            self.run(self.runtime.aclose())
            self.runtime.close()
        if self.__dict__.get("tracing") is not None:
            logs.forget_trace()
            self.__dict__["tracing"].close()
        if "_runner" in self.__dict__:
            self._runner.close()


def settle() -> None:
    """Take what is there now as there for good.

    The collector need not look through it again and again. And what loading used for a while goes
    back to the system, where the C library can do that (malloc_trim(3) of glibc): it keeps some MiB
    otherwise.
    """
    gc.collect()
    gc.freeze()
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def let_others_finish() -> None:
    """Have the system not interrupt others for this process as soon as it has something to do.

    Who sends wakes at each answer of a network or of the ledger. A process that does so by the
    usual rule takes the processor from whom it has just asked something, amid the work, and finds
    the next answers one by one; as batch work (sched(7), SCHED_BATCH) it waits for its turn, has
    the same share of the processor, and finds many. Where the system has no such rule, or forbids
    to choose it, nothing changes.
    """
    with suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


@lru_cache(maxsize=1)
def process() -> Process:
    """Give what this process keeps; first called in a task, hence after the fork."""
    return Process()


@worker_init.connect
def _freeze(**_: object) -> None:
    # Children share what their parent has loaded, as long as the collector does not touch it; one
    # that takes another's place begins sooner.
    bootstrap.preload()
    with suppress(BroadcasterError):
        texts()
    listener()
    settle()


@worker_process_init.connect
def _warm(**_: object) -> None:
    shared, told = figures(), listener()
    if shared is not None:
        shared.sit(getattr(current_process(), "index", 0))
    if told is not None:
        told.forget()
    process().warm()


@worker_process_shutdown.connect
def _close(**_: object) -> None:
    process().close()


@setup_logging.connect
def _log(**_: object) -> None:
    logs.set_up(form=load().watching.log_format)


def work(name: str, queues: Sequence[str], concurrency: int) -> None:
    """Run a worker of this machine until it is told to stop, with so many children.

    Not by Celery's own command line: loading that takes a third of a worker's start.
    """
    application().Worker(
        hostname=host_format(f"{name}@%h"),
        queues=list(queues),
        concurrency=concurrency,
        loglevel="INFO",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    ).start()
