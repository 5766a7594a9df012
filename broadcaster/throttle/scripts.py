"""The scripts that run inside the store, and how they are called."""

import struct
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Any

import redis

from broadcaster.throttle import several, slowing, window

#: The constants of the pure arithmetic, by which the scripts reckon too.
_CONSTANTS = {
    "SECOND": window.SECOND,
    "MARGIN": window.MARGIN,
    "GRAIN": window.GRAIN,
    "AIR": window.AIR,
    "CREDIT": window.CREDIT,
    "NEARLY": window.NEARLY,
    "ROUTINE_SHARE": several.ROUTINE_SHARE,
    "EASE": several.EASE,
    "POLL": several.POLL,
    "LEAST": slowing.LEAST,
    "ONCE": slowing.ONCE,
    "REST": slowing.REST,
    "RISE": slowing.RISE,
    "LONGEST": slowing.LONGEST,
    # How long a newer rate than the asker knows of counts after somebody last knew of it: who knew
    # may have read it from a database that was then set back.
    "NEWS": 5 * window.SECOND,
}

#: One slot of a cluster for all keys: the braces are part of the protocol.
_SHARED = "{throttle}"

#: The largest number of two octets.
_MOST = 2**16 - 1


class Scripts:
    """Each method is one round trip, and two after the store forgot its scripts.

    They raise redis.RedisError when it does not answer as it should.
    """

    def __init__(self, client: redis.Redis) -> None:
        """Register them; nothing is sent yet."""
        folder = resources.files("broadcaster.throttle")
        head = "".join(f"local {name} = {value!r}\n" for name, value in _CONSTANTS.items())
        shared = head + folder.joinpath("limit.lua").read_text(encoding="utf-8")
        self._take, self._landed, self._slow, self._standing = (
            client.register_script(
                f"{shared}\n{folder.joinpath(f'{name}.lua').read_text(encoding='utf-8')}"
            )
            for name in ("take", "landed", "slow", "standing")
        )

    def take(
        self,
        rates: dict[str, tuple[float, int]],
        runs: Sequence[several.Run],
        *,
        urgent: bool,
        now: int | None = None,
    ) -> tuple[int, int, list[int]]:
        """Ask; gives the time, the wait (both microseconds) and how many of each run may leave."""
        order = {name: index for index, name in enumerate(rates, 1)}
        sets: dict[tuple[str, ...], int] = {}
        asked: list[int] = []
        for run in runs:
            number = sets.setdefault(run.limits, len(sets) + 1)
            asked += (number, min(run.units, _MOST), min(run.count, _MOST))
        words: list[Any] = [_moment(now), int(urgent), len(rates), *_flat(rates.values())]
        words.append(len(sets))
        for limits in sets:
            words += (len(limits), *(order[name] for name in limits))
        words.append(struct.pack(f">{len(asked)}H", *asked))
        at, wait, *counts = self._take(_keys(rates), words)
        return int(at), int(wait), counts + [0] * (len(runs) - len(counts))

    def landed(
        self,
        rates: dict[str, tuple[float, int]],
        down: Iterable[tuple[str, int, int, int, int]],
        *,
        urgent: bool,
        now: int | None = None,
    ) -> int:
        """Charge (limit, mark, units of a message, messages, microseconds ago); gives the time."""
        order = {name: index for index, name in enumerate(rates, 1)}
        words: list[Any] = [_moment(now), int(urgent), len(rates), *_flat(rates.values())]
        for name, *group in down:
            words += (order[name], *group)
        return int(self._landed(_keys(rates), words))

    def slow(
        self,
        name: str,
        rate: tuple[float, int],
        pause: int,
        now: int | None = None,
        part: float = 1.0,
    ) -> float:
        """Lower a limit; gives the share of it that is allowed now."""
        return float(self._slow(_keys([name]), [_moment(now), pause, *rate, repr(part)]))

    def standing(
        self, rates: dict[str, tuple[float, int]], now: int | None = None
    ) -> tuple[int, list[Any]]:
        """Give the time, and of each limit what `standing.lua` says."""
        at, *rows = self._standing(_keys(rates), [_moment(now), *_flat(rates.values())])
        return int(at), rows


def _keys(names: Iterable[str]) -> list[str]:
    keys = [_SHARED]
    for name in names:
        keys += (f"{_SHARED}:limit:{name}", f"{_SHARED}:slots:{name}", f"{_SHARED}:units:{name}")
    return keys


def _flat(rates: Iterable[tuple[float, int]]) -> list[float]:
    return [part for rate in rates for part in rate]


def _moment(now: int | None) -> int | str:
    return "" if now is None else now
