"""Alerts of CAP 1.2: valid by the schema of OASIS and our check, and read back by others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree  # type: ignore[import-untyped]  # (the library has no types)

from broadcaster.domain.advisory import MessageType
from broadcaster.domain.publication import Edition, Publication
from broadcaster.errors import ConfigurationError
from broadcaster.publication import cap, capcheck, records
from broadcaster.publication.signature import Signer
from tests.builders import NOON
from tests.public_scene import (
    PUBLIC_URL,
    SQUARE,
    ZONE,
    PublicScene,
    sample,
    scene,
    shipped_renderer,
)

DATA = Path(__file__).parent.parent / "data"
_NS = {"c": cap.NAMESPACE, "ds": "http://www.w3.org/2000/09/xmldsig#"}
_HOSTILE = '</headline><x a="1">&amp; ]]> <!-- "\' \u0007\u0000\ufffe\U0001f600'


@pytest.fixture
def public(tmp_path: Path) -> PublicScene:
    """Give a scene."""
    return scene(tmp_path)


@lru_cache(maxsize=1)
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(DATA / "CAP-v1.2.xsd")))


def _good(document: str) -> etree._Element:
    """Ask the schema and our own check; the raw tree."""
    root = etree.fromstring(document.encode())
    _schema().assertValid(root)
    found = capcheck.check(document.encode())
    assert [one for one in found if one.gravity is capcheck.Gravity.ERROR] == []
    return root


def _texts(root: etree._Element, path: str) -> list[str]:
    return [one.text or "" for one in root.iterfind(path, _NS)]


@pytest.mark.parametrize("kind", sorted(shipped_renderer().kinds))
def test_every_kind_is_a_valid_alert_in_every_locale(public: PublicScene, kind: str) -> None:
    """With one info for each locale in which it is whole, and what they share the same."""
    number = public.publish(sample(kind))
    assert public.store.faults == {}
    root = _good(public.record(number).cap)
    locales = shipped_renderer().kinds[kind].locales
    assert _texts(root, "c:info/c:language") == [
        shipped_renderer().locales[t].lang for t in locales
    ]
    assert _texts(root, "c:status") == ["Actual"]
    assert _texts(root, "c:info/c:area/c:polygon") == [SQUARE] * len(locales)
    assert all(_texts(root, "c:info/c:headline"))
    assert all(_texts(root, "c:info/c:description"))
    assert all(f"/advisories/{number}/" in one for one in _texts(root, "c:info/c:web"))


def test_an_independent_parser_reads_back_what_was_frozen(public: PublicScene) -> None:
    """Every element in its order, nothing more and nothing less, by a parser that is not ours."""
    number = public.publish()
    frozen = records.read(public.record(number).frozen)
    shared = [
        ("category", "Infra"),
        ("category", "Health"),
        ("event", ""),
        ("responseType", "Avoid"),
        ("urgency", "Expected"),
        ("severity", "Minor"),
        ("certainty", "Observed"),
        ("effective", "2020-03-20T12:00:00+01:00"),
        ("expires", "2020-03-21T13:00:00+01:00"),
    ]
    infos = [
        (
            "info",
            [
                ("language", edition.lang),
                *[(name, text or edition.event) for name, text in shared],
                ("senderName", edition.sender),
                ("headline", edition.headline),
                ("description", edition.description),
                ("instruction", edition.instruction),
                ("web", f"{PUBLIC_URL}/advisories/{number}/{edition.locale}"),
                ("contact", edition.contact),
                ("area", [("areaDesc", "Old town"), ("polygon", SQUARE)]),
            ],
        )
        for edition in frozen.editions
    ]
    assert _tree(etree.fromstring(public.record(number).cap.encode())) == [
        ("identifier", frozen.identifier),
        ("sender", "avis.example.test"),
        ("sent", "2020-03-20T13:00:00+01:00"),
        ("status", "Actual"),
        ("msgType", "Alert"),
        ("scope", "Public"),
        *infos,
    ]


def _tree(element: etree._Element) -> list[tuple[str, object]]:
    """Give what libxml2 reads: names without their namespace, which all share, and texts."""
    found: list[tuple[str, object]] = []
    for child in element:
        name = etree.QName(child)
        assert name.namespace == cap.NAMESPACE
        assert not child.attrib
        found.append((name.localname, _tree(child) if len(child) else child.text))
    return found


def test_hostile_texts_stay_texts(public: PublicScene) -> None:
    """Mark-up is shown as it is, and what XML cannot carry is left out."""
    number = public.publish()
    frozen = records.read(public.record(number).frozen)
    editions = tuple(_hostile(one) for one in frozen.editions)
    root = _good(cap.alert(replace(frozen, editions=editions), PUBLIC_URL, ZONE))
    kept = _HOSTILE.replace("\u0007", "").replace("\u0000", "").replace("\ufffe", "")
    for name in ("headline", "event", "description", "area/c:areaDesc", "contact"):
        assert set(_texts(root, f"c:info/c:{name}")) == {kept}
    assert root.find("c:info/c:x", _NS) is None


def _hostile(edition: Edition) -> Edition:
    return replace(
        edition,
        headline=_HOSTILE,
        event=_HOSTILE,
        description=_HOSTILE,
        area=_HOSTILE,
        contact=_HOSTILE,
    )


def test_an_exercise_says_so(public: PublicScene) -> None:
    """For those alone who take part in it."""
    root = _good(public.record(public.publish(drill=True)).cap)
    assert _texts(root, "c:status") == ["Exercise"]
    assert _texts(root, "c:note") == ["Exercise, advisory 1"]


@pytest.mark.parametrize(
    ("kind", "said", "responses"),
    [
        (MessageType.UPDATE, "Update", None),
        (MessageType.CORRECTION, "Update", None),
        (MessageType.CANCEL, "Cancel", {"None"}),
        (MessageType.ALL_CLEAR, "Update", {"AllClear"}),
    ],
)
def test_a_thread_refers_to_all_before_it(
    public: PublicScene, kind: MessageType, said: str, responses: set[str] | None
) -> None:
    """By sender, identifier and time, the first first."""
    first = public.publish()
    public.clock.moment += timedelta(minutes=5)
    second = public.publish(sample(message_type=MessageType.UPDATE, follows=first, thread=first))
    public.clock.moment += timedelta(minutes=5)
    third = public.publish(sample(message_type=kind, follows=second, thread=first))
    root = _good(public.record(third).cap)
    assert _texts(root, "c:msgType") == [said]
    before = [records.read(public.record(one).frozen) for one in (first, second)]
    (references,) = _texts(root, "c:references")
    assert references == " ".join(
        f"{one.sender},{one.identifier},{cap.moment(one.sent, ZONE)}" for one in before
    )
    if responses:
        assert set(_texts(root, "c:info/c:responseType")) == responses


def test_a_follower_of_nothing_public_is_an_alert(public: PublicScene) -> None:
    """CAP has no update without what it updates; an exercise is never referred to either."""
    drill = public.publish(drill=True)
    for follows in (None, drill):
        number = public.publish(sample(message_type=MessageType.UPDATE, follows=follows))
        root = _good(public.record(number).cap)
        assert _texts(root, "c:msgType") == ["Alert"]


def test_an_advisory_that_is_called_off_is_taken_back(public: PublicScene) -> None:
    """By a message of its own, which refers to it; what was said stays as it was."""
    number = public.publish()
    said = public.record(number).cap
    public.store.off.append((number, NOON + timedelta(minutes=7)))
    public.publisher.publish()
    assert public.record(number).cap == said
    root = _good(public.record(number).calling_off or "")
    assert _texts(root, "c:msgType") == ["Cancel"]
    own = etree.fromstring(said.encode()).find("c:identifier", _NS).text
    assert own in _texts(root, "c:references")[0]
    assert _texts(root, "c:identifier") != [own]
    assert "Withdrawn: Lydec is moving to remote services" in _texts(root, "c:info/c:headline")
    assert "Retiré\u00a0: " in _texts(root, "c:info/c:headline")[-1]


@pytest.mark.parametrize("seconds", [0, -3])
def test_one_that_is_called_off_at_once_is_taken_back_too(
    public: PublicScene, seconds: int
) -> None:
    """In the second in which it was frozen, or before: no message refers to itself or is older."""
    number = public.publish()
    public.store.off.append((number, NOON + timedelta(seconds=seconds)))
    public.publisher.publish()
    said, off = public.record(number).cap, _good(public.record(number).calling_off or "")
    own = etree.fromstring(said.encode())
    assert _texts(off, "c:identifier") != _texts(own, "c:identifier")
    assert _texts(off, "c:sent") > _texts(own, "c:sent")


def test_times_have_an_offset_and_no_fraction() -> None:
    """The zone is the utility's; UTC is +00:00 and never Z."""
    moment = datetime(2026, 3, 20, 12, 0, 0, 999, tzinfo=UTC)
    assert cap.moment(moment, ZONE) == "2026-03-20T12:00:00+00:00"
    assert cap.moment(moment + timedelta(days=90), ZONE) == "2026-06-18T13:00:00+01:00"


def test_where_no_area_is_known_the_country_is_named(tmp_path: Path) -> None:
    """In each language."""
    public = scene(tmp_path)
    public.where = type(public.where)()
    root = _good(public.record(public.publish()).cap)
    assert _texts(root, "c:info/c:area/c:areaDesc") == ["المغرب", "Morocco", "Marruecos", "Maroc"]


def test_an_update_holds_where_the_former_did(public: PublicScene) -> None:
    """Where its audience is told of no area, as those who got the former."""
    first = public.publish()
    public.where = type(public.where)()
    second = public.publish(sample(message_type=MessageType.UPDATE, follows=first))
    root = _good(public.record(second).cap)
    assert set(_texts(root, "c:info/c:area/c:areaDesc")) == {"Old town"}
    assert set(_texts(root, "c:info/c:area/c:polygon")) == {SQUARE}


def _keys(folder: Path) -> tuple[Path, Path, rsa.RSAPrivateKey]:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "avis.example.test")])
    now = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    paths = folder / "key.pem", folder / "certificate.pem"
    plain = serialization.NoEncryption()
    paths[0].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    paths[1].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return *paths, key


def test_a_signature_is_the_last_element_and_holds(tmp_path: Path) -> None:
    """Verified by hand: the digest of what is signed, and RSA over what says so (XML-DSig)."""
    import base64  # noqa: PLC0415  (here alone)
    import hashlib  # noqa: PLC0415  (as above)

    key_path, certificate_path, key = _keys(tmp_path)
    public = scene(tmp_path, signer=Signer(key_path, certificate_path))
    document = public.record(public.publish()).cap
    root = _good(document)
    signature = root[-1]
    assert signature.tag == "{http://www.w3.org/2000/09/xmldsig#}Signature"
    info = signature.find("ds:SignedInfo", _NS)
    method = info.find("ds:CanonicalizationMethod", _NS).get("Algorithm")
    assert "c14n" in method
    said = "".join(info.find("ds:Reference/ds:DigestValue", _NS).text.split())
    value = "".join(signature.find("ds:SignatureValue", _NS).text.split())
    signed = etree.tostring(info, method="c14n", exclusive="exc" in method)
    key.public_key().verify(base64.b64decode(value), signed, padding.PKCS1v15(), hashes.SHA256())
    root.remove(signature)
    bare = etree.tostring(root, method="c14n")
    assert base64.b64encode(hashlib.sha256(bare).digest()).decode() == said
    changed = bare.replace(b"Lydec", b"Lydek", 1)
    assert base64.b64encode(hashlib.sha256(changed).digest()).decode() != said


def test_a_key_that_does_not_fit_is_told_by_its_setting_alone(tmp_path: Path) -> None:
    """Neither its content nor its place is in any message or repr."""
    key, certificate, _ = _keys(tmp_path)
    (tmp_path / "other").mkdir()
    other, _, _ = _keys(tmp_path / "other")
    assert repr(Signer(key, certificate)) == "Signer()"
    bad = tmp_path / "bad.pem"
    bad.write_text("SECRET")
    for pair in ((other, certificate), (bad, certificate), (key, bad), (tmp_path / "no", key)):
        with pytest.raises(
            ConfigurationError, match=r"BROADCASTER_CAP_(KEY|CERTIFICATE)_FILE"
        ) as fault:
            Signer(*pair)
        assert "SECRET" not in str(fault.value)
        assert str(tmp_path) not in str(fault.value)


def test_identifiers_are_unique_and_never_change(public: PublicScene) -> None:
    """The same message has the same, another time or advisory another."""
    made = {
        cap.identifier(PUBLIC_URL, one, 1, NOON + timedelta(seconds=s))
        for one in (1, 2)
        for s in (0, 1)
    }
    assert len(made) == 4
    assert cap.identifier(PUBLIC_URL, 1, 1, NOON) in made
    frozen: Publication = records.read(public.record(public.publish()).frozen)
    assert records.read(records.written(frozen)) == frozen
