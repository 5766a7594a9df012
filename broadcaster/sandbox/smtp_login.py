"""How a client of the simulated mail host encrypts and logs in, where that is set up."""

import base64
import binascii
import hmac
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from broadcaster.domain.options import Secret
from broadcaster.errors import InvalidInputError

#: What each mechanism asks for, in base64: PLAIN (RFC 4616) nothing, LOGIN in its two words.
MECHANISMS = {"PLAIN": ("",), "LOGIN": ("VXNlcm5hbWU6", "UGFzc3dvcmQ6")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Doors:
    """TLS settings, and the account that has to be logged in to; neither when it is not set."""

    tls: ssl.SSLContext | None = None
    username: str = ""
    password: Secret = field(default_factory=lambda: Secret(""))

    def words(self, *, secure: bool) -> list[str]:
        """Say what EHLO offers."""
        login = [f"AUTH {' '.join(MECHANISMS)}"] if self.may_log_in(secure=secure) else []
        return login if self.tls is None or secure else ["STARTTLS", *login]

    def may_log_in(self, *, secure: bool) -> bool:
        """Tell whether AUTH is offered: where there is TLS, under it alone."""
        return bool(self.username) and (secure or self.tls is None)

    def opens(self, answers: Sequence[bytes]) -> bool:
        """Tell whether these answers, in base64, log in."""
        try:
            words = [base64.b64decode(answer, validate=True) for answer in answers]
        except binascii.Error:
            return False
        given = words if len(words) > 1 else words[0].split(b"\0")[1:]
        wanted = (self.username.encode(), self.password.reveal().encode())
        return len(given) == len(wanted) and all(map(hmac.compare_digest, given, wanted))


#: Neither encryption nor login.
OPEN = Doors()


def doors(certificate: Path | None, username: str, password: Secret) -> Doors:
    """Read a certificate and its key from a PEM file; InvalidInputError when it holds none."""
    if certificate is None:
        return Doors(username=username, password=password)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate)
    except OSError:
        raise InvalidInputError(
            "smtp_certificate", "holds no certificate with its key", "Name a file in PEM form."
        ) from None
    return Doors(tls=context, username=username, password=password)
