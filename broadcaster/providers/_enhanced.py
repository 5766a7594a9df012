"""What mail status codes mean; pure.

Enhanced codes: RFC 3463, with the registry at
https://www.iana.org/assignments/smtp-enhanced-status-codes . Basic ones: RFC 5321, section 4.2.
"""

import re
from collections.abc import Mapping

from broadcaster.domain.delivery import Reason

_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b", re.ASCII)

#: By subject and detail, whatever the class.
_DETAILS: Mapping[tuple[int, int], Reason] = {
    (1, 0): Reason.UNKNOWN_ADDRESS,
    (1, 1): Reason.UNKNOWN_ADDRESS,
    (1, 2): Reason.UNKNOWN_ADDRESS,
    (1, 3): Reason.UNKNOWN_ADDRESS,
    (1, 4): Reason.UNKNOWN_ADDRESS,
    (1, 6): Reason.GONE,
    (1, 7): Reason.CONFIGURATION,
    (1, 8): Reason.CONFIGURATION,
    (1, 10): Reason.UNKNOWN_ADDRESS,
    (2, 1): Reason.GONE,
    (2, 2): Reason.MAILBOX_FULL,
    (2, 3): Reason.TOO_LONG,
    (3, 1): Reason.QUEUE_FULL,
    (3, 4): Reason.TOO_LONG,
    (4, 5): Reason.RATE_LIMITED,
    (4, 7): Reason.UNREACHABLE,
    (5, 3): Reason.RATE_LIMITED,
    (6, 7): Reason.NOT_CAPABLE,
    # Authentication and transport security that a server asks of us.
    (7, 8): Reason.CONFIGURATION,
    (7, 9): Reason.CONFIGURATION,
    (7, 11): Reason.CONFIGURATION,
}

#: By subject, where the detail says no more.
_SUBJECTS: Mapping[int, Reason] = {
    1: Reason.UNKNOWN_ADDRESS,
    2: Reason.UNREACHABLE,
    3: Reason.PROVIDER_FAULT,
    4: Reason.UNREACHABLE,
    5: Reason.PROVIDER_FAULT,
    6: Reason.NOT_CAPABLE,
    # Policy: it is about who sends, not about the mailbox.
    7: Reason.BLOCKED,
}

_BASIC: Mapping[int, Reason] = {
    421: Reason.PROVIDER_FAULT,
    450: Reason.UNREACHABLE,
    451: Reason.PROVIDER_FAULT,
    452: Reason.QUEUE_FULL,
    454: Reason.RATE_LIMITED,
    530: Reason.CONFIGURATION,
    534: Reason.CONFIGURATION,
    535: Reason.CONFIGURATION,
    538: Reason.CONFIGURATION,
    550: Reason.UNKNOWN_ADDRESS,
    551: Reason.UNKNOWN_ADDRESS,
    552: Reason.MAILBOX_FULL,
    553: Reason.UNKNOWN_ADDRESS,
    554: Reason.BLOCKED,
}

#: Replies that ask for credentials or encryption: the enhanced code adds nothing to them.
_OURS = frozenset({530, 534, 535, 538})


def enhanced(text: str) -> str | None:
    """Find the first enhanced code in a reply or a status field, e.g. `5.1.1`."""
    match = _ENHANCED.search(text[:500])
    return match.group() if match else None


def reason_of(status: str) -> Reason:
    """Say what an enhanced code means."""
    match = _ENHANCED.match(status)
    if match is None:
        return Reason.OTHER
    subject, detail = int(match.group(2)), int(match.group(3))
    return _DETAILS.get((subject, detail)) or _SUBJECTS.get(subject, Reason.OTHER)


def reason_of_reply(code: int, text: str) -> Reason:
    """Say what a reply means: by its enhanced code, else by the basic one."""
    status = enhanced(text)
    if status is None or code in _OURS:
        return _BASIC.get(code, Reason.OTHER)
    reason = reason_of(status)
    return _BASIC.get(code, Reason.OTHER) if reason is Reason.OTHER else reason
