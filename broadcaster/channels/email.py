"""The bytes of a mail: both parts in UTF-8, text first, with the headers of automatic mail; pure.

Built by hand from quoted-printable or base64 parts rather than through `EmailMessage`: it is
several times faster, and long tokens (unsubscribe links) are never folded into encoded words,
which mail services would not follow. `email.policy` encodes what people read in headers.
"""

import base64
import binascii
import email.headerregistry
import email.policy
import hashlib
import re
from email.utils import format_datetime

from broadcaster.domain.message import EmailContent
from broadcaster.errors import InvalidInputError
from broadcaster.ports import MailHeaders

_EOL = b"\r\n"

#: C0 and C1 controls with delete, and Unicode's own line ends: none may be in a header.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

_LINE_END = re.compile("\r\n|\r|\n")

#: One mailbox: no space, no control, none of the characters that end an address or open another.
_MAILBOX = re.compile(
    r"[^\s\x00-\x1f\x7f-\x9f<>,;:()\[\]\\\"@]{1,64}@[^\s\x00-\x20\x7f-\x9f<>,;:()\\\"@]{1,255}\Z"
)

#: A word of a structured header: visible ASCII without angle brackets.
_TOKEN = re.compile(r"[!-;=?-~]{1,900}\Z")

#: Above this share of bytes outside ASCII, base64 is shorter than quoted-printable.
_DENSE = 1 / 6


def mime(content: EmailContent, headers: MailHeaders) -> bytes:
    """Build a whole mail, with CRLF line ends; InvalidInputError when a header cannot be.

    The same content and headers give the same bytes. A mail to a mailbox that is not ASCII has its
    addresses in UTF-8 and needs SMTPUTF8 (RFC 6532); nothing else does.
    """
    # "=_" occurs neither in base64 nor in quoted-printable (RFC 2045, section 6.7).
    boundary = "=_" + hashlib.sha256(headers.message_id.encode()).hexdigest()[:32]
    lines = [
        *_headers(content, headers),
        b"MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"'.encode("ascii"),
        b"",
        *_part(boundary, "plain", content.text),
        *_part(boundary, "html", content.html),
        f"--{boundary}--".encode("ascii"),
        b"",
    ]
    return _EOL.join(lines)


def bcp47(locale: str) -> str:
    """Turn a locale into a language tag: `ar_MA` into `ar-MA`."""
    return locale.replace("_", "-")


def _headers(content: EmailContent, headers: MailHeaders) -> list[bytes]:
    wide = not headers.recipient.isascii() or not headers.sender.isascii()
    lines = [
        _readable("From", _address("sender", headers.sender, headers.sender_name), utf8=wide),
        _readable("To", _address("recipient", headers.recipient, ""), utf8=wide),
        # Encoded words rather than UTF-8 also where that would be allowed: more programs read them.
        _readable("Subject", _CONTROLS.sub(" ", content.subject).strip()),
        f"Date: {format_datetime(headers.date)}".encode("ascii"),
        _token("Message-ID", headers.message_id, "<{}>"),
        _token("Content-Language", bcp47(headers.locale)),
        # RFC 3834, section 5: no out-of-office replies to this.
        b"Auto-Submitted: auto-generated",
    ]
    if headers.unsubscribe_url:
        # RFC 2369, section 3.2, and RFC 8058, section 3.1.
        lines.append(_token("List-Unsubscribe", headers.unsubscribe_url, "<{}>"))
        lines.append(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    if headers.feedback_id:
        lines.append(_token("Feedback-ID", headers.feedback_id))
    return lines


def _address(field: str, mailbox: str, name: str) -> str:
    if not _MAILBOX.match(mailbox):
        raise InvalidInputError(field, "is no mailbox", "Give one mailbox, local@domain.")
    shown = _CONTROLS.sub(" ", name).strip()
    if not shown:
        return mailbox
    quoted = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{mailbox}>'


def _readable(name: str, value: str, *, utf8: bool = False) -> bytes:
    """Encode and fold a header that people read."""
    policy = email.policy.SMTPUTF8 if utf8 else email.policy.SMTP
    header: email.headerregistry.BaseHeader = policy.header_factory(name, value)
    return policy.fold_binary(name, header).rstrip(_EOL)


def _token(name: str, value: str, form: str = "{}") -> bytes:
    """Write a header that programs read, in one line and as it is."""
    if not _TOKEN.match(value):
        raise InvalidInputError(
            name, "has a character that a mail header cannot have", "Use visible ASCII characters."
        )
    return f"{name}: {form.format(value)}".encode("ascii")


def _part(boundary: str, subtype: str, text: str) -> list[bytes]:
    encoding, body = _encoded(text)
    return [
        f"--{boundary}".encode("ascii"),
        f"Content-Type: text/{subtype}; charset=utf-8".encode("ascii"),
        f"Content-Transfer-Encoding: {encoding}".encode("ascii"),
        b"",
        body,
    ]


def _encoded(text: str) -> tuple[str, bytes]:
    """Encode a text with CRLF line ends for seven-bit transport, the shorter way."""
    raw = _LINE_END.sub("\r\n", text).rstrip("\r\n").encode() + _EOL
    wide = sum(byte > 0x7F for byte in raw)  # noqa: PLR2004  (the last code of ASCII)
    if wide > len(raw) * _DENSE:
        return "base64", base64.encodebytes(raw).rstrip(b"\n").replace(b"\n", _EOL)
    return "quoted-printable", binascii.b2a_qp(raw, istext=True)
