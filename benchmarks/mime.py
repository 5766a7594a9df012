"""Mails made a second by one core: by the library, whole, prebuilt, and prebuilt with signatures.

The mails are those of the founding notice, in Arabic and in French; each reader has a name, a
mailbox and links of their own. Times are of the processor, so that others on the machine disturb
little. `python benchmarks/mime.py`, about 20 seconds of the processor.
"""

import base64
import os
import platform
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from itertools import cycle
from pathlib import Path

import cryptography

from broadcaster.channels import dkim_keys, mail_parts
from broadcaster.channels.base import MessageComposer
from broadcaster.channels.email import mime
from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.message import (
    Address,
    EmailContent,
    EmailForm,
    FilledEmail,
    Form,
    Lane,
    MessageClass,
    Scheme,
)
from broadcaster.domain.options import Options
from broadcaster.ports import MailHeaders, MailSigner, Message
from broadcaster.providers._dkim import signers_of

_GOLDEN = Path(__file__).parent.parent / "tests" / "golden" / "remote_services"

#: Who the golden mails are for, and the readers that they are made for here.
_NAMES = {"ar": "فاطمة الزهراء", "fr": "Fatima-Zahra"}
_READERS = {
    "ar": ("محمد العلوي", "خديجة بناني", "يوسف التازي", "مريم الفاسي", "أحمد برادة"),
    "fr": ("Mohammed Alaoui", "Khadija Bennani", "Zoé Lefèvre", "Meryem El Fassi", "Ali Berrada"),
}

_NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)

#: Seconds of the processor for each measurement, which is made so many times; the best counts.
_SPAN, _TIMES = 0.2, 3

#: How many mails are ready to be made, one after the other, again and again.
_COUNT = 500

Mail = tuple[Message, MailHeaders]
Way = Callable[[Message, MailHeaders], bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """How many a second, and the octets of one."""

    rate: float
    octets: int


def main() -> None:
    """Measure and print: ratios, raw figures, conditions."""
    ed25519, rsa = _signers()
    rates = {}
    for locale in _NAMES:
        mails = _mails(locale)
        composed = _composed(MessageComposer())
        whole = [(_joined(message), headers) for message, headers in mails]
        ways: list[tuple[str, Way, Sequence[Mail]]] = [
            ("EmailMessage", _library, whole),
            ("mime(), whole", lambda one, headers: mime(_content(one), headers), whole),
            ("prebuilt", composed, mails),
            ("prebuilt, Ed25519", composed, _signed(mails, ed25519)),
            ("prebuilt, RSA-2048", composed, _signed(mails, rsa)),
            ("prebuilt, both", composed, _signed(mails, ed25519, rsa)),
        ]
        rates[locale] = {name: _measured(way, given) for name, way, given in ways}
    encodings = {locale: _encodings(locale) for locale in _NAMES}
    _print(rates, encodings)


def _print(
    rates: Mapping[str, Mapping[str, Rate]], encodings: Mapping[str, Mapping[str, Rate]]
) -> None:
    for locale, found in rates.items():
        base = found["EmailMessage"].rate
        print(f"{locale}: prebuilt / EmailMessage = {found['prebuilt'].rate / base:.0f}")
        whole = found["mime(), whole"].rate
        print(f"{locale}: prebuilt / mime() = {found['prebuilt'].rate / whole:.1f}")
    print(f"\n{'':24}{'mails/s':>10}{'ratio':>8}{'octets':>9}")
    for locale, found in rates.items():
        base = found["EmailMessage"].rate
        for name, one in found.items():
            print(f"{locale} {name:21}{one.rate:10,.0f}{one.rate / base:8.1f}{one.octets:9,}")
    print(f"\nBody alone, by encoding\n{'':24}{'bodies/s':>10}{'':8}{'octets':>9}")
    for locale, found in encodings.items():
        for name, one in found.items():
            print(f"{locale} {name:21}{one.rate:10,.0f}{'':8}{one.octets:9,}")
    print(
        f"\nOne core of {os.cpu_count()}, load {os.getloadavg()[0]:.1f}; Python "
        f"{platform.python_version()}, cryptography {cryptography.__version__}; best of {_TIMES} "
        f"measurements of {_SPAN} s of processor time; {_COUNT} readers in turn."
    )


def _measured(way: Callable[..., bytes], mails: Sequence[tuple[object, ...]]) -> Rate:
    octets = len(way(*mails[0]))
    best = max(_once(way, cycle(mails)) for _ in range(_TIMES))
    return Rate(rate=best, octets=octets)


def _once(way: Callable[..., bytes], mails: Iterator[tuple[object, ...]]) -> float:
    count, start = 0, time.process_time()
    while (spent := time.process_time() - start) < _SPAN:
        # Between two looks at the clock, which cost some.
        for _ in range(20):
            way(*next(mails))
        count += 20
    return count / spent


def _signers() -> tuple[MailSigner, ...]:
    """Make keys, and read them as the provider does."""
    with tempfile.TemporaryDirectory() as folder:
        values: dict[str, str] = {}
        for number, name in (("", "ed25519"), ("_2", "rsa")):
            path = Path(folder) / name
            path.touch(mode=0o600)
            path.write_bytes(dkim_keys.make(name))
            values |= {f"DKIM_SELECTOR{number}": name, f"DKIM_KEY_FILE{number}": str(path)}
        return signers_of(Options("", values), "lydec.test")


def _composed(composer: MessageComposer) -> Way:
    return lambda message, headers: composer.mail(message, headers).octets


def _form(locale: str) -> EmailForm:
    links = (
        "https://example.test/unsubscribe/1-2.token",
        f"https://example.test/advisories/1/{locale}",
    )
    values = (_NAMES[locale], *links)
    hole = re.compile("(" + "|".join(map(re.escape, values)) + ")")

    def form(part: str) -> Form:
        pieces = hole.split((_GOLDEN / locale / "email" / part).read_text("utf-8"))
        return Form(tuple(values.index(p) if n % 2 else p for n, p in enumerate(pieces)))

    return EmailForm(subject=form("subject.txt"), text=form("body.txt"), html=form("body.html"))


def _values(locale: str, number: int) -> tuple[str, ...]:
    names = _READERS[locale]
    return (
        names[number % len(names)],
        f"https://broadcaster.test/unsubscribe/1-{number}.0123456789abcdef0123456789abcdef",
        f"https://broadcaster.test/advisories/1/{locale}",
    )


def _mails(locale: str) -> list[Mail]:
    form = _form(locale)
    return [
        _mail(locale, number, FilledEmail(form, _values(locale, number)))
        for number in range(_COUNT)
    ]


def _mail(locale: str, number: int, content: FilledEmail) -> Mail:
    mailbox = f"client.{number:08d}@courrier.test"
    message = Message(
        delivery=DeliveryId(1, number),
        attempt=1,
        address=Address(scheme=Scheme.MAILTO, value=mailbox, keys={}),
        locale=locale,
        content=content,
        units=1,
        lane=Lane.ROUTINE,
        message_class=MessageClass.SERVICE,
        expires=_NOW + timedelta(days=1),
        unsubscribe_url=content.values[1],
        confirm_url="",
        collapse_key="advisory-1",
    )
    headers = MailHeaders(
        sender="advisories@lydec.test",
        sender_name="ليدك",
        recipient=mailbox,
        message_id=f"1-{number}.0123456789abcdef@bounces.lydec.test",
        date=_NOW + timedelta(milliseconds=number),
        locale=locale,
        unsubscribe_url=content.values[1],
        feedback_id="1:remote_services:lydec",
    )
    return message, headers


def _content(message: Message) -> EmailContent:
    content = message.content
    assert isinstance(content, EmailContent)
    return content


def _joined(message: Message) -> Message:
    content = message.content
    assert isinstance(content, FilledEmail)
    whole = EmailContent(subject=content.subject, text=content.text, html=content.html)
    return replace(message, content=whole)


def _signed(mails: Sequence[Mail], *signers: MailSigner) -> list[Mail]:
    return [(message, replace(headers, signers=signers)) for message, headers in mails]


def _library(message: Message, headers: MailHeaders) -> bytes:
    content = _content(message)
    mail = EmailMessage(SMTP)
    mail["From"] = f'"{headers.sender_name}" <{headers.sender}>'
    mail["To"] = headers.recipient
    mail["Subject"] = content.subject.strip()
    mail["Date"] = headers.date
    mail["Message-ID"] = f"<{headers.message_id}>"
    mail["Content-Language"] = headers.locale
    mail["Auto-Submitted"] = "auto-generated"
    mail["List-Unsubscribe"] = f"<{headers.unsubscribe_url}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail["Feedback-ID"] = headers.feedback_id
    mail.set_content(content.text)
    mail.add_alternative(content.html, subtype="html")
    return mail.as_bytes()


def _encodings(locale: str) -> dict[str, Rate]:
    """Compare the ways to write both parts of a body, parts ahead or the whole each time."""
    form = _form(locale)
    values = [(_values(locale, number),) for number in range(_COUNT)]
    texts = [text for text in map(mail_parts.text_of, (form.text, form.html)) if text]
    ways = {
        "quoted-printable": _filled([mail_parts.QuotedPart(text, _opening) for text in texts]),
        "base64": _filled([mail_parts.PackedPart(text, _opening) for text in texts]),
        "the shorter (ours)": _filled([mail_parts.part_of(text, _opening) for text in texts]),
        "base64, whole": lambda one: b"".join(base64.encodebytes(raw) for raw in _raw(form, one)),
        "8bit, not encoded": _joined_octets(texts),
    }
    return {name: _measured(way, values) for name, way in ways.items()}


def _filled(parts: Sequence[mail_parts.Part]) -> Callable[[Sequence[str]], bytes]:
    return lambda values: b"".join(
        piece for part in parts for piece in part.fill(part.coded(values))
    )


def _joined_octets(texts: Sequence[mail_parts.Text]) -> Callable[[Sequence[str]], bytes]:
    ahead = [([literal.encode() for literal in text.literals], text.holes) for text in texts]

    def fill(values: Sequence[str]) -> bytes:
        octets = []
        for (first, *others), holes in ahead:
            octets.append(first)
            for literal, hole in zip(others, holes, strict=True):
                octets += (values[hole].encode(), literal)
        return b"".join(octets)

    return fill


def _raw(form: EmailForm, values: Sequence[str]) -> Iterator[bytes]:
    return (part.fill(values).replace("\n", "\r\n").encode() for part in (form.text, form.html))


def _opening(_encoding: str) -> bytes:
    return b""


if __name__ == "__main__":
    main()
