"""Our HTTP client over TLS: names and chains are verified before anything is written."""

import asyncio
import datetime as dt
import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from broadcaster.providers._http import NoAnswerError, NotSentError
from broadcaster.providers._wire import Wire
from broadcaster.providers._wire_request import Origin
from tests.wire_servers import OK, Ask, Link, Script, Scripted, answers, until

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class _Authority:
    """A made-up authority that signs certificates."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls) -> "_Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Test authority")
        builder = _builder(name, name, key, 1).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(usage, critical=True)
        return cls(key, builder.sign(key, hashes.SHA256()))

    def trusted(self, folder: Path) -> Path:
        """Write what a client has to trust."""
        path = folder / "authority.pem"
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def context(
        self, folder: Path, host: str, days: int = 1, *, itself: bool = False
    ) -> ssl.SSLContext:
        """Give a server's context for a host, valid for so many days from now on."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(host)
        issuer = subject if itself else self.certificate.subject
        builder = (
            _builder(subject, issuer, key, days)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        )
        signed = builder.sign(key if itself else self.key, hashes.SHA256())
        path = folder / "server.pem"
        path.write_bytes(
            signed.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    begin = dt.datetime.now(dt.UTC) - 3 * _DAY
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + (3 + days) * _DAY)
    )


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Authority:
    """Make an authority that this test's clients trust."""
    made = _Authority.make()
    monkeypatch.setenv("SSL_CERT_FILE", str(made.trusted(tmp_path)))
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


def test_right_certificate_is_taken(authority: _Authority, tmp_path: Path) -> None:
    """A certificate of the host, signed by a trusted authority, serves, and is kept."""
    context = authority.context(tmp_path, "localhost")
    names: list[str | None] = []

    def note(_socket: object, name: str | None, _context: object) -> None:
        names.append(name)

    context.sni_callback = note
    asks, server = _asked(context, count=5)
    assert {ask.answer.body for ask in asks} == {b"ok"}
    assert server.connections == 1
    assert names == ["localhost"]


@pytest.mark.parametrize("wrong", ["host", "expired", "itself", "stranger"])
def test_wrong_certificate_is_refused(authority: _Authority, tmp_path: Path, wrong: str) -> None:
    """For another host, out of date, or signed by nobody we trust: nothing is written."""
    stranger = _Authority.make()
    context = {
        "host": lambda: authority.context(tmp_path, "other.test"),
        "expired": lambda: authority.context(tmp_path, "localhost", days=-1),
        "itself": lambda: authority.context(tmp_path, "localhost", itself=True),
        "stranger": lambda: stranger.context(tmp_path, "localhost"),
    }[wrong]()
    (ask,), server = _asked(context)
    assert isinstance(ask.fault, NotSentError)
    assert str(ask.fault) == "SSLCertVerificationError"
    assert server.octets == 0


def test_old_protocol_is_refused(authority: _Authority, tmp_path: Path) -> None:
    """TLS below 1.2 is not spoken."""
    context = authority.context(tmp_path, "localhost")
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


def test_cut_after_the_request_leaves_doubt(authority: _Authority, tmp_path: Path) -> None:
    """Over TLS too, what was written and not answered is in doubt; the next one is not."""

    async def cuts(link: Link) -> None:
        await link.request()
        link.reset()

    async def truncates(link: Link) -> None:
        await link.answer(OK[:-1])

    context = authority.context(tmp_path, "localhost")
    asks, server = _asked(context, cuts, truncates, answers, count=3)
    assert [type(ask.fate[0]) for ask in asks[:2]] == [NoAnswerError, NoAnswerError]
    assert asks[2].answer.status == 201
    assert len(server.requests) == 3


def test_connection_closed_while_idle_is_noticed(authority: _Authority, tmp_path: Path) -> None:
    """A server that has said goodbye is not written to."""

    async def once(link: Link) -> None:
        await link.answer()

    async def scene() -> None:
        context = authority.context(tmp_path, "localhost")
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
