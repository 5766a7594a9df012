"""Signed mails, before the eyes of an independent verifier (dkimpy), with no DNS asked."""

import re
from collections.abc import Callable
from pathlib import Path

import dkim  # type: ignore[import-untyped]  # (has no types)
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcaster.channels import dkim_keys
from broadcaster.channels.base import MessageComposer
from broadcaster.channels.dkim import relaxed_body, relaxed_value, signed
from broadcaster.domain.message import EmailContent, EmailForm, FilledEmail, Form
from broadcaster.ports import MailHeaders, MailSigner
from broadcaster.providers._dkim import signers_of
from tests import builders
from tests.networks import options

_PEMS = {name: dkim_keys.make(name) for name in dkim_keys.ALGORITHMS}
_DNS = {f"{name}._domainkey.lydec.test.".encode(): dkim_keys.record(_PEMS[name]) for name in _PEMS}

_GOLDEN = Path(__file__).parents[1] / "golden" / "remote_services"

Change = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> tuple[MailSigner, ...]:
    """Read an Ed25519 and an RSA key from files, as the provider does."""
    folder = tmp_path_factory.mktemp("keys")
    for name, pem in _PEMS.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_bytes(pem)
    given_options = options(
        "smtp",
        DKIM_SELECTOR="ed25519",
        DKIM_KEY_FILE=folder / "ed25519",
        DKIM_SELECTOR_2="rsa",
        DKIM_KEY_FILE_2=folder / "rsa",
    )
    return signers_of(given_options, "lydec.test")


def _verified(mail: bytes) -> list[bool]:
    """Ask the verifier about each signature of a mail."""

    def record(name: bytes, **_: object) -> bytes:
        return _DNS[name].encode("ascii")

    count = len(re.findall(rb"^DKIM-Signature:", mail, re.MULTILINE))
    found = []
    for index in range(count):
        try:
            found.append(bool(dkim.DKIM(mail).verify(index, dnsfunc=record)))
        except dkim.DKIMException:
            found.append(False)
    return found


def _mail(content: EmailContent | FilledEmail, headers: MailHeaders) -> bytes:
    return MessageComposer().mail(builders.message(content=content), headers).octets


def _headers(signers: tuple[MailSigner, ...], **changes: object) -> MailHeaders:
    changes = {"feedback_id": "1:remote_services:ar:lydec", "signers": signers, **changes}
    return builders.mail_headers(**changes)


def _golden(locale: str) -> EmailContent:
    subject, text, html = (
        (_GOLDEN / locale / "email" / part).read_text("utf-8")
        for part in ("subject.txt", "body.txt", "body.html")
    )
    return EmailContent(subject=subject, text=text, html=html)


def _form(content: EmailContent, name: str) -> FilledEmail:
    def holed(text: str) -> Form:
        first, *others = text.split(name)
        return Form((first, *(piece for other in others for piece in (0, other))))

    form = EmailForm(
        subject=holed(content.subject), text=holed(content.text), html=holed(content.html)
    )
    return FilledEmail(form, (name,))


@pytest.mark.parametrize("locale", ["ar", "fr"])
def test_our_mails_verify(locale: str, signers: tuple[MailSigner, ...]) -> None:
    """Whole and prebuilt, in Arabic (base64) and in French (quoted-printable), by both keys."""
    whole = _golden(locale)
    filled = _form(whole, {"ar": "فاطمة الزهراء", "fr": "Fatima-Zahra"}[locale])
    for content in (whole, filled):
        mail = _mail(content, _headers(signers))
        encoding = {"ar": b"base64", "fr": b"quoted-printable"}[locale]
        assert b"Content-Transfer-Encoding: " + encoding in mail
        assert _verified(mail) == [True, True]


_WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
_HOSTILE = st.one_of(
    _WORDS,
    st.sampled_from(
        ["a  b", " a ", "\t", "a\r\nb", ".\n..", "=", "é" * 200, "x" * 999, "", "a =\n"]
    ),
)


@settings(max_examples=60)
@given(
    literals=st.tuples(_HOSTILE, _HOSTILE),
    value=_HOSTILE,
    mailbox=st.sampled_from(["a@b.test", "بريد@example.test", "a" * 60 + "@" + "b" * 60 + ".test"]),
)
def test_whatever_is_written_verifies(
    literals: tuple[str, str], value: str, mailbox: str, signers: tuple[MailSigner, ...]
) -> None:
    """Folded headers, UTF-8 in addresses, white space and controls: what we sign is what leaves."""
    form = Form((literals[0], 0, literals[1]))
    content = FilledEmail(EmailForm(subject=form, text=form, html=form), (value,))
    headers = _headers(signers, recipient=mailbox)
    assert _verified(_mail(content, headers)) == [True, True]
    whole = EmailContent(subject=content.subject, text=content.text, html=content.html)
    assert _verified(_mail(whole, headers)) == [True, True]


def test_eight_bit_bodies_are_signed_too(signers: tuple[MailSigner, ...]) -> None:
    """The general rules hold for mails that are in no encoding, with loose white space."""
    head = "From: a@b.test\r\nSubject:  ليدك \t x\r\n\tfolded \r\nX: y\r\n\r\n"
    mail = head + "  a\t b \r\né\r\n\r\n\r\n"
    assert _verified(signed(mail.encode(), signers)) == [True, True]
    assert _verified(signed(b"From: a@b.test\r\n\r\n", signers)) == [True, True]


def _swap(old: bytes, new: bytes) -> Change:
    return lambda mail: mail.replace(old, new, 1)


@pytest.mark.parametrize(
    "change",
    [
        _swap(b"<p>", b"<b>"),
        _swap(b"To: ", b"To: x"),
        _swap(b"Subject: ", b"Subject: x"),
        _swap(b"Date: Fri", b"Date: Sat"),
        _swap(b"Message-ID: <", b"Message-ID: <x"),
        _swap(b"From: ", b"From: x"),
        _swap(b"MIME-Version: 1.0", b"MIME-Version: 1.1"),
        _swap(b'boundary="', b'boundary="x'),
        _swap(b"List-Unsubscribe: <", b"List-Unsubscribe: <x"),
        _swap(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
        _swap(b"Content-Language: ar-MA", b"Content-Language: fr"),
        _swap(b"Auto-Submitted: auto-generated\r\n", b""),
        _swap(b"Feedback-ID: ", b"Feedback-ID: x"),
        lambda mail: b"From: other@b.test\r\n" + mail,
        lambda mail: mail + b"more\r\n",
    ],
)
def test_a_change_on_the_way_is_noticed(change: Change, signers: tuple[MailSigner, ...]) -> None:
    """Body, every signed header, and a second From."""
    content = FilledEmail(
        EmailForm(
            subject=Form(("Lydec",)), text=Form(("Hi ", 0, "\n")), html=Form(("<p>", 0, "</p>"))
        ),
        ("Amina",),
    )
    mail = _mail(content, _headers(signers))
    assert _verified(mail) == [True, True]
    changed = change(mail)
    assert changed != mail
    assert _verified(changed) == [False, False]


def test_loose_white_space_on_the_way_is_forgiven(signers: tuple[MailSigner, ...]) -> None:
    """A relay may fold headers anew and lose blanks at line ends, which relaxed forms allow."""
    mail = _mail(_golden("fr"), _headers(signers))
    loose = mail.replace(b"Subject: ", b"Subject:\r\n \t ", 1) + b"\r\n\r\n"
    assert _verified(loose) == [True, True]


@given(body=st.text(" \tab\r\n", max_size=40).map(lambda text: text.encode()))
def test_relaxing_twice_changes_nothing(body: bytes) -> None:
    """The relaxed form is a fixed point, for bodies and for values."""
    body = re.sub(rb"\r?\n|\r", b"\r\n", body)
    assert relaxed_body(relaxed_body(body)) == relaxed_body(body)
    assert relaxed_value(relaxed_value(body)) == relaxed_value(body)


def test_every_line_of_a_signed_head_is_short(signers: tuple[MailSigner, ...]) -> None:
    """The signatures are folded."""
    head = _mail(_golden("ar"), _headers(signers, unsubscribe_url="")).partition(b"\r\n\r\n")[0]
    assert head.count(b"DKIM-Signature: ") == 2
    signatures = head[: head.index(b"From: ")]
    assert max(map(len, signatures.split(b"\r\n"))) <= 78
