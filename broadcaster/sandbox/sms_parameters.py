"""What the Messages API asks of a new message's parameters."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

#: Seconds that a message may wait in the carrier's queue.
LONGEST_WAIT = 36_000

_LONGEST_BODY, _MOST_FIELDS = 1600, 64

_NUMBER = re.compile(r"\+[1-9]\d{6,14}\Z", re.ASCII)
_MOROCCAN = re.compile(r"\+212[5-9]\d{8}\Z", re.ASCII)
_MOROCCAN_LANDLINE = ("+2125", "+2128", "+2129")
_WORDS = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +\-_&]{1,11}\Z", re.ASCII)
_SHORT_CODE = re.compile(r"\d{3,8}\Z", re.ASCII)
_SERVICE = re.compile(r"MG[0-9a-f]{32}\Z")


def fault(fields: Mapping[str, str]) -> int | None:
    """Find what is wrong with the parameters, as Twilio's error code."""
    to, body = fields.get("To", ""), fields.get("Body", "")
    checks = (
        (not to, 21604),
        (not (fields.get("From") or fields.get("MessagingServiceSid")), 21603),
        (not body, 21602),
        (len(body) > _LONGEST_BODY, 21617),
        (not _valid(to), 21211),
        (to.startswith(_MOROCCAN_LANDLINE), 21614),
        (not _sender(fields), 21212),
        (not _callback(fields.get("StatusCallback", "")), 21609),
        (not _validity(fields.get("ValidityPeriod", "1")), 21624),
    )
    return next((code for wrong, code in checks if wrong), None)


def read_form(body: bytes | None) -> dict[str, str] | None:
    """Read a form, blank values included; None when it is none."""
    try:
        text = (body or b"").decode("utf-8")
        pairs = parse_qsl(
            text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
        )
    except ValueError:
        return None
    return None if body is None else dict(pairs)


def _valid(to: str) -> bool:
    pattern = _MOROCCAN if to.startswith("+212") else _NUMBER
    return pattern.match(to) is not None


def _sender(fields: Mapping[str, str]) -> bool:
    sender, service = fields.get("From", ""), fields.get("MessagingServiceSid", "")
    if service:
        return _SERVICE.match(service) is not None
    return any(pattern.match(sender) for pattern in (_NUMBER, _WORDS, _SHORT_CODE))


def _callback(url: str) -> bool:
    if not url:
        return True
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def _validity(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1 <= whole(text, 0) <= LONGEST_WAIT


def whole(text: str | None, default: int) -> int:
    """Read a whole number of up to nine digits."""
    plain = text is not None and text.isascii() and text.isdigit() and len(text) <= 9  # noqa: PLR2004  (as it says)
    return int(text) if plain and text else default
