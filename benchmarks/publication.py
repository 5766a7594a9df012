"""How fast public pages are answered from the folder, and how fast the folder is made.

The same pages, side by side on this machine: our server of the public folder; the static files of
Starlette on the same HTTP server and settings; Python's own plain file server. Clients keep their
connections. Then how long a site of many advisories takes to be made, to be made again where
nothing has changed, and to take one more.
"""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks import _chart, _frame
from broadcaster import bootstrap
from broadcaster.bootstrap import runtime_publishing as joined
from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign, CampaignStatus, ChannelPlan
from broadcaster.domain.message import Channel, Lane
from broadcaster.ports import Record, Whereabouts
from broadcaster.publication import records
from broadcaster.publication.folder import Folder
from broadcaster.publication.freezing import Freezer
from broadcaster.publication.projecting import project
from broadcaster.publication.site import Site
from broadcaster.settings import Settings, load

_NAME = "publication"
_NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)
_ZONE = ZoneInfo("Africa/Casablanca")
_CLIENTS = 8
_SECONDS = {False: 2.0, True: 5.0}
_ADVISORIES = {False: 300, True: 2000}
_WAYS = ("ours", "starlette", "http.server")


def measure(wished: _frame.Wishes) -> _frame.Result:
    """Make a site, then ask for its pages in turns."""
    count = wished.count or _ADVISORIES[wished.full]
    with tempfile.TemporaryDirectory() as home:
        settings = load({"BROADCASTER_HOME": home, "BROADCASTER_PUBLIC_URL": "http://127.0.0.1"})
        made = _site(settings, count)
        rates: dict[str, list[float]] = {way: [] for way in _WAYS}
        paths = [f"/advisories/{n}/{tag}/" for n in range(1, 101) for tag in ("ar", "fr", "en")]
        for turn in range(wished.rounds(2)):
            for way in _WAYS[turn % len(_WAYS) :] + _WAYS[: turn % len(_WAYS)]:
                with _serving(way, home) as port:
                    asyncio.run(_asked(port, paths, 0.3))
                    rates[way].append(asyncio.run(_asked(port, paths, _SECONDS[wished.full])))
    ratios = [
        _frame.Ratio(
            name=f"pages from the folder, against {name}",
            value=_frame.ratio(rates["ours"], rates[way]),
            at_least=1.0,
        )
        for way, name in (
            ("starlette", "static files of Starlette on the same HTTP server"),
            ("http.server", "Python's plain file server"),
        )
    ]
    return _frame.Result(
        name=_NAME,
        title="Public pages from the folder",
        full=wished.full,
        ratios=ratios,
        figures=_frame.rates_shown(rates, {}),
        sizes={"advisories": count, "clients": _CLIENTS, **made},
    )


def _site(settings: Settings, count: int) -> dict[str, _frame.Figure]:
    """Make the folder of so many advisories; how long that took."""
    renderer = bootstrap.renderer(settings)
    pages, editor = joined.site_pages(settings, renderer), joined.editor(settings, renderer)
    site = joined.site(settings, pages, editor)
    freezer = Freezer(
        editor=editor,
        pages=pages,
        locate=lambda _: Whereabouts(names=("Anfa",)),
        signer=None,
        public_url=settings.public_url,
        sender="",
        zone=_ZONE,
    )
    kind = renderer.kinds["remote_services"]
    advisory = Advisory(
        id=1,
        kind=kind.name,
        version=1,
        facts=kind.sample(),
        message_class=kind.message_class,
        severity=kind.severity,
        urgency=kind.urgency,
        certainty=kind.certainty,
        effective=_NOW,
        expires=_NOW + timedelta(days=36500),
    )
    began = time.perf_counter()
    record = freezer.freeze(_campaign(), advisory, [], _NOW)
    frozen = time.perf_counter() - began
    folder = Folder(settings.publication.folder)
    entries = {n: folder.keep(_copy(record, n)) for n in range(1, count + 1)}
    found = {"ms to freeze one": round(frozen * 1000, 1)}
    for what in ("s to make the site", "s to make it anew, unchanged"):
        folder.save_entries(entries, dict.fromkeys(entries, "1"))
        found[what] = round(_projected(folder, site, anew=True), 2)
    entries[count + 1] = folder.keep(_copy(record, count + 1))
    folder.save_entries(entries, dict.fromkeys(entries, "1"))
    found["s to take one more"] = round(_projected(folder, site, anew=False), 3)
    return dict(found)


def _projected(folder: Folder, site: Site, *, anew: bool) -> float:
    began = time.perf_counter()
    with folder.lock():
        project(folder, site, _NOW, anew=anew)
    return time.perf_counter() - began


def _copy(record: Record, number: int) -> Record:
    frozen = records.read(record.frozen)
    pages = tuple(
        replace(one, html=one.html.replace("/advisories/1/", f"/advisories/{number}/"))
        for one in frozen.editions
    )
    other = replace(frozen, advisory=number, editions=pages, sent=_NOW + timedelta(seconds=number))
    return replace(record, advisory=number, frozen=records.written(other))


def _campaign() -> Campaign:
    return Campaign(
        id=1,
        name="benchmark",
        advisory_id=1,
        segment="everybody",
        expression="all",
        channels=(Channel.SMS,),
        channel_plan=ChannelPlan.ALL,
        lane=Lane.ROUTINE,
        drill=False,
        status=CampaignStatus.RUNNING,
        approved_hash=None,
        scheduled_at=None,
        created_by="benchmark",
        approved_by=None,
    )


@contextmanager
def _serving(way: str, home: str) -> Iterator[int]:
    """Run a server in a process of its own; its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [sys.executable, __file__, "--serve", way, home, str(port)]
    root = str(Path(__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": root}
    child = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)  # noqa: S603  (ours)
    try:
        _wait(port)
        yield port
    finally:
        child.terminate()
        child.wait(10)


def _wait(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the server did not come up")


async def _asked(port: int, paths: list[str], seconds: float) -> float:
    """Ask for pages by several clients for a while; how many a second were whole."""
    end = time.perf_counter() + seconds
    counts = await asyncio.gather(*(_client(port, paths[n:], end) for n in range(_CLIENTS)))
    return sum(counts) / seconds


async def _client(port: int, paths: list[str], end: float) -> int:
    count = 0
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < end:
        path = paths[count % len(paths)]
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 200"), head
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        assert body.endswith(b"</html>\n")
        count += 1
    writer.close()
    return count


def serve(way: str, home: str, port: int) -> None:
    """Be one of the servers, until terminated."""
    settings = load({"BROADCASTER_HOME": home, "BROADCASTER_PUBLIC_URL": "http://127.0.0.1"})
    site = settings.publication.folder / "site"
    if way == "http.server":
        _plain(site, port)
        return
    import uvicorn  # noqa: PLC0415  (in the server's process alone)
    from starlette.staticfiles import StaticFiles  # noqa: PLC0415  (as above)

    from broadcaster.web.app import create_public_app  # noqa: PLC0415  (as above)

    app = create_public_app(settings) if way == "ours" else StaticFiles(directory=site, html=True)
    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False)


def _plain(site: Path, port: int) -> None:
    import http.server  # noqa: PLC0415  (in the server's process alone)
    from functools import partial  # noqa: PLC0415  (as above)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        """As it is, but keeping connections, and without a log."""

        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    handler = partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        server.serve_forever()


def main() -> None:
    """Measure, print, and keep figures and picture when that is wished."""
    wished = _frame.wishes(__doc__)
    result = measure(wished)
    if _frame.publish(result, wished):
        _chart.rates(result, _frame.PICTURES / f"bench-{_NAME}.svg")


if __name__ == "__main__":
    if "--serve" in sys.argv:
        serve(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main()
