"""The embedded servers of a home folder, used together by whoever needs them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from broadcaster.embedded.postgres import EmbeddedPostgres
from broadcaster.embedded.server import Server
from broadcaster.embedded.valkey import EmbeddedValkey


@dataclass(frozen=True, kw_only=True, slots=True)
class Urls:
    """Where the servers are; empty for one that was not asked for."""

    database: str = ""
    redis: str = ""
    #: The same server as `redis`, as kombu names it.
    broker: str = ""


@contextmanager
def embedded(
    home: Path, *, postgres: bool = True, valkey: bool = True, durable: bool = True
) -> Iterator[Urls]:
    """Use the servers asked for, started where they don't run.

    Several may use them at once, also from different processes; the last one who leaves stops what
    one of them started. What was left by a process that was killed is taken over.
    """
    database = redis = broker = ""
    with ExitStack() as stack:
        if postgres:
            database = stack.enter_context(EmbeddedPostgres(home, durable=durable).used())
        if valkey:
            server = EmbeddedValkey(home)
            redis = stack.enter_context(server.used())
            broker = server.broker_url
        yield Urls(database=database, redis=redis, broker=broker)


def all_servers(home: Path) -> list[Server]:
    """List the servers that a home folder may have, whether they run or not."""
    return [EmbeddedPostgres(home), EmbeddedValkey(home)]
