"""What the web needs of the inside; `bootstrap.Runtime` gives it, and fakes in tests."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from broadcaster.domain.advisory import Advisory
from broadcaster.domain.delivery import DeliveryId, Receipt
from broadcaster.domain.message import Channel, Content, MessageClass
from broadcaster.ledger.optouts import Subscription
from broadcaster.ledger.preferences import Preferences
from broadcaster.ports import Clock, Reader
from broadcaster.publication.serving import Files
from broadcaster.render.kinds import Kind
from broadcaster.render.locales import Locales
from broadcaster.settings import Settings
from broadcaster.web.console.confirming import Proves
from broadcaster.web.console.desk import FindsSessions
from broadcaster.web.public.advisories import Publishes


class Ledger(Protocol):
    """Reads advisories, and keeps receipts."""

    def advisory(self, advisory: int) -> Advisory:
        """Read one; NotFoundError."""
        ...

    def receive(self, receipts: Sequence[Receipt], now: datetime) -> int:
        """Store receipts before they are acknowledged."""
        ...


class OptOuts(Protocol):
    """Notes what customers refuse."""

    def ask(self, delivery: DeliveryId) -> Subscription:
        """Say what the link in a message would end; NotFoundError, GoneError."""
        ...

    def opt_out(self, delivery: DeliveryId, now: datetime) -> object:
        """End it; safe to repeat. NotFoundError, GoneError."""
        ...

    def undo(self, delivery: DeliveryId, now: datetime) -> bool:
        """Take back what the click ended; whether anything was. NotFoundError, GoneError."""
        ...

    def preferences(self, delivery: DeliveryId) -> Preferences:
        """Give what the customer of a message wants; NotFoundError, GoneError."""
        ...

    def choose(
        self,
        delivery: DeliveryId,
        wanted: Mapping[Channel, frozenset[MessageClass]],
        now: datetime,
    ) -> Preferences:
        """Note what they want from now on, and give what holds then; NotFoundError, GoneError."""
        ...


class Renderer(Protocol):
    """Renders public pages, and knows the languages."""

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """The kinds by name."""
        ...

    @property
    def locales(self) -> Locales:
        """All locales, by tag."""
        ...

    def render(self, advisory: Advisory, channel: Channel, locale: str, reader: Reader) -> Content:
        """Render a part."""
        ...


class Inside(Protocol):
    """Everything together."""

    @property
    def settings(self) -> Settings:
        """The settings of this run."""
        ...

    @property
    def entrance(self) -> Proves:
        """Looks at what operators give to confirm who they are."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        ...

    @property
    def public_files(self) -> Files:
        """What is public."""
        ...

    @property
    def publisher(self) -> Publishes:
        """What makes it so."""
        ...

    @property
    def sessions(self) -> FindsSessions:
        """Who is signed in."""
        ...

    @property
    def optouts(self) -> OptOuts:
        """What customers refuse."""
        ...

    @property
    def renderer(self) -> Renderer:
        """The renderer."""
        ...

    @property
    def providers(self) -> Mapping[str, object]:
        """The network accounts; those that call back satisfy `Receives`."""
        ...
