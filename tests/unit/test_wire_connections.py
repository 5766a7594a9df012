"""Our HTTP client's connections: kept, bounded, shared, and never used when they are dead."""

import asyncio
from math import inf

import pytest

from broadcaster.providers import _wire_request
from broadcaster.providers._http import Answer, NoAnswerError, NotSentError
from broadcaster.providers._wire import TakenBackError, Wire
from broadcaster.providers._wire_request import Origin
from tests.networks import unused_port
from tests.wire_servers import OK, Ask, Link, Scripted, answers, asked, until


def _with(header: str) -> bytes:
    return OK.replace(b"\r\n\r\n", f"\r\n{header}\r\n\r\n".encode())


async def _one_by_one(server: Scripted, wire: Wire, count: int = 3) -> list[Ask]:
    asks = [Ask(server.origin, number) for number in range(count)]
    for ask in asks:
        await wire.run([ask])
    return asks


def test_connections_are_kept() -> None:
    """One request after the other goes over one connection."""

    async def ask(server: Scripted, wire: Wire) -> None:
        for done in await _one_by_one(server, wire, 20):
            assert done.answer.body == b"ok"

    server = asked(ask=ask)
    assert server.connections == 1
    assert [request.split()[1] for request in server.requests] == [
        f"/{number}".encode() for number in range(20)
    ]


def test_many_share_a_bounded_number() -> None:
    """However many wait, no more connections are open than allowed, and each has one request."""

    async def ask(server: Scripted, wire: Wire) -> None:
        asks = [Ask(server.origin, number) for number in range(200)]
        await asyncio.gather(wire.run(asks[:100]), wire.run(asks[100:]))
        assert {done.answer.status for done in asks} == {201}

    server = asked(ask=ask, concurrency=4)
    assert len(server.requests) == 200
    assert len(set(server.requests)) == 200
    assert server.most == server.connections == 4


@pytest.mark.parametrize(
    "last",
    [
        _with("Connection: close"),
        _with("Keep-Alive: timeout=5, max=0"),
        _with("Keep-Alive: timeout=0"),
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
        OK + b"surplus",
        OK + OK,
    ],
)
def test_connection_that_will_not_last_is_not_used_again(last: bytes) -> None:
    """Where the server says that it closes, or says too much, the next request goes elsewhere."""

    async def once(link: Link) -> None:
        await link.answer(last)
        # Anything further would be read, and be counted as a request.
        await link.request()

    async def ask(server: Scripted, wire: Wire) -> None:
        for done in await _one_by_one(server, wire):
            assert done.answer.body == b"ok"

    server = asked(once, ask=ask)
    assert server.connections == 3
    assert len(server.requests) == 3


def test_connection_closed_while_idle_is_noticed() -> None:
    """A kept connection that the server has closed since is not written to."""

    async def once(link: Link) -> None:
        await link.answer()

    async def ask(server: Scripted, wire: Wire) -> None:
        for number in range(5):
            server.ended.clear()
            done = Ask(server.origin, number)
            # The closing is told right behind the answer, so that no turn of the loop is between.
            await asyncio.gather(wire.run([done]), server.ended.wait())
            assert done.answer.body == b"ok"

    server = asked(once, ask=ask)
    assert (server.connections, len(server.requests)) == (5, 5)


def test_connection_closed_behind_an_answer_is_noticed_for_those_that_wait() -> None:
    """A server that closes after each answer, without a word, costs no waiting message its way."""

    async def once(link: Link) -> None:
        await link.request()
        link._writer.write(OK)
        link._writer.close()

    async def ask(server: Scripted, wire: Wire) -> None:
        asks = [Ask(server.origin, number) for number in range(20)]
        await wire.run(asks)
        assert {type(done.fate[0]) for done in asks} == {Answer}

    server = asked(once, ask=ask, concurrency=1)
    assert len(server.requests) == 20


def test_closing_that_crosses_a_request_leaves_doubt() -> None:
    """When the server closes as the next request arrives, that one is in doubt, and sent once."""

    async def crossing(link: Link) -> None:
        await link.answer()
        await link.read(1)

    async def ask(server: Scripted, wire: Wire) -> None:
        first, second, third = await _one_by_one(server, wire)
        assert first.answer.body == b"ok"
        assert isinstance(second.fault, NoAnswerError)
        assert third.answer.body == b"ok"

    server = asked(crossing, answers, ask=ask)
    assert [request.split()[1] for request in server.requests] == [b"/0", b"/2"]


def test_answer_that_nobody_asked_for_is_no_answer() -> None:
    """What a server says on an idle connection is not taken for the next request's answer."""
    heard, spoke = asyncio.Event(), asyncio.Event()

    async def speaks(link: Link) -> None:
        await link.answer()
        await heard.wait()
        await link.say(b"HTTP/1.1 408 Too Late\r\nContent-Length: 0\r\n\r\n")
        spoke.set()
        await answers(link)

    async def ask(server: Scripted, wire: Wire) -> None:
        await wire.run([Ask(server.origin)])
        heard.set()
        await spoke.wait()
        # What was said is there to be read at the next turn of the loop.
        for _ in range(10):
            await asyncio.sleep(0)
        second = Ask(server.origin, 1)
        await wire.run([second])
        assert second.answer.status == 201

    server = asked(speaks, answers, ask=ask)
    assert server.connections == 2


def test_idle_connection_is_closed_before_the_server_does() -> None:
    """A connection is kept for less time than the server said."""

    async def ask(server: Scripted, wire: Wire) -> None:
        await wire.run([Ask(server.origin)])
        (pool,) = wire._pools.values()
        (connection,) = pool.connections
        loop = asyncio.get_running_loop()
        assert connection._deadline - loop.time() <= 4
        # As if the time had passed.
        connection._deadline = loop.time()
        connection._check()
        await connection.closed
        await wire.run([Ask(server.origin)])

    async def kept(link: Link) -> None:
        while await link.answer(_with("Keep-Alive: timeout=5, max=100")):
            pass

    server = asked(kept, ask=ask)
    assert server.connections == 2


def test_nobody_listens() -> None:
    """A refused connection leaves no doubt, and all that wait hear of it together."""

    async def scene() -> None:
        origin = Origin("http", "127.0.0.1", await unused_port())
        wire = Wire(timeout=5, concurrency=2)
        asks = [Ask(origin, number) for number in range(50)]
        await wire.run(asks)
        assert {type(done.fault) for done in asks} == {NotSentError}
        assert wire._places == 0
        assert wire._pools == {}
        await wire.aclose()

    asyncio.run(scene())


def test_connecting_has_a_limit() -> None:
    """A look-up or a connection that never ends is given up, and nothing has left."""

    async def never(_host: str, _port: int) -> list[object]:
        await asyncio.Event().wait()
        return []

    async def scene() -> None:
        wire = Wire(timeout=0.05, concurrency=2, resolve=never)  # type: ignore[arg-type]  # (never gives anything)
        asks = [Ask(Origin("http", "slow.test", 80), number) for number in range(5)]
        await wire.run(asks)
        assert {str(done.fault) for done in asks} == {"TimeoutError"}
        assert {type(done.fault) for done in asks} == {NotSentError}
        await wire.aclose()

    asyncio.run(scene())


def test_those_that_are_open_serve_on() -> None:
    """When further connections are refused, those that wait are served by the one that is open."""

    async def first_only(host: str, port: int) -> list[object]:
        tried.append(host)
        if len(tried) > 1:
            raise OSError("no more")
        return list(await _resolve(host, port))

    from broadcaster.providers._wire import resolve as _resolve  # noqa: PLC0415  (used above)

    tried: list[str] = []

    async def scene() -> None:
        async with Scripted() as server:
            wire = Wire(timeout=5, concurrency=4, resolve=first_only)  # type: ignore[arg-type]  # (as it is)
            await wire.run([Ask(server.origin)])
            asks = [Ask(server.origin, number) for number in range(30)]
            await wire.run(asks)
            assert {done.answer.status for done in asks} == {201}
            assert len(tried) > 1
            # For a while no more are tried; then they are.
            (pool,) = wire._pools.values()
            for until_, more in ((inf, False), (-inf, True)):
                tried[1:], pool._hold = [], until_
                await wire.run([Ask(server.origin, number) for number in range(30)])
                assert (len(tried) > 1) is more
            await wire.aclose()
            assert server.connections == 1

    asyncio.run(scene())


def test_origins_share_the_connections() -> None:
    """With fewer connections than origins, each origin gets its turn, and no more are open."""

    async def scene() -> None:
        async with Scripted() as a, Scripted() as b, Scripted() as c:
            wire = Wire(timeout=5, concurrency=2)
            servers = [a, b, c]
            asks = [Ask(servers[number % 3].origin, number) for number in range(90)]
            await asyncio.gather(wire.run(asks[:60]), wire.run(asks[60:]))
            assert {done.answer.status for done in asks} == {201}
            assert [len(server.requests) for server in servers] == [30, 30, 30]
            # The idle connections of one make room for another.
            for server in servers:
                await wire.run([Ask(server.origin, number) for number in range(4)])
            await wire.aclose()
            assert wire._places == 0

    asyncio.run(scene())


def test_busy_origin_leaves_room_for_another() -> None:
    """A long queue to one origin does not keep another waiting for its end."""

    async def scene() -> None:
        async with Scripted() as a, Scripted() as b:
            wire = Wire(timeout=5, concurrency=2)
            many = [Ask(a.origin, number) for number in range(2000)]
            long = asyncio.ensure_future(wire.run(many))
            await until(lambda: a.requests)
            other = Ask(b.origin)
            await wire.run([other])
            assert other.answer.status == 201
            assert sum(bool(done.fate) for done in many) < len(many)
            await long
            await wire.aclose()

    asyncio.run(scene())


def test_cancelled_run_tells_what_was_written() -> None:
    """After a cancellation what was written is in doubt, and what waited is not."""

    async def hangs(link: Link) -> None:
        await link.request()
        await link.hang()

    async def ask(server: Scripted, wire: Wire) -> None:
        asks = [Ask(server.origin, number) for number in range(10)]
        run = asyncio.ensure_future(wire.run(asks))
        await until(lambda: len(server.requests) == 4)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        faults = [type(done.fault) for done in asks]
        assert faults == [NoAnswerError] * 4 + [NotSentError] * 6
        assert all(not pool.queue for pool in wire._pools.values())

    asked(hangs, ask=ask)


def test_closing_tells_what_was_written() -> None:
    """After the end what was written is in doubt, what waited is not; and it can begin anew."""

    async def hangs(link: Link) -> None:
        await link.request()
        await link.hang()

    async def ask(server: Scripted, wire: Wire) -> None:
        asks = [Ask(server.origin, number) for number in range(6)]
        run = asyncio.ensure_future(wire.run(asks))
        await until(lambda: len(server.requests) == 4)
        await wire.aclose()
        await run
        assert [type(done.fault) for done in asks] == [NoAnswerError] * 4 + [NotSentError] * 2
        assert wire._places == 0
        again = Ask(server.origin, 9)
        await wire.run([again])
        assert again.answer.status == 201

    asked(hangs, hangs, hangs, hangs, answers, ask=ask)


def test_closing_while_connecting() -> None:
    """After the end, what still had no connection never left."""

    async def never(_host: str, _port: int) -> list[object]:
        await asyncio.Event().wait()
        return []

    async def scene() -> None:
        wire = Wire(timeout=5, concurrency=2, resolve=never)  # type: ignore[arg-type]  # (never gives anything)
        asks = [Ask(Origin("http", "slow.test", 80), number) for number in range(5)]
        run = asyncio.ensure_future(wire.run(asks))
        await asyncio.sleep(0)
        await wire.aclose()
        await run
        assert {type(done.fault) for done in asks} == {NotSentError}
        assert wire._places == 0

    asyncio.run(scene())


def test_what_is_taken_back_does_not_leave() -> None:
    """A request that is taken back when its turn comes is not written, and nothing waits for it."""

    async def ask(server: Scripted, wire: Wire) -> None:
        asks = [Ask(server.origin, number) for number in range(6)]
        for taken_back in asks[1:4]:
            taken_back.leaves = False
        await wire.run(asks)
        assert [len(done.fate) for done in asks] == [1, 0, 0, 0, 1, 1]
        with pytest.raises(TakenBackError):
            await wire.ask(server.origin, asks[0].octets, lambda: False)

    server = asked(ask=ask, concurrency=1)
    assert len(server.requests) == 3


def test_fault_of_ours_takes_no_other_along() -> None:
    """An exception in one request's methods ends that one, and says whether it was written."""

    class Unwritable(Ask):
        def request(self) -> bytes | None:
            raise ValueError("secret")

    class Unreadable(Ask):
        def answered(self, answer: Answer) -> None:
            raise ValueError(answer.status)

    class Hopeless(Unreadable):
        def broken(self, *, written: bool) -> None:
            raise ValueError(written)

    async def ask(server: Scripted, wire: Wire) -> None:
        kinds = [Ask, Unwritable, Ask, Unreadable, Hopeless, Ask]
        asks = [kind(server.origin, number) for number, kind in enumerate(kinds)]
        await wire.run(asks)
        assert asks[1].fate == ["broken, written: False"]
        assert asks[3].fate == ["broken, written: True"]
        assert {asks[number].answer.status for number in (0, 2, 5)} == {201}

    server = asked(ask=ask, concurrency=1)
    assert server.connections == 1


def test_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment says of proxies changes nothing."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async def ask(server: Scripted, wire: Wire) -> None:
        await _one_by_one(server, wire)

    assert len(asked(ask=ask).requests) == 3


def test_cookies_are_not_kept() -> None:
    """What a server wants remembered is forgotten."""

    async def gives(link: Link) -> None:
        while await link.answer(_with("Set-Cookie: a=b; Path=/")):
            pass

    async def ask(server: Scripted, wire: Wire) -> None:
        await _one_by_one(server, wire)

    assert b"cookie" not in b"".join(asked(gives, ask=ask).requests).lower()


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("https://api.test/x", b"api.test", b"/x"),
        ("https://API.test:443", b"api.test", b"/"),
        ("https://api.test:8443/x?y=1", b"api.test:8443", b"/x?y=1"),
        ("http://127.0.0.1:80/#part", b"127.0.0.1", b"/"),
        ("http://[::1]:8080/", b"[::1]:8080", b"/"),
    ],
)
def test_request_names_its_host(url: str, host: bytes, target: bytes) -> None:
    """Host has the port where it is not the scheme's own; a fragment stays here."""
    origin, path = _wire_request.parse(url)
    octets = _wire_request.with_body(
        _wire_request.head("POST", origin, path, {"User-Agent": "b/1"}), b"ok"
    )
    assert octets == (
        b"POST " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\nAccept-Encoding: identity\r\n"
        b"User-Agent: b/1\r\nContent-Length: 2\r\n\r\nok"
    )


@pytest.mark.parametrize(
    "url",
    [
        "ftp://api.test/",
        "https:///x",
        "https://a@b.test/",
        "https://a:b@b.test/",
        "https://b.test/a b",
        "https://b.test/\u00e9",
        "https://\u00e9.test/",
        "https://b.test:99999/",
        "https://b.test\\@c.test/",
        "https://b_.test\r\nX: y/",
        "https://-.test/",
        "/x",
        "https://b.test/" + "x" * 9000,
    ],
)
def test_addresses_that_can_not_be_asked(url: str) -> None:
    """What is no address of a service, or would be read as two things, is refused."""
    with pytest.raises(ValueError):  # noqa: PT011  (the text would repeat an address)
        _wire_request.parse(url)


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("POST", "/x", {"A": "b\r\nC: d"}),
        ("POST", "/x", {"A": "b\nC: d"}),
        ("POST", "/x", {"A": "b\x00"}),
        ("POST", "/x", {"A": "\u00e9"}),
        ("POST", "/x", {"A\r\nB": "c"}),
        ("POST", "/x", {"A ": "c"}),
        ("POST", "/x", {"": "c"}),
        ("POST", "/x y", {}),
        ("POST", "/x HTTP/1.1\r\nA: b\r\n", {}),
        ("POST", "x", {}),
        ("CONNECT", "/x", {}),
        ("POST\r\n", "/x", {}),
    ],
)
def test_nothing_can_be_slipped_into_a_request(
    method: str, target: str, headers: dict[str, str]
) -> None:
    """A line end, NUL or space where none belongs is refused, before anything is written."""
    with pytest.raises(ValueError):  # noqa: PT011  (the text would repeat a value)
        _wire_request.head(method, Origin("https", "api.test", 443), target, headers)
