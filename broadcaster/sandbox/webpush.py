"""The simulated Web Push service (RFC 8030): opens what browsers would open."""

import json
import logging
import re
from collections.abc import Mapping
from typing import Unpack

from aiohttp import web

from broadcaster.sandbox.attempts import Columns
from broadcaster.sandbox.devices import Devices
from broadcaster.sandbox.encryption import decrypt
from broadcaster.sandbox.http import answer, read_body
from broadcaster.sandbox.vapid import Vapid

_log = logging.getLogger(__name__)

_TROUBLES = ("webpush.busy", "webpush.unavailable", "webpush.cut_before", "webpush.cut_after")
#: Bytes of an encrypted message that a service must take (RFC 8030, section 7.2), and ours does.
_LARGEST = 4096
_LONGEST_TTL = 28 * 86_400
_RETRY_AFTER = "1"

_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}\Z", re.ASCII)
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}\Z", re.ASCII)
_TTL = re.compile(r"\d{1,9}\Z", re.ASCII)
_URGENCIES = frozenset({"very-low", "low", "normal", "high"})
_KEPT = ("TTL", "Topic", "Urgency", "Content-Encoding")


class WebPush:
    """Takes messages for subscriptions `/wp/<id>`."""

    def __init__(self, devices: Devices, vapid: Vapid) -> None:
        """Hand what is taken to the devices."""
        self._devices = devices
        self._vapid = vapid

    async def handle(self, request: web.BaseRequest, endpoint: str) -> web.Response:
        """Answer a push to an endpoint of ours."""
        at = self._devices.now()
        name = endpoint.rpartition("/")[2]
        body = await read_body(request)
        refusal = self._refusal(request, name, body, at)
        if refusal is not None or body is None:
            return self._answer(at, refusal or 400, {})
        try:
            payload = _read(decrypt(name, body))
        except ValueError:
            return self._answer(at, 400, {})
        trouble, attempt = self._devices.trouble("webpush", _TROUBLES, endpoint)
        logged = Columns(recipient=endpoint, attempt=attempt, trouble=trouble)
        if trouble == "webpush.busy":
            return self._answer(at, 429, {"Retry-After": _RETRY_AFTER}, **logged)
        if trouble == "webpush.unavailable":
            return self._answer(at, 503, {"Retry-After": _RETRY_AFTER}, **logged)
        if trouble == "webpush.cut_before":
            raise self._devices.cut("webpush", at, endpoint, attempt, trouble)
        headers = {name: value for name in _KEPT if (value := request.headers.get(name))}
        try:
            number = self._devices.take(
                network="webpush",
                address=endpoint,
                payload=payload,
                headers=headers,
                topic=headers.get("Topic", ""),
                confirm=payload.get("confirm") if isinstance(payload, dict) else None,
                attempt=attempt,
                at=at,
            )
        except OSError:
            _log.critical("no space for the record", extra={"action": "sandbox.record"})
            return self._answer(at, 503, {"Retry-After": _RETRY_AFTER}, **logged)
        if trouble == "webpush.cut_after":
            raise self._devices.cut("webpush", at, endpoint, attempt, trouble)
        ttl = str(min(int(headers["TTL"]), _LONGEST_TTL))
        return self._answer(at, 201, {"Location": f"/wm/{number}", "TTL": ttl}, **logged)

    def _refusal(
        self, request: web.BaseRequest, name: str, body: bytes | None, at: float
    ) -> int | None:
        """Find the status with which a request is refused for itself."""
        headers = request.headers
        authorization = headers.get("Authorization", "")
        dice = self._devices.dice
        checks = (
            (request.method != "POST", 405),
            (not _NAME.match(name), 404),
            (not authorization, 401),
            (not self._vapid.check(authorization, at), 403),
            (dice.hit("webpush.gone", name), 410),
            (dice.hit("webpush.not_found", name), 404),
            (not _TTL.match(headers.get("TTL", "")), 400),
            ("Topic" in headers and not _TOPIC.match(headers["Topic"]), 400),
            (headers.get("Urgency", "normal") not in _URGENCIES, 400),
            (body is None or len(body) > _LARGEST, 413),
            (headers.get("Content-Encoding") != "aes128gcm", 400),
        )
        return next((status for wrong, status in checks if wrong), None)

    def _answer(
        self, at: float, status: int, headers: Mapping[str, str], **logged: Unpack[Columns]
    ) -> web.Response:
        self._devices.requests.log(at=at, network="webpush", status=status, **logged)
        challenge = {"WWW-Authenticate": "vapid"} if status == 401 else {}  # noqa: PLR2004  (RFC 9110)
        return answer(status, None, {**headers, **challenge})


def _read(plain: bytes) -> object:
    """Read what a service worker would get: JSON, or else text; ValueError."""
    text = plain.decode("utf-8")
    try:
        payload: object = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return payload
