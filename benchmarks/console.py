"""The console while a campaign runs: how soon its pages answer, and what a hundred viewers cost.

Mail through real workers to a recording sink, as fast as it goes, beside the real web server. The
campaign is run alone and with a hundred live viewers of its page, in turns; then once more with the
viewers while somebody walks through the console, page by page.
"""

import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from benchmarks import _frame
from benchmarks._sinks import sink
from benchmarks._world import CHILDREN, Course, World, mail_settings, world
from broadcaster.domain.access import Role

_NAME = "console"
#: Mails of a campaign that is raced, and of that during which somebody walks; rounds of each way:
#: short and full.
_COUNTS, _WALKED, _ROUNDS = (20_000, 40_000), (20_000, 100_000), (5, 4)
_VIEWERS = 100
#: Between two pages, seconds: quicker than anybody reads.
_PAUSE = 0.05
_LANGUAGES = ("ar", "fr", "en")


@dataclass
class Walk:
    """Somebody who goes through the console again and again; seconds by page."""

    port: int
    cookie: str
    campaign: int
    over: threading.Event = field(default_factory=threading.Event)
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def pages(self) -> Mapping[str, str]:
        """Give what is looked at, by its name."""
        one = f"/campaigns/{self.campaign}"
        return {
            "home": "/",
            "campaigns": "/campaigns",
            "campaign": one,
            "deliveries": f"{one}/deliveries",
            "deliveries that failed": f"{one}/deliveries?status=failed",
            "before it is stopped": f"{one}/cancel",
        }

    def go(self) -> None:
        """Ask for page after page, in one language after the other, until it is over."""
        while not self.over.is_set():
            self.around()

    def around(self) -> None:
        """Ask for each page in each language once."""
        for tag in _LANGUAGES:
            for name, path in self.pages().items():
                mark = "&" if "?" in path else "?"
                self.seconds.setdefault(name, []).append(self.ask(f"{path}{mark}lang={tag}"))
                time.sleep(_PAUSE)

    def ask(self, path: str) -> float:
        """Ask for a page and read all of it; how long that took, seconds."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        begun = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": f"broadcaster={self.cookie}"})
        answer = connection.getresponse()
        answer.read()
        taken = time.perf_counter() - begun
        connection.close()
        assert answer.status == HTTPStatus.OK, (path, answer.status)
        return taken


@contextmanager
def viewers(port: int, count: int, path: str, cookie: str) -> Iterator[list[int]]:
    """Have people watch; gives events, octets and lost connections once they are gone."""
    words = [str(port), str(count), path, cookie]
    counts: list[int] = []
    with subprocess.Popen(  # noqa: S603  (our own program)
        [sys.executable, "-m", "benchmarks._viewers", *words], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        try:
            yield counts
        finally:
            child.terminate()
            counts += map(int, child.stdout.read().split())


class Race:
    """Runs campaigns, alone and watched."""

    def __init__(self, made: World, port: int, cookie: str, count: int) -> None:
        """Nothing has run yet."""
        self._made = made
        self._port = port
        self.cookie = cookie
        self._count = count
        self.events: list[int] = []
        self.octets: list[int] = []
        self.courses: list[Course] = []
        self.spent: dict[str, list[float]] = {"alone": [], "watched": []}
        self.walk: Walk | None = None

    def alone(self) -> float:
        """Run a campaign that nobody watches; mails a second."""
        before = self._web()
        speed = self._speed(self._made.approved("email", self._count))
        self.spent["alone"].append(self._web() - before)
        return speed

    def watched(self) -> float:
        """Run one that a hundred watch from before its launch; mails a second."""
        before = self._web()
        campaign = self._made.approved("email", self._count)
        path = f"/campaigns/{campaign}/events"
        with viewers(self._port, _VIEWERS, path, self.cookie) as counts:
            speed = self._speed(campaign)
        assert counts[2] == 0, "viewers were lost"
        self.events.append(counts[0])
        self.octets.append(counts[1])
        self.spent["watched"].append(self._web() - before)
        return speed

    def walked(self, count: int) -> Walk:
        """Run one that a hundred watch while somebody goes through the console."""
        campaign = self._made.approved("email", count)
        walk = Walk(self._port, self.cookie, campaign)
        path = f"/campaigns/{campaign}/events"
        with viewers(self._port, _VIEWERS, path, self.cookie):
            launched = self._made.launch(campaign)
            thread = threading.Thread(target=walk.go)
            thread.start()
            try:
                self._made.course(campaign, launched)
            finally:
                walk.over.set()
                thread.join()
        return walk

    def _web(self) -> float:
        return self._made.processor()["web"]

    def _speed(self, campaign: int) -> float:
        course = self._made.course(campaign, self._made.launch(campaign))
        self.courses.append(course)
        return course.sent / (course.ended - course.planned)


def measure(wished: _frame.Wishes) -> _frame.Result:
    """Race, walk, and count."""
    count = wished.count or _COUNTS[wished.full]
    walked = wished.count or _WALKED[wished.full]
    rounds = _ROUNDS[wished.full]
    with ExitStack() as stack:
        target = stack.enter_context(sink("smtp"))
        port, bounces = _free(), _free()
        web = {
            "BROADCASTER_WEB_PORT": str(port),
            "BROADCASTER_BOUNCE_PORT": str(bounces),
            "BROADCASTER_PUBLIC_URL": f"http://127.0.0.1:{port}",
        }
        made = stack.enter_context(world({**mail_settings(target.port), **web}))
        made.people(max(count, walked))
        made.web()
        made.start()
        race = Race(made, port, _cookie(made), count)
        _until_up(port)
        # Whoever is first finds everything cold.
        first = made.run("email", min(count, 5000))
        Walk(port, race.cookie, first.campaign).around()
        speeds = _frame.interleaved({"alone": race.alone, "watched": race.watched}, rounds)
        walk = race.walked(walked)
    every = [second for some in walk.seconds.values() for second in some]
    cost = 100 * (1 - _frame.ratio(speeds["watched"], speeds["alone"]))
    pages: list[dict[str, _frame.Figure]] = [
        {
            "page": name,
            "asked": len(some),
            "median, ms": round(1000 * quantile(some, 0.5), 1),
            "95 of 100, ms": round(1000 * quantile(some, 0.95), 1),
            "slowest, ms": round(1000 * max(some), 1),
        }
        for name, some in walk.seconds.items()
    ]
    campaigns: list[dict[str, _frame.Figure]] = [
        {
            "campaign": name,
            "mails a second, median": round(_frame.median(found)),
            "slowest round": round(min(found)),
            "fastest round": round(max(found)),
            "processor of the web, s": round(_frame.median(race.spent[name]), 2),
        }
        for name, found in speeds.items()
    ]
    return _frame.Result(
        name=_NAME,
        title="The console while a campaign runs",
        full=wished.full,
        ratios=[
            _frame.Ratio(
                name="a page answers within, 95 of 100",
                value=1000 * quantile(every, 0.95),
                at_most=200,
                unit=" ms",
            ),
            _frame.Ratio(
                name=f"what {_VIEWERS} viewers cost the campaign of its speed",
                value=cost,
                at_most=5,
                unit=" %",
            ),
        ],
        figures=[*pages, *campaigns],
        sizes={
            "mails of a campaign that is raced": count,
            "mails of that with the walk": walked,
            "viewers": _VIEWERS,
            "rounds": rounds,
            "children": CHILDREN,
            "events for a viewer": round(_frame.median(race.events) / _VIEWERS, 1),
            "octets for a viewer": round(_frame.median(race.octets) / _VIEWERS),
        },
    )


def quantile(values: Sequence[float], share: float) -> float:
    """Give the value that a share of all does not exceed (nearest rank)."""
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def _cookie(made: World) -> str:
    """Sign somebody in who may do everything around a campaign."""
    runtime = made.runtime
    now = runtime.clock.now()
    operator = runtime.operators.add("benchmark", [Role.DUTY_OFFICER], "the benchmark", now)
    return runtime.sessions.open(operator.id, now)


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _until_up(port: int, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, "the web did not start"
            time.sleep(0.2)
        else:
            return


def main() -> None:
    """Measure, print, keep."""
    wished = _frame.wishes(__doc__)
    _frame.publish(measure(wished), wished)


if __name__ == "__main__":
    main()
