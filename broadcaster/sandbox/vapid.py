"""Who sends a web push: VAPID (RFC 8292)."""

import json
from collections import OrderedDict

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from broadcaster.sandbox.subscriptions import unbase64url

_LONGEST_LIFE = 86_400
_LEEWAY = 60
_REMEMBERED = 1024
_HALF = 32


class Vapid:
    """Checks the `Authorization` of requests, and remembers tokens that it has checked."""

    def __init__(self, origins: frozenset[str]) -> None:
        """Take tokens whose audience is one of these origins."""
        self._origins = origins
        self._checked: OrderedDict[str, float] = OrderedDict()

    def check(self, header: str, now: float) -> bool:
        """Tell whether the header carries a token that is signed, for us, and in force."""
        expires = self._checked.get(header)
        if expires is None:
            try:
                expires = self._expiry(header)
            except (ValueError, LookupError, TypeError, RecursionError, InvalidSignature):
                return False
            self._checked[header] = expires
            if len(self._checked) > _REMEMBERED:
                self._checked.popitem(last=False)
        return now < expires <= now + _LONGEST_LIFE + _LEEWAY

    def _expiry(self, header: str) -> float:
        """Check signature and audience, and give the time when the token ends."""
        scheme, _, rest = header.partition(" ")
        pairs = (part.strip().partition("=") for part in rest.split(","))
        fields = {name.strip(): value.strip('" ') for name, _, value in pairs}
        if scheme.lower() != "vapid":
            raise ValueError
        signed, _, signature = fields["t"].rpartition(".")
        head, _, claims_text = signed.partition(".")
        if json.loads(unbase64url(head))["alg"] != "ES256":
            raise ValueError
        point = unbase64url(fields["k"])
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        raw = unbase64url(signature)
        if len(raw) != 2 * _HALF:
            raise ValueError
        halves = (int.from_bytes(raw[:_HALF], "big"), int.from_bytes(raw[_HALF:], "big"))
        key.verify(encode_dss_signature(*halves), signed.encode(), ec.ECDSA(SHA256()))
        claims = json.loads(unbase64url(claims_text))
        if claims["aud"] not in self._origins:
            raise ValueError
        return float(claims["exp"])
