"""Changing limits while workers run, and taking changes back."""

from typing import TYPE_CHECKING

from broadcaster.domain.limits import check_name, check_rate, provider_of
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError, NotFoundError, UnavailableError

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime


def change_limit(runtime: "Runtime", name: str, rate: str, by: str) -> tuple[float, bool]:
    """Limit a network for all workers; the rate, units a second, and whether it holds at once.

    Else it holds as soon as the store of limits answers. InvalidInputError naming NAME or RATE.
    """
    check_name("NAME", name)
    wanted = check_rate("RATE", rate)
    settings = runtime.settings.limits
    provider = provider_of(name)
    if provider is not None and provider not in settings:
        remedy = said(
            "Use one of %(names)s, or name it in BROADCASTER_LIMITS.",
            names=", ".join(sorted(settings)),
        )
        raise InvalidInputError(
            "NAME", said("no provider %(provider)s has a limit", provider=repr(provider)), remedy
        )
    runtime.rate_limits.change(name, wanted, by)
    return wanted, _applied(runtime)


def reset_limit(runtime: "Runtime", name: str, by: str) -> tuple[float | None, bool]:
    """Take a change back; what the settings say (None: nothing), and whether it holds at once.

    NotFoundError for a limit that is not there.
    """
    check_name("NAME", name)
    settings = runtime.settings.limits
    if name not in settings and name not in runtime.rate_limits.changes():
        remedy = said("'limits show' lists them.")
        raise NotFoundError("NAME", said("there is no limit %(name)s", name=repr(name)), remedy)
    runtime.rate_limits.change(name, None, by)
    return settings.get(name), _applied(runtime)


def _applied(runtime: "Runtime") -> bool:
    try:
        runtime.throttle.apply()
    except UnavailableError:
        return False
    return True
