"""Watching over it all: how everything stands, what of it is not well, and telling the team.

It goes on beside beat, in a thread of its own, and needs no worker and no queue: what it is there
for is that those are gone. What is told is written down first and claimed, as announcements are;
but that the database itself is away is remembered here and told at once.
"""

import logging
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Protocol

from broadcaster.bootstrap.runtime import Runtime
from broadcaster.domain.alerting import Alert, Condition, LimitState, Notice, Watched, judged
from broadcaster.domain.announcement import Announcement, AnnouncementStatus, Answer, Outcome, again
from broadcaster.domain.state import Overview, State
from broadcaster.errors import BroadcasterError, ConfigurationError
from broadcaster.settings import Settings

_log = logging.getLogger(__name__)

#: How often to look, seconds.
LOOK = 10.0
#: How many messages leave in one look at most.
_MOST = 10
#: The longest that a message waits to be tried again.
_LONGEST = timedelta(minutes=10)

#: Puts a notice into words, in the team's language.
Say = Callable[[Notice], Announcement]


class Told(Protocol):
    """A destination of the team."""

    def send(self, announcement: Announcement) -> Answer:
        """Tell it, and what came of that; never raises."""
        ...


def team(settings: Settings) -> Mapping[str, Told]:
    """Make the team's destinations; ConfigurationError naming the setting."""
    given = settings.watching
    if not given.sinks:
        return {}
    from broadcaster.publication.channels import AppriseChannel  # noqa: PLC0415  (heavy, and rare)

    return {
        name: AppriseChannel(name, destination, given.locale, "ALERTS")
        for name, destination in given.sinks.items()
    }


def reachable_team(settings: Settings) -> Mapping[str, Told]:
    """Make those destinations; none where one is wrong, which must not keep the clock from going.

    `alerts test` and `doctor` say what is wrong with it.
    """
    try:
        return team(settings)
    except ConfigurationError as error:
        extra = {"action": "alerts_off", "fault": type(error).__name__}
        _log.warning("the team cannot be told; try 'broadcaster alerts test'", extra=extra)
        return {}


class Watchman:
    """Looks how everything stands, and tells the team what is not well."""

    def __init__(self, runtime: Runtime, sinks: Mapping[str, Told], say: Say) -> None:
        """Tell `sinks` in the words of `say`."""
        self._runtime = runtime
        self._sinks = sinks
        self._say = say
        #: That the database is away, which can't be written down.
        self._own: Sequence[Alert] = ()
        self.last: Overview | None = None

    def look(self) -> Overview:
        """Look once, and judge; gives what was seen."""
        began, now = time.monotonic(), self._runtime.clock.now()
        state = self._state()
        limits = self._limits()
        away = {"database"} if state is None else set()
        away |= {"redis"} if limits is None else set()
        usage = shutil.disk_usage(self._runtime.settings.home)
        seen = Overview(
            at=now,
            state=state,
            limits=limits or {},
            away=frozenset(away),
            disk=(usage.free, usage.total),
            took=time.monotonic() - began,
        )
        alerts = self._judge(seen)
        counted = Counter(one.watched.value for one in alerts if one.told is not None)
        self.last = Overview(
            at=seen.at,
            state=state,
            limits=seen.limits,
            away=seen.away,
            disk=seen.disk,
            took=seen.took,
            alerts={watched.value: counted[watched.value] for watched in Watched},
        )
        return self.last

    def tell(self) -> int:
        """Send what is due; how many were tried. What is in doubt is not sent again."""
        for tried in range(_MOST):
            now = self._runtime.clock.now()
            claimed = self._runtime.alerts.claim(now, list(self._sinks)) if self._sinks else None
            if claimed is None:
                return tried
            answer = self._sinks[claimed.sink].send(self._say(claimed.notice))
            now, due = self._runtime.clock.now(), None
            if answer.outcome is Outcome.LATER:
                wanted = again(claimed.attempt, now)
                due = wanted and min(wanted, now + _LONGEST)
            status = AnnouncementStatus.WAITING if due else answer.outcome.ended
            self._runtime.alerts.record(claimed, status, answer.reason, now, due)
            self._note(claimed.notice, claimed.sink, status.value)
        return _MOST

    def run(self, stop: threading.Event) -> None:
        """Look and tell until told to stop; whatever goes wrong is noted, and tried again."""
        while not stop.is_set():
            try:
                self.look()
                self.tell()
            except Exception as error:  # noqa: BLE001  (the watch goes on whatever happens)
                extra = {"action": "watch_failed", "fault": type(error).__name__}
                _log.warning("could not watch", extra=extra)
            stop.wait(LOOK)

    def _state(self) -> State | None:
        try:
            return self._runtime.state.read(self._runtime.clock.now())
        except BroadcasterError:
            return None

    def _limits(self) -> Mapping[str, LimitState] | None:
        """Ask how the limits stand; None when their server does not answer."""
        try:
            self._runtime.throttle.check()
        except BroadcasterError:
            return None
        try:
            standing = self._runtime.throttle.standing()
        except BroadcasterError:
            return {}
        return {
            one.name: LimitState(
                rate=one.rate,
                allowed=one.allowed,
                used=one.used,
                paused=one.paused,
                urgent=one.urgent,
                routine=one.routine,
            )
            for one in standing
        }

    def _judge(self, seen: Overview) -> Sequence[Alert]:
        """Judge what is written down, and what can't be."""
        alone = Condition(
            at=seen.at,
            idle=(),
            failing={},
            limits={},
            dead={},
            away=[name for name in seen.away if name == "database"],
        )
        self._own, notices = judged(self._own, alone)
        for notice in notices:
            for name, sink in self._sinks.items():
                self._note(notice, name, sink.send(self._say(notice)).outcome.value)
        if seen.state is None:
            return self._own
        condition = _condition(seen, seen.state)
        stand = self._runtime.alerts.judge(lambda known: judged(known, condition), [*self._sinks])
        return [*self._own, *stand]

    def _note(self, notice: Notice, sink: str, status: str) -> None:
        extra = {
            "action": "alert",
            "alert": notice.watched.value,
            "subject": notice.subject,
            "news": notice.news.value,
            "sink": sink,
            "status": status,
        }
        _log.warning("the team was alerted", extra=extra)


def _condition(seen: Overview, state: State) -> Condition:
    free, whole = seen.disk
    most = state.connections_most
    return Condition(
        at=seen.at,
        idle=state.idle,
        failing=state.failing,
        limits=seen.limits,
        sending=state.sending,
        receipt=state.receipt,
        unapplied=state.unapplied,
        doubt=state.doubt_since,
        dead=state.dead,
        webhooks=state.webhooks,
        disk=1 - free / whole if whole else None,
        connections=state.connections / most if most else None,
        away=[name for name in seen.away if name == "redis"],
    )


@contextmanager
def watched(watchman: Watchman) -> Iterator[None]:
    """Have it watched in a thread until the block ends."""
    stop = threading.Event()
    thread = threading.Thread(target=watchman.run, args=(stop,), name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(2)
