"""The ways to send that race each other, each giving messages a second to one sink."""

import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks import _each, _libraries, _processor, _texts
from benchmarks._frame import Figure, Wishes
from benchmarks._sinks import Arrivals, Sink
from benchmarks._world import CHILDREN, Course, World, accounted
from broadcaster import bootstrap

#: How long a measured run of ours should take, seconds, short and full.
LONG = {False: 4.0, True: 25.0}
_LEAST, _MOST = 2_000, 400_000
#: So many mails warm the workers up, and tell how many make a run of the wanted length.
_WARM = 2_000


class Track:
    """A sink, a world whose workers send to it, and what was found out on the way."""

    def __init__(self, world: World, sink: Sink, channel: str, wished: Wishes) -> None:
        """Nothing has run yet."""
        self.world = world
        self.sink = sink
        self.channel = channel
        self.count = _LEAST
        self.courses: list[Course] = []
        self.arrivals: list[Arrivals] = []
        #: Processor time of a message of each run, seconds: workers, PostgreSQL and Valkey.
        self.spent: list[float] = []
        self.shares: dict[str, float] = {}
        self._wished = wished

    def warm(self) -> None:
        """Start the workers, let them send a little, and choose the size of the runs."""
        warm = min(self._wished.count or _WARM, _WARM)
        self.world.people(warm)
        self.world.start()
        course = self._course(warm)
        steady = self.sink.arrivals()
        rate = max(course.sent / course.seconds, steady.count / max(steady.seconds, 0.1))
        self.count = self._wished.count or sized(rate * LONG[self._wished.full])
        self.world.people(self.count)

    def ours(self) -> float:
        """Send a campaign: from its launch, planning included, to the last record."""
        before = self.world.processor()
        course = self._course(self.count)
        used = {name: now - before[name] for name, now in self.world.processor().items()}
        self.spent.append(sum(used.values()) / course.sent)
        self.shares = {name: round(part / course.sent * 1e6, 1) for name, part in used.items()}
        self.courses.append(course)
        self.arrivals.append(self.sink.arrivals())
        return course.sent / course.seconds

    def shown(self) -> dict[str, Figure]:
        """Give who used the processor in the last run, µs a message, for the figures."""
        row: dict[str, Figure] = {"processor of ours, µs each": round(self.spent[-1] * 1e6, 1)}
        return row | self.shares

    def _course(self, count: int) -> Course:
        self.sink.reset()
        course = self.world.run(self.channel, count)
        found = accounted(course, self.sink.recorded())
        assert found["accepted"] == found["received"], found
        assert not found["told twice"], found
        return course

    def octets(self) -> int:
        """Tell how large the messages were, as the sink saw them."""
        arrivals = self.arrivals[-1] if self.arrivals else self.sink.arrivals()
        return round(arrivals.octets / max(arrivals.count, 1))


def sized(wanted: float) -> int:
    """Round a number of messages to whole thousands within bounds."""
    return int(min(max(round(wanted, -3), _LEAST), _MOST))


class Others:
    """The other ways, to the same sink."""

    def __init__(self, track: Track, stack: ExitStack, wished: Wishes) -> None:
        """Start the workers that do a task for each recipient."""
        self._sink = track.sink
        self._channel = track.channel
        self.templates = Path(track.world.runtime.settings.home) / "templates.json"
        campaign = track.world.approved(track.channel, 1)
        _texts.write(track.world.runtime, campaign, self.templates)
        broker = bootstrap.broker(track.world.runtime.redis_url)[0]
        self._workers = stack.enter_context(_each.workers(broker, self.templates, CHILDREN))
        #: Processor time of a message of each run, by way, seconds.
        self.spent: dict[str, list[float]] = {"libraries": [], "task each": []}
        self._each_count = 4000 if wished.full else 500
        self._library_count = 12000 if wished.full else 2000

    def libraries(self) -> float:
        """Send by libraries alone, one process per core; counted from the first arrival."""
        self._sink.reset()
        before = _processor.of_ended_children()
        _libraries.race(self._channel, self._sink.port, self.templates, self._library_count)
        used = _processor.of_ended_children() - before
        self.spent["libraries"].append(used / self._library_count)
        return self._steady()

    def each(self) -> float:
        """Send by one task for each recipient, from the first that is put into the queue."""
        self._sink.reset()
        before = _processor.seconds(self._workers.pids())
        begun = time.time()
        _each.enqueue(self._channel, self._sink.port, self._each_count)
        deadline = time.monotonic() + 300
        while (arrivals := self._sink.arrivals()).count < self._each_count:
            assert time.monotonic() < deadline, "a task for each recipient did not come to its end"
            time.sleep(0.1)
        used = _processor.seconds(self._workers.pids()) - before
        self.spent["task each"].append(used / arrivals.count)
        return arrivals.count / (arrivals.last - begun)

    def _steady(self) -> float:
        arrivals = self._sink.arrivals()
        return arrivals.count / arrivals.seconds
