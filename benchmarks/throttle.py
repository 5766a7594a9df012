"""How exactly limits are kept: four processes race for one, and a sink stamps what arrives.

Each rate has its own limit, and four processes that always have work. They share nothing but the
store. A message is a datagram over loopback to a sink, a process of its own, which stamps it and
answers after a while; the answer is told to the throttle as the dispatcher tells it. Printed are
the fullest second at the sink, wherever it begins, and the share of the limit that was used. The
short form takes a minute; the full one tries every answering time for longer.
"""

import heapq
import json
import random
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import redis

from broadcaster.dispatch.roundtrips import ENOUGH, RoundTrips
from broadcaster.domain.message import Lane
from broadcaster.embedded.valkey import EmbeddedValkey
from broadcaster.ports import Want
from broadcaster.throttle.store import RedisThrottle

RATES = (5, 50, 500, 5000)
WORKERS = 4
SLICE = 50
#: Seconds from the first arrival until the limit is reckoned: the first windows are not typical.
WARM = 1.0
#: How often a worker tells of answers, seconds.
TELL = 0.05
NANO = 1_000_000_000
#: What is answered and not counted.
PRACTICE = b"practice"


def sink(delay: float, jitter: float) -> None:
    """Stamp datagrams and answer each after `delay` seconds, give or take `jitter`, until told."""
    chance = random.Random(1)  # noqa: S311  (a delay, no secret)
    stamps: list[int] = []
    waiting: list[tuple[int, bytes, Any]] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inlet:
        inlet.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 2**20)
        inlet.bind(("127.0.0.1", 0))
        print(inlet.getsockname()[1], flush=True)
        while True:
            now = time.monotonic_ns()
            while waiting and waiting[0][0] <= now:
                _, words, who = heapq.heappop(waiting)
                inlet.sendto(words, who)
            pause = max(0.0, (waiting[0][0] - now) / NANO) if waiting else 0.2
            ready, _, _ = select.select([inlet, sys.stdin], [], [], pause)
            if sys.stdin in ready:
                break
            if inlet in ready:
                words, who = inlet.recvfrom(64)
                at = time.monotonic_ns()
                if words != PRACTICE:
                    stamps.append(at)
                due = at + round((delay + chance.uniform(-jitter, jitter)) * NANO)
                heapq.heappush(waiting, (due, words, who))
    print(json.dumps(stamps), flush=True)


def work(url: str, rate: float, port: int, seconds: float) -> None:
    """Always have work: ask, send what is granted, tell of what was answered."""
    name = f"rate{rate:g}"
    throttle = RedisThrottle(redis.Redis.from_url(url), {name: rate})
    want = Want((name,), 1)
    aloft: dict[int, tuple[int, float]] = {}
    landed: list[tuple[int, float]] = []
    trips = RoundTrips()
    number = sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outlet:
        outlet.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**20)
        outlet.connect(("127.0.0.1", port))
        outlet.setblocking(False)  # noqa: FBT003  (the socket's own word)
        _practise(outlet, trips)
        end, ask = time.monotonic() + seconds, 0.0
        told = time.monotonic()
        while (now := time.monotonic()) < end:
            if now >= ask:
                grant = throttle.take([want] * SLICE, Lane.ROUTINE)
                for _ in grant.granted:
                    number += 1
                    aloft[number] = (grant.mark, time.monotonic())
                    outlet.send(number.to_bytes(9))
                sent += len(grant.granted)
                ask = time.monotonic() + grant.wait
            until = min(ask, told + TELL) if landed else ask
            pause = max(0.0, until - time.monotonic())
            if select.select([outlet], [], [], pause)[0]:
                for answer, at in _answers(outlet):
                    mark, left = aloft.pop(answer)
                    trips.note(at - left, _moment(at))
                    landed.append((mark, at))
            if landed and time.monotonic() - told >= TELL:
                told = time.monotonic()
                agos = [told - at + trips.least() for _, at in landed]
                throttle.landed([(mark, want) for mark, _ in landed], Lane.ROUTINE, agos)
                landed = []
    print(sent, flush=True)


def _practise(outlet: socket.socket, trips: RoundTrips) -> None:
    """Learn how quickly the sink answers, as a worker that has been at it for a while knows."""
    for _ in range(ENOUGH):
        left = time.monotonic()
        outlet.send(PRACTICE)
        select.select([outlet], [], [])
        at = time.monotonic()
        outlet.recv(64)
        trips.note(at - left, _moment(at))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _answers(outlet: socket.socket) -> Iterator[tuple[int, float]]:
    while True:
        try:
            yield int.from_bytes(outlet.recv(64)), time.monotonic()
        except BlockingIOError:
            return


@contextmanager
def started(*words: object) -> Iterator[subprocess.Popen[str]]:
    """Run a part of this file as a process of its own."""
    command = [sys.executable, __file__, *map(str, words)]
    with subprocess.Popen(  # noqa: S603  (our own)
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def race(url: str, rate: int, seconds: float, delay: float, jitter: float) -> dict[str, Any]:
    """Let the workers race; give what the sink saw and what it cost."""
    with closing(redis.Redis.from_url(url)) as client, started("sink", delay, jitter) as end:
        client.flushall()
        client.config_resetstat()
        port = int(_line(end))
        workers = [started("work", url, rate, port, seconds) for _ in range(WORKERS)]
        children = [worker.__enter__() for worker in workers]
        sent = sum(int(_line(child)) for child in children)
        for worker in workers:
            worker.__exit__(None, None, None)
        # The last ones are on their way still.
        time.sleep(0.3)
        stamps = json.loads(end.communicate("over\n")[0])
        scripts = client.info("commandstats")["cmdstat_evalsha"]
    gap = max((after - before for before, after in pairwise(stamps)), default=0) / NANO
    return {
        "limit": rate,
        "answers after, ms": f"{delay * 1000:g} ± {jitter * 1000:g}",
        "fullest": fullest(stamps),
        "used, %": round(100 * share(stamps, rate), 1),
        "lost": sent - len(stamps),
        "calls a second": round(scripts["calls"] / seconds),
        "of the store, µs": round(scripts["usec_per_call"]),
        "longest gap, ms": round(1000 * gap),
    }


def _line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline()


def fullest(stamps: Sequence[int]) -> int:
    """Count the fullest half-open second, wherever it begins."""
    most = first = 0
    for index, at in enumerate(stamps):
        while stamps[first] <= at - NANO:
            first += 1
        most = max(most, index - first + 1)
    return most


def share(stamps: Sequence[int], rate: int) -> float:
    """Say which share of the limit was used: a second is the least that its units can take.

    Reckoned over as many whole times the limit's units as there are, after the first windows.
    """
    later = [at for at in stamps if at >= stamps[0] + WARM * NANO]
    times = (len(later) - 1) // rate
    return times * NANO / (later[times * rate] - later[0])


def main() -> None:
    """Race at each rate, and tell what was found."""
    from benchmarks import _frame  # noqa: PLC0415  (its own processes need none of it)

    wished = _frame.wishes(__doc__)
    seconds = 30 if wished.full else 10
    ways = [(0.01, 0.005)]
    if wished.full:
        ways = [(0.0, 0.0), (0.01, 0.0), (0.15, 0.0), (0.01, 0.005)]
    rates = [wished.count] if wished.count else RATES
    found = []
    with tempfile.TemporaryDirectory() as home, EmbeddedValkey(Path(home)).used() as url:
        for delay, jitter in ways:
            for rate in rates:
                found.append(race(url, rate, seconds, delay, jitter))
                print(".", end="", flush=True)
    _frame.publish(
        _frame.Result(
            name="throttle",
            title=f"Limits, kept by {WORKERS} processes each, counted at a sink",
            full=wished.full,
            ratios=[
                _frame.Ratio(
                    name="fullest second of the limit, most",
                    value=max(100 * one["fullest"] / one["limit"] for one in found),
                    at_most=100,
                    unit=" %",
                ),
                _frame.Ratio(
                    name="used of the limit, least",
                    value=min(one["used, %"] for one in found),
                    at_least=98,
                    unit=" %",
                ),
            ],
            figures=found,
            sizes={"processes": WORKERS, "slice": SLICE, "seconds a race": seconds},
        ),
        wished,
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["sink"]:
        sink(float(sys.argv[2]), float(sys.argv[3]))
    elif sys.argv[1:2] == ["work"]:
        work(sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
    else:
        main()
