"""Statements of ours that are written once and made for each channel."""

from collections.abc import Mapping, Sequence
from typing import LiteralString

from broadcaster.domain.message import Channel

#: The channels as they are written into names of columns, and the place of their four bits.
_NAMES: Mapping[Channel, tuple[LiteralString, LiteralString]] = {
    Channel.SMS: ("sms", "0"),
    Channel.EMAIL: ("email", "4"),
    Channel.PUSH: ("push", "8"),
}

#: Where a customer's clock stands, with the hours that they chose (`domain.own_hours.parted`).
ZONE: LiteralString = (
    "CASE WHEN customer.quiet IS NULL THEN customer.time_zone"
    " ELSE customer.time_zone || ' ' || customer.quiet END"
)


def named(text: LiteralString, channel: Channel) -> LiteralString:
    """Write a channel's name where a statement of ours has `{c}`."""
    name, place = _NAMES[channel]
    return text.replace("{c}", name).replace("{p}", place)


def each(text: LiteralString, channels: Sequence[Channel]) -> LiteralString:
    """Write a text for each channel, one behind the other."""
    joined: LiteralString = ""
    for channel in channels:
        joined += named(text, channel)
    return joined
