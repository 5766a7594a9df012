"""What networks ask for messages, and sums of money that never lose a cent; pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

#: Prices have this many decimal places at most, and are below this.
_PLACES, _HIGHEST = 6, Decimal(1_000_000)
#: A price is for one unit, or, as for mail and push, for a thousand.
PER = (1, 1000)

_PROVIDER = re.compile(r"[a-z][a-z0-9_]{0,31}")
_PREFIX = re.compile(r"\+[1-9][0-9]{0,6}|", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
#: A number without an exponent, as people write prices.
_PRICE = re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,6})?", re.ASCII)

#: Sums of money by currency (ISO 4217).
Money = Mapping[str, Decimal]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tariff:
    """What a provider asks for `per` units to numbers that begin with `prefix`, from a day on.

    An empty prefix holds for all its addresses, as for mail and push.
    """

    provider: str
    prefix: str
    price: Decimal
    per: int
    currency: str
    valid_from: date

    def cost(self, units: int) -> Decimal:
        """Give what so many units cost, exactly: nothing is rounded."""
        # Both divisors are powers of ten, so every quotient is finite.
        return self.price * units / self.per


def tariff(
    provider: str, prefix: str, price: str, *, per: str, currency: str, valid_from: str
) -> Tariff:
    """Read a tariff from what somebody wrote; InvalidInputError naming the field."""
    return Tariff(
        provider=_fitting("provider", provider, _PROVIDER, "Name it as in the limits: twilio."),
        prefix=_fitting(
            "prefix", prefix, _PREFIX, "Write + and up to seven digits; empty for all."
        ),
        price=_price(price),
        per=_per(per),
        currency=_fitting("currency", currency, _CURRENCY, "Write three capitals, such as MAD."),
        valid_from=_day(valid_from),
    )


def _fitting(field: str, text: str, pattern: re.Pattern[str], remedy: str) -> str:
    if not pattern.fullmatch(text.strip()):
        raise InvalidInputError(
            field, said("%(text)s can not be read", text=repr(text[:40])), remedy
        )
    return text.strip()


def _price(text: str) -> Decimal:
    remedy = said(
        "Write a number with a point and %(places)s decimal places at most, such as 0.1234.",
        places=_PLACES,
    )
    try:
        price = Decimal(_fitting("price", text, _PRICE, remedy))
    except InvalidOperation as error:
        raise InvalidInputError(
            "price", said("%(text)s is no price", text=repr(text[:40])), remedy
        ) from error
    if price >= _HIGHEST:
        raise InvalidInputError(
            "price",
            said("%(text)s is too high", text=text),
            said("It is below %(highest)s.", highest=_HIGHEST),
        )
    return price


def _per(text: str) -> int:
    words = {str(number): number for number in PER}
    if text.strip() not in words:
        remedy = said("Write 1 (a segment, or a message) or 1000.")
        raise InvalidInputError("per", said("%(text)s is neither", text=repr(text[:40])), remedy)
    return words[text.strip()]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        remedy = said("Write it as 2020-03-20.")
        raise InvalidInputError(
            "valid_from", said("%(text)s is no day", text=repr(text[:40])), remedy
        ) from error


class Tariffs:
    """The tariffs that hold on one day."""

    def __init__(self, entries: Iterable[Tariff], day: date) -> None:
        """Keep of each provider and prefix the latest that is valid on the day."""
        self._held: dict[tuple[str, str], Tariff] = {}
        for entry in sorted(entries, key=lambda one: one.valid_from):
            if entry.valid_from <= day:
                self._held[entry.provider, entry.prefix] = entry

    @property
    def prefixes(self) -> list[str]:
        """List the prefixes that are told apart."""
        return sorted({prefix for _, prefix in self._held if prefix})

    def find(self, provider: str, number: str = "") -> Tariff | None:
        """Give the tariff of the longest prefix of a number, or of all; None: it is unknown."""
        for end in range(len(number), -1, -1):
            found = self._held.get((provider, number[:end]))
            if found is not None:
                return found
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    """Units sent through a provider to numbers that begin alike, and what they cost.

    `tariff` is None where it is unknown, and then so is the cost: unknown is not nothing.
    """

    channel: str
    provider: str
    place: str
    messages: int
    units: int
    tariff: Tariff | None

    @property
    def cost(self) -> Decimal | None:
        """What it costs, in the tariff's currency."""
        return None if self.tariff is None else self.tariff.cost(self.units)


def total(charges: Iterable[Charge]) -> Money:
    """Add up what is known, by currency."""
    sums: dict[str, Decimal] = {}
    for charge in charges:
        if charge.tariff is not None:
            currency = charge.tariff.currency
            sums[currency] = sums.get(currency, Decimal(0)) + charge.tariff.cost(charge.units)
    return sums


def unknown(charges: Iterable[Charge]) -> Sequence[Charge]:
    """List what has no tariff."""
    return [charge for charge in charges if charge.tariff is None]


def written(amount: Decimal) -> str:
    """Write an amount with two decimal places or as many as it has, and never with an exponent."""
    short = amount.normalize()
    exponent = short.as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{amount:.{places}f}"
