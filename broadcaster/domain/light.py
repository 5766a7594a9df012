"""Frozen values that are made by the hundred thousand, cheaply."""

from dataclasses import MISSING, fields
from typing import TypeVar

_Value = TypeVar("_Value")


def light(cls: type[_Value]) -> type[_Value]:
    """Make a frozen dataclass with slots and keyword-only fields cheap to make; else unchanged.

    A frozen dataclass writes each of its fields through a call, past its own guard: two thirds of
    the price of a value of ten fields. Here a value is of an open twin of its class, with the same
    slots and no guard, until its fields are written.

    TypeError for a class that is made otherwise: with a default that is made anew each time, with
    `__post_init__`, or without slots of its own.
    """
    found = fields(cls)  # type: ignore[arg-type]  # (mypy can't tell that it is a dataclass)
    odd = any(one.default_factory is not MISSING or not (one.kw_only and one.init) for one in found)
    if odd or hasattr(cls, "__post_init__") or "__slots__" not in vars(cls):
        message = f"{cls.__name__} is more than slots with keyword-only fields"
        raise TypeError(message)
    names = [one.name for one in found]
    twin = type(f"_Open{cls.__name__}", (), {"__slots__": tuple(names)})
    defaults = {f"_{one.name}": one.default for one in found if one.default is not MISSING}
    taken = [f"{name}=_{name}" if f"_{name}" in defaults else name for name in names]
    lines = [
        f"def __init__(self, *, {', '.join(taken)}):",
        "    _set(self, '__class__', _twin)",
        *(f"    self.{name} = {name}" for name in names),
        "    self.__class__ = _cls",
    ]
    scope = {"_set": object.__setattr__, "_twin": twin, "_cls": cls, **defaults}
    exec("\n".join(lines), scope)  # noqa: S102  (as dataclasses do: of our own fields' names alone)
    made = scope["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    cls.__init__ = made  # type: ignore[method-assign]  # (what this is for)
    return cls
