"""Mails of one form: everything that they share is written once, the rest put between.

What comes out reads as what `email.mime` writes of the same content, and is signed as it is: its
body is in DKIM's relaxed form from the start, and no line has to be looked at before it leaves.
"""

import hashlib
import re
from collections.abc import Sequence

from broadcaster.channels import dkim, email, headings
from broadcaster.channels.headings import Common
from broadcaster.channels.mail_parts import Part, Text, part_of, text_of
from broadcaster.domain.message import EmailForm, FilledEmail
from broadcaster.ports import Mail, MailHeaders

#: What keeps a mail from being clean: a bare CR or LF, a dot at a line's start, more than ASCII.
_UNCLEAN = re.compile(rb"\r(?!\n)|(?<!\r)\n|(?:\A|\n)\.|[^\x00-\x7f]")


def build(form: EmailForm, shared: Common) -> "Prebuilt | None":
    """Write ahead what the mails of a form share; None when only whole texts can be written.

    InvalidInputError when it cannot stand in a mail.
    """
    text, html = text_of(form.text), text_of(form.html)
    if text is None or html is None:
        return None
    try:
        return Prebuilt(form, shared, text, html)
    except UnicodeEncodeError:
        raise email.no_text() from None


class Prebuilt:
    """A mail with holes."""

    def __init__(self, form: EmailForm, shared: Common, text: Text, html: Text) -> None:
        """Encode all literals; UnicodeEncodeError when one is no text."""
        # Not a secret, and in neither encoding (RFC 2045, section 6.7).
        digest = hashlib.sha256("\0".join((*text.literals, *html.literals)).encode())
        boundary = "=_" + digest.hexdigest()[:32]
        self._subject = None if len(form.subject.pieces) > 1 else headings.subject(_fixed(form))
        self._ends = tuple(part.last for part in (text, html) if part.last is not None)
        self._text, self._html = (
            _part(each, boundary, subtype) for each, subtype in ((text, "plain"), (html, "html"))
        )
        self._closing = email.closing(boundary)
        listed = headings.fields(shared, boundary)
        self._fields = _gapped([(f"{name}: ".encode(), value) for name, value in listed])
        self._fields[-1] += b"\r\n"
        self._seals = dkim.Seals(shared.signers, [_low(name) for name, _ in listed])
        values = {_low(name): value for name, value in listed}
        places = [_low(name) for name, value in listed if value is None]
        ordered = [name for name in self._seals.names if values[name] is None]
        self._order = [places.index(name) for name in ordered]
        self._signed = bool(shared.signers)
        self._canonical = _gapped(
            [(name + b":", _relaxed(values[name])) for name in self._seals.names]
        )
        # Looked at here once: values neither begin a line with a dot nor have line ends.
        samples = ["x"] * (1 + max((*text.holes, *html.holes), default=0))
        body = self._body(samples)
        self._clean = not _UNCLEAN.search(b"".join([*self._fields, *body]))

    def fill(self, content: FilledEmail, headers: MailHeaders) -> Mail | None:
        """Write one mail; None when its values can only be written in whole texts.

        InvalidInputError when a header cannot be.
        """
        values = content.values
        # It could be half of a line end, or one of those that are cut from a text's end.
        together = "".join(values)
        if "\n" in together or "\r" in together:
            return None
        for last in self._ends:
            if not values[last]:
                return None
        try:
            subject = self._subject
            if subject is None:
                subject = headings.subject(content.subject)
            own = headings.own(headers, subject)
            body = self._body(values)
        except UnicodeEncodeError:
            raise email.no_text() from None
        head = self._fields.copy()
        head[1::2] = own
        clean = self._clean and headings.one_line(own[0])
        if not self._signed:
            return Mail(b"".join([*head, *body]), clean)
        canonical = self._canonical.copy()
        canonical[1::2] = [dkim.relaxed_value(own[place]) for place in self._order]
        joined = b"".join(body)
        seals = self._seals.sign(b"".join(canonical), joined)
        return Mail(b"".join([seals, *head, joined]), clean)

    def _body(self, values: Sequence[str]) -> list[bytes]:
        """Fill both parts; values that both take alike are encoded once."""
        text, html = self._text, self._html
        coded = text.coded(values)
        pieces = text.fill(coded)
        pieces += html.fill(coded if type(html) is type(text) else html.coded(values))
        pieces.append(self._closing)
        return pieces


def _part(text: Text, boundary: str, subtype: str) -> Part:
    return part_of(text, lambda encoding: email.opening(boundary, subtype, encoding))


def _fixed(form: EmailForm) -> str:
    return form.subject.fill(())


def _low(name: str) -> bytes:
    return name.lower().encode("ascii")


def _relaxed(value: bytes | None) -> bytes | None:
    return None if value is None else dkim.relaxed_value(value)


def _gapped(lines: list[tuple[bytes, bytes | None]]) -> list[bytes]:
    """Join lines around gaps for the values that are None: every second piece is a gap."""
    pieces = [b""]
    for start, value in lines:
        pieces[-1] += start
        if value is None:
            pieces += [b"", b""]
        else:
            pieces[-1] += value
        pieces[-1] += b"\r\n"
    return pieces
