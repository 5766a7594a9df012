"""Where the server of the Redis protocol is, as its client and as Celery's want it said.

`redis://`, `rediss://` (TLS) and `unix://` name a server; `sentinel://` names those that know which
one is the primary at the moment: `sentinel://name:password@one:26379,two:26379/primary/0`, where
name and password are the server's own.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from broadcaster.errors import ConfigurationError

if TYPE_CHECKING:
    import redis

_SENTINEL = "sentinel://"
_PORT = 26379
_MOST_PORT = 65535
#: How many sentinels may be named.
_MOST = 15


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentinels:
    """Those who know the primary, what it is called among them, and who we are to it."""

    nodes: tuple[tuple[str, int], ...]
    primary: str
    database: int
    username: str = field(repr=False)
    password: str = field(repr=False)


def sentinels(url: str) -> Sentinels | None:
    """Read a URL of sentinels; None when it is another's; ConfigurationError."""
    if not url.startswith(_SENTINEL):
        return None
    who, _, where = url.removeprefix(_SENTINEL).rpartition("@")
    places, _, rest = where.partition("/")
    primary, _, number = rest.partition("/")
    username, _, password = who.partition(":")
    nodes: tuple[tuple[str, int], ...] = ()
    with suppress(ValueError):
        nodes = tuple(_node(place) for place in places.split(",") if place)
    if not nodes or len(nodes) > _MOST or not primary or not (number or "0").isdecimal():
        message = (
            "BROADCASTER_REDIS_URL: cannot be read. "
            "Write sentinel://host:26379,other:26379/<name of the primary>/0."
        )
        raise ConfigurationError(message)
    return Sentinels(
        nodes=nodes,
        primary=unquote(primary),
        database=int(number or "0"),
        username=unquote(username),
        password=unquote(password),
    )


def _node(place: str) -> tuple[str, int]:
    host, colon, port = place.rpartition(":")
    if not colon or place.endswith("]"):
        host, port = place, str(_PORT)
    if not host or not 0 < int(port) <= _MOST_PORT:
        raise ValueError
    return host.strip("[]"), int(port)


def client(url: str, **options: Any) -> "redis.Redis":  # noqa: ANN401  (options of the library)
    """Open a client; with sentinels it asks them for the primary whenever it connects."""
    import redis  # noqa: PLC0415  (loaded where it is used)

    found = sentinels(url)
    if found is None:
        try:
            return redis.Redis.from_url(url, **options)
        except ValueError as error:
            message = "BROADCASTER_REDIS_URL: cannot be read. Write redis://host:6379/0."
            raise ConfigurationError(message) from error
    from redis.sentinel import Sentinel  # noqa: PLC0415  (as above)

    waits = {name: options[name] for name in options if name.startswith("socket_")}
    known: Any = Sentinel  # (the library has no types here)
    primary: redis.Redis = known(list(found.nodes), sentinel_kwargs=waits).master_for(
        found.primary,
        db=found.database,
        username=found.username or None,
        password=found.password or None,
        **options,
    )
    return primary


def broker(url: str) -> tuple[str, Mapping[str, str]]:
    """Give the same as kombu names it, and what its transport is to be told beside."""
    found = sentinels(url)
    if found is not None:
        who = f"{quote(found.username, safe='')}:{quote(found.password, safe='')}@"
        who = who if found.username or found.password else ""
        urls = [
            f"{_SENTINEL}{who}{_bracketed(host)}:{port}/{found.database}"
            for host, port in found.nodes
        ]
        return ";".join(urls), {"master_name": found.primary}
    if url.startswith("rediss://") and "ssl_cert_reqs=" not in url:
        # Without a word about certificates its transport would not speak TLS at all.
        return f"{url}{'&' if '?' in url else '?'}ssl_cert_reqs=required", {}
    if not url.startswith("unix://"):
        return url, {}
    path, _, query = url.removeprefix("unix://").partition("?")
    return f"redis+socket://{path}?{query.replace('db=', 'virtual_host=')}", {}


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
