"""The customer: a person or household that may be told, and what is known about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from broadcaster.domain.delivery import Reason
from broadcaster.domain.message import Address, Channel, MessageClass

#: The types that an attribute's value may have; two numbers are a place, longitude first.
AttributeValue = str | int | float | bool | tuple[str, ...] | tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerRecord:
    """A customer as it comes from an import or from the maker of fictional customers.

    `number` is the utility's own customer number, unique. `locales` are BCP 47 tags in order of
    preference. `addresses` are valid and in order of preference; `broken` are values that could
    not be used, kept so that a report can say why a customer was not told. `opted_out` lists
    what the customer refused, `consented` what needs and has a recorded consent. `household` is the
    utility's key for those who live under one roof. `location` is longitude and latitude in degrees
    of WGS 84, in the order of GeoJSON (RFC 7946); None where it is not known.
    """

    number: str
    name: str
    name_latin: str | None
    locales: Sequence[str]
    time_zone: str
    attributes: Mapping[str, AttributeValue]
    addresses: Sequence[Address]
    broken: Sequence["BrokenAddress"]
    opted_out: Sequence[tuple[Channel, MessageClass]]
    consented: Sequence[tuple[Channel, MessageClass]]
    household: str | None = None
    location: tuple[float, float] | None = None

    def __repr__(self) -> str:
        """Show the number alone: reprs end up in logs."""
        return f"CustomerRecord({self.number!r})"


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokenAddress:
    """A value given as an address that cannot be one, and the machine-readable kind of fault."""

    channel: Channel
    raw: str
    fault: str
    reason: Reason = Reason.INVALID_ADDRESS

    def __repr__(self) -> str:
        """Show the fault alone."""
        return f"BrokenAddress({self.channel.value}, {self.fault})"


@dataclass(frozen=True, kw_only=True, slots=True)
class PhoneCheck:
    """What a text given as a telephone number is.

    `error` is None or the kind of fault; only without one is `e164` a number to be used. `type` is
    the numbering plan's (`MOBILE`, `FIXED_LINE`, ...). `problem` and `remedy` are for people; they
    are also given for a good number that takes no SMS.
    """

    raw: str
    e164: str | None
    type: str | None
    sms_capable: bool
    error: str | None
    problem: str | None = None
    remedy: str | None = None

    def __repr__(self) -> str:
        """Show the fault alone."""
        return f"PhoneCheck({self.type}, {self.error})"
