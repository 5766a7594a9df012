"""How a connection to a relay is opened: greeting, EHLO, STARTTLS, AUTH; pure.

It is a conversation without a wire: a generator that yields what to do next and is sent the reply.
RFC 5321 (4.1.1.1), RFC 3207, RFC 4954.
"""

import base64
from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum, auto

from broadcaster.providers._relay import RefusedError, Relay
from broadcaster.providers._smtp_offers import Offers, read_offers
from broadcaster.providers._smtp_replies import BadReplyError, Reply

_READY, _CONTINUE, _AUTHENTICATED = 220, 334, 235
_PERMANENT, _UNKNOWN_MECHANISM = 500, 504


class Wait(Enum):
    """What is done when there is nothing to write: wait for the greeting, begin to encrypt."""

    GREETING = auto()
    ENCRYPTION = auto()


@dataclass(frozen=True, slots=True)
class Say:
    """Write a command and wait for its reply."""

    line: bytes

    def __repr__(self) -> str:
        """Hide credentials."""
        return "Say()"


Opening = Generator[Say | Wait, Reply | None, Offers]


def opening(relay: Relay) -> Opening:
    """Lead the conversation up to the first mail; the end's value is what the relay offers then.

    RefusedError when the relay sends us away, or does not offer what the settings demand.
    """
    _agreed((yield Wait.GREETING), _READY)
    offers = yield from _hello(relay)
    if relay.tls == "starttls":
        if not offers.starttls:
            raise _not_offered()
        _agreed((yield Say(b"STARTTLS\r\n")), _READY)
        yield Wait.ENCRYPTION
        # All that was heard in the clear is forgotten (RFC 3207, section 4.2).
        offers = yield from _hello(relay)
    if relay.username:
        yield from _login(relay, offers)
    return offers


def _hello(relay: Relay) -> Opening:
    name = relay.hello.encode("ascii")
    reply = _heard((yield Say(b"EHLO " + name + b"\r\n")))
    if reply.good:
        return read_offers(reply.lines[1:])
    if reply.code < _PERMANENT:
        _agreed(reply)
    # It does not know EHLO, or does not like it; the old word may do.
    _agreed((yield Say(b"HELO " + name + b"\r\n")))
    return Offers()


def _login(relay: Relay, offers: Offers) -> Generator[Say | Wait, Reply | None, None]:
    """Log in by the first way that both sides know; TLS is what hides the password."""
    reply = None
    for mechanism, login in (("PLAIN", _plain), ("LOGIN", _user_and_password)):
        if mechanism in offers.logins:
            reply = yield from login(relay)
            if reply.code != _UNKNOWN_MECHANISM:
                break
    if reply is None:
        raise _not_offered()
    _agreed(reply, _AUTHENTICATED)


def _plain(relay: Relay) -> Generator[Say | Wait, Reply | None, Reply]:
    """RFC 4616: all in one line."""
    secret = f"\0{relay.username}\0{relay.password.reveal()}"
    return _heard((yield Say(b"AUTH PLAIN " + _encoded(secret) + b"\r\n")))


def _user_and_password(relay: Relay) -> Generator[Say | Wait, Reply | None, Reply]:
    """The way that was never made a standard: what is asked for is always the same."""
    reply = _heard((yield Say(b"AUTH LOGIN\r\n")))
    for answer in (relay.username, relay.password.reveal()):
        if reply.code != _CONTINUE:
            break
        reply = _heard((yield Say(_encoded(answer) + b"\r\n")))
    return reply


def _encoded(text: str) -> bytes:
    return base64.b64encode(text.encode())


def _heard(reply: Reply | None) -> Reply:
    if reply is None:
        raise BadReplyError("no reply")
    return reply


def _agreed(given: Reply | None, code: int | None = None) -> None:
    """Go on only when the reply is the one hoped for: this code, or any good one."""
    reply = _heard(given)
    if reply.bad:
        # It is us who are refused, not a mail.
        raise RefusedError(reply.code, reply.text, sender=True)
    if not (reply.code == code if code else reply.good):
        raise BadReplyError(f"reply {reply.code} fits nothing here")


def _not_offered() -> RefusedError:
    """The settings ask for encryption or a login, and the relay does not have it."""
    return RefusedError(530, "not offered", sender=True)
