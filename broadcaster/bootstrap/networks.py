"""The networks of an installation, as they are set up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from broadcaster.errors import ConfigurationError

if TYPE_CHECKING:
    from broadcaster.bootstrap.accounts import Providers
    from broadcaster.bootstrap.runtime import Runtime


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A provider as it is set up: `fault` says why it cannot be used, `routes` what goes to it.

    A route has its place among those that are tried one after the other, the first being 1.
    """

    name: str
    routes: Sequence[tuple[str, int]]
    fault: str
    simulated: bool


def accounts(runtime: "Runtime") -> Sequence[Account]:
    """List all that are set up or that a route names, by name."""
    settings, providers = runtime.settings, runtime.providers
    known = set(providers)
    routes = _routes(settings.routes)
    return [
        Account(
            name=name,
            routes=routes.get(name, []),
            fault=_fault(providers, name),
            simulated=name in known and providers.simulated(name),
        )
        for name in sorted({*known, *routes})
    ]


def _routes(given: Mapping[str, Sequence[str]]) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for place, names in given.items():
        for number, name in enumerate(names, 1):
            found.setdefault(name, []).append((place, number))
    return found


def _fault(providers: "Providers", name: str) -> str:
    """Say why a provider cannot be used; empty when it can."""
    try:
        providers[name]
    except KeyError:
        return "BROADCASTER_ROUTES names it, and there is no such provider."
    except ConfigurationError as error:
        return str(error)
    return ""
