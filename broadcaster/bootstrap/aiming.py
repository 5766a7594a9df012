"""Whom a draft is for, said by an expression or an area instead of a saved segment.

A campaign goes to a segment that has a name, which its page, its report and its evidence show. So
what is said here is saved as one, as it is where somebody writes an expression in the console.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from broadcaster.domain.saying import said
from broadcaster.errors import BroadcasterError, ConflictError, InvalidInputError

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415


@dataclass(frozen=True, kw_only=True, slots=True)
class Aim:
    """One of a saved segment, an expression and an area; `segment_name` is what to save it as."""

    segment: str | None = None
    expression: str | None = None
    area: str | None = None
    segment_name: str | None = None

    @property
    def written(self) -> bool:
        """Tell whether it is an expression or an area."""
        return self.expression is not None or self.area is not None


def require_one(aim: Aim) -> None:
    """Refuse two at once, or a name for what has one; InvalidInputError."""
    given = [
        name
        for name, value in (
            ("segment", aim.segment),
            ("expression", aim.expression),
            ("area", aim.area),
        )
        if value is not None
    ]
    if len(given) > 1:
        problem = said("stands beside %(other)s", other=given[0])
        raise InvalidInputError(given[1], problem, said("Say it in one of the ways."))
    if aim.segment_name is not None and not aim.written:
        problem = said("names nothing: there is no expression and no area")
        raise InvalidInputError("segment_name", problem, said("Leave it out."))


@contextmanager
def aiming(runtime: "Runtime", aim: Aim, by: str) -> Iterator[str]:
    """Give the name of the segment that is meant, which is saved if there is none that says it.

    A draft that is refused within leaves no segment behind. InvalidInputError names the field.
    """
    text = _text(runtime, aim)
    for one in runtime.segments.list():
        if one.expression == text and aim.segment_name in {None, one.name}:
            yield one.name
            return
    saved = _saved(runtime, aim, text, by)
    try:
        yield saved
    except BroadcasterError:
        with suppress(BroadcasterError):
            runtime.segments.delete(saved, by)
        raise


def _saved(runtime: "Runtime", aim: Aim, text: str, by: str) -> str:
    name = aim.segment_name or aim.area
    if name is None:
        problem = said("is missing: no saved segment says that")
        raise InvalidInputError("segment_name", problem, said("Give the segment a name."))
    return save_audience(runtime, name, text, by)


def save_audience(runtime: "Runtime", name: str, text: str, by: str) -> str:
    """Save an expression as a new segment; its name. InvalidInputError, also for one taken."""
    try:
        return runtime.segments.save(name, text, new=True, by=by).name
    except ConflictError as error:
        problem = said("%(name)s is taken", name=repr(name))
        raise InvalidInputError("segment_name", problem, said("Take another name.")) from error
    except InvalidInputError as error:
        field = "segment_name" if error.field == "name" else error.field
        raise InvalidInputError(field, error.problem, error.remedy) from error


def _text(runtime: "Runtime", aim: Aim) -> str:
    """Write whom it is for in the one form that an expression has."""
    from broadcaster.audience.expression import InArea, canonical

    text = aim.expression or ""
    if aim.area is not None:
        text = canonical(InArea(runtime.areas.get(aim.area).name))
    return canonical(runtime.audience.knowledge(text).parse(text))
