"""Addresses for push messages in an import: Web Push subscriptions and tokens of the app."""

import base64
import binascii
from urllib.parse import urlsplit

from broadcaster.audience.cells import CellError
from broadcaster.audience.draft import Draft
from broadcaster.domain.message import Channel, Scheme
from broadcaster.domain.saying import said

_COLUMNS = ("push_endpoint", "push_p256dh", "push_auth")
#: An uncompressed point of P-256 (RFC 8291, section 3.2), and the authentication secret, octets.
_P256DH_LENGTH = 65
_UNCOMPRESSED = 4
_AUTH_LENGTH = 16
_LONGEST_ENDPOINT = 2000
_TOKEN = range(20, 4097)
#: Nothing that is meant as a telephone number is longer, whatever is written around it.
_LONGEST_NUMBER = 40


def read_push(draft: Draft) -> None:
    """Add what the row has of push addresses, or the faults in them."""
    endpoint, p256dh, secret = (draft.values.get(column, "").strip() for column in _COLUMNS)
    if endpoint or p256dh or secret:
        problem = _subscription_problem(endpoint, p256dh, secret)
        if problem:
            error = CellError(
                problem, said("Give endpoint, p256dh and auth as the browser reports them.")
            )
            raw = endpoint or p256dh or secret
            draft.flaw(Channel.PUSH, "push_endpoint", raw, "BAD_SUBSCRIPTION", error)
        else:
            draft.add(Scheme.WEBPUSH, endpoint, {"p256dh": p256dh, "auth": secret})
    token = draft.values.get("fcm_token", "").strip()
    if token:
        if _is_token(token):
            draft.add(Scheme.FCM, token)
        else:
            error = CellError(
                said("is no registration token"), said("Give it as the app reports it.")
            )
            draft.flaw(Channel.PUSH, "fcm_token", token, "BAD_TOKEN", error)


def endpoint(text: str) -> str:
    """Read the endpoint of a subscription alone, as lists name it; CellError."""
    problem = _endpoint_problem(text)
    if problem:
        raise CellError(problem, said("Give the endpoint as the browser reports it."))
    return text


def is_token(text: str) -> bool:
    """Tell whether a text is a token of the app, which no telephone number is."""
    return _is_token(text) and len(text) > _LONGEST_NUMBER and any(map(str.isalpha, text))


def _is_token(token: str) -> bool:
    plain = token.replace(":", "").replace("-", "").replace("_", "")
    return len(token) in _TOKEN and plain.isascii() and plain.isalnum()


def _subscription_problem(endpoint: str, p256dh: str, secret: str) -> str | None:
    problem = _endpoint_problem(endpoint)
    if problem:
        return problem
    key = _unbase64url(p256dh)
    if len(key) != _P256DH_LENGTH or key[0] != _UNCOMPRESSED:
        return said("has a p256dh that is no public key of P-256")
    return (
        None
        if len(_unbase64url(secret)) == _AUTH_LENGTH
        else said("has an auth that is not 16 octets")
    )


def _endpoint_problem(endpoint: str) -> str | None:
    try:
        parts = urlsplit(endpoint)
        good = bool(parts.hostname) and not parts.username and endpoint.isascii()
    except ValueError:
        return said("is no address of a push service")
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if not good or " " in endpoint or len(endpoint) > _LONGEST_ENDPOINT:
        return said("is no address of a push service")
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        return said("is not an https address")
    return None


def _unbase64url(text: str) -> bytes:
    try:
        padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
        return base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return b""
