"""Mail over real TLS: both ways to begin it, whom it trusts, and attempts to speak before it."""

import base64
import ssl
from pathlib import Path

import pytest

from broadcaster.domain.delivery import DeliveryEvent, Reason
from tests.authorities import Authority, authority
from tests.relays import CHUNKS, GROUP, HANG, RAGGED, SLOWLY, Relay, always
from tests.smtp_scene import mail, mails, numbers, submit

_E = DeliveryEvent
_OFFERS = (*GROUP, "STARTTLS", "AUTH PLAIN LOGIN", "SIZE 0")
_CHUNKS = (*CHUNKS, "STARTTLS", "AUTH PLAIN LOGIN", "SIZE 0")


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Make one authority for all tests here."""
    return authority(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize("how", ["starttls", "tls"])
@pytest.mark.parametrize(
    "offers", [_OFFERS, ("STARTTLS", "AUTH LOGIN"), _CHUNKS], ids=["group", "plain", "chunks"]
)
def test_mail_over_tls(trusted: Authority, how: str, offers: tuple[str, ...]) -> None:
    """Whether encryption comes first or by STARTTLS, mails arrive, logged in."""
    relay = Relay(tls=trusted.server("127.0.0.1"), direct=how == "tls", offers=offers)
    answers = submit(
        relay,
        mails(30),
        mails(30, 31),
        TLS=how,
        CA_FILE=trusted.file,
        CONNECTIONS=3,
        **({"USERNAME": "lydec", "PASSWORD": "geheim"} if "AUTH PLAIN LOGIN" in offers else {}),
    )
    assert {answer.event for answer in answers} == {_E.ACCEPT}
    assert sorted(numbers(relay.taken)) == list(range(1, 61))
    assert relay.connections == 3
    assert relay.spoken_early == []
    assert ("BDAT" in relay.counts) is ("CHUNKING" in offers)
    assert relay.commands.count("STARTTLS") == (3 if how == "starttls" else 0)
    assert relay.counts["EHLO"] == (6 if how == "starttls" else 3)
    if "AUTH PLAIN LOGIN" in offers:
        secret = next(line for line in relay.commands if line.startswith("AUTH ")).split()[-1]
        assert base64.b64decode(secret) == b"\0lydec\0geheim"


@pytest.mark.parametrize("how", ["starttls", "tls"])
@pytest.mark.parametrize("wrong", ["host", "authority", "expired"])
def test_certificates_are_checked(trusted: Authority, tmp_path: Path, how: str, wrong: str) -> None:
    """Another host's certificate, an unknown authority's and an old one end it before any mail."""
    signer = authority(tmp_path) if wrong == "authority" else trusted
    server = signer.server(
        "relay.test" if wrong == "host" else "127.0.0.1", days=-1 if wrong == "expired" else 1
    )
    relay = Relay(tls=server, direct=how == "tls", offers=_OFFERS)
    (answer,) = submit(
        relay, [mail()], TLS=how, CA_FILE=trusted.file, USERNAME="lydec", PASSWORD="geheim"
    )
    assert (answer.event, answer.reason) == (_E.DEFER, Reason.NO_CONNECTION)
    assert answer.code == "SSLCertVerificationError"
    assert not any(command.startswith(("AUTH", "MAIL")) for command in relay.commands)


@pytest.mark.parametrize(
    "behind", ["250 injected\r\n", "220 again\r\n", "25", "250-relay\r\n", "\r\n", "\x16"]
)
def test_words_in_the_clear_behind_starttls_end_it(trusted: Authority, behind: str) -> None:
    """What comes with the go-ahead was said by whoever sits in between (CVE-2011-0411)."""
    relay = Relay(
        act=always(STARTTLS=f"{RAGGED}220 2.0.0 Ready\r\n{behind}"),
        tls=trusted.server("127.0.0.1"),
        offers=_OFFERS,
    )
    (answer,) = submit(relay, [mail()], TLS="starttls", CA_FILE=trusted.file)
    assert (answer.event, answer.reason) == (_E.DEFER, Reason.NO_CONNECTION)
    assert relay.commands == ["EHLO bounces.lydec.test", "STARTTLS"]


@pytest.mark.parametrize(
    ("told", "reason", "halt"),
    [
        ("454 4.7.0 TLS not available", Reason.PROVIDER_FAULT, False),
        ("502 5.5.1 what", Reason.CONFIGURATION, True),
        ("421 4.3.0 closing", Reason.PROVIDER_FAULT, False),
        ("250 yes", Reason.NO_CONNECTION, False),
        (HANG, Reason.NO_CONNECTION, False),
        # A go-ahead, and then no TLS at all.
        ("220 Ready", Reason.NO_CONNECTION, False),
    ],
)
def test_refused_encryption_is_never_done_without(
    trusted: Authority, told: str, reason: Reason, *, halt: bool
) -> None:
    """Whatever the relay says to STARTTLS, nothing leaves in the clear."""
    plain = told == "220 Ready"
    relay = Relay(
        act=always(STARTTLS=told),
        tls=None if plain else trusted.server("127.0.0.1"),
        offers=_OFFERS,
    )
    (answer,) = submit(relay, [mail()], TLS="starttls", CA_FILE=trusted.file, TIMEOUT=0.5)
    assert (answer.event, answer.reason, answer.halt) == (_E.DEFER, reason, halt)
    assert relay.commands[:2] == ["EHLO bounces.lydec.test", "STARTTLS"]
    assert not any(command.startswith("MAIL") for command in relay.commands)


def test_login_that_is_refused_stops_the_campaign(trusted: Authority) -> None:
    """A wrong password refuses every mail; it is said once a connection, not once a mail."""
    relay = Relay(act=always(AUTH="535 5.7.8 no"), tls=trusted.server("127.0.0.1"), offers=_OFFERS)
    answers = submit(
        relay,
        mails(50),
        TLS="starttls",
        CA_FILE=trusted.file,
        USERNAME="lydec",
        PASSWORD="wrong",
        CONNECTIONS=2,
    )
    assert {(answer.event, answer.halt) for answer in answers} == {(_E.DEFER, True)}
    assert relay.counts["AUTH"] <= 2


@pytest.mark.parametrize("offers", [_OFFERS, _CHUNKS], ids=["group", "chunks"])
def test_slow_words_under_encryption(trusted: Authority, offers: tuple[str, ...]) -> None:
    """A record for each octet is read like any other."""
    relay = Relay(
        act=always(END=SLOWLY, EHLO=SLOWLY), tls=trusted.server("127.0.0.1"), offers=offers
    )
    answers = submit(relay, mails(4), TLS="starttls", CA_FILE=trusted.file, CONNECTIONS=1)
    assert {answer.event for answer in answers} == {_E.ACCEPT}


def test_encryption_is_modern(trusted: Authority) -> None:
    """A relay that speaks nothing newer than TLS 1.1 gets nothing."""
    server = trusted.server("127.0.0.1")
    server.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        server.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        server.maximum_version = ssl.TLSVersion.TLSv1_1
    relay = Relay(tls=server, direct=True)
    (answer,) = submit(relay, [mail()], TLS="tls", CA_FILE=trusted.file)
    assert (answer.event, answer.reason) == (_E.DEFER, Reason.NO_CONNECTION)
