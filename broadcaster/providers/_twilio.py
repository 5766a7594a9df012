"""What Twilio's words and signatures mean; pure."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Reason, Receipt
from broadcaster.domain.options import Secret
from broadcaster.errors import ForbiddenError
from broadcaster.providers.base import Rule, unknown_word

NAME = "twilio"

SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}\Z")

#: The longest callback that is read, octets, and the most parameters in it.
_CALLBACK, _PARAMETERS = 64_000, 200

_REFUSE, _DEFER, _EXHAUST = DeliveryEvent.REFUSE, DeliveryEvent.DEFER, DeliveryEvent.EXHAUST

#: https://www.twilio.com/docs/api/errors . What halts would be refused for every message; what a
#: destination alone cannot have ends for that customer as a fault of ours, which can be replayed.
_CODES: Mapping[str, Rule] = {
    "14107": Rule(_DEFER, Reason.RATE_LIMITED),
    "20003": Rule(_DEFER, Reason.CONFIGURATION, halt=True),
    "20404": Rule(_DEFER, Reason.CONFIGURATION, halt=True),
    "20429": Rule(_DEFER, Reason.RATE_LIMITED),
    "20500": Rule(DeliveryEvent.LOSE, Reason.PROVIDER_FAULT),
    "21211": Rule(_REFUSE, Reason.UNKNOWN_ADDRESS),
    "21408": Rule(_EXHAUST, Reason.CONFIGURATION),
    "21606": Rule(_DEFER, Reason.CONFIGURATION, halt=True),
    "21610": Rule(_REFUSE, Reason.RECIPIENT_OPTED_OUT),
    "21611": Rule(_DEFER, Reason.QUEUE_FULL),
    "21612": Rule(_EXHAUST, Reason.CONFIGURATION),
    "21614": Rule(_REFUSE, Reason.NOT_CAPABLE),
    "21617": Rule(_EXHAUST, Reason.TOO_LONG),
    "21635": Rule(_REFUSE, Reason.NOT_CAPABLE),
    "30001": Rule(_DEFER, Reason.QUEUE_FULL),
    "30002": Rule(_DEFER, Reason.CONFIGURATION, halt=True),
    "30003": Rule(_REFUSE, Reason.UNREACHABLE),
    "30004": Rule(_REFUSE, Reason.BLOCKED),
    "30005": Rule(_REFUSE, Reason.UNKNOWN_ADDRESS),
    "30006": Rule(_REFUSE, Reason.NOT_CAPABLE),
    "30007": Rule(_REFUSE, Reason.BLOCKED),
    "30008": Rule(_REFUSE, Reason.PROVIDER_FAULT),
    "30022": Rule(_DEFER, Reason.RATE_LIMITED),
    "30034": Rule(_DEFER, Reason.CONFIGURATION, halt=True),
    "30036": Rule(_REFUSE, Reason.EXPIRED),
    "60728": Rule(_DEFER, Reason.RATE_LIMITED),
    "63017": Rule(_DEFER, Reason.RATE_LIMITED),
    "63018": Rule(_DEFER, Reason.RATE_LIMITED),
    "63038": Rule(_DEFER, Reason.RATE_LIMITED),
}

#: https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
STATUSES: Mapping[str, DeliveryEvent | None] = {
    "accepted": DeliveryEvent.ACCEPT,
    "scheduled": DeliveryEvent.ACCEPT,
    "queued": DeliveryEvent.ACCEPT,
    "sending": DeliveryEvent.ACCEPT,
    "sent": DeliveryEvent.ACCEPT,
    "delivered": DeliveryEvent.DELIVER,
    "read": DeliveryEvent.DELIVER,
    "undelivered": DeliveryEvent.FAIL,
    "failed": DeliveryEvent.FAIL,
    "canceled": DeliveryEvent.FAIL,
    # Of messages with several recipients, and of incoming ones: they say nothing of ours.
    "partially_delivered": None,
    "receiving": None,
    "received": None,
}


def rule_of(status: int, code: str | None, *, later: bool = False) -> Rule:
    """Say what a refusal means: by Twilio's code, else by the HTTP status.

    `later` says that it came with a wish for patience (`Retry-After`).
    """
    if status >= 500:  # noqa: PLR2004  (a fault of theirs: it may have been sent before)
        # Who names a time has looked at its load, not at the message (RFC 9110, section 15.6.4).
        # Without one, a 503 may as well be a gateway's that lost sight of what it passed on.
        busy = status == 503 and later  # noqa: PLR2004  (service unavailable)
        fault = Rule(DeliveryEvent.LOSE, Reason.PROVIDER_FAULT)
        return Rule(_DEFER, Reason.QUEUE_FULL) if busy else fault
    if code is not None and code in _CODES:
        return _CODES[code]
    if status == 429:  # noqa: PLR2004  (too many requests: never processed)
        return Rule(_DEFER, Reason.RATE_LIMITED)
    if status in {401, 403}:
        return Rule(_DEFER, Reason.CONFIGURATION, halt=True)
    if code is None:
        return Rule(DeliveryEvent.LOSE, Reason.NO_ANSWER)
    unknown_word(NAME, code)
    return Rule(_REFUSE, Reason.OTHER)


def born_failed(status: str, code: str) -> Rule:
    """Say what it means that a message failed as it was made: it is over, and never left."""
    rule = _CODES.get(code)
    if rule is not None and rule.event is not DeliveryEvent.LOSE:
        return rule
    return Rule(_REFUSE, reason_of(status, code))


def code_of(body: bytes) -> str | None:
    """Read Twilio's code out of the JSON of a refusal."""
    try:
        code = json.loads(body)["code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return str(code) if isinstance(code, int) else None


def receipt(delivery: DeliveryId | None, sid: str, status: str, code: str) -> Receipt:
    if status not in STATUSES:
        unknown_word(NAME, status)
    event = STATUSES.get(status)
    return Receipt(
        provider=NAME,
        dedupe=f"{sid}:{status[:40]}:{code[:10]}",
        delivery=delivery,
        reference=sid,
        event=event,
        reason=reason_of(status, code) if event is DeliveryEvent.FAIL else None,
        code=(code or status)[:40],
    )


def reason_of(status: str, code: str) -> Reason:
    if code in _CODES:
        return _CODES[code].reason
    if status == "canceled":
        return Reason.CANCELLED
    unknown_word(NAME, code or status)
    return Reason.OTHER


def delivery_of(path: str) -> DeliveryId | None:
    try:
        return DeliveryId.parse(path.partition("?")[0].strip("/"))
    except ValueError:
        return None


def parameters_of(body: bytes) -> list[tuple[str, str]]:
    if len(body) > _CALLBACK:
        raise ForbiddenError("A Twilio callback is too long to be one.")
    try:
        # Blank parameters are part of what is signed.
        text = body.decode("utf-8")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_PARAMETERS)
    except ValueError:
        raise ForbiddenError("A Twilio callback has no form data.") from None


def fits(given: str, token: Secret, url: str, parameters: Sequence[tuple[str, str]]) -> bool:
    """Check a signature (https://www.twilio.com/docs/usage/security#validating-requests)."""
    # A name that comes twice is signed once for each distinct value, in order.
    tail = "".join(name + value for name, value in sorted(set(parameters)))
    good = False
    for form in _forms(url):
        digest = hmac.digest(token.reveal().encode(), (form + tail).encode(), hashlib.sha1)
        good |= hmac.compare_digest(base64.b64encode(digest), given.encode("utf-8", "replace"))
    return good


def _forms(url: str) -> Iterator[str]:
    """Give the address with and without its default port: Twilio signs either."""
    yield url
    parts = urlsplit(url)
    default = {"https": 443, "http": 80}.get(parts.scheme)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    if parts.port is None and default:
        yield urlunsplit(parts._replace(netloc=f"{host}:{default}"))
    elif parts.port == default:
        yield urlunsplit(parts._replace(netloc=host))
