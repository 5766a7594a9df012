"""FCM's words, and what a message is to it; pure."""

import json
from collections.abc import Mapping
from typing import Any

from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.domain.message import Lane, PushContent
from broadcaster.ports import Message
from broadcaster.providers.base import Rule, unknown_word

NAME = "fcm"

#: Service unavailable: it was not taken.
UNAVAILABLE = 503

_OURS = Rule(DeliveryEvent.DEFER, Reason.CONFIGURATION, halt=True)

#: https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode . INVALID_ARGUMENT has its own
#: rule below: it may be the token or a fault of ours.
_CODES: Mapping[str, Rule] = {
    "UNREGISTERED": Rule(DeliveryEvent.REFUSE, Reason.GONE),
    # A token that belongs to another project: here it reaches nobody.
    "SENDER_ID_MISMATCH": Rule(DeliveryEvent.REFUSE, Reason.UNKNOWN_ADDRESS),
    "QUOTA_EXCEEDED": Rule(DeliveryEvent.DEFER, Reason.RATE_LIMITED),
    "UNAVAILABLE": Rule(DeliveryEvent.DEFER, Reason.PROVIDER_FAULT),
    # It may have been taken, and not every phone drops a repeat.
    "INTERNAL": Rule(DeliveryEvent.LOSE, Reason.PROVIDER_FAULT),
    "THIRD_PARTY_AUTH_ERROR": _OURS,
    # Of the API in general (google.rpc.Code), without a code of FCM.
    "UNAUTHENTICATED": _OURS,
    "PERMISSION_DENIED": _OURS,
    "NOT_FOUND": _OURS,
    "RESOURCE_EXHAUSTED": Rule(DeliveryEvent.DEFER, Reason.RATE_LIMITED),
}

#: By HTTP status, for answers without a word that we know.
_STATUSES: Mapping[int, Rule] = {
    401: _OURS,
    403: _OURS,
    404: _OURS,
    429: Rule(DeliveryEvent.DEFER, Reason.RATE_LIMITED),
}


def rule_of(status: int, value: object) -> tuple[str, Rule]:
    """Say what a refusal means: by FCM's code, else by the API's status, else by HTTP's."""
    general, code, fields = _words(value)
    if "INVALID_ARGUMENT" in {general, code}:
        # FCM names the field; of a token that is none the customer's address is to blame, of all
        # else we are.
        if code and fields <= {"message.token"}:
            return code, Rule(DeliveryEvent.REFUSE, Reason.INVALID_ADDRESS)
        return "INVALID_ARGUMENT", Rule(DeliveryEvent.EXHAUST, Reason.RENDERING)
    word = code or general
    rule = _CODES.get(word) or _STATUSES.get(status)
    if rule is None and status >= 500:  # noqa: PLR2004  (a fault of theirs)
        rule = _CODES["UNAVAILABLE" if status == UNAVAILABLE else "INTERNAL"]
    if rule is None and word:
        unknown_word(NAME, word)
        rule = Rule(DeliveryEvent.REFUSE, Reason.OTHER)
    return word or str(status), rule or Rule(DeliveryEvent.LOSE, Reason.NO_ANSWER)


def _words(value: object) -> tuple[str, str, set[str]]:
    """Read the API's status, FCM's own code, and the fields that were found wrong."""
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict):
        return "", "", set()
    code, fields = "", set()
    details = error.get("details")
    for detail in details[:20] if isinstance(details, list) else []:
        if not isinstance(detail, dict):
            continue
        code = str(detail.get("errorCode") or code)
        violations = detail.get("fieldViolations")
        for violation in violations[:20] if isinstance(violations, list) else []:
            if isinstance(violation, dict):
                fields.add(str(violation.get("field")))
    return str(error.get("status") or "")[:40], code[:40], fields


def fields_of(message: Message, content: PushContent, topic: str, ttl: int) -> dict[str, Any]:
    """Build a message (https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages)."""
    urgent = message.lane is Lane.URGENT
    expires = str(int(message.expires.timestamp()))
    return {
        "token": message.address.value,
        "notification": {"title": content.title, "body": content.body},
        "data": {
            "link": content.link,
            "confirm": message.confirm_url,
            "lang": message.locale.replace("_", "-"),
            "dir": content.direction,
        },
        "android": {
            "collapse_key": topic,
            "ttl": f"{ttl}s",
            "priority": "HIGH" if urgent else "NORMAL",
            # Replaces what is already shown, as the collapse key replaces what is under way.
            "notification": {"tag": topic},
        },
        "webpush": {
            "headers": {
                "TTL": str(ttl),
                "Urgency": "high" if urgent else "normal",
                "Topic": topic,
            }
        },
        "apns": {
            "headers": {
                "apns-collapse-id": topic,
                "apns-expiration": expires,
                "apns-priority": "10" if urgent else "5",
            }
        },
    }


def octets(value: object) -> bytes:
    """Write JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
