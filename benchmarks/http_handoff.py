"""How many messages a second leave over HTTP: our client, aiohttp, Twilio's library, and `wrk`.

    python benchmarks/http_handoff.py [--rounds 3] [--seconds 1.0] [--connections 32]

All post the same form to the same bare sink (`_http_sink.py`, another process) over the same
number of kept connections, taking turns; printed are medians, ratios, and the raw figures. The sink
has one of the machine's cores and answers at once: whoever is slower than it is what is measured,
so its load is shown beside each. No TLS. (Not called `http.py`: that would hide the library's own
package of that name from everything that is imported here.)
"""

import argparse
import asyncio
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from broadcaster.channels.base import MessageComposer
from broadcaster.domain.delivery import DeliveryEvent, DeliveryId
from broadcaster.domain.message import Address, Lane, MessageClass, Scheme, SmsContent
from broadcaster.domain.options import Options
from broadcaster.ports import Context, Message, Submission
from broadcaster.providers import _wire_request, twilio
from broadcaster.providers._http import Answer, HttpFaultError
from broadcaster.providers._wire import Wire
from broadcaster.providers._wire_exchange import Exchange

_ACCOUNT, _TOKEN = "AC" + "0" * 32, "x" * 32
_PATH = f"/2010-04-01/Accounts/{_ACCOUNT}/Messages.json"
_BODY = (
    "Lydec : limitez vos déplacements, nos services à distance sont ouverts. "
    "Tél. 0522312020, client.lydec.ma"
)
_SLICE = 1000


class Clock:
    """The real time."""

    def now(self) -> datetime:
        """Give the moment."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, kw_only=True)
class Race:
    """What all contenders have in common."""

    port: int
    seconds: float
    connections: int

    @property
    def url(self) -> str:
        """Where the sink is."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What one run gave."""

    requests: int
    seconds: float
    cpu: float
    sink_cpu: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


Run = Callable[[Race], Coroutine[Any, Any, int]]


def message(number: int) -> Message:
    """Make a message."""
    return Message(
        delivery=DeliveryId(1, number),
        attempt=1,
        address=Address(scheme=Scheme.TEL, value=f"+21261{number % 10_000_000:07d}", keys={}),
        locale="fr",
        content=SmsContent(body=_BODY),
        units=1,
        lane=Lane.ROUTINE,
        message_class=MessageClass.SERVICE,
        expires=datetime.now(UTC) + timedelta(hours=2),
        unsubscribe_url="",
        confirm_url="",
        collapse_key="1",
    )


_MESSAGES = [message(number) for number in range(1, 20 * _SLICE + 1)]


def form() -> bytes:
    """Give the form of a message as the library writes it."""
    values = {
        "To": "+212610000001",
        "Body": _BODY,
        "From": "LYDEC",
        "StatusCallback": "https://hooks.example.test/callbacks/twilio/1-1",
        "ValidityPeriod": "7200",
        "SmartEncoded": "false",
    }
    return urlencode(values).encode()


class Taken:
    """A watch that lets all leave, and counts what was taken."""

    def __init__(self) -> None:
        """Nothing was taken yet."""
        self.count = 0

    def leaving(self, _message: Message) -> bool:
        """Let it leave."""
        return True

    def answered(self, submission: Submission) -> None:
        """Count it."""
        assert submission.event is DeliveryEvent.ACCEPT, submission
        self.count += 1


class Fixed(Exchange):
    """The same request each time: the client alone."""

    __slots__ = ("octets", "taken")
    octets: bytes
    taken: bool

    def request(self) -> bytes | None:
        """Give it."""
        return self.octets

    def answered(self, answer: Answer) -> None:
        """See whether it was taken."""
        self.taken = answer.status == 201  # noqa: PLR2004  (created)

    def failed(self, fault: HttpFaultError) -> None:
        """See that it was not."""
        del fault
        self.taken = False

    def broken(self, *, written: bool) -> None:
        """See that it was not."""
        del written
        self.taken = False


async def wire_alone(race: Race) -> int:
    """Post one form over and over with our client."""
    origin, target = _wire_request.parse(race.url + _PATH)
    headers = {
        "Authorization": _wire_request.basic(_ACCOUNT, _TOKEN),
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": "bench",
    }
    octets = _wire_request.with_body(_wire_request.head("POST", origin, target, headers), form())
    wire = Wire(timeout=10, concurrency=race.connections)
    count, end = 0, time.perf_counter() + race.seconds
    while time.perf_counter() < end:
        exchanges = []
        for _ in range(_SLICE):
            exchange = Fixed(origin)
            exchange.octets = octets
            exchanges.append(exchange)
        await wire.run(exchanges)
        assert all(exchange.taken for exchange in exchanges)
        count += _SLICE
    await wire.aclose()
    return count


def provider(client: str) -> Run:
    """Hand messages over with our provider."""

    async def run(race: Race) -> int:
        prefix = "BROADCASTER_TWILIO_"
        values = {
            "ACCOUNT_SID": _ACCOUNT,
            "AUTH_TOKEN": _TOKEN,
            "SENDER": "LYDEC",
            "BASE_URL": race.url,
            "CONCURRENCY": str(race.connections),
            "CLIENT": client,
        }
        options = Options(prefix, {prefix + name: value for name, value in values.items()})
        context = Context(
            composer=MessageComposer(),
            clock=Clock(),
            public_url="https://hooks.example.test",
            signing_key=b"k" * 32,
            user_agent="bench",
        )
        made, watch, at = twilio.build(options, context), Taken(), 0
        size = _SLICE if client == "wire" else _SLICE // 10
        end = time.perf_counter() + race.seconds
        while time.perf_counter() < end:
            await made.stream(_MESSAGES[at : at + size], watch)
            at = (at + size) % len(_MESSAGES)
        await made.aclose()
        return watch.count

    return run


async def _workers(race: Race, post: Callable[[], Awaitable[None]]) -> int:
    end = time.perf_counter() + race.seconds

    async def worker() -> int:
        count = 0
        while time.perf_counter() < end:
            await post()
            count += 1
        return count

    return sum(await asyncio.gather(*(worker() for _ in range(race.connections))))


async def with_aiohttp(race: Race) -> int:
    """Post one form over and over with aiohttp."""
    import aiohttp  # noqa: PLC0415  (a contender)

    body = form()
    headers = {
        "Authorization": _wire_request.basic(_ACCOUNT, _TOKEN),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connector = aiohttp.TCPConnector(limit=race.connections)
    async with aiohttp.ClientSession(
        connector=connector, headers=headers, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:

        async def post() -> None:
            async with session.post(race.url + _PATH, data=body) as answer:
                await answer.read()
                assert answer.status == 201  # noqa: PLR2004  (created)

        return await _workers(race, post)


async def with_twilio(race: Race) -> int:
    """Create messages with Twilio's library and its own asynchronous client."""
    from twilio.http.async_http_client import (  # type: ignore[import-untyped]  # noqa: PLC0415  (a contender)
        AsyncTwilioHttpClient,
    )
    from twilio.rest import Client  # type: ignore[import-untyped]  # noqa: PLC0415  (as above)

    http = AsyncTwilioHttpClient(timeout=10)
    client: Any = Client(_ACCOUNT, _TOKEN, http_client=http, environment={"TWILIO_EDGE": ""})
    client.api.base_url = race.url

    async def post() -> None:
        made = await client.messages.create_async(
            to="+212610000001",
            body=_BODY,
            from_="LYDEC",
            status_callback="https://hooks.example.test/callbacks/twilio/1-1",
            validity_period=7200,
            smart_encoded=False,
        )
        assert made.sid

    try:
        return await _workers(race, post)
    finally:
        await http.close()


_SCRIPT = """
wrk.method = "POST"
wrk.body = [==[{body}]==]
wrk.headers["Authorization"] = "{authorization}"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d\\n", summary.requests, summary.duration))
end
"""


async def with_wrk(race: Race) -> int:
    """Post one form over and over with `wrk`, from one thread."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="utf-8") as script:
        authorization = _wire_request.basic(_ACCOUNT, _TOKEN)
        script.write(_SCRIPT.format(body=form().decode(), authorization=authorization))
        script.flush()
        seconds = max(round(race.seconds), 1)
        child = await asyncio.create_subprocess_exec(
            "wrk",
            *("-t1", f"-c{race.connections}", f"-d{seconds}s", "-s", script.name),
            race.url + _PATH,
            stdout=subprocess.PIPE,
        )
        said, _ = await child.communicate()
    words = next(line for line in said.decode().splitlines() if line.startswith("RESULT")).split()
    return int(words[1])


@contextmanager
def sink() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the sink in another process."""
    path = Path(__file__).with_name("_http_sink.py")
    with subprocess.Popen(  # noqa: S603  (our own program)
        [sys.executable, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        try:
            yield child, int(child.stdout.readline())
        finally:
            if child.poll() is None:
                child.kill()


def cpu_of(pid: int) -> float:
    """Give the seconds of processor that a process has used."""
    words = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def measured(
    run: Run, race: Race, pid: int, factory: Callable[[], asyncio.AbstractEventLoop] | None
) -> Figure:
    """Run a contender once."""
    before, sink_before, begun = os.times(), cpu_of(pid), time.perf_counter()
    with asyncio.Runner(loop_factory=factory) as runner:
        requests = runner.run(run(race))
    seconds = time.perf_counter() - begun
    after = os.times()
    own = sum(after[:4]) - sum(before[:4])
    return Figure(requests=requests, seconds=seconds, cpu=own, sink_cpu=cpu_of(pid) - sink_before)


def contenders() -> dict[str, tuple[Run, Callable[[], asyncio.AbstractEventLoop] | None]]:
    """Name who takes part, on which loop."""
    found: dict[str, tuple[Run, Callable[[], asyncio.AbstractEventLoop] | None]] = {}
    if shutil.which("wrk"):
        found["wrk (C, one thread)"] = (with_wrk, None)
    found["wire, client alone"] = (wire_alone, None)
    found["provider, CLIENT=wire"] = (provider("wire"), None)
    found["provider, CLIENT=library"] = (provider("library"), None)
    found["aiohttp"] = (with_aiohttp, None)
    found["Twilio's async client"] = (with_twilio, None)
    try:
        import uvloop  # noqa: PLC0415  (not everywhere)
    except ImportError:
        return found
    found["wire, client alone, uvloop"] = (wire_alone, uvloop.new_event_loop)
    found["provider, CLIENT=wire, uvloop"] = (provider("wire"), uvloop.new_event_loop)
    return found


def show(figures: Mapping[str, Sequence[Figure]]) -> None:
    """Print medians and ratios, then what each run gave."""
    medians = {name: statistics.median(one.rate for one in runs) for name, runs in figures.items()}
    first = next(iter(medians))
    print(f"{'':32}{'requests/s':>11}{'ratio':>7}{'µs of CPU':>11}{'sink busy':>11}")
    for name, median in medians.items():
        runs = figures[name]
        cost = statistics.median(one.cpu / one.requests * 1e6 for one in runs)
        busy = statistics.median(one.sink_cpu / one.seconds for one in runs)
        print(f"{name:32}{median:11,.0f}{median / medians[first]:7.2f}{cost:11.1f}{busy:11.0%}")
    print("\nEach run, requests/s:")
    for name, runs in figures.items():
        print(f"{name:32}" + "".join(f"{one.rate:9,.0f}" for one in runs))


def main() -> None:
    """Read the arguments, and race."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--connections", type=int, default=32)
    given = parser.parse_args()
    taking_part = contenders()
    figures: dict[str, list[Figure]] = {name: [] for name in taking_part}
    print(
        f"{platform.python_version()}, {len(os.sched_getaffinity(0))} CPUs, load"
        f" {os.getloadavg()[0]:.1f}, {given.connections} connections, {given.seconds:g} s a run,"
        f" {given.rounds} rounds, {datetime.now(UTC).date()}"
    )
    if not shutil.which("wrk"):
        print("wrk is not on PATH: ratios are to our client.")
    with sink() as (child, port):
        race = Race(port=port, seconds=given.seconds, connections=given.connections)
        for _ in range(given.rounds):
            for name, (run, factory) in taking_part.items():
                figures[name].append(measured(run, race, child.pid, factory))
        said, _ = child.communicate()
    show(figures)
    taken = json.loads(said)
    counted = sum(one.requests for runs in figures.values() for one in runs)
    print(f"\nThe sink took {taken['requests']:,} requests; the contenders counted {counted:,}.")


if __name__ == "__main__":
    main()
