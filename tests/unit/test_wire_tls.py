"""Our HTTP client over TLS: names and chains are verified before anything is written."""

import asyncio
import ssl
from pathlib import Path

import pytest

from broadcaster.providers._http import NoAnswerError, NotSentError
from broadcaster.providers._wire import Wire
from broadcaster.providers._wire_request import Origin
from tests.authorities import Authority
from tests.authorities import authority as make_authority
from tests.wire_servers import OK, Ask, Link, Script, Scripted, answers, until


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """Make an authority that this test's clients trust."""
    made = make_authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


def _asked(
    context: ssl.SSLContext | None, *scripts: Script, count: int = 1
) -> tuple[list[Ask], Scripted]:
    """Ask `localhost` over TLS, one request after the other."""

    async def scene() -> tuple[list[Ask], Scripted]:
        async with Scripted(*scripts, tls=context) as server:
            wire = Wire(timeout=5, concurrency=2)
            asks = [
                Ask(Origin("https", "localhost", server.port), number) for number in range(count)
            ]
            for ask in asks:
                await wire.run([ask])
            await wire.aclose()
            return asks, server

    return asyncio.run(scene())


def test_right_certificate_is_taken(authority: Authority) -> None:
    """A certificate of the host, signed by a trusted authority, serves, and is kept."""
    context = authority.server("localhost")
    names: list[str | None] = []

    def note(_socket: object, name: str | None, _context: object) -> None:
        names.append(name)

    context.sni_callback = note
    asks, server = _asked(context, count=5)
    assert {ask.answer.body for ask in asks} == {b"ok"}
    assert server.connections == 1
    assert names == ["localhost"]


@pytest.mark.parametrize("wrong", ["host", "expired", "itself", "stranger"])
def test_wrong_certificate_is_refused(authority: Authority, tmp_path: Path, wrong: str) -> None:
    """For another host, out of date, or signed by nobody we trust: nothing is written."""
    (tmp_path / "stranger").mkdir()
    stranger = make_authority(tmp_path / "stranger")
    context = {
        "host": lambda: authority.server("other.test"),
        "expired": lambda: authority.server("localhost", days=-1),
        "itself": lambda: authority.server("localhost", itself=True),
        "stranger": lambda: stranger.server("localhost"),
    }[wrong]()
    (ask,), server = _asked(context)
    assert isinstance(ask.fault, NotSentError)
    assert str(ask.fault) == "SSLCertVerificationError"
    assert server.octets == 0


def test_old_protocol_is_refused(authority: Authority) -> None:
    """TLS below 1.2 is not spoken."""
    context = authority.server("localhost")
    with pytest.deprecated_call():
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    (ask,), server = _asked(context)
    assert isinstance(ask.fault, NotSentError)
    assert server.octets == 0


async def _closes(_link: Link) -> None:
    """Close at once."""


async def _talks(link: Link) -> None:
    await link.say(b"220 relay.test ESMTP\r\n")
    await link.hang()


@pytest.mark.parametrize("script", [_closes, _talks])
@pytest.mark.usefixtures("authority")
def test_no_tls_no_request(script: Script) -> None:
    """A server that closes or speaks in the clear gets nothing of the request."""
    (ask,), server = _asked(None, script)
    assert isinstance(ask.fault, NotSentError)
    assert server.requests == []


def test_cut_after_the_request_leaves_doubt(authority: Authority) -> None:
    """Over TLS too, what was written and not answered is in doubt; the next one is not."""

    async def cuts(link: Link) -> None:
        await link.request()
        link.reset()

    async def truncates(link: Link) -> None:
        await link.answer(OK[:-1])

    context = authority.server("localhost")
    asks, server = _asked(context, cuts, truncates, answers, count=3)
    assert [type(ask.fate[0]) for ask in asks[:2]] == [NoAnswerError, NoAnswerError]
    assert asks[2].answer.status == 201
    assert len(server.requests) == 3


def test_connection_closed_while_idle_is_noticed(authority: Authority) -> None:
    """A server that has said goodbye is not written to."""

    async def once(link: Link) -> None:
        await link.answer()

    async def scene() -> None:
        context = authority.server("localhost")
        async with Scripted(once, tls=context) as server:
            wire = Wire(timeout=5, concurrency=1)
            for number in range(3):
                server.ended.clear()
                ask = Ask(Origin("https", "localhost", server.port), number)
                await asyncio.gather(wire.run([ask]), server.ended.wait())
                await until(lambda: not wire._pools)
                assert ask.answer.body == b"ok"
            await wire.aclose()
            assert server.connections == 3

    asyncio.run(scene())
