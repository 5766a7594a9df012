"""Which provider and which limits a place has: what routes, limits and tariffs tell apart."""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from broadcaster.domain.message import Address, Channel, Scheme
from broadcaster.domain.saying import said
from broadcaster.errors import ConfigurationError

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.dispatch.lines import Lines
    from broadcaster.planning.destinations import Destinations

# ruff: noqa: PLC0415  (adapters are imported where they are used)

#: Stands for all mail domains and hosts that nothing tells apart.
_ELSEWHERE = "elsewhere.invalid"
#: The place of an address of which nothing is known yet.
_UNKNOWN = "?"
#: Digits of a number, its sign aside, as far as routes and limits look.
_DIGITS = 15


class Way(NamedTuple):
    """The provider and the limits of a place; `fault` says what is wrong with them, or nothing."""

    provider: str
    limits: tuple[str, ...]
    fault: str = ""


class Ways:
    """The ways to places at present; `drill` goes to simulated networks alone."""

    def __init__(self, runtime: "Runtime", *, drill: bool) -> None:
        """Look at settings and changed limits."""
        from broadcaster.channels.phones import calling_code

        self._runtime = runtime
        self._drill = drill
        self._known: dict[tuple[Channel, str], Way] = {}
        self._home = calling_code(runtime.settings.region)
        runtime.throttle.refresh()
        self.rates = dict(runtime.throttle.rates())

    def destinations(self, prefixes: Iterable[str]) -> "Destinations":
        """Say what is to be told apart, with the prefixes of tariffs."""
        from broadcaster.planning.destinations import Destinations

        settings = self._runtime.settings
        names = [
            (name.split("/", 1)[0], name.split("/", 1)[1]) for name in self.rates if "/" in name
        ]
        routes = [
            (key.split("/", 1)[0], key.split("/", 1)[1]) for key in settings.routes if "/" in key
        ]
        mail = {name for scheme, name in routes if scheme == Scheme.MAILTO}
        named = {name for _, name in names if not name.startswith("+")}
        return Destinations(
            home=self._home,
            prefixes=frozenset(
                {*prefixes, *(name for _, name in (*names, *routes) if name.startswith("+"))}
            ),
            # A name may be that of a mail domain or of a host: it is looked for as both.
            domains=frozenset(named | mail),
            hosts=frozenset(named),
        )

    def of(self, channel: Channel, place: str) -> Way:
        """Give the way to a place."""
        key = (channel, place)
        if key not in self._known:
            self._known[key] = self._find(_example(channel, place, self._home))
        return self._known[key]

    def _find(self, address: Address) -> Way:
        try:
            names = self._lines.route(address)
        except ConfigurationError as error:
            return Way("", (), str(error))
        provider, sender, fault = self._first(names)
        try:
            return Way(provider, self._runtime.throttle.limits(provider, sender, address), fault)
        except ConfigurationError as error:
            return Way(provider, (), str(error))

    def _first(self, names: Iterable[str]) -> tuple[str, str, str]:
        """Give the first provider of a route that is set up, its sender, and what is wrong."""
        fault, first = "", ""
        for name in names:
            first = first or name
            if self._drill and not self._runtime.providers.simulated(name):
                fault = fault or said("it is a drill, and %(name)s is a real network", name=name)
                continue
            try:
                provider = self._runtime.providers[name]
            except (ConfigurationError, KeyError) as error:
                fault = fault or str(error)
                continue
            return name, str(getattr(provider, "sender", "")), ""
        return first, "", fault

    @cached_property
    def _lines(self) -> "Lines":
        from broadcaster.dispatch.lines import Lines

        return Lines(self._runtime.providers.__getitem__, self._runtime.settings.routes)


def _example(channel: Channel, place: str, home: str) -> Address:
    """Make an address of a place."""
    if place == _UNKNOWN:
        # Stored this very moment: as most are.
        place = home if channel is Channel.SMS else Scheme.MAILTO.value
    if channel is Channel.SMS:
        value = place + "0" * (_DIGITS + 1 - len(place))
        return Address(scheme=Scheme.TEL, value=value, keys={})
    if channel is Channel.EMAIL:
        domain = _ELSEWHERE if place == Scheme.MAILTO else place
        return Address(scheme=Scheme.MAILTO, value=f"somebody@{domain}", keys={})
    if place == Scheme.FCM:
        return Address(scheme=Scheme.FCM, value="somebody", keys={})
    host = _ELSEWHERE if place == Scheme.WEBPUSH else place
    return Address(scheme=Scheme.WEBPUSH, value=f"https://{host}/", keys={})
