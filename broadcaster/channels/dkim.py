"""DKIM signatures (RFC 6376; Ed25519: RFC 8463), relaxed/relaxed; pure but for the signer's key.

`signed` takes any mail of ours. `Seals` are made once for mails with the same fields, and take a
body that is already in its relaxed form.
"""

import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence

from broadcaster.ports import MailSigner

_EOL = b"\r\n"

#: The fields that are signed where they are there. From is named once more than it is there, so
#: that a second one breaks the signature (RFC 6376, section 8.15).
_SIGNED = (
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"mime-version",
    b"content-type",
    b"content-language",
    b"auto-submitted",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"feedback-id",
    b"in-reply-to",
    b"references",
)
_OVERSIGNED = (b"from",)

_BLANKS = re.compile(rb"[ \t]+")
_FIELD_END = re.compile(rb"\r\n(?![ \t])")

#: How many characters of a signature stand on a line, and how many names of fields.
_LINE, _NAMES = 72, 4


def relaxed_field(name: bytes, value: bytes) -> bytes:
    """Bring a field into its relaxed form, with its line end (RFC 6376, section 3.4.2)."""
    return name.strip().lower() + b":" + relaxed_value(value) + _EOL


def relaxed_value(value: bytes) -> bytes:
    """Unfold a field's value and reduce its white space."""
    if not (b"\r" in value or b"\t" in value or b"  " in value):
        # Most are so, and this is several times faster.
        return value.strip(b" ")
    return _BLANKS.sub(b" ", value.replace(_EOL, b"")).strip(b" ")


def relaxed_body(body: bytes) -> bytes:
    """Bring a body into its relaxed form (RFC 6376, section 3.4.4)."""
    lines = _BLANKS.sub(b" ", body).split(_EOL)
    text = _EOL.join(line.removesuffix(b" ") for line in lines).rstrip(_EOL)
    return text + _EOL if text else b""


def signed(mail: bytes, signers: Sequence[MailSigner]) -> bytes:
    """Put a signature of each signer before a mail."""
    head, _, body = mail.partition(_EOL + _EOL)
    fields = {}
    for field in _FIELD_END.split(head):
        name, _, value = field.partition(b":")
        fields[name.strip().lower()] = relaxed_field(name, value)
    seals = Seals(signers, fields)
    canonical = b"".join(fields[name] for name in seals.names)
    return seals.sign(canonical, relaxed_body(body)) + mail


class Seals:
    """The signatures of some signers on mails that have the same fields."""

    def __init__(self, signers: Iterable[MailSigner], names: Iterable[bytes]) -> None:
        """Prepare the fields `DKIM-Signature`; names are in lower case."""
        there = frozenset(names)
        #: The fields that are signed, in the order in which they are hashed.
        self.names = tuple(name for name in _SIGNED if name in there)
        listed = _listed((*self.names, *_OVERSIGNED))
        self._seals = [(signer, *_forms(signer, listed)) for signer in signers]

    def sign(self, fields: bytes, body: bytes) -> bytes:
        """Give the fields `DKIM-Signature` for a mail.

        `fields` are the relaxed forms of those in `names`, in this order; `body` is the body's.
        """
        body_hash = binascii.b2a_base64(hashlib.sha256(body).digest(), newline=False)
        common = hashlib.sha256(fields)
        written = []
        for signer, form, relaxed in self._seals:
            digest = common.copy()
            digest.update(relaxed % body_hash)
            signature = binascii.b2a_base64(signer.sign(digest.digest()), newline=False)
            lines = [signature[at : at + _LINE] for at in range(0, len(signature), _LINE)]
            written.append(form % (body_hash, b"\r\n ".join(lines)))
        return b"".join(written)


def _listed(names: Sequence[bytes]) -> bytes:
    lines = [b":".join(names[at : at + _NAMES]) for at in range(0, len(names), _NAMES)]
    return b":\r\n  ".join(lines)


def _forms(signer: MailSigner, listed: bytes) -> tuple[bytes, bytes]:
    """Write the field with places for hash and signature, and its relaxed form without signature.

    The relaxed form has no line end and ends with an empty `b=` (RFC 6376, section 3.7).
    """
    value = (
        f"v=1; a={signer.algorithm}; c=relaxed/relaxed; d={signer.domain};\r\n"
        f" s={signer.selector};\r\n"
    ).encode("ascii")
    value += b" h=" + listed + b";\r\n bh=%b;\r\n b="
    return (
        b"DKIM-Signature: " + value + b"%b\r\n",
        relaxed_field(b"DKIM-Signature", value).removesuffix(_EOL),
    )
