"""Frozen values that are cheap to make behave as those that are not."""

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from broadcaster.domain.light import light


@light
@dataclass(frozen=True, kw_only=True, slots=True)
class Cheap:
    """A value with a default and a hidden field."""

    number: int
    name: str = field(repr=False)
    more: str | None = "more"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cheaper(Cheap):
    """A value with one field more."""

    last: int = 3


def test_it_is_made_of_its_fields_and_defaults() -> None:
    """Whichever way it is written."""
    made = Cheap(name="a", number=1)
    assert (made.number, made.name, made.more) == (1, "a", "more")
    assert type(made) is Cheap
    assert repr(made) == "Cheap(number=1, more='more')"


def test_it_is_compared_hashed_and_replaced_by_value() -> None:
    """As every frozen dataclass."""
    one, other = Cheap(number=1, name="a"), Cheap(number=1, name="a")
    assert one == other
    assert hash(one) == hash(other)
    assert replace(one, number=2) == Cheap(number=2, name="a")
    assert copy.deepcopy(one) == one
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301  (our own octets)


def test_it_stays_frozen() -> None:
    """No field can be written or deleted afterwards."""
    made = Cheap(number=1, name="a")
    with pytest.raises(FrozenInstanceError):
        made.number = 2  # type: ignore[misc]  # (what is tried)
    with pytest.raises(FrozenInstanceError):
        del made.number
    assert made.number == 1


@pytest.mark.parametrize("given", [{}, {"number": 1}, {"number": 1, "name": "a", "odd": 2}])
def test_a_missing_or_unknown_field_is_refused(given: dict[str, object]) -> None:
    """With Python's own error, which names it."""
    with pytest.raises(TypeError, match=r"name|number|odd"):
        Cheap(**given)  # type: ignore[arg-type]  # (what is tried)


def test_positions_are_refused() -> None:
    """Fields are named."""
    with pytest.raises(TypeError):
        Cheap(1, "a")  # type: ignore[call-arg]  # (what is tried)


def test_a_class_that_inherits_is_made_its_own_way() -> None:
    """It has slots that the twin has not."""
    assert Cheaper(number=1, name="a", last=4).last == 4
    assert Cheaper(number=1, name="a").more == "more"


def test_classes_that_need_more_than_their_fields_are_refused() -> None:
    """Rather than made wrongly."""

    @dataclass(frozen=True, kw_only=True, slots=True)
    class Factory:
        rows: list[int] = field(default_factory=list)

    @dataclass(frozen=True, kw_only=True)
    class Open:
        rows: int

    @dataclass(frozen=True, slots=True)
    class Placed:
        rows: int

    @dataclass(frozen=True, kw_only=True, slots=True)
    class Checked:
        rows: int

        def __post_init__(self) -> None:
            raise ValueError

    for cls in (Factory, Open, Placed, Checked):
        with pytest.raises(TypeError, match=cls.__name__):
            light(cls)
