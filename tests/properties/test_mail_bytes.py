"""Prebuilt mails against whole ones, for forms and values that try to break them."""

import email
import email.policy
import hashlib
from dataclasses import replace
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.channels import dkim, headings, prebuilt, quoted
from broadcaster.channels.base import MessageComposer
from broadcaster.channels.email import mime
from broadcaster.domain.message import EmailContent, EmailForm, FilledEmail, Form
from broadcaster.errors import InvalidInputError
from broadcaster.ports import MailHeaders, MailSigner
from broadcaster.providers._relay import written
from tests import builders

#: Whatever could be half of something: line ends, codes, blanks, boundaries, encoded words.
_TRAPS = st.sampled_from(
    [
        *("\r", "\n", "\r\n", "\0", "\t", "\x85", "\u2028", "\n.\n", "\nFrom ", ".", ".."),
        *("=", "=3D", "=E9", "--", "--=_", "=?utf-8?q?x?=", "=?", "?="),
        *("é", "e\u0301", "ل\u0627\u0301", "\u200f", "\u2068", "🚰", "،"),
    ]
)
_BLANKS = st.sampled_from([" ", "  ", "   ", "\t", " \t ", " \n", "\n ", "", "\n\n", " \r\n"])
_LONG = st.builds(
    lambda part, count: part * count,
    st.sampled_from(["a", "é", "ل", "=", " x", "🚰", "  ", "a b "]),
    st.integers(1, 300),
)
_ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TEXTS = st.lists(st.one_of(_ANY, _TRAPS, _BLANKS, _LONG), max_size=4).map("".join)

_HOLES = 4


@st.composite
def _forms(draw: st.DrawFn) -> Form:
    pieces: list[str | int] = [draw(TEXTS)]
    for hole in draw(st.lists(st.integers(0, _HOLES - 1), max_size=5)):
        pieces += [hole, draw(TEXTS)]
    return Form(tuple(pieces))


EMAIL_FORMS = st.builds(EmailForm, subject=_forms(), text=_forms(), html=_forms())
VALUES = st.tuples(*[TEXTS] * _HOLES)
#: Values without line ends: those that are filled in rather than joined.
TAME = st.tuples(*[TEXTS.map(lambda text: text.replace("\r", "r").replace("\n", "n"))] * _HOLES)

_MAILBOXES = st.sampled_from(
    ["c@example.test", "a+b=c@example.test", "بريد@example.test", "a..b@x.test", "=?q?=@x.test"]
)


#: The most that a mail names.
_REFERENCES = tuple(f"{number}-100000.0123456789abcdef@bounces.lydec.test" for number in range(20))


@st.composite
def _headers(draw: st.DrawFn) -> MailHeaders:
    return MailHeaders(
        sender="advisories@lydec.test",
        sender_name=draw(st.sampled_from(["Lydec", "ليدك", "", 'L"y, dec'])),
        recipient=draw(_MAILBOXES),
        message_id="1-7.0123456789abcdef@bounces.lydec.test",
        date=builders.NOON,
        locale="ar_MA",
        unsubscribe_url=draw(st.sampled_from(["", "https://b.test/" + "u" * 200 + "?a=b"])),
        feedback_id=draw(st.sampled_from(["", "1:a:b"])),
        references=draw(st.sampled_from([(), ("1-3.ab@b.test",), _REFERENCES])),
    )


HEADERS = _headers()


def _ready(content: FilledEmail, headers: MailHeaders) -> bytes | None:
    ready = prebuilt.build(content.form, headings.common(headers))
    mail = ready.fill(content, headers) if ready else None
    return mail.octets if mail else None


def _read(raw: bytes) -> tuple[dict[str, str], list[tuple[str, bytes]]]:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    parts = list(message.iter_parts())
    assert all(part.defects == [] for part in parts)
    heads = {name: str(value) for name, value in message.items() if name != "Content-Type"}
    bodies = [(part.get_content_type(), part.get_payload(decode=True)) for part in parts]
    return heads, [(kind, bytes(body)) for kind, body in bodies]


@given(form=EMAIL_FORMS, values=VALUES, headers=HEADERS)
def test_any_filled_mail_reads_as_the_whole_one(
    form: EmailForm, values: tuple[str, ...], headers: MailHeaders
) -> None:
    """Same headers, same types, same octets after decoding, whatever stands in it."""
    content = FilledEmail(form, values)
    message = builders.message(content=content)
    whole = EmailContent(subject=content.subject, text=content.text, html=content.html)
    assert _read(MessageComposer().mail(message, headers).octets) == _read(mime(whole, headers))


@given(form=EMAIL_FORMS, values=TAME, headers=HEADERS)
def test_a_prebuilt_mail_can_travel(
    form: EmailForm, values: tuple[str, ...], headers: MailHeaders
) -> None:
    """Seven-bit bodies, lines of 76 characters at most there, CRLF everywhere."""
    raw = _ready(FilledEmail(form, values), headers)
    if raw is None:
        return
    head, _, body = raw.partition(b"\r\n\r\n")
    assert body.isascii()
    assert head.isascii() or not headers.recipient.isascii()
    lines = raw.split(b"\r\n")
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert max(map(len, lines)) <= 998
    assert max(map(len, body.split(b"\r\n"))) <= 76


@given(form=EMAIL_FORMS, values=TAME, headers=HEADERS)
def test_a_prebuilt_body_is_relaxed_from_the_start(
    form: EmailForm, values: tuple[str, ...], headers: MailHeaders
) -> None:
    """DKIM's relaxed form of the body is the body itself."""
    raw = _ready(FilledEmail(form, values), headers)
    if raw is not None:
        body = raw.partition(b"\r\n\r\n")[2]
        assert dkim.relaxed_body(body) == body


@given(form=EMAIL_FORMS, values=TAME, headers=HEADERS)
def test_a_clean_mail_is_clean(
    form: EmailForm, values: tuple[str, ...], headers: MailHeaders
) -> None:
    """What says that it need not be looked at holds nothing that looking would find."""
    mail = MessageComposer().mail(builders.message(content=FilledEmail(form, values)), headers)
    octets = mail.octets
    if mail.clean:
        assert octets.isascii()
        assert written(octets) == octets + b".\r\n"
    plain = headers.recipient == "c@example.test"
    assert mail.clean or not plain or _ready(FilledEmail(form, values), headers) is None


def test_dots_stand_at_no_line_begin() -> None:
    """In a literal, in a value, behind a value, in rows: the text is the same, none comes first."""
    dots = ".a\n.\n..\n" + "." * 200 + "\n" + "markup " * 200
    text = Form((dots, 0, ".", 1, "...", 0, "." + "x." * 100 + "\n"))
    form = EmailForm(subject=Form(("..", 0, "")), text=text, html=text)
    for values in ((".", ""), ("a", "."), ("." * 300, "a" * 74 + ".b"), ("a" * 75 + ".", "..")):
        content = FilledEmail(form, values)
        mail = MessageComposer().mail(builders.message(content=content), builders.mail_headers())
        assert mail.clean
        assert b"quoted-printable" in mail.octets
        assert not any(line.startswith(b".") for line in mail.octets.split(b"\r\n"))
        for _, body in _read(mail.octets)[1]:
            assert body == content.text.replace("\n", "\r\n").encode()


def test_mails_that_are_written_whole_are_looked_at() -> None:
    """Nothing was proven of them, nor of one whose mailbox is not plain."""
    text = Form(("a", 0, ".\n"))
    content = FilledEmail(EmailForm(subject=text, text=text, html=text), ("x",))
    broken = FilledEmail(content.form, ("x\n.",))
    wide = builders.mail_headers(recipient="بريد@example.test")
    composer, headers = MessageComposer(), builders.mail_headers()
    assert composer.mail(builders.message(content=content), headers).clean
    assert not composer.mail(builders.message(content=content), wide).clean
    assert not composer.mail(builders.message(content=broken), headers).clean


@given(text=TEXTS)
def test_subjects_come_back(text: str) -> None:
    """What is read is what was written, controls as spaces; no line is longer than 76."""
    shown = headings._CONTROLS.sub(" ", text).strip()
    raw = b"Subject: " + headings.subject(text) + b"\r\n\r\n"
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["Subject"] == shown
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 76
    assert all(line.strip() for line in raw[:-4].split(b"\r\n"))


@given(text=TEXTS.map(lambda text: text.replace("\r", "").replace("\n", "\r\n")))
def test_quoted_texts_come_back(text: str) -> None:
    """A soft break after it and the standard decoder give the text again."""
    raw = quoted.quoted(text) + quoted.SOFT + b"."
    part = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + raw
    decoded = email.message_from_bytes(part, policy=email.policy.default).get_payload(decode=True)
    assert decoded == text.encode() + b"."
    lines = raw.removesuffix(b".").split(b"\r\n")
    assert max(map(len, lines)) <= 76
    assert not any(line.startswith(b".") for line in lines)


def test_most_mails_take_the_fast_way() -> None:
    """Only line ends in values, or at the seam of a value, need the whole text."""
    form = EmailForm(
        subject=Form(("Bonjour ", 0, "")),
        text=Form(("Bonjour ", 0, ",\n\n", 1, "\n")),
        html=Form(("<p>Bonjour ", 0, "</p>\n")),
    )
    headers = builders.mail_headers()
    assert _ready(FilledEmail(form, ("أمينة", "https://b.test/?a=b")), headers)
    assert _ready(FilledEmail(form, ("", "x")), headers)
    assert _ready(FilledEmail(form, ("a\nb", "x")), headers) is None
    assert _ready(FilledEmail(form, ("a", "")), headers) is None


def test_a_line_end_around_an_empty_value_is_one() -> None:
    """A form that could join two halves of a line end is always written whole."""
    half = Form(("a\r", 0, "\nb"))
    content = FilledEmail(EmailForm(subject=half, text=half, html=half), ("",))
    headers = builders.mail_headers()
    assert _ready(content, headers) is None
    mail = MessageComposer().mail(builders.message(content=content), headers)
    _, bodies = _read(mail.octets)
    assert bodies == [("text/plain", b"a\r\nb\r\n"), ("text/html", b"a\r\nb\r\n")]


@given(mails=st.lists(st.tuples(st.integers(0, 1), TAME, HEADERS), min_size=2, max_size=8))
def test_nothing_of_one_mail_gets_into_another(
    mails: list[tuple[int, tuple[str, ...], MailHeaders]],
) -> None:
    """What is kept for a form and a sender is right for the next mail, whatever differs in it."""
    forms = [
        EmailForm(
            subject=Form(("S", 0, "")), text=Form((text, 1, ".\n")), html=Form(("<p>", 2, ""))
        )
        for text in ("Bonjour ", "مرحبا بكم ")
    ]
    composer = MessageComposer()
    for number, values, headers in mails:
        content = FilledEmail(forms[number], values)
        made = composer.mail(builders.message(content=content), headers).octets
        assert _read(made) == _read(mime(content, headers))


def test_only_the_forms_used_last_are_kept() -> None:
    """However many forms come by, what is kept is bounded; a form that stays is built once."""
    composer = MessageComposer()
    for number in range(200):
        for _ in range(2):
            text = Form((f"{number} ", 0, "\n"))
            content = FilledEmail(EmailForm(subject=text, text=text, html=text), ("x",))
            composer.mail(builders.message(content=content), builders.mail_headers())
        composer.mail(builders.message(content=content), builders.mail_headers())
    kept = composer._prebuilt.cache_info()
    assert kept.currsize == kept.maxsize == 64
    assert kept.hits == 200


def test_dense_texts_are_packed_and_others_quoted() -> None:
    """Each part is written the shorter way, judged by what is written ahead."""
    form = EmailForm(
        subject=Form(("x",)),
        text=Form(("المرجو تقليل الذهاب إلى الوكالات قدر الإمكان ", 0, "\n")),
        html=Form(("<p>" + "markup " * 50, 0, "</p>\n")),
    )
    raw = _ready(FilledEmail(form, ("Amina",)), builders.mail_headers())
    assert raw is not None
    assert raw.count(b"Content-Transfer-Encoding: base64") == 1
    assert raw.count(b"Content-Transfer-Encoding: quoted-printable") == 1
    assert raw.index(b"base64") < raw.index(b"quoted-printable")


def test_half_a_character_is_refused_by_name() -> None:
    """A lone surrogate, in a value or in the form, is bad input and no fault of ours."""
    good, bad = Form(("a", 0, "b")), Form(("\ud800", 0, "b"))
    for form, value in ((good, "\ud800"), (bad, "a")):
        content = FilledEmail(EmailForm(subject=good, text=form, html=good), (value,))
        with pytest.raises(InvalidInputError, match="content"):
            MessageComposer().mail(builders.message(content=content), builders.mail_headers())
        with pytest.raises(InvalidInputError, match="content"):
            mime(content, builders.mail_headers())


def _signer(name: str) -> MailSigner:
    """Sign with what shows which octets were signed: a longer digest of the digest."""
    return MailSigner(
        domain="lydec.test",
        selector=name,
        algorithm="rsa-sha256",
        sign=lambda digest: hashlib.shake_256(digest).digest(256),
    )


@given(form=EMAIL_FORMS, values=TAME, headers=HEADERS)
def test_signing_while_filling_is_signing_afterwards(
    form: EmailForm, values: tuple[str, ...], headers: MailHeaders
) -> None:
    """What was canonicalised ahead equals the general rules of RFC 6376 on the finished mail."""
    signers = (_signer("one"), _signer("two"))
    content = FilledEmail(form, values)
    bare = _ready(content, headers)
    if bare is not None:
        together = replace(headers, signers=signers)
        assert _ready(content, together) == dkim.signed(bare, signers)
