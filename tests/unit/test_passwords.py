"""Which passwords are taken, how long guessing waits, and where somebody asks from."""

from datetime import timedelta
from ipaddress import ip_network

import pytest
from starlette.requests import Request

from broadcaster.access import recovery
from broadcaster.access.passwords import PasswordFault, Passwords, fault_of
from broadcaster.access.sealing import Seal
from broadcaster.access.trials import NAME, PAIR, SECOND
from broadcaster.errors import ConfigurationError, InvalidInputError
from broadcaster.web.access.words import browser
from broadcaster.web.sources import source_of
from tests.desk_scene import quick_hasher


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("eleven char", PasswordFault.SHORT),
        ("x" * 257, PasswordFault.LONG),
        ("ﷺ" * 20, PasswordFault.LONG),
        ("password1234", PasswordFault.COMMON),
        ("Motdepasse2026", PasswordFault.COMMON),
        ("aaaaaaaaaaaaaaa", PasswordFault.COMMON),
        ("abcdefghijklmnop", PasswordFault.COMMON),
        ("lydec1lydec1lydec1", PasswordFault.COMMON),
        ("AminaBerrada1", PasswordFault.NAME),
        ("berrada2026!", PasswordFault.NAME),
        ("سبعة قوارب على اليابسة", None),
        ("seven boats on dry land", None),
        ("tr0ub4dor&3xQ", None),
    ],
)
def test_a_password_is_long_and_not_among_the_first_that_are_guessed(
    password: str, fault: PasswordFault | None
) -> None:
    """In any script; nothing is asked of its signs."""
    assert fault_of(password, "Amina Berrada") == fault
    if fault is not None:
        with pytest.raises(InvalidInputError, match="password: "):
            Passwords(quick_hasher()).hash(password, "Amina Berrada")


def test_what_looks_the_same_is_the_same_password() -> None:
    """Whichever keyboard it was typed on; and nothing fits where nothing is kept."""
    passwords = Passwords(quick_hasher())
    kept = passwords.hash("un café très noir", "Amina")
    assert passwords.fits(
        kept, "un cafe\N{COMBINING ACUTE ACCENT} tre\N{COMBINING GRAVE ACCENT}s noir"
    )
    assert not passwords.fits(kept, "un café tres noir")
    assert not passwords.fits(None, "nobody's")
    assert not passwords.fits("junk", "nobody's")
    assert not passwords.fits(kept, "\udcff" * 20)


def test_the_wait_doubles_and_ends_at_some_minutes() -> None:
    """The first failures are free; nobody ever waits longer than five minutes."""
    seconds = [PAIR.pause(failures) / timedelta(seconds=1) for failures in range(1, 16)]
    assert seconds == [0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert NAME.pause(10_000) == timedelta(minutes=1)
    assert SECOND.pause(10**9) == timedelta(minutes=5)


def test_written_codes_are_known_however_they_are_typed() -> None:
    """Ten of them, all different, of 80 bits."""
    codes = recovery.make()
    assert len(set(codes)) == 10
    assert recovery.digest(codes[0]) == recovery.digest(f"  {codes[0].upper().replace('-', '')} ")
    assert recovery.digest(codes[0]) != recovery.digest(codes[1])


def test_an_authenticators_secret_is_sealed_for_its_owner() -> None:
    """Another operator's row, another key or a changed octet opens nothing."""
    sealed = Seal(b"key").seal(7, "SECRET")
    assert b"SECRET" not in sealed
    assert Seal(b"key").open(7, sealed) == "SECRET"
    for seal, whose, octets in (
        (Seal(b"key"), 8, sealed),
        (Seal(b"another"), 7, sealed),
        (Seal(b"key"), 7, sealed[:-1] + b"x"),
        (Seal(b"key"), 7, b""),
    ):
        with pytest.raises(ConfigurationError, match="SECRET_KEY"):
            seal.open(whose, octets)


@pytest.mark.parametrize(
    ("peer", "forwarded", "source"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.1, 10.1.2.3", "198.51.100.1"),
        ("127.0.0.1", "junk", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::"),
        ("::ffff:203.0.113.9", "", "203.0.113.9"),
        ("127.0.0.1", "9." * 4000, "127.0.0.1"),
    ],
)
def test_only_our_proxies_are_believed_when_they_say_who_asks(
    peer: str, forwarded: str, source: str
) -> None:
    """Of what they say, the last address that is not one of them."""
    scope = {
        "type": "http",
        "client": (peer, 1),
        "headers": [(b"x-forwarded-for", forwarded.encode())],
    }
    proxies = (ip_network("127.0.0.1"), ip_network("10.1.0.0/16"))
    assert source_of(Request(scope), proxies) == source


def test_a_browser_is_named_in_short() -> None:
    """The more special name first, and nothing for what is unknown."""
    edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/129.0 Safari/537.36 Edg/129.0"
    assert browser(edge) == "Edge · Windows"
    assert browser("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Firefox/130.0") == "Firefox · Linux"
    assert browser("<script>") == ""
