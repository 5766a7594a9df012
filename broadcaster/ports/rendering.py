"""What is said: a renderer of messages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from broadcaster.domain.advisory import Advisory, FactValue
from broadcaster.domain.light import light
from broadcaster.domain.message import Channel, Content


@light
@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """What a template may know about the person who reads: nothing but these fields."""

    name: str = field(repr=False)
    number: str = field(repr=False)
    unsubscribe_url: str = field(repr=False)
    page_url: str = field(repr=False)


class Renderer(Protocol):
    """Makes the content of a message in one locale."""

    def render(self, advisory: Advisory, channel: Channel, locale: str, reader: Reader) -> Content:
        """Render; BroadcasterError (not retryable) when the kind, part or locale is missing."""
        ...

    def prepare(
        self, advisory: Advisory, channel: Channel, locale: str
    ) -> Callable[[Reader], Content]:
        """Give what makes this message for one reader after the other, fast; equal to `render`.

        Errors are those of `render`, here or when it is called. To be kept while a batch is worked
        on, and no longer than the advisory.
        """
        ...

    def fields(self, advisory: Advisory, channel: Channel) -> Sequence[str]:
        """Name the fields of `Reader` that the messages of an advisory may have in them."""
        ...

    def pieces(
        self, advisory: Advisory, channel: Channel, locale: str
    ) -> Callable[[Reader], Sequence[str] | None]:
        """Give what parts a text into what all readers get and what one of them has, by turns.

        It begins and ends with what all get, and joined it is the text; None where a message has
        to be rendered in full, because its template looks at what differs. Errors as `prepare`.
        """
        ...

    def choose(
        self, kind: str, preferred: Sequence[str], facts: Mapping[str, FactValue] | None = None
    ) -> str | None:
        """Give the locale that a reader with these preferences gets: the first whole, approved one.

        Only one in which `facts` have their texts.

        Follows the explicit chains, then the organisation's default; None when nothing fits.
        """
        ...

    def fingerprint(self, kind: str) -> str:
        """Hash everything that decides how this kind reads: templates, facts schema, catalogues."""
        ...
