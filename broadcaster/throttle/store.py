"""Limits kept in a server of the Redis protocol, for all workers together."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

import redis

from broadcaster.domain.message import Address, Lane
from broadcaster.errors import UnavailableError
from broadcaster.ports import Change, Grant, Standing, Want
from broadcaster.throttle.book import Book
from broadcaster.throttle.scripts import Scripts
from broadcaster.throttle.several import runs
from broadcaster.throttle.window import AIR, GRAIN, SECOND

_log = logging.getLogger(__name__)

#: How long nobody asks a store that did not answer, seconds.
_PATIENCE = 0.5

#: How often to look whether limits were changed, and for how long what was read is good, seconds.
_LOOK, _GOOD = 1.0, 2.0

#: A grant that took longer than this to come is given up: it says nothing about this moment.
_STALE = 1.0

#: The most messages looked at in one step, so that the store is never busy for long.
_MOST = 1000

#: The longest time since its arrival that a message may be told to have landed, seconds.
_LONG_AGO = 60.0

_DOWN = "The server of the Redis protocol does not answer. Start it, or set its URL."


class RedisThrottle:
    """Grants what the limits allow, by one atomic script with the store's own clock.

    When the store is down, was flushed or was started again, limits are closed: nothing leaves
    until it answers and a whole window has passed. Nor does anything as long as it is not known
    whether limits were changed while running, which `changes` tells or raises UnavailableError.
    """

    def __init__(
        self,
        client: redis.Redis,
        limits: Mapping[str, float],
        changes: Callable[[], Mapping[str, Change]] = dict,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the client, and the limits by settings in units a second (`inf`: unlimited)."""
        self._client = client
        self._scripts = Scripts(client)
        self._settings = limits
        self._changes = changes
        self._monotonic = monotonic
        self._book = Book(limits, {})
        self._edition = 0
        self._look = self._good = self._back = -1.0

    def limits(self, provider: str, sender: str, address: Address) -> tuple[str, ...]:
        """Name the limits that hold for a message; ConfigurationError when there is none."""
        self._know()
        return self._book.holding(provider, sender, address)

    @property
    def edition(self) -> int:
        """Another number whenever other limits hold than before."""
        self._know()
        return self._edition

    def take(self, wants: Sequence[Want], lane: Lane) -> Grant:
        """Ask to send messages, in order."""
        known = self._know()
        asked = [self._limited(want) for want in wants[:_MOST]]
        free = tuple(index for index, want in enumerate(asked) if not want.limits)
        if len(free) == len(wants):
            return Grant(granted=free, wait=0.0)
        if not known or self._monotonic() < self._back:
            return Grant(granted=free, wait=_PATIENCE)
        held = [index for index, want in enumerate(asked) if want.limits]
        groups = runs([asked[index] for index in held])
        began = self._monotonic()
        try:
            at, wait, counts = self._scripts.take(
                self._rates(run.limits for run in groups), groups, urgent=lane is Lane.URGENT
            )
        except redis.RedisError as error:
            self._unavailable(error)
            return Grant(granted=free, wait=_PATIENCE)
        if self._monotonic() - began > _STALE:
            return Grant(granted=free, wait=wait / SECOND)
        indices = iter(held)
        granted = list(free)
        for run, count in zip(groups, counts, strict=True):
            granted += list(islice(indices, run.count))[:count]
        return Grant(granted=tuple(sorted(granted)), wait=wait / SECOND, mark=2 * at)

    def landed(
        self, down: Sequence[tuple[int, Want]], lane: Lane, ago: float | Sequence[float] = 0.0
    ) -> int:
        """Charge units (mark, what was held) until a window after `ago` seconds before now.

        Below 0: they are in the air still. A store that does not answer holds them for as long as
        their last charge does, so a failure is only logged.
        """
        agos = ago if isinstance(ago, Sequence) else [ago] * len(down)
        groups: Counter[tuple[str, int, int, int]] = Counter()
        for (mark, want), each in zip(down, agos, strict=True):
            # Rounded down to a grain: what landed at nearly the same time is told together.
            back = -AIR if each < 0 else int(min(each, _LONG_AGO) * SECOND) // GRAIN * GRAIN
            for name in self._limited(want).limits:
                groups[name, mark, max(1, want.units), back] += 1
        if not groups or self._monotonic() < self._back:
            return 0
        try:
            at = self._scripts.landed(
                self._rates((name,) for name, *_ in groups),
                [
                    (name, mark, units, count, back)
                    for (name, mark, units, back), count in groups.items()
                ],
                urgent=lane is Lane.URGENT,
            )
        except redis.RedisError as error:
            self._unavailable(error)
            return 0
        return 2 * at + 1

    def slow(self, limit: str, pause: float = 0.0, part: float = 1.0) -> None:
        """Lower what a limit allows; `pause` is for how many seconds nothing may leave.

        A store that does not answer is not told: nothing leaves until it does.
        """
        if not self._book.limits(limit) or self._monotonic() < self._back:
            return
        try:
            rate = self._book.rate(limit)
            share = self._scripts.slow(limit, rate, round(max(pause, 0.0) * SECOND), part=part)
        except redis.RedisError as error:
            self._unavailable(error)
        else:
            _log.warning(
                "a network is too busy for us; slower",
                extra={"action": "limit_slowed", "limit": limit, "share": round(share, 3)},
            )

    def rates(self) -> Mapping[str, float]:
        """Give what each limit is set to now, units a second, without asking the store."""
        return {name: self._book.rate(name)[0] for name in self._book.names}

    def standing(self) -> Sequence[Standing]:
        """Say how every limit stands; UnavailableError when that is not known."""
        self.refresh()
        names = self._book.names
        if not names:
            return []
        try:
            at, rows = self._scripts.standing(self._rates([names]))
        except redis.RedisError as error:
            raise UnavailableError(_DOWN) from error
        return [
            Standing(
                name=name,
                rate=float(rate),
                allowed=float(rate) * float(share),
                used=used,
                urgent=urgent,
                routine=routine,
                paused=max(0.0, (int(paused) - at) / SECOND),
            )
            for name, (rate, share, used, urgent, routine, paused) in zip(names, rows, strict=True)
        ]

    def refresh(self) -> None:
        """Read how limits were changed, and put it into effect for all; UnavailableError."""
        began = self._monotonic()
        self._look = began + _LOOK
        before = self._book.names
        self._book = Book(self._settings, self._changes())
        self._edition += self._book.names != before
        self._good = began + _GOOD

    def apply(self) -> None:
        """Put changes into effect for all workers at once, not when they next look for them.

        UnavailableError when the store or the ledger is down; workers find them nevertheless.
        """
        self.refresh()
        names = self._book.names
        try:
            if names:
                self._scripts.take(self._rates([names]), [], urgent=False)
        except redis.RedisError as error:
            raise UnavailableError(_DOWN) from error

    def check(self) -> None:
        """Ask the store for a sign of life; UnavailableError when it gives none."""
        try:
            self._client.ping()
        except redis.RedisError as error:
            raise UnavailableError(_DOWN) from error

    def _know(self) -> bool:
        """Look for changes now and then; tell whether what is known is good."""
        now = self._monotonic()
        if now >= self._look:
            try:
                self.refresh()
            except UnavailableError as error:
                _log.warning(
                    "changes of limits can't be read",
                    extra={"action": "limits_unknown", "fault": type(error).__name__},
                )
        return now < self._good

    def _limited(self, want: Want) -> Want:
        limits = self._book.limited(want.limits)
        return want if limits == want.limits else Want(limits, want.units)

    def _rates(self, groups: Iterable[Iterable[str]]) -> dict[str, tuple[float, int]]:
        return {name: self._book.rate(name) for names in groups for name in names}

    def _unavailable(self, error: redis.RedisError) -> None:
        self._back = self._monotonic() + _PATIENCE
        _log.warning(
            "throttle store does not answer; nothing leaves",
            extra={"action": "throttle_unavailable", "fault": type(error).__name__},
        )
