"""A segment in PostgreSQL selects exactly whom the pure rule selects."""

import random
from datetime import date
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broadcaster.audience.attributes import Kind
from broadcaster.audience.expression import (
    And,
    Comparison,
    Everyone,
    Expression,
    Has,
    Literal,
    Not,
    OneOf,
    Operator,
    Or,
    canonical,
    matches,
)
from broadcaster.audience.query import parse
from broadcaster.audience.store import Customers
from broadcaster.domain.customer import AttributeValue, CustomerRecord
from broadcaster.ledger.pool import LedgerPool
from tests.builders import customer
from tests.catalogues import SHIPPED
from tests.vaults import sealed

#: Few values, so that generated customers and conditions meet; some that tempt a bad translation.
_TEXTS = ("", "Anfa", "anfa", "Maârif", "درب سلطان", "😀", 'a"b\\', "%s", "null", "12", "é")
_NUMBERS = (-1, 0, 1, 12, 12.5, 0.1, 1e20, 3)
_DATES = ("1999-12-31", "2020-02-29", "2020-03-20")
_SERVICES = tuple(SHIPPED.attributes["services"].choices)
_CONTRACTS = tuple(SHIPPED.attributes["contract"].choices)
_LOCALES = ("ar", "ar-MA", "fr", "zgh")


def _value(kind: Kind, draw: random.Random) -> AttributeValue:
    values: dict[Kind, AttributeValue] = {
        Kind.TEXT: draw.choice(_TEXTS),
        Kind.NUMBER: draw.choice(_NUMBERS),
        Kind.DATE: draw.choice(_DATES),
        Kind.CHOICE: draw.choice(_CONTRACTS),
        Kind.SET: tuple(draw.sample(_SERVICES, draw.randrange(len(_SERVICES)))),
        Kind.BOOLEAN: draw.random() < 0.5,
    }
    # Now and then a value of another type, as an older version may have stored.
    return values[draw.choice(list(values)) if draw.random() < 0.1 else kind]


def _customers(count: int) -> list[CustomerRecord]:
    draw = random.Random(11)  # noqa: S311  (repeatable, no secret)
    return [
        customer(
            number,
            name=draw.choice(_TEXTS),
            name_latin=draw.choice([None, *_TEXTS]),
            locales=tuple(draw.sample(_LOCALES, draw.randrange(4))),
            attributes={
                name: _value(attribute.kind, draw)
                for name, attribute in SHIPPED.attributes.items()
                if draw.random() < 0.7
            },
        )
        for number in range(count)
    ]


_VALUES: dict[Kind, st.SearchStrategy[Literal]] = {
    Kind.TEXT: st.sampled_from(_TEXTS),
    Kind.NUMBER: st.sampled_from([Decimal(repr(number)) for number in _NUMBERS if number < 1e9]),
    Kind.DATE: st.sampled_from([date.fromisoformat(day) for day in _DATES]),
    Kind.CHOICE: st.sampled_from(_CONTRACTS),
    Kind.BOOLEAN: st.booleans(),
}
_SAMENESS = [Operator.EQUAL, Operator.DIFFERENT]


def _conditions() -> st.SearchStrategy[Expression]:
    forms: list[st.SearchStrategy[Expression]] = [st.just(Everyone())]
    for name, attribute in SHIPPED.known.items():
        if attribute.kind is Kind.LOCATION:
            continue
        if attribute.kind is Kind.SET:
            members = _SERVICES if attribute.choices else _LOCALES
            forms.append(st.builds(Has, st.just(name), st.sampled_from(members)))
            continue
        values = st.sampled_from(_LOCALES) if name == "locale" else _VALUES[attribute.kind]
        unordered = attribute.sealed or attribute.kind in (Kind.CHOICE, Kind.BOOLEAN)
        signs = st.sampled_from(_SAMENESS if unordered else list(Operator))
        forms.append(st.builds(Comparison, st.just(name), signs, values))
        several = st.lists(values, min_size=1, max_size=4).map(tuple)
        forms.append(st.builds(OneOf, st.just(name), several))
    return st.one_of(forms)


def _joined(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(parts, min_size=2, max_size=4).map(tuple)
    return st.one_of(st.builds(Not, parts), st.builds(And, several), st.builds(Or, several))


_EXPRESSIONS = st.recursive(_conditions(), _joined, max_leaves=8)


@given(expression=_EXPRESSIONS)
@settings(max_examples=200, deadline=None)
def test_canonical_text_reads_back_as_the_same_tree(expression: Expression) -> None:
    """Saving a segment in its canonical form changes nothing of it."""
    assert parse(canonical(expression), SHIPPED) == expression


def test_sql_selects_whom_the_rule_selects(pool: LedgerPool) -> None:
    """Also with values missing, of a wrong type, in Arabic, and with signs of SQL in them.

    Names are found whether they are plain, as the first ones, or sealed.
    """
    records = _customers(120)
    Customers(pool).save(records[:40])
    store = Customers(pool, sealed(pool, 1))
    store.save(records[40:])
    assert store.count() == 120
    seen = set()

    @given(expression=_EXPRESSIONS)
    @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
    def agree(expression: Expression) -> None:
        expected = sorted(one.number for one in records if matches(expression, one, SHIPPED))
        text = canonical(expression)
        assert sorted(store.sample(text, limit=1000)) == expected, text
        assert store.count(text) == len(expected)
        seen.add(len(expected))

    agree()
    # The comparison would say little if conditions selected all or none.
    assert len(seen) > 20
