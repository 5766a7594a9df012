"""Tariffs: the longest prefix and the latest day hold, and no sum loses a cent."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.domain.tariff import Charge, Tariff, Tariffs, tariff, total, unknown, written
from broadcaster.errors import InvalidInputError

_DAY = date(2026, 3, 20)


def one(prefix: str = "+212", price: str = "0.35", **changes: object) -> Tariff:
    """Build a tariff."""
    words = {"per": "1", "currency": "MAD", "valid_from": "2026-01-01", **changes}
    return tariff("twilio", prefix, price, **words)  # type: ignore[arg-type]  # (texts)


def test_the_longest_prefix_and_the_latest_valid_day_hold() -> None:
    """What begins tomorrow does not hold yet; what is not known is not free."""
    held = Tariffs(
        [
            one("", "9"),
            one("+212", "0.40", valid_from="2026-03-21"),
            one("+212", "0.35", valid_from="2026-03-20"),
            one("+212", "0.30"),
            one("+2126", "0.20"),
        ],
        _DAY,
    )
    found = [held.find("twilio", number) for number in ("+21261", "+2125", "+336", "")]
    assert [tariff and tariff.price for tariff in found] == [
        *map(Decimal, ("0.20", "0.35", "9", "9"))
    ]
    assert held.find("smtp", "") is None
    assert held.prefixes == ["+212", "+2126"]


@given(
    prices=st.lists(st.decimals(0, 999_999, places=6), min_size=1, max_size=20),
    units=st.integers(0, 10**9),
)
def test_sums_are_exact(prices: list[Decimal], units: int) -> None:
    """Whatever the prices, in integer millionths of a thousandth."""
    charges = [
        Charge(
            channel="sms",
            provider="twilio",
            place="+212",
            messages=units,
            units=units,
            tariff=Tariff(
                provider="twilio",
                prefix="+212",
                price=price,
                per=per,
                currency="MAD",
                valid_from=_DAY,
            ),
        )
        for price in prices
        for per in (1, 1000)
    ]
    parts = sum(int(price * 10**6) * units * (1000 + 1) for price in prices)
    amount = total(charges)["MAD"]
    assert int(amount * 10**9) == parts
    assert Decimal(written(amount)) == amount
    assert "E" not in written(amount)


def test_currencies_are_not_mixed_and_the_unknown_is_told() -> None:
    """Two sums, and what has no tariff apart."""
    plain = {"channel": "sms", "provider": "twilio", "place": "+212", "messages": 2, "units": 3}
    charges = [
        Charge(**plain, tariff=one()),  # type: ignore[arg-type]  # (fields by name)
        Charge(**plain, tariff=one(currency="EUR")),  # type: ignore[arg-type]
        Charge(**plain, tariff=None),  # type: ignore[arg-type]
    ]
    assert total(charges) == {"MAD": Decimal("1.05"), "EUR": Decimal("1.05")}
    assert unknown(charges) == [charges[2]]
    assert charges[2].cost is None
    assert written(Decimal(1000)) == "1000.00"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"provider": "Twilio!"}, "provider"),
        ({"prefix": "212"}, "prefix"),
        ({"prefix": "+0"}, "prefix"),
        ({"price": "1e9"}, "price"),
        ({"price": "-1"}, "price"),
        ({"price": "0,35"}, "price"),
        ({"price": "NaN"}, "price"),
        ({"price": "1000000"}, "price"),
        ({"per": "2"}, "per"),
        ({"currency": "dh"}, "currency"),
        ({"valid_from": "20/03/2026"}, "valid_from"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, str], field: str) -> None:
    """The field, its problem and the remedy."""
    words = {
        "provider": "twilio",
        "prefix": "+212",
        "price": "1",
        "per": "1",
        "currency": "MAD",
        "valid_from": "2026-01-01",
        **changes,
    }
    place = [words.pop(name) for name in ("provider", "prefix", "price")]
    with pytest.raises(InvalidInputError) as refused:
        tariff(*place, **words)
    assert refused.value.field == field
