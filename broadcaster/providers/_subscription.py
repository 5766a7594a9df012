"""Subscriptions as browsers report them (https://www.w3.org/TR/push-api/#pushsubscription-interface).

They come from anybody: an endpoint is taken only if we would call it, and keys only if something
can be encrypted for them.
"""

import base64
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec

from broadcaster.domain.message import Address, Scheme
from broadcaster.errors import InvalidInputError
from broadcaster.providers._endpoints import Allowed, origin

_AUTH = 16
_REMEDY = "Send what the browser's 'PushSubscription.toJSON' gives."


def read(given: object, entries: tuple[Allowed, ...]) -> Address:
    """Read a subscription; InvalidInputError naming what is wrong with it.

    `entries` are the push services that may be called.
    """
    fields = given if isinstance(given, Mapping) else {}
    endpoint, keys = fields.get("endpoint"), fields.get("keys")
    if not isinstance(endpoint, str) or origin(endpoint, entries) is None:
        problem = "is no push service that is called from here"
        raise InvalidInputError("endpoint", problem, _REMEDY)
    if not isinstance(keys, Mapping):
        raise InvalidInputError("keys", "are missing", _REMEDY)
    point, secret = _octets(keys.get("p256dh")), _octets(keys.get("auth"))
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise InvalidInputError("p256dh", "is no public key of P-256", _REMEDY) from None
    if len(secret) != _AUTH:
        raise InvalidInputError("auth", f"is not {_AUTH} octets", _REMEDY)
    kept = {"p256dh": _base64url(point), "auth": _base64url(secret)}
    return Address(scheme=Scheme.WEBPUSH, value=endpoint, keys=kept)


def _octets(text: object) -> bytes:
    """Read base64url, with or without padding; empty for anything else."""
    if not isinstance(text, str) or len(text) > 200 or not text.isascii():  # noqa: PLR2004  (far more than a key)
        return b""
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), b"-_", validate=True)
    except ValueError:
        return b""


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
