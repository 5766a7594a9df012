"""Makes fictional customers of Casablanca: believable, repeatable, and with believable faults.

Telephone numbers have the form of Moroccan mobiles and are for simulated networks only: somebody
may really have such a number. Mailboxes are under `.test`, which exists nowhere. Push subscriptions
belong to the simulated push service.
"""

import hashlib
import math
import random
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from itertools import accumulate

from broadcaster.audience import names
from broadcaster.domain.customer import AttributeValue, BrokenAddress, CustomerRecord
from broadcaster.domain.message import DELIVERY_CHANNELS, Address, Channel, MessageClass, Scheme
from broadcaster.errors import InvalidInputError

#: The most customers that are made at once, and the greatest seed.
MOST = 10_000_000
_GREATEST_SEED = 2**31 - 1

# Shares of customers, 0 to 1.
_HAS_PHONE = 0.93
_HAS_MAILBOX = 0.62
_HAS_PUSH = 0.34
_PUSH_IN_BROWSER = 0.5
_BROKEN = 0.02
_HOUSEHOLD = 0.04
_OPTED_OUT = 0.025
_CONSENTED = 0.3
_LIFE_SUPPORT = 0.004
_FAR_ZONE = 0.01
_UNPLACED = 0.02

#: Beginnings of numbers that are mobiles in the numbering plan, whatever follows.
_PREFIXES = ("610", "611", "612", "613", "650", "654", "661", "662", "666", "667", "670", "677")
_LINE_DIGITS = 6
_LINES = 10**_LINE_DIGITS
#: Odd and no multiple of 5, so that counting by it visits every line once.
_STRIDE = 618_033

#: What stands where a mobile number should (beginning, digits, end), and the fault in it.
_BROKEN_PHONES = (
    ("05222", 5, "", "NOT_MOBILE"),
    ("0661", 2, "ABCD", "LETTERS"),
    ("0661", 3, "", "TOO_SHORT"),
    ("6.61", 6, "E8", "TOO_LONG"),
    ("0661\u202f23\u202f45\u202f", 2, "", "NOT_A_NUMBER"),
)
_BROKEN_MAILBOXES = (
    ("client{}@@courrier.test", "NOT_ONE_AT"),
    ("client {}@courrier.test", "BAD_LOCAL_PART"),
    ("client{}@courrier", "BAD_DOMAIN"),
)
#: Kilometres of a degree of latitude.
_KM = 111.2
_FIRST_DAY = date(1990, 1, 1)
_DAYS = 10_900
_BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class Maker:
    """Makes customers; the same seed makes the same ones, and fewer are the first of more."""

    def __init__(
        self,
        seed: int,
        *,
        push_base_url: str,
        subscription_keys: Callable[[str], Mapping[str, str]],
        time_zone: str = "Africa/Casablanca",
    ) -> None:
        """Subscriptions have endpoints `<push_base_url>/wp/<id>`, with keys made for each."""
        if not 0 <= seed <= _GREATEST_SEED:
            problem = f"{seed} is out of range"
            raise InvalidInputError("--seed", problem, f"Give 0 to {_GREATEST_SEED}.")
        self._seed = seed
        self._push = f"{push_base_url.rstrip('/')}/wp"
        self._keys = subscription_keys
        self._zone = time_zone

    def make(self, count: int) -> Iterator[CustomerRecord]:
        """Make customers one after another; InvalidInputError when there should be too many."""
        if not 0 <= count <= MOST:
            raise InvalidInputError("N", f"{count} is out of range", f"Give 0 to {MOST}.")
        return self._made(count)

    def _made(self, count: int) -> Iterator[CustomerRecord]:
        draw = random.Random(self._seed)  # noqa: S311  (repeatable, no secret)
        # Places have their own draws: what else a seed makes is what it made before they came.
        where = random.Random(f"places {self._seed}")  # noqa: S311  (repeatable, no secret)
        shift = draw.randrange(_LINES)
        phone = _phone(0, shift)
        for index in range(count):
            # A household shares the number of the customer before.
            phone = phone if index and draw.random() < _HOUSEHOLD else _phone(index, shift)
            yield self._customer(draw, where, index, phone)

    def _customer(
        self, draw: random.Random, where: random.Random, index: int, phone: str
    ) -> CustomerRecord:
        first, family = draw.choice(names.FIRST), draw.choice(names.FAMILY)
        addresses: list[Address] = []
        broken: list[BrokenAddress] = []
        latin = f"{first[1]} {family[1]}"
        _add_phone(draw, phone, addresses, broken)
        _add_mailbox(draw, f"{_slug(latin)}{index}", addresses, broken)
        if draw.random() < _HAS_PUSH:
            addresses.append(self._subscription(draw, index))
        locales = draw.choices(_LOCALES, cum_weights=_LOCALE_WEIGHTS)[0]
        time_zone = "Europe/Paris" if draw.random() < _FAR_ZONE else self._zone
        attributes = _attributes(draw)
        return CustomerRecord(
            number=f"F{self._seed}-{index + 1:07d}",
            name=f"{first[0]} {family[0]}",
            name_latin=latin,
            locales=locales,
            time_zone=time_zone,
            attributes=attributes,
            addresses=addresses,
            broken=broken,
            opted_out=_drawn(draw, MessageClass.SERVICE, _OPTED_OUT),
            consented=_drawn(draw, MessageClass.PROMOTIONAL, _CONSENTED),
            location=_place(where, str(attributes["district"])),
        )

    def _subscription(self, draw: random.Random, index: int) -> Address:
        name = hashlib.blake2b(b"%d/%d" % (self._seed, index), digest_size=16).hexdigest()
        if draw.random() < _PUSH_IN_BROWSER:
            endpoint = f"{self._push}/{name}"
            return Address(scheme=Scheme.WEBPUSH, value=endpoint, keys=self._keys(endpoint))
        token = "".join(draw.choices(_BASE64URL, k=120))
        return Address(scheme=Scheme.FCM, value=f"{name[:22]}:APA91b{token}", keys={})


_LOCALES = tuple(names.LOCALES)
_LOCALE_WEIGHTS = tuple(accumulate(names.LOCALES.values()))
_DISTRICTS = tuple(names.DISTRICTS)
_DISTRICT_WEIGHTS = tuple(accumulate(names.DISTRICTS.values()))
_SERVICES = {"water": 0.95, "electricity": 0.97, "sanitation": 0.9, "street_lighting": 0.05}
_CONTRACTS = ("residential", "business", "industrial", "public")
_CONTRACT_WEIGHTS = (88, 97, 99, 100)


def _phone(index: int, shift: int) -> str:
    """Give the number of a customer: all different for twelve millions of them."""
    prefix = _PREFIXES[(index + index // _LINES) % len(_PREFIXES)]
    return f"+212{prefix}{(index * _STRIDE + shift) % _LINES:0{_LINE_DIGITS}d}"


def _add_phone(
    draw: random.Random, phone: str, addresses: list[Address], broken: list[BrokenAddress]
) -> None:
    if draw.random() >= _HAS_PHONE:
        return
    if draw.random() < _BROKEN:
        before, digits, after, fault = draw.choice(_BROKEN_PHONES)
        raw = f"{before}{draw.randrange(10**digits):0{digits}d}{after}"
        broken.append(BrokenAddress(channel=Channel.SMS, raw=raw, fault=fault))
    else:
        addresses.append(Address(scheme=Scheme.TEL, value=phone, keys={}))


def _add_mailbox(
    draw: random.Random, local: str, addresses: list[Address], broken: list[BrokenAddress]
) -> None:
    if draw.random() >= _HAS_MAILBOX:
        return
    if draw.random() < _BROKEN:
        shape, fault = draw.choice(_BROKEN_MAILBOXES)
        raw = shape.format(draw.randrange(1000))
        broken.append(BrokenAddress(channel=Channel.EMAIL, raw=raw, fault=fault))
    else:
        value = f"{local}@{draw.choice(names.MAIL_DOMAINS)}"
        addresses.append(Address(scheme=Scheme.MAILTO, value=value, keys={}))


def _attributes(draw: random.Random) -> Mapping[str, AttributeValue]:
    district = draw.choices(_DISTRICTS, cum_weights=_DISTRICT_WEIGHTS)[0]
    zone = _DISTRICTS.index(district) + 1
    held = tuple(service for service, share in _SERVICES.items() if draw.random() < share)
    return {
        "contract": draw.choices(_CONTRACTS, cum_weights=_CONTRACT_WEIGHTS)[0],
        "services": held or ("water",),
        "district": district,
        "network_zone": f"Z{zone:02d}-{draw.randrange(1, 7)}",
        "feeder": f"F{zone:02d}{draw.randrange(1, 25):02d}",
        "meter_day": draw.randrange(1, 29),
        "subscribed_kva": draw.choice((2.2, 3.3, 4.4, 6.6, 9.9, 13.2)),
        "life_support": draw.random() < _LIFE_SUPPORT,
        "opened_on": (_FIRST_DAY + timedelta(days=draw.randrange(_DAYS))).isoformat(),
    }


def _place(draw: random.Random, district: str) -> tuple[float, float] | None:
    """Draw a place in a district, denser in its middle; few are not known."""
    known, angle = draw.random() >= _UNPLACED, draw.random() * 2 * math.pi
    latitude, longitude, reach = names.PLACES[district]
    away = reach * draw.random() ** 0.7 / _KM
    y = latitude + away * math.sin(angle)
    x = longitude + away * math.cos(angle) / math.cos(math.radians(latitude))
    return (round(x, 7), round(y, 7)) if known else None


def _drawn(
    draw: random.Random, message_class: MessageClass, share: float
) -> tuple[tuple[Channel, MessageClass], ...]:
    return tuple((channel, message_class) for channel in DELIVERY_CHANNELS if draw.random() < share)


def _slug(name: str) -> str:
    """Make of a Latin name what stands before the @ of a mailbox."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return plain.lower().replace(" ", ".").replace("-", ".")
