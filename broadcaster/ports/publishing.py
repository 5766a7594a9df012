"""What is published: who renders it, who keeps it, and where it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.publication import Edition


@dataclass(frozen=True, kw_only=True, slots=True)
class Whereabouts:
    """Where an advisory holds: names of areas, and polygons and circles as CAP 1.2 writes them."""

    names: tuple[str, ...] = ()
    polygons: tuple[str, ...] = ()
    circles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A publication as it is kept: `frozen` and `cap` never change, what follows may.

    `change` grows whenever something of it changes; `calling_off` is the alert that takes it back.
    """

    advisory: int
    frozen: str = field(repr=False)
    cap: str = field(repr=False)
    cancelled_at: datetime | None = None
    calling_off: str | None = field(default=None, repr=False)
    change: int = 0


class Publications(Protocol):
    """Keeps what was published, for good."""

    def due(self, now: datetime) -> Sequence[tuple[int, int]]:
        """List advisories that the public may read and cannot yet, with their campaigns."""
        ...

    def called_off(self) -> Sequence[tuple[int, datetime]]:
        """List publications whose campaign was cancelled since, and when."""
        ...

    def waiting(self, now: datetime) -> bool:
        """Tell whether `due` or `called_off` would list something."""
        ...

    def save(self, record: Record, campaign: int, now: datetime, sinks: Sequence[str]) -> bool:
        """Keep it, unless it is kept already; and what is to be announced where."""
        ...

    def fail(self, advisory: int, campaign: int, fault: str, now: datetime) -> None:
        """Note why it could not be published; it is tried again later."""
        ...

    def call_off(self, advisory: int, at: datetime, calling_off: str) -> None:
        """Note that it was taken back; once."""
        ...

    def changes(self) -> Mapping[int, str]:
        """Mark every publication as it is: another one of the same number has another mark."""
        ...

    def read(self, advisories: Sequence[int]) -> Sequence[Record]:
        """Read some of them."""
        ...

    def earlier(self, advisory: int | None) -> Sequence[Record]:
        """Read an advisory's publication and those before it in the thread, the first first."""
        ...


class Editing(Protocol):
    """Makes what is published of an advisory."""

    def editions(self, advisory: Advisory, areas: Sequence[str]) -> tuple[Edition, ...]:
        """Render it in each of its locales."""
        ...

    def words(self, advisory: Advisory) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Give its categories and responses, as CAP spells them."""
        ...

    def onset(self, advisory: Advisory) -> datetime | None:
        """Say when what it tells of begins."""
        ...

    def place_keys(self, advisory: Advisory, areas: Sequence[str]) -> tuple[str, ...]:
        """Give what tells its places apart in every language."""
        ...

    def organisation(self, tag: str) -> str:
        """Name the organisation in a locale."""
        ...


class PublicPages(Protocol):
    """Renders what stands around publications."""

    @property
    def locales(self) -> tuple[str, ...]:
        """The locales in which there are lists."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hash what decides how they read."""
        ...

    def locale(self, tag: str) -> object:
        """Give a locale, as templates know it."""
        ...

    def choose(self, preferred: Sequence[str], offered: Sequence[str]) -> str | None:
        """Give the first of a reader's languages that is offered."""
        ...

    def speaking(self, tag: str) -> str:
        """Give the locale in which something is said to readers of another."""
        ...

    def page(self, name: str, tag: str, values: Mapping[str, object]) -> str:
        """Render one."""
        ...


class Locating(Protocol):
    """Says where a campaign's advisory holds."""

    def __call__(self, campaign: Campaign) -> Whereabouts:
        """Find out; nothing when it is not bound to areas."""
        ...


class Signing(Protocol):
    """Signs alerts."""

    def sign(self, document: str) -> str:
        """Give the document with its signature."""
        ...
