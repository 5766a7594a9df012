"""The pure rules of the simulated networks."""

import json
from pathlib import Path

import http_ece  # type: ignore[import-untyped]  # no stubs
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import (  # type: ignore[import-untyped]  # no stubs
    RequestValidator,
)

from broadcaster.errors import InvalidInputError
from broadcaster.sandbox import segments, twilio_shapes
from broadcaster.sandbox.config import SandboxConfig
from broadcaster.sandbox.course import Course, course
from broadcaster.sandbox.encryption import decrypt
from broadcaster.sandbox.subscriptions import auth, keys, private_key, unbase64url
from broadcaster.sandbox.trouble import PARTS, Dice, rates

VECTORS = Path(__file__).parents[1] / "data" / "sms_segments.json"
DAY = 36_000
_NAME = r"[A-Za-z0-9_-]{1,40}"


def _course(dice: Dice, to: str, attempt: int = 1) -> Course:
    return course(dice, to, attempt, at=1000, pace=1, service=False, validity=DAY)


def test_the_same_seed_gives_the_same_course_whatever_was_rolled_before() -> None:
    """A run can be repeated in any order."""
    first, second = Dice(7, rates(0.5, {})), Dice(7, rates(0.5, {}))
    numbers = [f"+2126{number:08}" for number in range(300)]
    forwards = {to: _course(first, to) for to in numbers}
    backwards = {to: _course(second, to) for to in reversed(numbers)}
    assert forwards == backwards
    other = {to: _course(Dice(8, rates(0.5, {})), to) for to in numbers}
    assert other != forwards


@pytest.mark.parametrize(
    ("network", "count"), [("carrier", 7), ("mail", 7), ("webpush", 5), ("fcm", 5)]
)
def test_what_goes_wrong_with_requests_adds_up_to_the_whole_share(network: str, count: int) -> None:
    """The overall share means what it says; the first of each network are about requests."""
    parts = [part for kind, part in PARTS.items() if kind.startswith(f"{network}.")]
    assert sum(parts[:count]) == pytest.approx(1)


def test_without_trouble_nothing_is_hit_and_with_all_of_it_everything() -> None:
    """The share is a share at its ends too."""
    kinds = ("mail.deferred", "mail.closing")
    none = Dice(1, rates(0, {}))
    whole = Dice(1, rates(1, {"mail.deferred": 1.0}))
    names = [str(number) for number in range(200)]
    assert {none.first(kinds, name) for name in names} == {None}
    assert {whole.first(kinds, name) for name in names} == {"mail.deferred"}


def test_a_rate_set_by_itself_is_met() -> None:
    """A tenth is about a tenth."""
    dice = Dice(3, rates(0.9, {"carrier.busy": 0.1}))
    hits = sum(dice.first(("carrier.busy",), number) is not None for number in range(5000))
    assert 400 < hits < 600


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"trouble": 1.5}, "trouble"),
        ({"trouble": float("nan")}, "trouble"),
        ({"pace": -1.0}, "pace"),
        ({"rates": {"carrier.gremlins": 0.1}}, "rates"),
        ({"rates": {"carrier.busy": 2.0}}, "carrier.busy"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(
    tmp_path: Path, change: dict[str, object], field: str
) -> None:
    """The field is named."""
    with pytest.raises(InvalidInputError) as caught:
        SandboxConfig(folder=tmp_path, **change)  # type: ignore[arg-type]  # wrong on purpose
    assert caught.value.field == field


def test_every_course_ends_and_every_status_follows_the_one_before() -> None:
    """Time never runs backwards in the truth, however disordered its callbacks are."""
    dice = Dice(5, rates(1, {}))
    fates = set()
    for number in range(400):
        found = _course(dice, str(number))
        dues = [due for due, _ in found.statuses]
        assert dues == sorted(dues)
        assert [status for _, status in found.statuses] == ["sending", "sent", found.fate]
        assert (found.code is None) == (found.fate == "delivered")
        fates.add((found.fate, found.code))
    assert len(fates) == 5
    assert {code for _, code in fates} == {None, 30003, 30005, 30006, 30008}


def test_callbacks_come_late_twice_disordered_and_not_at_all() -> None:
    """Every simulated way happens."""
    plain = _course(Dice(1, rates(0, {})), "a")
    assert plain.calls == plain.statuses
    sure = {kind: 1.0 for kind in PARTS if kind.startswith("carrier.callback")}
    late = _course(Dice(1, rates(0, {"carrier.callback_late": 1.0})), "a")
    assert min(due for due, _ in late.calls) > plain.calls[0][0] + 4
    twice = _course(Dice(1, rates(0, {"carrier.callback_repeated": 1.0})), "a")
    assert len(twice.calls) == 2 * len(plain.calls)
    mixed = _course(Dice(1, rates(0, {"carrier.callback_disordered": 1.0})), "a")
    assert [status for _, status in mixed.calls] == ["delivered", "sent", "sending"]
    assert _course(Dice(1, rates(0, sure)), "a").calls == []


def test_a_message_that_waits_longer_than_it_may_fails_with_30036() -> None:
    """ValidityPeriod counts."""
    found = course(Dice(1, rates(0, {})), "a", 1, at=1000, pace=100, service=False, validity=1)
    assert (found.fate, found.code) == ("failed", 30036)
    assert found.statuses == [(1001, "failed")]


@pytest.mark.parametrize(
    "vector",
    json.loads(VECTORS.read_text("utf-8")),
    ids=lambda one: str(one["label"]),
)
def test_segments_are_counted_as_twilio_counts_them(vector: dict[str, object]) -> None:
    """The oracle's sample."""
    assert segments.count(str(vector["text"])) == vector["segments"]


def test_the_signature_of_the_reference_is_made() -> None:
    """The vector that was derived by hand; a blank value counts."""
    zeros = "0" * 31
    fields = {
        "AccountSid": f"AC{zeros}1",
        "ErrorCode": "",
        "From": "LYDEC",
        "MessageSid": f"SM{zeros}1",
        "MessageStatus": "delivered",
        "To": "+212661234567",
    }
    url = "https://hooks.example.test/twilio/status"
    assert twilio_shapes.sign(url, fields, "12345") == "uR4avwtaJ6sPl+UJqUb0IBEsiWA="


@given(st.dictionaries(st.text("AZaz09", min_size=1), st.text(max_size=20), max_size=6))
def test_twilio_accepts_every_signature(fields: dict[str, str]) -> None:
    """Twilio's own validator is the judge."""
    url = "http://127.0.0.1:8400/callbacks/twilio/1-2?a=b"
    signature = twilio_shapes.sign(url, fields, "secret")
    assert RequestValidator("secret").validate(url, fields, signature)


@given(st.binary(min_size=1, max_size=3000), st.from_regex(_NAME, fullmatch=True))
def test_what_http_ece_encrypts_for_a_subscription_opens(plain: bytes, name: str) -> None:
    """An independent implementation of RFC 8188 and 8291 closes it."""
    published = keys(f"http://127.0.0.1:8403/wp/{name}")
    sealed = http_ece.encrypt(
        plain,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=unbase64url(published["p256dh"]),
        auth_secret=unbase64url(published["auth"]),
        version="aes128gcm",
    )
    assert decrypt(name, sealed) == plain
    for position in (0, 20, len(sealed) - 1):
        broken = bytearray(sealed)
        broken[position] ^= 1
        with pytest.raises(ValueError, match=r".+"):
            decrypt(name, bytes(broken))


@given(st.binary(max_size=300))
def test_rubbish_does_not_open_and_does_no_harm(body: bytes) -> None:
    """Anything may be posted to an endpoint."""
    with pytest.raises(ValueError, match=r".+"):
        decrypt("a", body)


def test_subscriptions_are_derived_the_same_every_time_and_differ() -> None:
    """Nobody has to store a key."""
    one, two = keys("http://h/wp/one"), keys("http://h/wp/two")
    assert one == keys("http://other/wp/one")
    assert one != two
    assert auth("one") == unbase64url(one["auth"])
    assert private_key("one").private_numbers() == private_key("one").private_numbers()
