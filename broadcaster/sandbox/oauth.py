"""The simulated token service of Google: JWT bearer grants (RFC 7523)."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from urllib.parse import parse_qsl

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from broadcaster.sandbox.http import answer, read_body
from broadcaster.sandbox.service_account import public_key
from broadcaster.sandbox.subscriptions import base64url, unbase64url

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SCOPES = frozenset(
    {
        "https://www.googleapis.com/auth/firebase.messaging",
        "https://www.googleapis.com/auth/cloud-platform",
    }
)
#: Google's own library names this audience whatever the account's file says.
_GOOGLE = "https://oauth2.googleapis.com/token"
_LIFE, _LONGEST_ASSERTION, _LEEWAY = 3599, 3600, 300
_MOST_FIELDS = 16


class Tokens:
    """Gives access tokens for assertions that the service account signed, and knows them again.

    A token carries its own end and seal, so that a restart forgets none.
    """

    def __init__(self, account: Mapping[str, str]) -> None:
        """Check with the account's key, seal with a secret derived from it."""
        self._account = dict(account)
        self._key = public_key(self._account)
        seed = b"access tokens" + self._account["private_key"].encode("ascii")
        self._secret = hashlib.sha256(seed).digest()

    async def handle(self, request: web.BaseRequest, now: float) -> web.Response:
        """Answer a request for a token."""
        body = await read_body(request)
        try:
            pairs = parse_qsl((body or b"").decode("ascii"), max_num_fields=_MOST_FIELDS)
            fields = dict(pairs)
        except ValueError:
            return _refuse("invalid_request", "The form can not be read.")
        if request.method != "POST" or fields.get("grant_type") != _GRANT:
            return _refuse("unsupported_grant_type", f"Use POST with {_GRANT}.")
        try:
            self._check(fields["assertion"], now)
        except InvalidSignature:
            return _refuse("invalid_grant", "Invalid JWT Signature.")
        except (ValueError, LookupError, TypeError, RecursionError):
            return _refuse("invalid_grant", "Invalid JWT: check iss, aud, scope, iat and exp.")
        token = {"access_token": self._issue(now), "expires_in": _LIFE, "token_type": "Bearer"}
        return answer(200, token)

    def _check(self, assertion: str, now: float) -> None:
        signed, _, signature = assertion.rpartition(".")
        head, _, text = signed.partition(".")
        if json.loads(unbase64url(head))["alg"] != "RS256":
            raise ValueError
        self._key.verify(
            unbase64url(signature), signed.encode("ascii"), padding.PKCS1v15(), SHA256()
        )
        claims = json.loads(unbase64url(text))
        issued, expires = float(claims["iat"]), float(claims["exp"])
        right = (
            claims["iss"] == self._account["client_email"],
            claims["aud"] in {self._account["token_uri"], _GOOGLE},
            not _SCOPES.isdisjoint(str(claims["scope"]).split()),
            issued <= now + _LEEWAY,
            now - _LEEWAY < expires <= issued + _LONGEST_ASSERTION,
        )
        if not all(right):
            raise ValueError

    def _issue(self, now: float) -> str:
        end = str(int(now + _LIFE))
        return f"sandbox.{end}.{self._seal(end)}"

    def _seal(self, end: str) -> str:
        return base64url(hmac.digest(self._secret, end.encode(), hashlib.sha256))

    def valid(self, header: str, now: float) -> bool:
        """Tell whether an `Authorization` header carries a token in force."""
        scheme, _, token = header.partition(" ")
        _, _, rest = token.partition(".")
        end, _, seal = rest.partition(".")
        plain = scheme.lower() == "bearer" and end.isascii() and end.isdigit() and seal.isascii()
        return plain and hmac.compare_digest(seal, self._seal(end)) and now < int(end)


def _refuse(word: str, description: str) -> web.Response:
    return answer(400, {"error": word, "error_description": description})
