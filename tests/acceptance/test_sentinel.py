"""A primary that dies while Sentinels watch it: limits and queues go on with the next one."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import kombu
import pytest
import redis

from broadcaster.bootstrap.redis_places import broker, client, sentinels
from broadcaster.domain.message import Lane
from broadcaster.embedded.account import Account
from broadcaster.embedded.programs import VALKEY, runnable
from broadcaster.errors import ConfigurationError
from broadcaster.ports import Want
from broadcaster.throttle.store import RedisThrottle
from tests.servers import free_ports

_PATIENCE = 40.0


@contextmanager
def _server(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    folder.mkdir()
    account = Account(uid=os.geteuid(), gid=os.getegid(), lent=False)
    program = str(runnable(VALKEY, account))
    with subprocess.Popen(  # noqa: S603  (a server of our own)
        [program, *arguments], cwd=folder, stdout=subprocess.DEVNULL
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def _until(check: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        with suppress(redis.RedisError):
            if check():
                return
        assert time.monotonic() < end
        time.sleep(0.05)


def test_limits_and_queues_go_on_with_the_next_primary(tmp_path: Path) -> None:
    """Closed while nobody is primary; after the change they grant, and queues take messages."""
    first, second, sentinel = free_ports(3)
    plain = ("--save", "", "--bind", "127.0.0.1")
    watch = tmp_path / "sentinel.conf"
    watch.write_text(
        f"port {sentinel}\nbind 127.0.0.1\nsentinel monitor ours 127.0.0.1 {first} 1\n"
        "sentinel down-after-milliseconds ours 300\nsentinel failover-timeout ours 2000\n"
    )
    url = f"sentinel://127.0.0.1:{sentinel}/ours/0"
    with ExitStack() as stack:
        primary = stack.enter_context(_server(tmp_path / "a", "--port", str(first), *plain))
        replica = ("--replicaof", f"127.0.0.1 {first}", "--repl-diskless-sync-delay", "0")
        arguments = ("--port", str(second), *plain, *replica)
        stack.enter_context(_server(tmp_path / "b", *arguments))
        asked = redis.Redis(port=first)
        _until(lambda: asked.info("replication")["connected_slaves"] == 1)
        stack.enter_context(_server(tmp_path / "c", str(watch), "--sentinel"))
        known: Any = redis.Redis(port=sentinel)
        _until(lambda: len(known.execute_command("SENTINEL REPLICAS ours")) == 1)
        store = client(url, socket_timeout=1, socket_connect_timeout=1)
        throttle = RedisThrottle(store, {"smtp": 100.0})
        wants = [Want(("smtp",), 1)]
        _until(lambda: bool(throttle.take(wants, Lane.ROUTINE).granted))
        primary.kill()
        assert not throttle.take(wants, Lane.ROUTINE).granted
        _until(lambda: bool(throttle.take(wants, Lane.ROUTINE).granted))
        assert known.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME ours")[1] == b"%d" % second
        place, transport = broker(url)
        with kombu.Connection(place, transport_options=dict(transport)) as queues:
            queue = queues.SimpleQueue("control")
            queue.put("7")
            assert queue.get(timeout=5).payload == "7"
            queue.close()
        for one in (asked, known, store):
            one.close()


def test_addresses_are_read_as_both_clients_need_them() -> None:
    """Names and passwords are the server's; what can't be read is refused in one line."""
    found = sentinels("sentinel://app:p%40ss@one,two:26380,[::1]:26381/ours/2")
    assert found is not None
    assert found.nodes == (("one", 26379), ("two", 26380), ("::1", 26381))
    assert (found.username, found.password, found.database) == ("app", "p@ss", 2)
    assert "p@ss" not in repr(found)
    place, transport = broker("sentinel://app:p%40ss@one,two:26380/ours/2")
    assert place == "sentinel://app:p%40ss@one:26379/2;sentinel://app:p%40ss@two:26380/2"
    assert transport == {"master_name": "ours"}
    assert broker("unix:///x/y.sock?db=3") == ("redis+socket:///x/y.sock?virtual_host=3", {})
    assert broker("rediss://h/0")[0] == "rediss://h/0?ssl_cert_reqs=required"
    assert broker("rediss://h/0?ssl_cert_reqs=none")[0] == "rediss://h/0?ssl_cert_reqs=none"
    for wrong in (
        "sentinel://one",
        "sentinel:///ours",
        "sentinel://one:x/ours",
        "sentinel://a/b/c",
    ):
        with pytest.raises(ConfigurationError, match="BROADCASTER_REDIS_URL"):
            sentinels(wrong)
