"""Filling: one reader's message after the other, from skeletons; always equal to `render`.

A skeleton is made for each set of fields that are empty, and, where a template looks at it, for
each address of the public page, which is the same for all readers of a locale. Where a template
looks at anything else there is none, and every reader's message is rendered in full.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

from broadcaster.domain.message import Content
from broadcaster.ports import Reader
from broadcaster.render.holes import cleaner
from broadcaster.render.skeleton import Pattern, Skeleton

#: How many skeletons are kept for one message: 16 sets of empty fields, at some addresses.
_KEPT = 32


class Filler:
    """Makes the messages of one pattern; `full` renders those for which there is no skeleton."""

    def __init__(self, pattern: Pattern, full: Callable[[Reader], Content]) -> None:
        """Start without any skeleton."""
        self._pattern, self._full = pattern, full
        self._fields = pattern.usage.fields
        self._cleaners = tuple(cleaner(field) for field in self._fields)
        self._skeleton = lru_cache(maxsize=_KEPT)(self._make)
        #: That of readers who have everything, who are most.
        self._whole: Skeleton | None = None

    def __call__(self, reader: Reader) -> Content:
        """Make the message for a reader; errors are those of a full render."""
        values: list[str] = []
        for clean in self._cleaners:
            value = clean(reader)
            if value is None:
                return self._full(reader)
            values.append(value)
        skeleton = (self._whole if all(values) else None) or self._find(values)
        if skeleton is None:
            return self._full(reader)
        made = [values[n] if make is None else make(values[n]) for n, make in skeleton.takes]
        return skeleton.fill(tuple(made), reader)

    def pieces(self, reader: Reader) -> Sequence[str] | None:
        """Give the text as what all readers get and what this one has in it, by turns.

        Joined together they are the text; it begins and ends with what all get. None when this
        message has to be rendered in full.
        """
        values = [clean(reader) for clean in self._cleaners]
        known = [value for value in values if value is not None]
        skeleton = self._find(known) if len(known) == len(values) else None
        if skeleton is None:
            return None
        made = [known[n] if make is None else make(known[n]) for n, make in skeleton.takes]
        return [made[piece] if isinstance(piece, int) else piece for piece in skeleton.body.pieces]

    def _find(self, values: list[str]) -> Skeleton | None:
        filled = tuple(map(bool, values))
        skeleton = self._skeleton(filled, None)
        if all(filled):
            self._whole = skeleton
        if skeleton is None and "page_url" in self._fields:
            skeleton = self._skeleton(filled, values[self._fields.index("page_url")])
        return skeleton

    def _make(self, filled: tuple[bool, ...], page_url: str | None) -> Skeleton | None:
        given = frozenset(field for field, there in zip(self._fields, filled, strict=True) if there)
        try:
            return self._pattern.skeleton(given, page_url)
        except Exception:  # noqa: BLE001  (the full render meets the same fault, and names it)
            return None
