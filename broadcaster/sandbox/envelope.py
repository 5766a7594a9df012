"""Envelopes: the arguments of MAIL and RCPT (RFC 5321, 1870, 6152, 6531, 3461)."""

import re
from dataclasses import dataclass

from broadcaster.errors import BroadcasterError

_ARGUMENT = re.compile(r"(FROM|TO):\s?<([^<>\s]*)>(.*)\Z", re.IGNORECASE | re.DOTALL)
_ROUTE = re.compile(r"@[^:]*:")
_MAILBOX = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,255}\Z")
_HEXADECIMAL = re.compile(r"\+([0-9A-F]{2})")
_MOST_DIGITS, _LONGEST_XTEXT = 20, 500
_CONDITIONS = frozenset({"SUCCESS", "FAILURE", "DELAY"})


class EnvelopeError(BroadcasterError):
    """A command's arguments are refused; the message is the reply."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """What MAIL said; the mailbox is empty for a null return path."""

    mailbox: str
    size: int
    utf8: bool
    ret: str | None
    envid: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """What RCPT said; `notify` is None when it left the conditions of reports to us."""

    mailbox: str
    notify: tuple[str, ...] | None
    orcpt: str | None


def read_sender(argument: bytes) -> Sender:
    """Read the argument of MAIL; EnvelopeError with the reply."""
    mailbox, parameters = _read("FROM", argument)
    known = {"SIZE", "BODY", "SMTPUTF8", "RET", "ENVID"}
    _known(parameters, known)
    size = parameters.get("SIZE") or "0"
    if not (size.isascii() and size.isdigit() and len(size) <= _MOST_DIGITS):
        raise EnvelopeError("501 5.5.4 SIZE is no number")
    if (parameters.get("BODY") or "7BIT").upper() not in {"7BIT", "8BITMIME"}:
        raise EnvelopeError("501 5.5.4 BODY is unknown")
    ret = parameters.get("RET")
    if "RET" in parameters and (ret or "").upper() not in {"FULL", "HDRS"}:
        raise EnvelopeError("501 5.5.4 RET is FULL or HDRS")
    utf8 = "SMTPUTF8" in parameters
    if mailbox:
        _mailbox(mailbox, utf8=utf8, bad="501 5.1.7 Bad sender's mailbox")
    envid = parameters.get("ENVID")
    return Sender(
        mailbox=mailbox,
        size=int(size),
        utf8=utf8,
        ret=ret.upper() if ret else None,
        envid=None if envid is None else xtext(envid),
    )


def read_recipient(argument: bytes, *, utf8: bool) -> Recipient:
    """Read the argument of RCPT; EnvelopeError with the reply."""
    mailbox, parameters = _read("TO", argument)
    _known(parameters, {"NOTIFY", "ORCPT"})
    _mailbox(mailbox, utf8=utf8, bad="501 5.1.3 Bad recipient's mailbox")
    notify = None
    if "NOTIFY" in parameters:
        notify = tuple((parameters["NOTIFY"] or "").upper().split(","))
        if notify != ("NEVER",) and not (set(notify) <= _CONDITIONS):
            raise EnvelopeError("501 5.5.4 NOTIFY is NEVER, or of SUCCESS, FAILURE, DELAY")
    orcpt = parameters.get("ORCPT")
    if "ORCPT" in parameters:
        kind, semicolon, value = (orcpt or "").partition(";")
        if not (kind and semicolon and value):
            raise EnvelopeError("501 5.5.4 ORCPT is type;address")
        orcpt = f"{kind};{xtext(value)}"
    return Recipient(mailbox=mailbox, notify=notify, orcpt=orcpt)


def xtext(text: str) -> str:
    """Decode RFC 3461's xtext; EnvelopeError when it is none."""
    if len(text) > _LONGEST_XTEXT or re.search(r"\+(?![0-9A-F]{2})|[=\x00-\x20\x7f]", text):
        raise EnvelopeError("501 5.5.4 Not xtext")
    decoded = _HEXADECIMAL.sub(lambda match: chr(int(match[1], 16)), text)
    if any(ord(character) < ord(" ") for character in decoded):
        raise EnvelopeError("501 5.5.4 Control character in xtext")
    return decoded


def _read(word: str, argument: bytes) -> tuple[str, dict[str, str | None]]:
    try:
        match = _ARGUMENT.match(argument.decode("utf-8").strip())
    except UnicodeDecodeError:
        match = None
    if match is None or match[1].upper() != word:
        raise EnvelopeError(f"501 5.5.4 Syntax: {word}:<mailbox>")
    parameters: dict[str, str | None] = {}
    for part in match[3].split():
        name, equals, value = part.partition("=")
        if name.upper() in parameters:
            raise EnvelopeError("501 5.5.4 A parameter stands twice")
        parameters[name.upper()] = value if equals else None
    return _ROUTE.sub("", match[2], count=1), parameters


def _known(parameters: dict[str, str | None], known: set[str]) -> None:
    if parameters.keys() - known:
        raise EnvelopeError("555 5.5.4 A parameter is unknown")


def _mailbox(mailbox: str, *, utf8: bool, bad: str) -> None:
    if not _MAILBOX.match(mailbox):
        raise EnvelopeError(bad)
    if not (utf8 or mailbox.isascii()):
        raise EnvelopeError("553 5.6.7 This mailbox needs SMTPUTF8")
