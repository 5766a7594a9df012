"""The header fields of a mail: what all mails of one sort share, and what each has for itself.

Long tokens (unsubscribe links) are never folded into encoded words, which mail services would not
follow. `email.policy` writes the addresses that are not plain.
"""

import binascii
import email.headerregistry
import email.policy
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from typing import NamedTuple

from broadcaster.errors import InvalidInputError
from broadcaster.ports import MailHeaders, MailSigner

_EOL = b"\r\n"

#: C0 and C1 controls with delete, and Unicode's own line ends: none may be in a header.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

#: One mailbox: no space, no control, none of the characters that end an address or open another.
_MAILBOX = re.compile(
    r"[^\s\x00-\x1f\x7f-\x9f<>,;:()\[\]\\\"@]{1,64}@[^\s\x00-\x20\x7f-\x9f<>,;:()\\\"@]{1,255}\Z"
)

#: A mailbox that every program reads as it is (RFC 5322, `dot-atom`); no part of an encoded word.
_PLAIN = re.compile(
    r"[\w!#$%&'*+/^`{|}~-]+(?:\.[\w!#$%&'*+/^`{|}~-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\Z",
    re.ASCII,
)

#: So short is what stands before the @ of any mailbox (RFC 5321, section 4.5.3.1.1).
_SHORT = 64

#: A word of a structured header: visible ASCII without angle brackets.
_TOKEN = re.compile(r"[!-;=?-~]{1,900}\Z")

#: The longest line that has encoded words (RFC 2047, section 2), the longest name before them, and
#: how many octets of UTF-8 fit into a word beside that.
_LINE, _NAME, _WORD = 76, len("Subject: "), 39

_WORDS = re.compile(r" *[^ ]+")

Fields = list[tuple[str, bytes | None]]


class Common(NamedTuple):
    """What the headers of many mails have in common.

    `one_click`: they have a link to unsubscribe. `wide`: addresses are written in UTF-8.
    `following`: they follow other mails.
    """

    sender: str
    sender_name: str
    locale: str
    feedback_id: str
    one_click: bool
    wide: bool
    signers: tuple[MailSigner, ...]
    following: bool = False


def common(headers: MailHeaders) -> Common:
    """Take what is common out of the headers of one mail."""
    return Common(
        headers.sender,
        headers.sender_name,
        headers.locale,
        headers.feedback_id,
        bool(headers.unsubscribe_url),
        not (headers.recipient.isascii() and headers.sender.isascii()),
        headers.signers,
        bool(headers.references),
    )


def fields(shared: Common, boundary: str) -> Fields:
    """List the fields in their order, with None where each mail has its `own`."""
    listed: Fields = [
        ("From", _sender(shared.sender, shared.sender_name, shared.wide)),
        ("To", None),
        ("Subject", None),
        ("Date", None),
        ("Message-ID", None),
        # RFC 5322, section 3.6.4: programs for mail show them with what they follow.
        *([("In-Reply-To", None), ("References", None)] if shared.following else []),
        ("Content-Language", _token("Content-Language", bcp47(shared.locale))),
        # RFC 3834, section 5: no out-of-office replies to this.
        ("Auto-Submitted", b"auto-generated"),
    ]
    if shared.one_click:
        # RFC 2369, section 3.2, and RFC 8058, section 3.1.
        listed += [
            ("List-Unsubscribe", None),
            ("List-Unsubscribe-Post", b"List-Unsubscribe=One-Click"),
        ]
    if shared.feedback_id:
        listed.append(("Feedback-ID", _token("Feedback-ID", shared.feedback_id)))
    alternative = f'multipart/alternative; boundary="{boundary}"'.encode("ascii")
    return [*listed, ("MIME-Version", b"1.0"), ("Content-Type", alternative)]


def own(headers: MailHeaders, subject: bytes) -> list[bytes]:
    """Write what each mail has for itself, in the order of `fields`.

    InvalidInputError when a value cannot stand in a header.
    """
    values = [
        _recipient(headers),
        subject,
        _dates.written(headers.date),
        b"<" + _token("Message-ID", headers.message_id) + b">",
    ]
    if headers.references:
        former = [b"<" + _token("References", one) + b">" for one in headers.references]
        # One to a line, as lines have an end (RFC 5322, section 2.1.1).
        values += [former[-1], b"\r\n ".join(former)]
    if headers.unsubscribe_url:
        values.append(b"<" + _token("List-Unsubscribe", headers.unsubscribe_url) + b">")
    return values


def subject(text: str) -> bytes:
    """Write a subject line: as it is where it is ASCII, else in encoded words (RFC 2047).

    Encoded words rather than UTF-8 also where that would be allowed: more programs read them.
    """
    shown = _CONTROLS.sub(" ", text).strip()
    if not shown.isascii() or "=?" in shown:
        return _encoded_words(shown.encode())
    if len(shown) <= _LINE - _NAME:
        return shown.encode("ascii")
    return _folded(shown)


def one_line(value: bytes) -> bool:
    """Tell whether a field's value is plain: in ASCII, and not folded."""
    return value.isascii() and not (b"\r" in value or b"\n" in value)


def bcp47(locale: str) -> str:
    """Turn a locale into a language tag: `ar_MA` into `ar-MA`."""
    return locale.replace("_", "-")


def _folded(text: str) -> bytes:
    """Break a long line before spaces, so that no line is blank; in words where one is too long."""
    lines, room = [""], _LINE - _NAME
    for word in _WORDS.findall(text):
        if len(lines[-1]) + len(word) <= room:
            lines[-1] += word
        elif len(word) <= _LINE and lines[-1]:
            lines.append(word)
            room = _LINE
        else:
            return _encoded_words(text.encode())
    return "\r\n".join(lines).encode("ascii")


def _encoded_words(octets: bytes) -> bytes:
    """Write UTF-8 as encoded words, each of whole characters (RFC 2047, section 5)."""
    words, start = [], 0
    while start < len(octets):
        end = min(start + _WORD, len(octets))
        while end < len(octets) and octets[end] & 0xC0 == 0x80:  # noqa: PLR2004  (10xxxxxx)
            end -= 1
        word = binascii.b2a_base64(octets[start:end], newline=False)
        words.append(b"=?utf-8?b?" + word + b"?=")
        start = end
    return b"\r\n ".join(words)


def _recipient(headers: MailHeaders) -> bytes:
    mailbox = headers.recipient
    if _PLAIN.match(mailbox) and (len(mailbox) <= _SHORT or _MAILBOX.match(mailbox)):
        return mailbox.encode("ascii")
    wide = not (mailbox.isascii() and headers.sender.isascii())
    return _readable("To", _address("recipient", mailbox, ""), wide=wide)


@lru_cache(maxsize=64)
def _sender(mailbox: str, name: str, wide: bool) -> bytes:  # noqa: FBT001  (keys of the cache)
    return _readable("From", _address("sender", mailbox, name), wide=wide)


class _Dates:
    """Writes dates, and keeps the last one: all mails of a second have the same."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        """Begin with some date."""
        self._last = _second(datetime.min.replace(tzinfo=UTC))

    def written(self, moment: datetime) -> bytes:
        """Write a date."""
        since, until, written = self._last
        # Of the same zone, so that times on the clock are compared; `fold` tells apart the two
        # hours of a clock that is set back.
        same = moment.tzinfo is since.tzinfo and moment.fold == since.fold
        if not (same and since <= moment < until):
            self._last = _, _, written = _second(moment)
        return written


def _second(moment: datetime) -> tuple[datetime, datetime, bytes]:
    """Give a second's begin and end, and how it is written."""
    since = moment.replace(microsecond=0)
    return since, since + timedelta(seconds=1), format_datetime(moment).encode("ascii")


_dates = _Dates()


def _address(field: str, mailbox: str, name: str) -> str:
    if not _MAILBOX.match(mailbox):
        raise InvalidInputError(field, "is no mailbox", "Give one mailbox, local@domain.")
    shown = _CONTROLS.sub(" ", name).strip()
    if not shown:
        return mailbox
    quoted = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{mailbox}>'


def _readable(name: str, value: str, *, wide: bool) -> bytes:
    """Encode and fold a header that people read; gives what stands after `name: `."""
    policy = email.policy.SMTPUTF8 if wide else email.policy.SMTP
    header: email.headerregistry.BaseHeader = policy.header_factory(name, value)
    return policy.fold_binary(name, header).rstrip(_EOL)[len(name) + 1 :].removeprefix(b" ")


def _token(name: str, value: str) -> bytes:
    """Write a header that programs read, in one line and as it is."""
    if not _TOKEN.match(value):
        raise InvalidInputError(
            name, "has a character that a mail header cannot have", "Use visible ASCII characters."
        )
    return value.encode("ascii")


def written(listed: Fields, values: Sequence[bytes]) -> bytes:
    """Put the fields together, with a mail's own values; each line with its end."""
    left = iter(values)
    return b"".join(
        b"%b: %b\r\n" % (name.encode("ascii"), next(left) if value is None else value)
        for name, value in listed
    )
