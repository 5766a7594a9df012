"""What one process knows of each network: is it well, how quick is it; and which one to take."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from broadcaster.dispatch.breaker import Breaker
from broadcaster.dispatch.complaints import Complaints
from broadcaster.dispatch.flight import Landing
from broadcaster.dispatch.roundtrips import RoundTrips
from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.domain.message import Address, Scheme
from broadcaster.errors import ConfigurationError
from broadcaster.ports import Provider

#: What says that a network is not well, rather than a message or its recipient.
_FAILING = frozenset(
    {
        Reason.NO_CONNECTION,
        Reason.PROVIDER_FAULT,
        Reason.NO_ANSWER,
        Reason.CONFIGURATION,
    }
)
_UNDONE = frozenset({DeliveryEvent.DEFER, DeliveryEvent.LOSE})


@dataclass(kw_only=True, slots=True)
class Line:
    """One network as this process knows it.

    `streak` counts how often in a row messages came to nothing: without an answer, or refused
    because of us. What was in the air together when that happened counts once, because one cut
    takes all of it along. `failed` is when it last did. `quick` is how many messages a second it
    lately answered.
    """

    provider: Provider
    breaker: Breaker = Breaker()  # noqa: RUF009  (frozen)
    roundtrips: RoundTrips = field(default_factory=RoundTrips)
    complaints: Complaints = field(default_factory=Complaints)
    quick: float = 0.0
    streak: int = 0
    failed: datetime | None = None

    @property
    def name(self) -> str:
        """The provider's name."""
        return self.provider.name

    @property
    def sender(self) -> str:
        """Who sends, where the provider says so, for the limits of a sender."""
        return str(getattr(self.provider, "sender", ""))

    def note(self, landings: Sequence[Landing], now: datetime) -> None:
        """Learn from what came of messages."""
        bad = 0
        for landing in landings:
            submission = landing.submission
            if submission.event is DeliveryEvent.ACCEPT:
                self.streak, self.failed = 0, None
                continue
            lost = submission.event is DeliveryEvent.LOSE
            if lost or submission.reason is Reason.CONFIGURATION:
                self._failed(landing)
            else:
                self.streak, self.failed = 0, None
            bad += lost or (submission.event in _UNDONE and submission.reason in _FAILING)
        self.breaker = self.breaker.noted(len(landings) - bad, bad, now)

    def _failed(self, landing: Landing) -> None:
        left = landing.aloft.left or landing.at
        if self.failed is None or left > self.failed:
            self.streak += 1
            self.failed = landing.at


class Lines:
    """The networks by name, and the routes to them.

    A route is the ordered providers for a scheme (`tel`), a country or prefix (`tel/+212`) or a
    mail domain (`mailto/example.org`); the most special one holds. `get` gives a provider by
    name, ConfigurationError or KeyError when it can't be built.
    """

    def __init__(self, get: Callable[[str], Provider], routes: Mapping[str, Sequence[str]]) -> None:
        """Nothing is known of any network yet."""
        self._get = get
        self._routes = routes
        self._special = frozenset(Scheme(key.partition("/")[0]) for key in routes if "/" in key)
        self._known: dict[str, Line] = {}

    def route(self, address: Address) -> Sequence[str]:
        """Name the providers for an address, the preferred one first; ConfigurationError."""
        names = None
        if address.scheme in self._special:
            names = self._routes.get(f"{address.scheme.value}/{_special(address, self._routes)}")
        names = names or self._routes.get(address.scheme.value)
        if not names:
            message = f"BROADCASTER_ROUTES: has no provider for {address.scheme.value}. Add one."
            raise ConfigurationError(message)
        return names

    def choose(
        self, names: Sequence[str], now: datetime, *, allowed: Callable[[str], bool]
    ) -> "Line | datetime":
        """Give the first network of a route that is well, else when one may be tried again.

        ConfigurationError when none of them is set up, or none is allowed.
        """
        fault: ConfigurationError | None = None
        soonest: datetime | None = None
        for name in names:
            if not allowed(name):
                fault = fault or ConfigurationError(f"it is a drill, and {name} is a real network")
                continue
            try:
                line = self._line(name)
            except ConfigurationError as error:
                fault = fault or error
                continue
            if line.breaker.room(now) != 0:
                return line
            until = line.breaker.until or now
            soonest = until if soonest is None else min(soonest, until)
        if soonest is not None:
            return soonest
        raise fault or ConfigurationError("BROADCASTER_ROUTES: a route is empty. Name a provider.")

    def left_alone(self, names: Sequence[str], taken: str, now: datetime) -> str | None:
        """Name the network of a route that is not well, and in whose place one was taken."""
        for name in names:
            if name == taken:
                return None
            line = self._known.get(name)
            if line is not None and line.breaker.room(now) == 0:
                return name
        return None

    def _line(self, name: str) -> Line:
        if name not in self._known:
            try:
                self._known[name] = Line(provider=self._get(name))
            except KeyError:
                message = f"BROADCASTER_ROUTES: {name!r} is no provider. Correct the name."
                raise ConfigurationError(message) from None
        return self._known[name]


def _special(address: Address, routes: Mapping[str, Sequence[str]]) -> str:
    """Give the longest prefix of a number, or the domain of a mailbox, that has a route."""
    if address.scheme is Scheme.MAILTO:
        return address.value.rpartition("@")[2].lower()
    value = address.value
    for end in range(len(value), 1, -1):
        if f"{address.scheme.value}/{value[:end]}" in routes:
            return value[:end]
    return ""
