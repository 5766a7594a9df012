"""A message as the form that Twilio's API takes, written fast.

https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.domain.message import SmsContent
from broadcaster.ports import Context, Message, Submission
from broadcaster.providers import _wire_request
from broadcaster.providers._twilio import NAME
from broadcaster.providers._wire_request import Origin
from broadcaster.providers.base import result

#: The limits of ValidityPeriod, seconds.
_SHORTEST, _LONGEST = 1, 36_000
_DAY = 86_400

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_OCTETS = [chr(octet) if octet in _PLAIN else f"%{octet:02X}" for octet in range(256)]
_OCTETS[ord(" ")] = "+"


def percent(text: str) -> str:
    """Write a text as a form's value (application/x-www-form-urlencoded, UTF-8)."""
    return "".join(map(_OCTETS.__getitem__, text.encode("utf-8")))


#: The same words often go to thousands, one after the other.
_body = lru_cache(maxsize=64)(percent)


def _number(text: str) -> str:
    """Write an E.164 number as a form's value: nearly all that is written but the words."""
    plain = text[:1] == "+" and text[1:].isalnum() and text.isascii()
    return f"%2B{text[1:]}" if plain else percent(text)


def validity(message: Message, now: datetime) -> int:
    """Give the seconds for which Twilio may try: what is left of the message's life."""
    left = message.expires - now
    return min(max(left.days * _DAY + left.seconds, _SHORTEST), _LONGEST)


class Form:
    """What all messages of an account have in common, written once."""

    def __init__(
        self,
        origin: Origin,
        target: str,
        headers: Mapping[str, str],
        sender: Mapping[str, str],
        context: Context,
    ) -> None:
        """Write the head, and the ends of the form; ValueError when a header can't be."""
        self._clock = context.clock
        given = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
        self._head = _wire_request.head("POST", origin, target, given).decode("ascii")
        self._callback = percent(f"{context.public_url}/callbacks/{NAME}/")
        constant = {**sender, "SmartEncoded": "false"}
        self._tail = "".join(f"&{name}={percent(value)}" for name, value in constant.items())

    def request(self, message: Message) -> bytes | Submission:
        """Write a whole request, or say why there is none."""
        content = message.content
        if not isinstance(content, SmsContent):
            return result(message, DeliveryEvent.EXHAUST, Reason.RENDERING)
        campaign, number = message.delivery
        form = (
            f"To={_number(message.address.value)}&Body={_body(content.body)}"
            f"&StatusCallback={self._callback}{campaign}-{number}"
            f"&ValidityPeriod={validity(message, self._clock.now())}{self._tail}"
        )
        return f"{self._head}{len(form)}\r\n\r\n{form}".encode("ascii")
