"""Which limits there are, by what they are called, and which of them hold for a message; pure."""

import math
from collections.abc import Mapping
from urllib.parse import urlsplit

from broadcaster.domain.message import Address, Scheme
from broadcaster.errors import ConfigurationError
from broadcaster.ports import Change

#: How new a rate is when nobody has changed what the settings say.
BY_SETTINGS = 0


class Book:
    """The limits by settings, and how they were changed while running.

    A limit is called as its provider, `sender:` and a sender, or a provider, `/` and a destination:
    a mail domain, the host of a push service, or `+` and the first digits of a number.
    """

    def __init__(self, settings: Mapping[str, float], changes: Mapping[str, Change]) -> None:
        """Join both; the rate `inf` stands for unlimited."""
        self._rates = {name: (rate, BY_SETTINGS) for name, rate in settings.items()}
        for name, change in changes.items():
            rate = settings.get(name, math.inf) if change.rate is None else change.rate
            self._rates[name] = (rate, round(change.changed_at.timestamp() * 1_000_000))
        self._known = settings.keys() | {
            name for name, change in changes.items() if change.rate is not None
        }
        self._limited: dict[tuple[str, ...], tuple[str, ...]] = {}
        #: Those of a provider and a sender whatever the destination, as they are asked for.
        self._common: dict[tuple[str, str], tuple[str, ...]] = {}
        #: The providers that have limits for single destinations.
        self._destined: set[str] = set()
        self._prefixes: dict[str, list[int]] = {}
        for name, (rate, _) in self._rates.items():
            if rate < math.inf and "/" in name:
                self._destined.add(name.partition("/")[0])
            provider, _, number = name.partition("/+")
            if number and rate < math.inf:
                lengths = self._prefixes.setdefault(provider, [])
                lengths.append(len(number) + 1)
                lengths.sort(reverse=True)

    @property
    def names(self) -> list[str]:
        """List the limits that limit something, in order."""
        return sorted(name for name in self._known if self.limits(name))

    def limits(self, name: str) -> bool:
        """Tell whether there is a limit of that name; not, if it is unlimited or was taken away."""
        return self.rate(name)[0] < math.inf

    def rate(self, name: str) -> tuple[float, int]:
        """Give a limit's rate, units a second, and how new it is; ConfigurationError."""
        found = self._rates.get(name)
        if found is None:
            message = f"BROADCASTER_LIMITS: has no limit {name!r}. Add {name}=<units a second>."
            raise ConfigurationError(message)
        return found

    def limited(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Give those of the names that limit something now; ConfigurationError for unknown ones."""
        found = self._limited.get(names)
        if found is None:
            found = tuple(name for name in dict.fromkeys(names) if self.limits(name))
            self._limited[names] = found
        return found

    def holding(self, provider: str, sender: str, address: Address) -> tuple[str, ...]:
        """Name the limits that hold for a message; ConfigurationError when its provider has none.

        A number is held by the longest prefix alone.
        """
        common = self._common.get((provider, sender))
        if common is None:
            common = self._common[provider, sender] = self._by_account(provider, sender)
        if provider in self._destined:
            for name in self._destinations(provider, address):
                if self._rates.get(name, _NONE)[0] < math.inf:
                    return (*common, name)
        return common

    def _by_account(self, provider: str, sender: str) -> tuple[str, ...]:
        rate, _ = self.rate(provider)
        by_sender = f"sender:{sender}"
        named = ((provider, rate), (by_sender, self._rates.get(by_sender, _NONE)[0]))
        return tuple(name for name, rate in named if rate < math.inf)

    def _destinations(self, provider: str, address: Address) -> list[str]:
        value = address.value
        if address.scheme is Scheme.TEL:
            return [f"{provider}/{value[:length]}" for length in self._prefixes.get(provider, ())]
        if address.scheme is Scheme.MAILTO:
            return [f"{provider}/{value.rpartition('@')[2].lower()}"]
        if address.scheme is Scheme.WEBPUSH:
            return [f"{provider}/{urlsplit(value).hostname or ''}"]
        return []


_NONE = (math.inf, BY_SETTINGS)
