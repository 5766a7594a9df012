"""Callbacks are verified, stored, and only then acknowledged."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadcaster import bootstrap
from broadcaster.domain.delivery import DeliveryEvent, DeliveryId
from broadcaster.domain.tokens import sign
from broadcaster.errors import ConfigurationError
from tests.web_scene import FakeInside, FakeReceiver, Site, make_inside, serving

RIGHT = {"X-Token": "right"}


@pytest.fixture
def inside(tmp_path: Path) -> FakeInside:
    """Give the fakes."""
    return make_inside(tmp_path)


@pytest.fixture
def site(inside: FakeInside) -> Iterator[Site]:
    """Serve them."""
    with serving(inside) as site:
        yield site


def _fake(inside: FakeInside) -> FakeReceiver:
    provider = inside.providers["fake"]
    assert isinstance(provider, FakeReceiver)
    return provider


def test_a_callback_is_stored_and_acknowledged(inside: FakeInside, site: Site) -> None:
    """204 without a body, and the receipt is in the ledger."""
    answer = site.post("/callbacks/fake/1-1?a=&b=%2F", b"news", headers=RIGHT)
    assert (answer.status, answer.text) == (204, "")
    assert [one.dedupe for one in inside.ledger.receipts] == ["news"]


def test_the_address_is_as_configured_and_otherwise_as_it_came(
    inside: FakeInside, site: Site
) -> None:
    """Signatures are over the public address: no Host, no decoding, blank parameters kept."""
    site.post("/callbacks/fake/1-1%20x?a=&b=%2F", b"news", headers={**RIGHT, "Host": "localhost:1"})
    (call,) = _fake(inside).calls
    assert call.url == "https://avis.example.test/callbacks/fake/1-1%20x?a=&b=%2F"
    assert call.path == "/1-1%20x?a=&b=%2F"
    assert call.headers["x-token"] == "right"
    assert call.body == b"news"


@pytest.mark.parametrize(
    ("path", "body", "token", "status"),
    [
        ("/callbacks/fake/1-1", b"news", "wrong", 403),
        ("/callbacks/fake", b"news", "wrong", 403),
        ("/callbacks/fake/1-1", b"junk", "right", 400),
        ("/callbacks/nobody/1-1", b"news", "right", 404),
        ("/callbacks/mute/1-1", b"news", "right", 404),
        ("/callbacks/", b"news", "right", 404),
        ("/callbacks/FAKE/1-1", b"news", "right", 404),
        ("/callbacks/fake/1-1", b"x" * (64 * 1024 + 1), "right", 413),
    ],
)
def test_what_is_wrong_is_refused_and_not_stored(
    inside: FakeInside, site: Site, path: str, body: bytes, token: str, status: int
) -> None:
    """Each fault has its status; 4xx tells a provider that trying again is no use."""
    assert site.post(path, body, headers={"X-Token": token}).status == status
    assert inside.ledger.receipts == []


def test_a_callback_of_64_kib_is_taken(inside: FakeInside, site: Site) -> None:
    """The bound itself is inside."""
    assert site.post("/callbacks/fake/1-1", b"x" * 65536, headers=RIGHT).status == 204
    assert len(inside.ledger.receipts) == 1


def test_an_announced_length_that_is_none_is_refused(site: Site) -> None:
    """Before anything is read."""
    assert site.ask(
        "/callbacks/fake/1-1", method="POST", headers={"Content-Length": "9" * 30}
    ).status in {
        400,
        413,
    }


def test_looking_at_a_callback_address_does_nothing(site: Site) -> None:
    """Only a POST does."""
    assert site.ask("/callbacks/fake/1-1").status == 405


def test_when_the_database_is_down_the_provider_tries_again(inside: FakeInside, site: Site) -> None:
    """503 with a wish for when; nobody is woken for nothing."""
    inside.ledger.down = True
    answer = site.post("/callbacks/fake/1-1", b"news", headers=RIGHT)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")


def test_a_provider_that_is_not_set_up_tries_again(inside: FakeInside) -> None:
    """Its settings will be mended; the news would be lost otherwise."""

    class Broken(dict[str, object]):
        def get(self, key: str, default: object = None, /) -> object:
            del key, default
            raise ConfigurationError("BROADCASTER_TWILIO_TOKEN: is not set.")

    inside.providers = Broken()
    with serving(inside) as site:
        assert site.post("/callbacks/twilio/1-1", b"news").status == 503


def test_repeats_are_stored_once_and_wake_once(inside: FakeInside) -> None:
    """Many callbacks of a moment wake one worker."""
    with serving(inside) as site:
        for _ in range(5):
            assert site.post("/callbacks/fake/1-1", b"news", headers=RIGHT).status == 204
    assert len(inside.ledger.receipts) == 1
    assert len(site.woken) == 1


def test_a_confirmation_of_the_device_is_a_receipt(inside: FakeInside, site: Site) -> None:
    """With the token as what tells repeats apart."""
    token = sign(bootstrap.signing_key(inside.settings), "confirm", DeliveryId(1, 2))
    for _ in range(2):
        assert site.post(f"/confirm/{token}").status == 204
    (receipt,) = inside.ledger.receipts
    assert (receipt.provider, receipt.event) == ("confirm", DeliveryEvent.DELIVER)
    assert (receipt.delivery, receipt.dedupe) == (DeliveryId(1, 2), token)


def test_a_token_for_something_else_confirms_nothing(inside: FakeInside, site: Site) -> None:
    """Nor does a forged one, nor a look, nor anything while the database is down."""
    key = bootstrap.signing_key(inside.settings)
    other = sign(key, "unsubscribe", DeliveryId(1, 2))
    right = sign(key, "confirm", DeliveryId(1, 2))
    assert site.post(f"/confirm/{other}").status == 404
    assert site.post(f"/confirm/{right[:-1]}").status == 404
    assert site.ask(f"/confirm/{right}").status == 405
    inside.ledger.down = True
    assert site.post(f"/confirm/{right}").status == 503
    assert inside.ledger.receipts == []


def test_logs_hold_no_body_and_no_token(
    inside: FakeInside, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """Only which provider, and what was answered."""
    caplog.set_level(logging.DEBUG)
    site.post(
        "/callbacks/fake/1-1?secret=path", b"secret body", headers={"X-Token": "secret token"}
    )
    token = sign(bootstrap.signing_key(inside.settings), "confirm", DeliveryId(1, 2))
    site.post(f"/confirm/{token}")
    assert "refused" in caplog.text
    assert "secret" not in caplog.text
    assert token not in caplog.text
