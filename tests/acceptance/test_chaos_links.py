"""The links of the fault suite do what they are told, and nothing else."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.chaos.links import Links
from tests.sandboxes import until


class Echo:
    """A server that gives back what it gets, and keeps it."""

    def __init__(self) -> None:
        self.got = b""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                with connection, suppress(OSError):
                    while data := connection.recv(4096):
                        self.got += data
                        connection.sendall(data)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


@pytest.fixture
def echo() -> Iterator[Echo]:
    """A server behind the link."""
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def links(echo: Echo) -> Iterator[Links]:
    """One link, `there`."""
    with Links(there=lambda: echo.port) as made:
        yield made


@contextmanager
def _client(links: Links) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", links["there"].port), timeout=10) as client:
        yield client


def test_an_undisturbed_link_passes_everything_on(links: Links, echo: Echo) -> None:
    """What goes in comes out, both ways."""
    with _client(links) as client:
        client.sendall(b"a" * 100_000)
        back = b""
        while len(back) < 100_000:
            back += client.recv(65536)
    assert back == echo.got == b"a" * 100_000


def test_a_cut_link_resets_and_refuses(links: Links) -> None:
    """Whoever is connected is cut off, and whoever comes is refused until it is over."""
    link = links["there"]
    with _client(links) as client:
        client.sendall(b"hello")
        assert client.recv(5) == b"hello"
        assert links.do(link.cut(refusing=True)) == 1
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    with _client(links) as client, suppress(ConnectionResetError):
        assert client.recv(1) == b""
    links.do(link.cut(refusing=False))
    with _client(links) as client:
        client.sendall(b"again")
        assert client.recv(5) == b"again"


def test_a_stalled_link_holds_until_it_goes_on(links: Links, echo: Echo) -> None:
    """Nothing passes while it is stalled, and everything afterwards."""
    link = links["there"]
    with _client(links) as client:
        links.do(link.stall(stalled=True))
        client.sendall(b"held")
        assert echo.got == b""
        links.do(link.stall(stalled=False))
        assert client.recv(4) == b"held"


def test_what_a_dead_client_left_in_a_stalled_link_is_lost(links: Links, echo: Echo) -> None:
    """A link does not deliver for the dead."""
    link = links["there"]
    links.do(link.stall(stalled=True))
    with _client(links) as client:
        client.sendall(b"last words")
    until(lambda: links.do(link.connections()) == 0)
    links.do(link.stall(stalled=False))
    with _client(links) as client:
        client.sendall(b"others")
        assert client.recv(6) == b"others"
    assert echo.got == b"others"


def test_a_transfer_is_broken_half_way(links: Links, echo: Echo) -> None:
    """Half of it arrives, then the connection ends."""
    link = links["there"]
    links.do(link.halve(1))
    with _client(links) as client:
        client.sendall(b"12345678")
        with suppress(ConnectionResetError):
            assert client.recv(8) == b""
    until(lambda: echo.got == b"1234")
    assert links.do(link.left_to_halve()) == 0
