"""Which kinds can say that what a message told of is over."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from broadcaster.domain.advisory import Advisory
from broadcaster.domain.cap import ResponseType
from broadcaster.domain.message import Channel
from broadcaster.errors import InvalidInputError

if TYPE_CHECKING:
    from broadcaster.render.kinds import Kind


def says_all_clear(kind: "Kind") -> bool:
    """Tell whether a kind says that something is over: its `[cap]` does."""
    return ResponseType.ALL_CLEAR in kind.cap.response


def candidates(
    kinds: Mapping[str, "Kind"], told: Advisory, channels: tuple[Channel, ...]
) -> list[str]:
    """Name the kinds that say an all clear, with the facts that each still needs."""
    found = []
    for name, kind in sorted(kinds.items()):
        if says_all_clear(kind) and not set(channels) - set(kind.channels):
            needed = list(lacking(kind, kinds.get(told.kind), told))
            found.append(f"{name} (needs {', '.join(needed)})" if needed else name)
    return found


def lacking(kind: "Kind", former: "Kind | None", told: Advisory) -> Iterator[str]:
    """Name the facts that a kind needs and the message before does not give."""
    theirs = former.facts if former else {}
    for name, fact in kind.facts.items():
        if not fact.required or fact.default is not None:
            continue
        other = theirs.get(name)
        value = told.facts.get(name)
        if value is None or other is None or other.type is not fact.type or fact.lapses:
            yield name
            continue
        try:
            fact.check(value, kind.locales)
        except InvalidInputError:
            yield name
