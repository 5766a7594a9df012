"""The services that `up` and `demo` run on one machine."""

import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import replace

from rich.console import Console

from broadcaster.bootstrap import Runtime
from broadcaster.embedded.supervisor import Service, Supervisor


def services(runtime: Runtime, *, sandbox: bool = False) -> list[Service]:
    """List the services in the order in which they start.

    One worker is kept for what must never wait: the tick, planning, receipts and settling; another
    for urgent batches.
    """
    settings = runtime.settings
    # On one machine each process that answers Prometheus needs a port of its own.
    metrics = iter(range(settings.watching.metrics_port, 2**16))
    web = (settings.web_host, settings.web_port)
    count = str(settings.concurrency)
    listed = [
        _service(runtime, "web", ["web"], port=web, setting="BROADCASTER_WEB_PORT"),
        _service(
            runtime,
            "control",
            ["worker", "--queues", "control", "--concurrency", "2", "--name", "control"],
        ),
        _service(
            runtime,
            "urgent",
            ["worker", "--queues", "urgent", "--concurrency", "1", "--name", "urgent"],
        ),
        _service(
            runtime,
            "worker",
            ["worker", "--queues", "urgent,routine", "--concurrency", count, "--name", "worker"],
        ),
        _service(runtime, "beat", ["beat"]),
    ]
    if settings.watching.metrics_port:
        listed = [
            replace(
                one,
                environment={**one.environment, "BROADCASTER_METRICS_PORT": str(next(metrics))},
            )
            for one in listed
        ]
    if sandbox:
        port = ("127.0.0.1", settings.sandbox.push_port)
        listed.insert(
            0,
            _service(
                runtime, "sandbox", ["sandbox"], port=port, setting="BROADCASTER_SANDBOX_PUSH_PORT"
            ),
        )
    return listed


def _service(
    runtime: Runtime,
    name: str,
    arguments: list[str],
    port: tuple[str, int] | None = None,
    setting: str = "",
) -> Service:
    environment: Mapping[str, str] = {
        "BROADCASTER_HOME": str(runtime.settings.home),
        "BROADCASTER_DATABASE_URL": runtime.database_url,
        "BROADCASTER_REDIS_URL": runtime.redis_url,
    }
    return Service(
        name=name,
        argv=[sys.executable, "-m", "broadcaster", *arguments],
        environment=environment,
        ready=None if port is None else lambda: listens(*port),
        place=f"{port[0]}:{port[1]} ({setting})" if port else "",
    )


def listens(host: str, port: int) -> bool:
    """Tell whether somebody answers at a port."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def stay(supervisor: Supervisor, console: Console) -> None:
    """Look after running services until Ctrl+C."""
    try:
        while True:
            supervisor.watch()
            time.sleep(1)
    except KeyboardInterrupt:
        console.print("Stopping …")
