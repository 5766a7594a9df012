"""The simulated Firebase Cloud Messaging, HTTP v1.

https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send
https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
"""

import logging
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Unpack

from aiohttp import web

from broadcaster.sandbox.attempts import Columns
from broadcaster.sandbox.devices import Devices
from broadcaster.sandbox.fcm_message import collapse_key, fault, inner, parse
from broadcaster.sandbox.http import answer, read_body
from broadcaster.sandbox.oauth import Tokens
from broadcaster.sandbox.service_account import PROJECT

_log = logging.getLogger(__name__)

_TROUBLES = ("fcm.quota", "fcm.unavailable", "fcm.cut_before", "fcm.cut_after")
_TOKEN = re.compile(r"[A-Za-z0-9_:\-]{8,512}\Z", re.ASCII)
_RETRY_AFTER = "1"
_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"

#: Errors by FCM's code: HTTP status, Google's status, words.
_ERRORS: Mapping[str, tuple[int, str, str]] = MappingProxyType(
    {
        "UNREGISTERED": (404, "NOT_FOUND", "Requested entity was not found."),
        "INVALID_ARGUMENT": (
            400,
            "INVALID_ARGUMENT",
            "The registration token is not a valid FCM registration token",
        ),
        "QUOTA_EXCEEDED": (429, "RESOURCE_EXHAUSTED", "Resource has been exhausted."),
        "UNAVAILABLE": (503, "UNAVAILABLE", "The service is currently unavailable."),
        "SENDER_ID_MISMATCH": (403, "PERMISSION_DENIED", "SenderId mismatch"),
    }
)
_REFUSALS = {"fcm.quota": "QUOTA_EXCEEDED", "fcm.unavailable": "UNAVAILABLE"}
_RETRIED = frozenset({"QUOTA_EXCEEDED", "UNAVAILABLE"})


class Fcm:
    """Takes messages for registration tokens."""

    def __init__(self, devices: Devices, tokens: Tokens) -> None:
        """Hand what is taken to the devices."""
        self._devices = devices
        self._tokens = tokens

    async def handle(self, request: web.BaseRequest, project: str) -> web.Response:
        """Answer `messages:send`."""
        at = self._devices.now()
        if not self._tokens.valid(request.headers.get("Authorization", ""), at):
            body = _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
            return self._answer(at, 401, body)
        if project != PROJECT:
            return self._refuse(at, "SENDER_ID_MISMATCH")
        envelope = parse(await read_body(request))
        field, problem = fault(envelope)
        message = envelope.get("message")
        if problem or not isinstance(message, dict):
            details = {
                "@type": _BAD_REQUEST,
                "fieldViolations": [{"field": field, "description": problem}],
            }
            return self._answer(at, 400, _error(400, "INVALID_ARGUMENT", problem, details))
        return self._send(at, message, dry=envelope.get("validate_only") is True)

    def _send(self, at: float, message: dict[str, object], *, dry: bool) -> web.Response:
        token = str(message["token"])
        refusal = self._refusal(token)
        if refusal is not None:
            return self._refuse(at, refusal, recipient=token)
        if dry:
            return self._answer(at, 200, {"name": f"projects/{PROJECT}/messages/fake_message_id"})
        trouble, attempt = self._devices.trouble("fcm", _TROUBLES, token)
        logged = Columns(recipient=token, attempt=attempt, trouble=trouble)
        if trouble in _REFUSALS:
            return self._refuse(at, _REFUSALS[trouble], **logged)
        if trouble == "fcm.cut_before":
            raise self._devices.cut("fcm", at, token, attempt, trouble)
        try:
            number = self._devices.take(
                network="fcm",
                address=token,
                payload={name: value for name, value in message.items() if name != "token"},
                headers={},
                topic=collapse_key(message),
                confirm=inner(message, "data").get("confirm"),
                attempt=attempt,
                at=at,
            )
        except OSError:
            _log.critical("no space for the record", extra={"action": "sandbox.record"})
            return self._refuse(at, "UNAVAILABLE", **logged)
        if trouble == "fcm.cut_after":
            raise self._devices.cut("fcm", at, token, attempt, trouble)
        name = f"projects/{PROJECT}/messages/0:{int(at * 1e6)}%{number:016x}"
        return self._answer(at, 200, {"name": name}, **logged)

    def _refusal(self, token: str) -> str | None:
        """Find the error that a token always meets."""
        dice = self._devices.dice
        if not _TOKEN.match(token) or dice.hit("fcm.invalid", token):
            return "INVALID_ARGUMENT"
        return "UNREGISTERED" if dice.hit("fcm.unregistered", token) else None

    def _refuse(self, at: float, code: str, **logged: Unpack[Columns]) -> web.Response:
        status, word, message = _ERRORS[code]
        body = _error(status, word, message, {"@type": _FCM_ERROR, "errorCode": code})
        return self._answer(at, status, body, retry=code in _RETRIED, **logged)

    def _answer(
        self,
        at: float,
        status: int,
        body: Mapping[str, object],
        *,
        retry: bool = False,
        **logged: Unpack[Columns],
    ) -> web.Response:
        self._devices.requests.log(at=at, network="fcm", status=status, **logged)
        return answer(status, body, {"Retry-After": _RETRY_AFTER} if retry else None)


def _error(status: int, word: str, message: str, *details: object) -> dict[str, object]:
    error: dict[str, object] = {"code": status, "message": message, "status": word}
    return {"error": {**error, "details": list(details)} if details else error}
