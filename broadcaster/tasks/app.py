"""The Celery application.

Celery only wakes workers up. What is due, what is held and what was lost is a query on the
ledger, so a message that is lost, doubled or late changes nothing but the moment of the work.
Hence messages are acknowledged as they are received, carry no countdown and expect no result.
"""

from collections.abc import Mapping
from types import MappingProxyType

from celery import Celery
from kombu import Queue

from broadcaster.tasks import broker

#: What must never wait behind a long batch: the tick, planning, receipts, settling.
CONTROL = "control"
URGENT = "urgent"
ROUTINE = "routine"

#: How often the tick looks for what is due, seconds.
TICK = 0.5

#: How often it is looked whether something has been kept for long enough, seconds. A clock that is
#: started anew each day would never come to a whole one.
RETAIN = 3600

#: How long a worker's child may take to be ready, seconds: longer than it waits for PostgreSQL.
CHILD_READY = 60

#: How often it is looked what endpoints of webhooks may want to know, seconds.
LOOK = 5


def make(
    broker_url: str, concurrency: int, transport: Mapping[str, str] = MappingProxyType({})
) -> Celery:
    """Make the application for a broker of the Redis protocol.

    `transport` is what its transport is told beside.
    """
    broker.mend()
    app = Celery("broadcaster", broker=broker_url, include=["broadcaster.tasks.jobs"])
    app.conf.update(
        task_queues=[Queue(CONTROL), Queue(URGENT), Queue(ROUTINE)],
        task_default_queue=CONTROL,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_acks_late=False,
        task_store_errors_even_if_ignored=False,
        worker_prefetch_multiplier=1,
        worker_concurrency=concurrency,
        # On a busy machine, or while PostgreSQL does not answer, a child is not ready within the
        # usual four seconds. Killed for that again and again, none would ever be there.
        worker_proc_alive_timeout=CHILD_READY,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            **transport,
            # Queues are looked at in the order in which the worker names them.
            "queue_order_strategy": "priority",
            "socket_timeout": 5,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
        beat_scheduler="celery.beat:Scheduler",
        beat_max_loop_interval=TICK,
        beat_schedule={
            "tick": {
                "task": "broadcaster.tick",
                "schedule": TICK,
                # A tick that waited longer than this is made up for by a newer one.
                "options": {"queue": CONTROL, "expires": 20 * TICK},
            },
            "look": {
                "task": "broadcaster.look",
                "schedule": LOOK,
                "options": {"queue": ROUTINE, "expires": 4 * LOOK},
            },
            "retain": {
                "task": "broadcaster.retain",
                "schedule": RETAIN,
                # Not with what must never wait.
                "options": {"queue": ROUTINE, "expires": RETAIN},
            },
        },
        timezone="UTC",
    )
    return app
