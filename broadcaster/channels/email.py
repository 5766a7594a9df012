"""The bytes of a mail: both parts in UTF-8, text first, with the headers of automatic mail; pure.

Built by hand from quoted-printable or base64 parts rather than through `EmailMessage`, which is
many times slower. `prebuilt.py` does the same faster for mails of one form, and is held to this.
"""

import base64
import binascii
import hashlib
import re

from broadcaster.channels import dkim, headings
from broadcaster.domain.message import EmailContent, FilledEmail
from broadcaster.errors import InvalidInputError
from broadcaster.ports import MailHeaders

_EOL = b"\r\n"

LINE_END = re.compile("\r\n|\r|\n")

#: Above this share of bytes outside ASCII, base64 is shorter than quoted-printable.
_DENSE = 1 / 6

_ASCII = bytes(range(128))


def mime(content: EmailContent | FilledEmail, headers: MailHeaders) -> bytes:
    """Build a whole mail, with CRLF line ends; InvalidInputError when it cannot be.

    The same content and headers give the same bytes. A mail to a mailbox that is not ASCII has its
    addresses in UTF-8 and needs SMTPUTF8 (RFC 6532); nothing else does.
    """
    # "=_" occurs neither in base64 nor in quoted-printable (RFC 2045, section 6.7).
    boundary = "=_" + hashlib.sha256(headers.message_id.encode()).hexdigest()[:32]
    try:
        head = headings.written(
            headings.fields(headings.common(headers), boundary),
            headings.own(headers, headings.subject(content.subject)),
        )
        parts = [
            opening + body
            for opening, body in (
                _part(boundary, "plain", content.text),
                _part(boundary, "html", content.html),
            )
        ]
    except UnicodeEncodeError:
        raise no_text() from None
    mail = b"".join([head, _EOL, *parts, closing(boundary)])
    return dkim.signed(mail, headers.signers) if headers.signers else mail


def no_text() -> InvalidInputError:
    """Make the error of a text that UTF-8 cannot write, as half a surrogate pair."""
    return InvalidInputError(
        "content", "has half a character (a lone surrogate)", "Remove it where the text is from."
    )


def opening(boundary: str, subtype: str, encoding: str) -> bytes:
    """Open a part."""
    return (
        f"--{boundary}\r\n"
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    ).encode("ascii")


def closing(boundary: str) -> bytes:
    """End the last part."""
    return f"--{boundary}--\r\n".encode("ascii")


def _part(boundary: str, subtype: str, text: str) -> tuple[bytes, bytes]:
    encoding, body = _encoded(text)
    return opening(boundary, subtype, encoding), body


def _encoded(text: str) -> tuple[str, bytes]:
    """Encode a text with CRLF line ends for seven-bit transport, the shorter way."""
    raw = LINE_END.sub("\r\n", text).rstrip("\r\n").encode() + _EOL
    if len(raw.translate(None, _ASCII)) > len(raw) * _DENSE:
        return "base64", base64.encodebytes(raw).replace(b"\n", _EOL)
    return "quoted-printable", binascii.b2a_qp(raw, istext=True) + _EOL
