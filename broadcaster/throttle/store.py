"""Limits kept in a server of the Redis protocol, for all workers together."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

import redis

from broadcaster.domain.message import Address, Lane
from broadcaster.errors import ConfigurationError, InvalidInputError, UnavailableError
from broadcaster.ports import Grant, Want
from broadcaster.throttle import window

_log = logging.getLogger(__name__)

#: How long to wait before asking a store again that did not answer, seconds.
_PATIENCE = 0.5

#: The most messages looked at in one step, so that the store is never busy for long.
_MOST = 1000

#: The slowest and fastest rate that make sense, units a second.
_SLOWEST, _FASTEST = 0.01, 1_000_000.0

_DOWN = "The server of the Redis protocol does not answer. Start it, or set its URL."

_RATES = "{throttle}:rates"


@dataclass(frozen=True, slots=True)
class Granted:
    """How many messages one limit lets go."""

    count: int
    wait: float
    mark: int = 0


class RedisThrottle:
    """Grants what the limits allow, by one atomic script with the store's own clock.

    When the store is down, was flushed or was started again, limits are closed: nothing leaves
    until it answers and a whole window has passed.
    """

    def __init__(self, client: redis.Redis, limits: Mapping[str, float]) -> None:
        """Keep the client, and the limits in units a second."""
        self._client = client
        self._rules = {name: _packed(name, rate) for name, rate in limits.items()}
        scripts = resources.files("broadcaster.throttle")
        self._script, self._landed = (
            client.register_script(scripts.joinpath(name).read_text(encoding="utf-8"))
            for name in ("take.lua", "landed.lua")
        )

    def limits(self, provider: str, sender: str, address: Address) -> tuple[str, ...]:
        """Name the limits that hold for a message; ConfigurationError when there is none."""
        del sender, address
        self._rule(provider)
        return (provider,)

    def take(self, wants: Sequence[Want], lane: Lane) -> Grant:
        """Ask to send messages, in order."""
        granted: list[int] = []
        wait, mark = 0.0, 0
        for limits, indices in _by_limits(wants).items():
            if not limits:
                granted += indices
                continue
            given = self._one(limits[0], [wants[index].units for index in indices], lane)
            granted += indices[: given.count]
            wait = max(wait, given.wait)
            mark = given.mark
        return Grant(granted=tuple(sorted(granted)), wait=0.0 if granted else wait, mark=mark)

    def landed(self, down: Sequence[tuple[int, Want]], lane: Lane, ago: float = 0.0) -> int:
        """Charge granted units (mark of the grant, units) until a window after now.

        Gives the mark of the new charge. A store that is down begins closed anyway, so a failure
        is only logged.
        """
        del ago
        mark = 0
        for limits, indices in _by_limits([want for _, want in down]).items():
            if not limits:
                continue
            limit = limits[0]
            marks = [(down[index][0], down[index][1].units) for index in indices]
            try:
                mark = self._charge(limit, self._rule(limit), marks, lane)
            except redis.RedisError as error:
                _unavailable(limit, error)
        return mark

    def slow(self, limit: str, pause: float = 0.0) -> None:
        """Nothing yet."""

    def _one(self, limit: str, costs: Sequence[int], lane: Lane) -> Granted:
        packed = self._rule(limit)
        try:
            return self._ask(limit, packed, costs, lane)[0]
        except redis.RedisError as error:
            _unavailable(limit, error)
            return Granted(count=0, wait=_PATIENCE)

    def set_rate(self, limit: str, rate: float | None) -> None:
        """Change a limit for all workers while they run; None goes back to the settings' value.

        InvalidInputError for a rate that makes no sense, UnavailableError when the store is down.
        """
        self._rule(limit)
        try:
            if rate is None:
                self._client.hdel(_RATES, limit)
            else:
                self._client.hset(_RATES, limit, _packed(limit, rate))
        except redis.RedisError as error:
            raise UnavailableError(_DOWN) from error

    def check(self) -> None:
        """Ask the store for a sign of life; UnavailableError when it gives none."""
        try:
            self._client.ping()
        except redis.RedisError as error:
            raise UnavailableError(_DOWN) from error

    def _rule(self, limit: str) -> str:
        packed = self._rules.get(limit)
        if packed is None:
            message = f"BROADCASTER_LIMITS: has no limit {limit!r}. Add {limit}=<units a second>."
            raise ConfigurationError(message)
        return packed

    def _ask(
        self, limit: str, packed: str, costs: Sequence[int], lane: Lane, now: float | str = ""
    ) -> tuple[Granted, int]:
        """Run the script; gives also when it was, by the store's clock, in microseconds."""
        words = [limit, packed, int(lane is Lane.URGENT), now, *costs[:_MOST]]
        count, wait, at, mark = self._script(_keys(limit), words)
        return Granted(count=count, wait=wait / window.SECOND, mark=int(mark)), int(at)

    def _charge(
        self,
        limit: str,
        packed: str,
        marks: Sequence[tuple[int, int]],
        lane: Lane,
        now: float | str = "",
    ) -> int:
        words = [word for mark in marks for word in mark]
        mark: bytes = self._landed(
            _keys(limit), [limit, packed, int(lane is Lane.URGENT), now, *words]
        )
        return int(mark)


def _by_limits(wants: Sequence[Want]) -> dict[tuple[str, ...], list[int]]:
    groups: dict[tuple[str, ...], list[int]] = {}
    for index, want in enumerate(wants):
        groups.setdefault(want.limits, []).append(index)
    return groups


def _keys(limit: str) -> list[str]:
    """Name the keys; one slot of a cluster for all three: the braces are part of the protocol."""
    return [f"{{throttle}}:{limit}", f"{{throttle}}:{limit}:log", _RATES]


def _unavailable(limit: str, error: redis.RedisError) -> None:
    _log.warning(
        "throttle store does not answer; nothing leaves",
        extra={"action": "throttle_unavailable", "limit": limit, "fault": type(error).__name__},
    )


def _packed(limit: str, rate: float) -> str:
    """Write a rule as the script reads it."""
    if not _SLOWEST <= rate <= _FASTEST:
        raise InvalidInputError(
            f"limit {limit}", f"{rate} is no rate", f"Give {_SLOWEST} to {_FASTEST} units a second."
        )
    rule = window.rule(rate)
    parts = (rule.units, rule.window, rule.pace, rule.credit, rule.grain, rule.routine)
    return ":".join(f"{part:.6f}" for part in (*parts, window.MARGIN))
