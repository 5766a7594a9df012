"""Which limits hold for a message, and how the setting is read."""

import math
from datetime import UTC, datetime

import pytest

from broadcaster.domain.message import Address, Scheme
from broadcaster.domain.options import Options
from broadcaster.errors import ConfigurationError, InvalidInputError
from broadcaster.ports import Change
from broadcaster.throttle.book import Book

NOON = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
TEXT = (
    "twilio=10;twilio/+212=5;twilio/+2126=3;smtp=unlimited;smtp/gmail.example=20;"
    "sender:LYDEC=3;webpush=200;webpush/push.example=50"
)


def _settings(text: str) -> dict[str, float]:
    return dict(Options("X_", {"X_LIMITS": text}).limits("LIMITS", ""))


def _address(scheme: Scheme, value: str) -> Address:
    return Address(scheme=scheme, value=value, keys={})


@pytest.mark.parametrize(
    ("provider", "sender", "address", "names"),
    [
        ("twilio", "X", _address(Scheme.TEL, "+33612345678"), ("twilio",)),
        ("twilio", "X", _address(Scheme.TEL, "+212522000000"), ("twilio", "twilio/+212")),
        (
            "twilio",
            "LYDEC",
            _address(Scheme.TEL, "+212612345678"),
            ("twilio", "sender:LYDEC", "twilio/+2126"),
        ),
        ("smtp", "", _address(Scheme.MAILTO, "a@b.example"), ()),
        ("smtp", "", _address(Scheme.MAILTO, '"a@b"@Gmail.example'), ("smtp/gmail.example",)),
        ("smtp", "", _address(Scheme.MAILTO, "a@mail.gmail.example"), ()),
        ("webpush", "", _address(Scheme.WEBPUSH, "https://other.example/x"), ("webpush",)),
        (
            "webpush",
            "",
            _address(Scheme.WEBPUSH, "https://push.example/x"),
            ("webpush", "webpush/push.example"),
        ),
        ("webpush", "", _address(Scheme.FCM, "token"), ("webpush",)),
    ],
)
def test_a_message_is_held_by_provider_sender_and_destination(
    provider: str, sender: str, address: Address, names: tuple[str, ...]
) -> None:
    """Those of the three that are set, and of the prefixes of a number the longest."""
    assert Book(_settings(TEXT), {}).holding(provider, sender, address) == names


def test_a_provider_without_a_limit_is_refused_by_the_setting() -> None:
    """Forgotten is not unlimited."""
    with pytest.raises(ConfigurationError, match="BROADCASTER_LIMITS: has no limit 'fcm'"):
        Book(_settings(TEXT), {}).holding("fcm", "", _address(Scheme.FCM, "token"))


def test_changes_overrule_the_setting_until_they_are_taken_back() -> None:
    """A newer rate, a new limit, one taken back, and one taken away."""

    def change(rate: float | None) -> Change:
        return Change(rate=rate, changed_by="amina", changed_at=NOON)

    changes = {
        "twilio": change(2.5),
        "smtp": change(7),
        "webpush": change(None),
        "sender:NEW": change(1),
        "smtp/gone.example": change(None),
    }
    book = Book(_settings(TEXT), changes)
    moment = int(NOON.timestamp()) * 1_000_000
    assert book.rate("twilio") == (2.5, moment)
    assert book.rate("smtp") == (7, moment)
    assert book.rate("webpush") == (200, moment)
    assert book.rate("sender:LYDEC") == (3, 0)
    assert book.rate("smtp/gone.example") == (math.inf, moment)
    assert "sender:NEW" in book.names
    assert "smtp/gone.example" not in book.names
    assert book.limited(("smtp", "smtp/gone.example", "smtp")) == ("smtp",)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("twilio=0", "X_LIMITS: twilio: '0' is no rate"),
        ("twilio=1e7", "'1e7' is no rate"),
        ("twilio=nan", "'nan' is no rate"),
        ("twilio=inf", "'inf' is no rate"),
        ("twilio/+212=unlimited", "'unlimited' is no rate"),
        ("Twilio=1", "'Twilio' names no limit"),
        ("twilio/=1", "'twilio/' names no limit"),
        ("twilio/+0=1", "names no limit"),
        ("smtp/A.example=1", "names no limit"),
        ("sender:=1", "names no limit"),
        ("twilio", "has no '='"),
    ],
)
def test_faults_of_the_setting_are_named(text: str, fault: str) -> None:
    """The setting, the value and what to write."""
    with pytest.raises(InvalidInputError, match="X_LIMITS") as caught:
        _settings(text)
    assert fault in str(caught.value)
