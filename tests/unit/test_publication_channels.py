"""Announcing on public channels: what is known of a request decides whether it goes again."""

import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from broadcaster.domain.announcement import ATTEMPTS, Announcement, Answer, Outcome, again
from broadcaster.domain.options import Secret
from broadcaster.errors import ConfigurationError
from broadcaster.publication.channels import AppriseChannel
from broadcaster.settings import load
from tests.builders import NOON

NEWS = Announcement(title="قطع الماء", body="Rue 1\nhttps://avis.example.test/advisories/1/ar")


class _Town(HTTPServer):
    """A public channel on this machine; answers as it is told."""

    status = 200
    #: Whether it hangs up without an answer, after it took the request.
    mute = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken: list[tuple[str, dict[str, object]]] = []

    def handle_error(self, *_: object) -> None:
        """Say nothing: hanging up is wanted."""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        town = self.server
        assert isinstance(town, _Town)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        town.taken.append((self.path, json.loads(body)))
        if town.mute:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(town.status)
        if town.status in range(300, 400):
            self.send_header("Location", f"http://127.0.0.1:{town.server_address[1]}/inside")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _town() -> Iterator[_Town]:
    with _Town() as town:
        thread = threading.Thread(target=town.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield town
        finally:
            town.shutdown()
            thread.join(5)


def _channel(port: int, path: str = "secret-token") -> AppriseChannel:
    return AppriseChannel("town", Secret(f"json://127.0.0.1:{port}/{path}"), "ar")


def test_an_announcement_arrives_as_it_was_written() -> None:
    """Once, with its title, its text and its link."""
    with _town() as town:
        answer = _channel(town.server_address[1]).send(NEWS)
        assert answer == Answer(outcome=Outcome.SENT)
        ((path, body),) = town.taken
    assert path == "/secret-token"
    assert (body["title"], body["message"]) == (NEWS.title, NEWS.body)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (429, Outcome.LATER),
        (503, Outcome.LATER),
        (400, Outcome.REFUSED),
        (401, Outcome.REFUSED),
        (404, Outcome.REFUSED),
        (302, Outcome.REFUSED),
        (307, Outcome.REFUSED),
        (408, Outcome.DOUBT),
        (500, Outcome.DOUBT),
        (502, Outcome.DOUBT),
        (504, Outcome.DOUBT),
    ],
)
def test_each_answer_says_whether_it_may_go_again(status: int, outcome: Outcome) -> None:
    """What may have been done is never repeated; nobody is led on to another address."""
    with _town() as town:
        town.status = status
        answer = _channel(town.server_address[1]).send(NEWS)
        assert answer == Answer(outcome=outcome, reason=f"answered {status}")
        assert len(town.taken) == 1


def test_one_that_hangs_up_leaves_doubt() -> None:
    """It had the request; whether it was done nobody knows."""
    with _town() as town:
        town.mute = True
        assert _channel(town.server_address[1]).send(NEWS).outcome is Outcome.DOUBT
        assert len(town.taken) == 1


def test_what_never_left_may_go_again() -> None:
    """Nobody listens there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        answer = _channel(free.getsockname()[1]).send(NEWS)
    assert answer == Answer(outcome=Outcome.LATER, reason="not reached")


def test_where_it_leads_is_in_no_log_and_no_repr(caplog: pytest.LogCaptureFixture) -> None:
    """Nor what it says; also when it fails."""
    caplog.set_level(logging.DEBUG)
    with _town() as town:
        town.status = 400
        channel = _channel(town.server_address[1])
        channel.send(NEWS)
    shown = (
        repr(channel)
        + repr(NEWS)
        + "".join(
            record.getMessage()
            for record in caplog.records
            if record.name != "urllib3.connectionpool"
        )
    )
    assert "secret-token" not in shown
    assert "Rue 1" not in shown


def test_the_transports_log_is_quiet() -> None:
    """It would show the paths of destinations, which are secrets of many channels."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        _channel(free.getsockname()[1])
    assert not logging.getLogger("urllib3.connectionpool").isEnabledFor(logging.INFO)


@pytest.mark.parametrize("given", ["nonsense://x", "secret", "http://"])
def test_a_destination_that_is_none_is_told_by_its_setting_alone(given: str) -> None:
    """Its text may be a secret."""
    with pytest.raises(ConfigurationError, match="BROADCASTER_ANNOUNCE_TOWN_URL") as fault:
        AppriseChannel("town", Secret(given), "ar")
    assert given not in str(fault.value)


def test_destinations_come_from_the_settings(tmp_path: object) -> None:
    """Each by its name, in a language; one without destination is refused."""
    names = {
        "BROADCASTER_HOME": str(tmp_path),
        "BROADCASTER_ANNOUNCE": "town;radio",
        "BROADCASTER_ANNOUNCE_TOWN_URL": "json://127.0.0.1/x",
        "BROADCASTER_ANNOUNCE_RADIO_URL": "json://127.0.0.1/y",
        "BROADCASTER_ANNOUNCE_RADIO_LOCALE": "fr",
    }
    given = load(names).publication
    assert given.sink_locales == {"town": "ar", "radio": "fr"}
    assert "127.0.0.1" not in repr(given)
    for wrong in ({"BROADCASTER_ANNOUNCE_TOWN_URL": ""}, {"BROADCASTER_ANNOUNCE": "To wn"}):
        with pytest.raises(ConfigurationError, match="BROADCASTER_ANNOUNCE"):
            load({**names, **wrong})


def test_it_is_tried_for_some_hours_and_then_given_up() -> None:
    """Ever more seldom."""
    waits = [again(attempt, NOON) for attempt in range(1, ATTEMPTS + 1)]
    assert waits[-1] is None
    times = [wait - NOON for wait in waits if wait]
    assert times == sorted(times)
    assert times[0].total_seconds() == 30
    assert max(times).total_seconds() == 3600
