"""Reading what mail systems report: delivery status (RFC 3464) and complaints (RFC 5965); pure.

Only the top level of a report is read, by lines and without recursion, so that no nesting of
parts, however deep, costs anything.
"""

import email.message
import email.parser
import email.policy
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Reason, Receipt
from broadcaster.domain.tokens import mac
from broadcaster.errors import ForbiddenError
from broadcaster.providers._enhanced import enhanced, reason_of

#: The most of a report that is read, octets; our own mails, which reports repeat, are far shorter.
_MOST = 2**18

#: The most parts of a report, and groups of fields in a part, that are looked at.
_PARTS, _GROUPS = 10, 20

_VERP = re.compile(r"b\+([0-9]{1,9}-[0-9]{1,9})-([0-9a-f]{16})@(.+)\Z")

#: Hexadecimal digits of a token; octets of two.
_DIGITS = 16

#: Actions (RFC 3464, section 2.3.3), the most telling first: of several, that one counts.
_ACTIONS: dict[str, DeliveryEvent | None] = {
    "delivered": DeliveryEvent.DELIVER,
    "relayed": DeliveryEvent.ACCEPT,
    "expanded": DeliveryEvent.ACCEPT,
    # Still under way.
    "delayed": None,
    "failed": DeliveryEvent.FAIL,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ReturnPath:
    """Makes and checks envelope senders that name the delivery, so that a bounce names it too."""

    key: bytes
    domain: str

    def __repr__(self) -> str:
        """Hide the key."""
        return f"ReturnPath({self.domain!r})"

    def names(self, delivery: DeliveryId) -> tuple[str, str]:
        """Give the envelope sender and the Message-ID of a delivery; always the same.

        Each has 64 bits of a signature, and nobody who knows the one can tell the other: they are
        two halves of what a MAC gives.
        """
        name, domain = str(delivery), self.domain
        token = self._token(name)
        return f"b+{name}-{token[:_DIGITS]}@{domain}", f"{name}.{token[_DIGITS:]}@{domain}"

    def address(self, delivery: DeliveryId) -> str:
        """Give the envelope sender of a delivery."""
        return self.names(delivery)[0]

    def read(self, address: str) -> DeliveryId:
        """Give the delivery; ForbiddenError when we did not make this address."""
        # Mail systems may change the case of what stands before the @.
        match = _VERP.match(address.strip().strip("<>").lower())
        if match is not None and match.group(3) == self.domain.lower():
            delivery = DeliveryId.parse(match.group(1))
            if hmac.compare_digest(self._token(str(delivery))[:_DIGITS], match.group(2)):
                return delivery
        raise ForbiddenError("A bounce came to an address that we did not make.")

    def _token(self, name: str) -> str:
        # One makes both tokens.
        return mac(self.key, "mail", name, _DIGITS).hex()


def read(provider: str, delivery: DeliveryId, raw: bytes) -> Receipt:
    """Read a report about a delivery; what is no report becomes a receipt without event."""
    for kind, fields in _reports(raw[:_MOST]):
        if kind == "message/feedback-report":
            return _complaint(provider, delivery, fields)
        receipt = _status(provider, delivery, fields)
        if receipt is not None:
            return receipt
    return _receipt(provider, delivery, "unreadable", None, None)


def _status(provider: str, delivery: DeliveryId, groups: list["_Fields"]) -> Receipt | None:
    found: dict[str, str | None] = {}
    for group in groups:
        action = _word(group, "Action").lower()
        if action in _ACTIONS:
            found.setdefault(action, enhanced(_word(group, "Status")))
    for action, event in _ACTIONS.items():
        if action in found:
            status = found[action]
            reason = None
            if event is DeliveryEvent.FAIL:
                reason = reason_of(status) if status else Reason.OTHER
            code = f"{action} {status}" if status else action
            return _receipt(provider, delivery, code, event, reason)
    return None


def _complaint(provider: str, delivery: DeliveryId, groups: list["_Fields"]) -> Receipt:
    kind = next((word for group in groups if (word := _word(group, "Feedback-Type"))), "").lower()
    if kind in {"abuse", "fraud"}:
        return _receipt(provider, delivery, "complaint", None, Reason.RECIPIENT_OPTED_OUT)
    return _receipt(provider, delivery, "feedback", None, None)


def _receipt(
    provider: str,
    delivery: DeliveryId,
    code: str,
    event: DeliveryEvent | None,
    reason: Reason | None,
) -> Receipt:
    return Receipt(
        provider=provider,
        dedupe=f"{delivery}:{code}",
        delivery=delivery,
        reference=None,
        event=event,
        reason=reason,
        code=code,
    )


_Fields = email.message.Message


def _reports(raw: bytes) -> Iterator[tuple[str, list[_Fields]]]:
    """Give the machine-readable parts of a multipart/report, each as groups of fields."""
    head, body = _split(raw)
    message = _fields(head)
    boundary = message.get_boundary()
    if message.get_content_type() != "multipart/report" or not boundary:
        return
    for part in _parts(body, boundary):
        part_head, part_body = _split(part)
        kind = _fields(part_head).get_content_type()
        if kind in {"message/delivery-status", "message/feedback-report"}:
            groups = re.split(rb"\n[ \t]*\n+", part_body.strip())[:_GROUPS]
            yield kind, [_fields(group) for group in groups]


def _parts(body: bytes, boundary: str) -> Iterator[bytes]:
    mark = b"--" + boundary.encode("utf-8", "surrogateescape")
    part: list[bytes] | None = None
    count = 0
    for line in body.split(b"\n"):
        # Spaces may follow a boundary (RFC 2046, section 5.1.1).
        if line.startswith(mark) and line.rstrip() in {mark, mark + b"--"}:
            if part is not None:
                yield b"\n".join(part)
            count += 1
            if count > _PARTS:
                return
            part = []
        elif part is not None:
            part.append(line)
    if part:
        yield b"\n".join(part)


def _split(raw: bytes) -> tuple[bytes, bytes]:
    """Separate headers from body, with line feeds alone as line ends."""
    text = raw.replace(b"\r\n", b"\n")
    if text.startswith(b"\n"):
        return b"", text[1:]
    head, _, body = text.partition(b"\n\n")
    return head, body


def _fields(head: bytes) -> _Fields:
    # The old policy parses headers only when asked, and never fails on what they hold.
    parser = email.parser.BytesHeaderParser(policy=email.policy.compat32)
    return parser.parsebytes(head + b"\n\n")


def _word(fields: _Fields, name: str) -> str:
    """Read the first word of a field; comments and what else follows do not matter."""
    words = str(fields.get(name, "")).replace("(", " ").replace(";", " ").split()
    return words[0] if words else ""
