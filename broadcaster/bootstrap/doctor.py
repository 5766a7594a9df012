"""Checks of everything: settings, servers, providers, catalogues, each with its remedy."""

import math
import shutil
import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from broadcaster.bootstrap.accounts import Providers
from broadcaster.bootstrap.clock import SystemClock
from broadcaster.bootstrap.runtime_publishing import examine_publication
from broadcaster.bootstrap.servers import servers
from broadcaster.bootstrap.texts import damaged_texts, kind_checker
from broadcaster.errors import BroadcasterError
from broadcaster.settings import Settings, load

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

#: Below this, PostgreSQL and the log files have no room to work in.
_ROOM = 500 * 1024 * 1024
#: How many campaigns are named at most.
_NAMED = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one check found: `ok`, `off` (not set up, and nothing needs it) or `fault`."""

    what: str
    state: str
    word: str


def examine(runtime: "Runtime | None" = None, *, texts: bool = True) -> Iterator[Finding]:
    """Make all checks, those that others depend on first.

    Of a `runtime` that is there already its servers are looked at; else they are reached, and
    started where they are ours and do not run. Checking all `texts` takes some seconds.
    """
    try:
        settings = load()
    except BroadcasterError as error:
        yield Finding(what="settings", state="fault", word=str(error))
        return
    yield Finding(what="settings", state="ok", word=f"home {settings.home}")
    yield _check("disk", lambda: _disk(settings))
    yield _check("time zone", lambda: _zone(settings))
    yield from _servers(settings) if runtime is None else _reached(runtime)
    yield from _providers(settings)
    yield from languages(settings, runtime)
    if texts:
        yield from _catalogues(settings)
    yield _check("publication", lambda: _publication(settings))
    yield _watching(settings)
    yield _pictures(settings)


def _check(what: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(what=what, state="ok", word=check())
    except BroadcasterError as error:
        return Finding(what=what, state="fault", word=str(error))


def _disk(settings: Settings) -> str:
    free = shutil.disk_usage(settings.home).free
    if free < _ROOM:
        message = f"Only {free // 2**20} MiB are free in {settings.home}. Make room."
        raise BroadcasterError(message)
    return f"{free // 2**30} GiB free"


def _publication(settings: Settings) -> str:
    signed, sinks = examine_publication(settings)
    words = [str(settings.publication.folder), "alerts are signed" if signed else "unsigned alerts"]
    return ", ".join([*words, *(f"announced on {name}" for name in sinks)])


def _zone(settings: Settings) -> str:
    try:
        zoneinfo.ZoneInfo(settings.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        message = f"BROADCASTER_TIME_ZONE: {settings.time_zone!r} is unknown. Name an IANA zone."
        raise BroadcasterError(message) from error
    return settings.time_zone


def _servers(settings: Settings) -> Iterator[Finding]:
    try:
        with servers(settings) as runtime:
            yield from _reached(runtime)
    except BroadcasterError as error:
        yield Finding(what="servers", state="fault", word=str(error))


def _reached(runtime: "Runtime") -> Iterator[Finding]:
    yield _check("database", lambda: _database(runtime))
    yield _sealing(runtime)
    yield _check("fair use", lambda: _fair(runtime))
    yield _check("estimates", lambda: _estimates(runtime))
    yield _check("redis", lambda: _redis(runtime))


def _database(runtime: "Runtime") -> str:
    from broadcaster.ledger import schema

    current, head = schema.current(runtime.database_url), schema.head()
    if current != head:
        message = f"has schema {current}, wants {head}. Run 'broadcaster db upgrade'."
        raise BroadcasterError(message)
    own = "embedded" if runtime.settings.embedded_database else "your own"
    return f"{own}, schema {current}"


def _sealing(runtime: "Runtime") -> Finding:
    """Tell whether personal data is sealed; `off` is a choice that somebody should make."""
    what = "personal data"
    try:
        keys, plain = runtime.rotation.status()
    except BroadcasterError as error:
        return Finding(what=what, state="fault", word=str(error))
    used = [key.number for key in keys if not key.retired]
    if not used or plain:
        word = f"{plain:,} rows are plain. Type 'broadcaster keys make', then 'keys rotate'."
        return Finding(what=what, state="off", word=word)
    return Finding(what=what, state="ok", word=f"sealed with key {used[-1]}")


def _fair(runtime: "Runtime") -> str:
    """Tell whether people are kept for as long as caps count: a setting may have changed since."""
    from broadcaster.domain.rulebook import require_kept

    rules = runtime.fairness.rules()
    require_kept(rules, runtime.settings.retention)
    return f"caps: {len(rules.caps)}, none counts further back than people are kept"


def _estimates(runtime: "Runtime") -> str:
    """Tell whether something that people were told has not come true in time."""
    lapsed = runtime.threads.lapsed(runtime.clock.now())
    if lapsed:
        names = ", ".join(repr(one.name) for one in lapsed[:_NAMED])
        message = (
            f"What {names} foretold has passed ({len(lapsed)} in all). Give a new time with "
            "'campaigns update', or say that it is over with 'campaigns all-clear'."
        )
        raise BroadcasterError(message)
    return "none that was told has passed"


def _redis(runtime: "Runtime") -> str:
    runtime.throttle.check()
    return "embedded" if runtime.settings.embedded_redis else "your own"


def _providers(settings: Settings) -> Iterator[Finding]:
    providers = Providers(settings, SystemClock())
    routed = {name for names in settings.routes.values() for name in names}
    for name in sorted(routed - set(providers)):
        word = f"BROADCASTER_ROUTES: {name!r} is no provider. Use one of {', '.join(providers)}."
        yield Finding(what=f"provider {name}", state="fault", word=word)
    for name in providers:
        finding = _check(f"provider {name}", partial(_provider, settings, providers, name))
        unused = finding.state == "fault" and name not in routed
        yield Finding(what=finding.what, state="off", word=finding.word) if unused else finding


def _provider(settings: Settings, providers: Providers, name: str) -> str:
    providers[name]
    if name not in settings.limits:
        message = f"BROADCASTER_LIMITS: has no limit for {name}. Add {name}=<units a second>."
        raise BroadcasterError(message)
    rate = settings.limits[name]
    return "set up, " + (f"at most {rate:g} units a second" if rate < math.inf else "unlimited")


def languages(settings: Settings, runtime: "Runtime | None") -> Iterator[Finding]:
    """Tell which catalogues cannot be read, so that their language is left out."""
    damaged = damaged_texts(settings) if runtime is None else runtime.damage
    for problem in damaged:
        word = f"{problem} Or put a good copy in its place: until then its language is left out."
        yield Finding(what="catalogue", state="fault", word=word)
    if not damaged:
        yield Finding(what="catalogue", state="ok", word="all can be read")


def _catalogues(settings: Settings) -> Iterator[Finding]:
    try:
        findings = kind_checker(settings).check()
    except BroadcasterError as error:
        yield Finding(what="catalogues", state="fault", word=str(error))
        return
    errors = [finding for finding in findings if finding.gravity.value == "error"]
    for found in errors:
        place = f"{found.kind} {found.part} {found.locale}"
        word = f"{found.problem}. {found.remedy}"
        yield Finding(what=f"catalogue {place}", state="fault", word=word)
    if not errors:
        yield Finding(what="catalogues", state="ok", word="all kinds complete where they must be")


def _watching(settings: Settings) -> Finding:
    """Tell whether the team would hear of it when something is wrong."""
    from broadcaster.bootstrap.watching import team

    found = _check("alerts", lambda: f"told to {', '.join(team(settings))}")
    if found.state == "ok" and not settings.watching.sinks:
        word = "The team hears of nothing by itself. Set BROADCASTER_ALERTS."
        return Finding(what=found.what, state="off", word=word)
    return found


def _pictures(settings: Settings) -> Finding:
    """Tell whether previews can be pictures; nothing else needs a browser."""
    from broadcaster.render.sheets import browser

    found = _check("pictures", lambda: f"taken by {browser.find(settings.browser)}")
    if found.state == "fault" and not settings.browser:
        return Finding(what=found.what, state="off", word=found.word)
    return found
