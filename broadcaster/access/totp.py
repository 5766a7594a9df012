"""Codes of an authenticator (RFC 6238): six digits that change every thirty seconds."""

import hmac
import io
from datetime import datetime
from urllib.parse import quote

import pyotp
import segno

#: How long a code holds, seconds, and how far clocks may differ, steps.
_STEP, _DRIFT = 30, 1
_DIGITS = 6


def new_secret() -> str:
    """Make a secret of 160 bits, in base32."""
    return pyotp.random_base32()


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """Give the step whose code it is, this one or a neighbour; None when it is none of them."""
    plain = digits(code)
    if plain is None:
        return None
    present = int(now.timestamp()) // _STEP
    maker = pyotp.TOTP(secret)
    fitting = [
        step
        for step in range(present - _DRIFT, present + _DRIFT + 1)
        if hmac.compare_digest(maker.generate_otp(step), plain)
    ]
    return max(fitting, default=None)


def digits(code: str) -> str | None:
    """Give the six digits that a code is; None for anything else."""
    plain = "".join(code[:100].split())
    return plain if len(plain) == _DIGITS and plain.isascii() and plain.isdigit() else None


def address(secret: str, name: str, issuer: str) -> str:
    """Give the address that an authenticator reads (Key Uri Format)."""
    return (
        f"otpauth://totp/{quote(issuer, safe='')}:{quote(name, safe='')}"
        f"?secret={secret}&issuer={quote(issuer, safe='')}"
    )


def picture(text: str) -> bytes:
    """Draw a text as a QR code, SVG; dark on white, whatever the page is."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", scale=5, border=4, dark="#000", light="#fff", xmldecl=False
    )
    return out.getvalue()
