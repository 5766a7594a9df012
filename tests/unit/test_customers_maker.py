"""Fictional customers are repeatable, fit for the simulated networks, and believably faulty."""

from collections import Counter
from itertools import islice

import pytest

from broadcaster.audience import mailbox
from broadcaster.audience.attributes import Kind
from broadcaster.audience.maker import Maker
from broadcaster.channels.phones import check
from broadcaster.domain.customer import CustomerRecord
from broadcaster.domain.message import Channel, Scheme
from broadcaster.errors import InvalidInputError
from tests.catalogues import SHIPPED

_COUNT = 3000


def _maker(seed: int = 1) -> Maker:
    return Maker(
        seed,
        push_base_url="http://127.0.0.1:8403/",
        subscription_keys=lambda endpoint: {"p256dh": endpoint, "auth": endpoint[-4:]},
    )


@pytest.fixture(scope="module")
def made() -> list[CustomerRecord]:
    """Some thousand customers."""
    return list(_maker().make(_COUNT))


def _values(records: list[CustomerRecord], scheme: Scheme) -> list[str]:
    return [one.value for record in records for one in record.addresses if one.scheme is scheme]


def test_the_same_seed_makes_the_same(made: list[CustomerRecord]) -> None:
    """A run can be repeated, fewer are the first of more, and another seed makes others."""
    assert list(_maker().make(200)) == made[:200]
    assert list(islice(_maker().make(10_000_000), 50)) == made[:50]
    others = list(_maker(2).make(200))
    assert not {one.number for one in others} & {one.number for one in made}
    assert [one.name for one in others] != [one.name for one in made[:200]]


def test_numbers_differ_and_names_stand_in_both_scripts(made: list[CustomerRecord]) -> None:
    """Everybody has a number of their own and a name in Arabic and Latin letters."""
    assert len({one.number for one in made}) == _COUNT
    assert all(any("\u0621" <= letter <= "\u064a" for letter in one.name) for one in made)
    assert all(one.name_latin and "A" <= one.name_latin[0] <= "Z" for one in made)


def test_every_phone_takes_sms_and_every_broken_one_is_refused(made: list[CustomerRecord]) -> None:
    """What is given as good or broken is what the check of imports finds."""
    for number in set(_values(made, Scheme.TEL)):
        assert check(number, "MA").sms_capable
        assert check(number, "MA").e164 == number
    kinds: Counter[str] = Counter()
    for record in made:
        for broken in record.broken:
            kinds[broken.fault] += 1
            if broken.channel is Channel.SMS:
                found = check(broken.raw, "MA")
                assert not found.sms_capable
                assert (found.error or "NOT_MOBILE") == broken.fault
            else:
                assert mailbox.check(broken.raw).fault == broken.fault
    assert len(kinds) >= 7


def test_mailboxes_are_good_and_exist_nowhere(made: list[CustomerRecord]) -> None:
    """All mail goes to domains under .test, one mailbox for each customer."""
    values = _values(made, Scheme.MAILTO)
    assert len(set(values)) == len(values)
    assert all(mailbox.check(value).value == value for value in values)
    assert all(value.endswith(".test") for value in values)


def test_push_goes_to_the_simulated_service(made: list[CustomerRecord]) -> None:
    """Half are subscriptions of browsers, with the keys made for them; half tokens of an app."""
    subscriptions = [
        one for record in made for one in record.addresses if one.scheme is Scheme.WEBPUSH
    ]
    assert all(one.value.startswith("http://127.0.0.1:8403/wp/") for one in subscriptions)
    assert all(one.keys["p256dh"] == one.value for one in subscriptions)
    tokens = _values(made, Scheme.FCM)
    assert len(set(tokens)) == len(tokens)
    assert 0.3 < len(tokens) / (len(tokens) + len(subscriptions)) < 0.7


def test_the_shares_are_believable(made: list[CustomerRecord]) -> None:
    """Some lack a channel, some opted out, some share a number, most read Arabic or French."""
    phones = _values(made, Scheme.TEL)
    assert 0.88 < len(phones) / _COUNT < 0.95
    assert 20 < len(phones) - len(set(phones)) < 300
    opted_out = sum(bool(one.opted_out) for one in made) / _COUNT
    assert 0.04 < opted_out < 0.11
    first = Counter(one.locales[0].partition("-")[0] for one in made)
    assert (first["ar"] + first["fr"]) / _COUNT > 0.85
    assert {"ar", "fr", "zgh", "ary", "en", "es"} == set(first)


def test_attributes_are_of_their_kinds(made: list[CustomerRecord]) -> None:
    """Made customers can be asked for by every attribute."""
    for record in made[:200]:
        # What they follow is for customers to choose.
        assert set(record.attributes) == set(SHIPPED.attributes) - {"followed_areas"}
        for name, value in record.attributes.items():
            attribute = SHIPPED.attributes[name]
            if attribute.kind is Kind.CHOICE:
                assert value in attribute.choices
            if attribute.kind is Kind.SET:
                assert isinstance(value, tuple)
                assert set(value) <= set(attribute.choices)


@pytest.mark.parametrize("count", [-1, 10_000_001])
def test_an_impossible_count_is_refused(count: int) -> None:
    """A negative or absurd number is refused before anything is made."""
    with pytest.raises(InvalidInputError, match="out of range"):
        _maker().make(count)


@pytest.mark.parametrize("seed", [-1, 2**31])
def test_an_impossible_seed_is_refused(seed: int) -> None:
    """A seed outside its range is refused."""
    with pytest.raises(InvalidInputError, match="--seed"):
        _maker(seed)
