"""Verifying what a webhook was sent: that it is from the installation, whole, and of now."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

#: How far the time of an event may be from now, seconds.
_TOLERANCE = 300


class SignatureError(Exception):
    """What came is not from the installation, was changed, or is old."""


def verified(
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float | None = None,
    tolerance: float = _TOLERANCE,
) -> dict[str, Any]:
    """Give the event that a request holds; SignatureError where it must not be believed.

    `secret` is the endpoint's (`whsec_…`); `headers` and `body` are the request's, the body as it
    came. An event may come twice: its `id` says so.
    """
    found = {name.lower(): value for name, value in headers.items()}
    identity, stamp = found.get("webhook-id", ""), found.get("webhook-timestamp", "")
    if not identity or not stamp.isdigit():
        raise SignatureError("There is no signature.")
    if abs((time.time() if now is None else now) - int(stamp)) > tolerance:
        raise SignatureError("It is too old, or from the future.")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{identity}.{stamp}.".encode() + body
    mark = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    for word in found.get("webhook-signature", "").split():
        version, _, given = word.partition(",")
        if version == "v1" and hmac.compare_digest(given.encode(), mark.encode()):
            event: dict[str, Any] = json.loads(body)
            return event
    raise SignatureError("The signature does not fit.")
