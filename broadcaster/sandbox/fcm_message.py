"""What FCM asks of a message's JSON."""

import json
from collections.abc import Mapping

_FIELDS = frozenset(
    {"token", "topic", "condition", "name", "data", "notification"}
    | {"android", "webpush", "apns", "fcm_options"}
)
_TARGETS = ("token", "topic", "condition")
#: Bytes of notification and data together.
_LARGEST = 4096


def parse(body: bytes | None) -> dict[str, object]:
    """Read a request's object; an empty one for anything else."""
    try:
        envelope = json.loads(body or b"")
    except (ValueError, RecursionError):
        return {}
    return envelope if isinstance(envelope, dict) else {}


def fault(envelope: Mapping[str, object]) -> tuple[str, str]:
    """Find field and problem of a request that its sender must mend; empty when there is none."""
    message = envelope.get("message")
    if not isinstance(message, dict):
        return "message", "Invalid JSON payload received: a message is required."
    unknown = sorted(set(message) - _FIELDS)
    if unknown:
        return f"message.{unknown[0][:64]}", "Unknown name: Cannot find field."
    data, notification = message.get("data", {}), message.get("notification", {})
    token, one = message.get("token"), sum(target in message for target in _TARGETS) == 1
    checks = (
        (not one, "message", "Exactly one of token, topic or condition is required."),
        (not isinstance(token, str), "message.token", "The sandbox knows tokens only."),
        (not _texts(data), "message.data", "Values of data are strings."),
        (not isinstance(notification, dict), "message.notification", "Is no object."),
        (_size([data, notification]) > _LARGEST, "message", "Message is too big."),
    )
    return next(((field, problem) for wrong, field, problem in checks if wrong), ("", ""))


def _texts(data: object) -> bool:
    return isinstance(data, dict) and all(isinstance(value, str) for value in data.values())


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def inner(message: Mapping[str, object], *path: str) -> Mapping[str, object]:
    """Find an object within; an empty one when it is not there."""
    found: object = message
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def collapse_key(message: Mapping[str, object]) -> str:
    """Give what a newer message must share to take this one's place, on whichever platform."""
    keys = (
        inner(message, "android").get("collapse_key"),
        inner(message, "apns", "headers").get("apns-collapse-id"),
        inner(message, "webpush", "headers").get("Topic"),
    )
    return next((key for key in keys if isinstance(key, str)), "")
