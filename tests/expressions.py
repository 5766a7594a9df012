"""Generated customers and expressions that meet, and areas in the plane, for property tests."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import LiteralString

from hypothesis import strategies as st

from broadcaster.audience.attributes import OWN_PLACE, Attribute, Kind
from broadcaster.audience.days import FromToday, Unit
from broadcaster.audience.expression import (
    Amount,
    And,
    Campaign,
    Comparison,
    Everyone,
    Expression,
    Has,
    HasOf,
    Holds,
    InArea,
    InSegment,
    Literal,
    MayReceive,
    Missing,
    Near,
    Not,
    OneOf,
    Operator,
    OptedOut,
    Or,
    Outcome,
    Place,
    Present,
)
from broadcaster.audience.places import whereabouts
from broadcaster.audience.reading import Names
from broadcaster.domain.customer import AttributeValue, CustomerRecord
from broadcaster.domain.delivery import DeliveryStatus
from broadcaster.domain.message import DELIVERY_CHANNELS, Channel, MessageClass, Scheme
from broadcaster.errors import NotFoundError
from broadcaster.ports import Condition
from tests.builders import address, customer
from tests.catalogues import SHIPPED, with_attribute

TODAY = date(2020, 3, 31)
#: A place of the utility's own, beside the one that every customer has.
METER = "meter_place"
_LABELS = {"ar": "مكان العداد", "fr": "lieu du compteur", "en": "meter place"}
KNOWN = with_attribute(METER, Attribute(kind=Kind.LOCATION, labels=_LABELS))
#: Few values, so that customers and conditions meet; some that tempt a bad translation.
TEXTS = (
    "",
    "Anfa",
    "anfa",
    "Maârif",
    "درب سلطان",
    "😀",
    'a"b\\',
    "%s",
    "null",
    "12",
    "é",
    "n",
    "water",
)
_NUMBERS = (-1, 0, 1, 12, 12.5, 0.1, 1e20, 3)
_DATES = ("1999-12-31", "2020-02-29", "2020-03-20", "2020-03-31", "2020-3-1", "soon")
#: Two numbers that are no place, and what is no two numbers.
_NO_PLACES: tuple[AttributeValue, ...] = ((181.0, 0.1), (0.1, -91.0), (), ("a", "b"), ("0.1",))
_SERVICES = tuple(SHIPPED.attributes["services"].choices)
_CONTRACTS = tuple(SHIPPED.attributes["contract"].choices)
_LOCALES = ("ar", "ar-MA", "fr", "zgh")
CAMPAIGNS = ("cut", 'the "other"')
#: Saved segments, the later ones with earlier ones in them.
SEGMENTS: Mapping[str, str] = {
    "water": 'services has "water"',
    "dry or new": 'not in segment "water" or opened_on > today - 1 month',
    "told": 'received campaign "cut" and in segment "dry or new"',
}
NAMES = Names(segments=SEGMENTS, campaigns=CAMPAIGNS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Located(CustomerRecord):
    """A customer who is somewhere, longitude before latitude, or nobody knows where."""

    location: tuple[float, float] | None = None

    def __repr__(self) -> str:
        """Show the number alone."""
        return f"Located({self.number!r})"


class Squares:
    """Areas that are squares of a plane on which a degree is 100 km."""

    AREAS: Mapping[str, float] = {"old town": 0.5, "everywhere": 9.0}

    def inside(self, area: str, place: str = OWN_PLACE) -> Condition:
        """Select who is in the square around 0, 0."""
        text: LiteralString = "greatest(abs({x}), abs({y})) <= %(half)s::float8"
        return self._asking(text, place, {"half": self._half(area)})

    def near(
        self, longitude: float, latitude: float, metres: float, place: str = OWN_PLACE
    ) -> Condition:
        """Select who is at most that far along either axis."""
        text: LiteralString = (
            "greatest(abs({x} - %(x)s::float8), abs({y} - %(y)s::float8)) * 100000"
            " <= %(metres)s::float8"
        )
        return self._asking(text, place, {"x": longitude, "y": latitude, "metres": metres})

    @staticmethod
    def _asking(text: LiteralString, place: str, values: dict[str, object]) -> Condition:
        if place == OWN_PLACE:
            own = text.replace("{x}", "customer.longitude").replace("{y}", "customer.latitude")
            return Condition(text=own, values=values)
        text = text.replace("{x}", "({held}->>0)::float8").replace("{y}", "({held}->>1)::float8")
        text = (
            "CASE WHEN jsonb_typeof({held}) = 'array' AND jsonb_array_length({held}) = 2"
            " AND jsonb_typeof({held}->0) = 'number' AND jsonb_typeof({held}->1) = 'number'"
            " AND abs(({held}->>0)::float8) <= 180 AND abs(({held}->>1)::float8) <= 90"
            " THEN " + text + " END"
        )
        held = text.replace("{held}", "customer.attributes->%(name)s::text")
        return Condition(text=held, values={**values, "name": place})

    def pinned(self, area: str) -> str:
        """Give the area's own name: squares never change."""
        self._half(area)
        return area

    def holds(self, area: str, record: CustomerRecord, place: str = OWN_PLACE) -> bool:
        """Tell whether a customer is in the square."""
        found = whereabouts(record, place)
        return found is not None and self.contains(area, *found)

    def contains(self, area: str, longitude: float, latitude: float) -> bool:
        """Tell whether a point is in the square."""
        return max(abs(longitude), abs(latitude)) <= self._half(area)

    def distance(
        self, longitude: float, latitude: float, other_longitude: float, other_latitude: float
    ) -> float:
        """Give the greater distance along the axes."""
        return max(abs(longitude - other_longitude), abs(latitude - other_latitude)) * 100000

    def _half(self, area: str) -> float:
        if area not in self.AREAS:
            raise NotFoundError("area", f"{area!r} does not exist", "Import it.")
        return self.AREAS[area]


def _drawn(kind: Kind, draw: random.Random) -> AttributeValue:
    values: dict[Kind, AttributeValue] = {
        Kind.TEXT: draw.choice(TEXTS),
        Kind.NUMBER: draw.choice(_NUMBERS),
        Kind.DATE: draw.choice(_DATES),
        Kind.CHOICE: draw.choice(_CONTRACTS),
        Kind.SET: tuple(draw.sample(_SERVICES, draw.randrange(len(_SERVICES)))),
        Kind.BOOLEAN: draw.random() < 0.5,
        Kind.LOCATION: (draw.uniform(-1, 1), draw.uniform(-1, 1)),
    }
    if kind is Kind.LOCATION and draw.random() < 0.1:
        return draw.choice(_NO_PLACES)
    if kind is Kind.SET and draw.random() < 0.1:
        # One of a set, as a text of its own.
        return draw.choice(_SERVICES)
    # Now and then a value of another type, as an older version may have stored.
    return values[draw.choice(list(values)) if draw.random() < 0.1 else kind]


def people(count: int, seed: int = 11) -> list[Located]:
    """Make customers of whom some have nothing, and some everything."""
    draw = random.Random(seed)  # noqa: S311  (repeatable, no secret)
    said = [(channel, one) for channel in DELIVERY_CHANNELS for one in MessageClass]
    made = []
    for number in range(count):
        plain = customer(
            number,
            name=draw.choice(TEXTS),
            name_latin=draw.choice([None, *TEXTS]),
            locales=tuple(draw.sample(_LOCALES, draw.randrange(4))),
            attributes={
                name: _drawn(attribute.kind, draw)
                for name, attribute in KNOWN.attributes.items()
                if draw.random() < 0.7
            },
            addresses=tuple(
                # Some share an address with somebody, and some have two on one channel.
                address(draw.choice((Scheme.TEL, Scheme.MAILTO)), draw.randrange(count))
                for _ in range(draw.randrange(4))
            ),
            opted_out=tuple(one for one in said if draw.random() < 0.2),
            consented=tuple(one for one in said if draw.random() < 0.3),
        )
        fields = {name: getattr(plain, name) for name in CustomerRecord.__dataclass_fields__}
        fields["location"] = (
            (draw.uniform(-1, 1), draw.uniform(-1, 1)) if draw.random() < 0.7 else None
        )
        made.append(Located(**fields))
    return made


def statuses(
    records: list[Located], seed: int = 5
) -> Mapping[str, Mapping[str, frozenset[DeliveryStatus]]]:
    """Draw what became of customers in each campaign; of some, nothing."""
    draw = random.Random(seed)  # noqa: S311  (repeatable, no secret)
    return {
        campaign: {
            one.number: frozenset(draw.sample(list(DeliveryStatus), draw.randrange(1, 3)))
            for one in records
            if draw.random() < 0.6
        }
        for campaign in CAMPAIGNS
    }


_DAYS: st.SearchStrategy[Literal] = st.one_of(
    st.sampled_from([date(1999, 12, 31), date(2020, 2, 29), date(2020, 3, 20)]),
    st.just(FromToday()),
    st.builds(FromToday, st.sampled_from([-25, -11, -1, 1, 2]), st.sampled_from(Unit)),
)
_VALUES: Mapping[Kind, st.SearchStrategy[Literal]] = {
    Kind.TEXT: st.sampled_from(TEXTS),
    Kind.NUMBER: st.sampled_from([Decimal(repr(number)) for number in _NUMBERS if number < 1e9]),
    Kind.DATE: _DAYS,
    Kind.CHOICE: st.sampled_from(_CONTRACTS),
    Kind.BOOLEAN: st.booleans(),
}
_SAMENESS = [Operator.EQUAL, Operator.DIFFERENT]
_CHANNELS = st.sampled_from([Channel.SMS, Channel.EMAIL, Channel.PUSH])


def _of_attributes() -> list[st.SearchStrategy[Expression]]:
    forms: list[st.SearchStrategy[Expression]] = []
    for name, attribute in KNOWN.known.items():
        just = st.just(name)
        forms.append(st.builds(Present, just) | st.builds(Missing, just))
        if attribute.kind is Kind.SET:
            members = st.sampled_from(_SERVICES if attribute.choices else _LOCALES)
            several = st.lists(members, min_size=1, max_size=3).map(tuple)
            forms.append(st.builds(Has, just, members))
            forms.append(st.builds(HasOf, just, st.sampled_from(Amount), several))
        elif attribute.kind is not Kind.LOCATION:
            values = st.sampled_from(_LOCALES) if name == "locale" else _VALUES[attribute.kind]
            unordered = attribute.sealed or attribute.kind in (Kind.CHOICE, Kind.BOOLEAN)
            signs = st.sampled_from(_SAMENESS if unordered else list(Operator))
            forms.append(st.builds(Comparison, just, signs, values))
            # Lists of many values are asked for in another way than short ones.
            many = st.lists(values, min_size=1, max_size=20).map(tuple)
            forms.append(st.builds(OneOf, just, many))
            if attribute.kind is Kind.TEXT and not attribute.sealed:
                forms.append(st.builds(Holds, just, st.sampled_from(Place), st.sampled_from(TEXTS)))
    return forms


def _of_the_rest() -> list[st.SearchStrategy[Expression]]:
    classes = st.sampled_from(MessageClass)
    degrees = st.sampled_from([Decimal("0.25"), Decimal("-0.5"), Decimal(0)])
    metres = st.sampled_from([Decimal(20000), Decimal("33333.5")])
    places = st.sampled_from([OWN_PLACE, METER])
    return [
        st.just(Everyone()),
        st.builds(MayReceive, classes, _CHANNELS),
        st.builds(OptedOut, classes, _CHANNELS),
        st.builds(Campaign, st.sampled_from(Outcome), st.sampled_from(CAMPAIGNS)),
        st.builds(InArea, st.sampled_from(tuple(Squares.AREAS)), places),
        st.builds(Near, metres, degrees, degrees, places),
        st.builds(InSegment, st.sampled_from(tuple(SEGMENTS))),
    ]


def _joined(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(parts, min_size=2, max_size=4).map(tuple)
    return st.one_of(st.builds(Not, parts), st.builds(And, several), st.builds(Or, several))


CONDITIONS: st.SearchStrategy[Expression] = st.one_of(*_of_attributes(), st.one_of(*_of_the_rest()))
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(CONDITIONS, _joined, max_leaves=8)
