"""Checks of everything: settings, servers, providers, catalogues, each with its remedy."""

import math
import shutil
import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from broadcaster.bootstrap.accounts import Providers
from broadcaster.bootstrap.clock import SystemClock
from broadcaster.bootstrap.runtime_publishing import examine_publication
from broadcaster.bootstrap.servers import servers
from broadcaster.bootstrap.texts import damaged_texts, kind_checker
from broadcaster.domain.saying import Figure, Listed, said, said_n
from broadcaster.errors import BroadcasterError
from broadcaster.settings import Settings, load

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.render.findings import Finding as Found

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

#: Below this, PostgreSQL and the log files have no room to work in.
_ROOM = 500 * 1024 * 1024
#: How many campaigns are named at most.
_NAMED = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one check found: `ok`, `off` (not set up, and nothing needs it) or `fault`.

    `what` and `word` are sayings: English wherever nobody translates them.
    """

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
        yield Finding(what=said("settings"), state="fault", word=_words(error))
        return
    home = said("home %(folder)s", folder=str(settings.home))
    yield Finding(what=said("settings"), state="ok", word=home)
    yield _check(said("addresses"), lambda: _addresses(settings))
    yield _check(said("disk"), lambda: _disk(settings))
    yield _check(said("time zone"), lambda: _zone(settings))
    yield from _servers(settings) if runtime is None else _reached(runtime)
    yield from _providers(settings)
    yield from languages(settings, runtime)
    if texts:
        yield from _catalogues(settings)
    yield _check(said("publication"), lambda: _publication(settings))
    yield _watching(settings)
    yield _pictures(settings)


def _check(what: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(what=what, state="ok", word=check())
    except BroadcasterError as error:
        return Finding(what=what, state="fault", word=_words(error))


def _words(error: BroadcasterError) -> str:
    """Give what an error says, so that it can be translated where it can be."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, str) and first == str(error) else str(error)


def _addresses(settings: Settings) -> str:
    if settings.console_url == settings.public_url:
        return said("everything at %(address)s", address=settings.public_url)
    return said(
        "the public at %(public)s, the console at %(console)s",
        public=settings.public_url,
        console=settings.console_url,
    )


def _disk(settings: Settings) -> str:
    free = shutil.disk_usage(settings.home).free
    if free < _ROOM:
        message = said(
            "Only %(room)s MiB are free in %(folder)s. Make room.",
            room=Figure(free // 2**20),
            folder=str(settings.home),
        )
        raise BroadcasterError(message)
    return said("%(room)s GiB free", room=Figure(free // 2**30))


def _publication(settings: Settings) -> str:
    signed, sinks = examine_publication(settings)
    rest = [
        said("alerts are signed") if signed else said("unsigned alerts"),
        *(said("announced on %(name)s", name=name) for name in sinks),
    ]
    folder = str(settings.publication.folder)
    return said("in %(folder)s: %(rest)s", folder=folder, rest=Listed(rest))


def _zone(settings: Settings) -> str:
    try:
        zoneinfo.ZoneInfo(settings.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        message = said(
            "BROADCASTER_TIME_ZONE: %(name)s is unknown. Name an IANA zone.",
            name=repr(settings.time_zone),
        )
        raise BroadcasterError(message) from error
    return said("dates and times are those of %(name)s", name=settings.time_zone)


def _servers(settings: Settings) -> Iterator[Finding]:
    try:
        with servers(settings) as runtime:
            yield from _reached(runtime)
    except BroadcasterError as error:
        yield Finding(what=said("servers"), state="fault", word=_words(error))


def _reached(runtime: "Runtime") -> Iterator[Finding]:
    yield _check(said("database"), lambda: _database(runtime))
    yield _sealing(runtime)
    yield _check(said("fair use"), lambda: _fair(runtime))
    yield _check(said("browsers"), lambda: _browsers(runtime))
    yield _check(said("estimates"), lambda: _estimates(runtime))
    yield _check(said("redis"), lambda: _redis(runtime))


def _database(runtime: "Runtime") -> str:
    from broadcaster.ledger import schema

    current, head = schema.current(runtime.database_url), schema.head()
    if current != head:
        message = said(
            "has schema %(current)s, wants %(head)s. Run 'broadcaster db upgrade'.",
            current=str(current),
            head=head,
        )
        raise BroadcasterError(message)
    if runtime.settings.embedded_database:
        return said("embedded, schema %(current)s", current=str(current))
    return said("your own, schema %(current)s", current=str(current))


def _sealing(runtime: "Runtime") -> Finding:
    """Tell whether personal data is sealed; `off` is a choice that somebody should make."""
    what = said("personal data")
    try:
        keys, plain = runtime.rotation.status()
    except BroadcasterError as error:
        return Finding(what=what, state="fault", word=_words(error))
    used = [key.number for key in keys if not key.retired]
    if not used or plain:
        word = said_n(
            "One row is plain. Type 'broadcaster keys make', then 'keys rotate'.",
            "%(count)s rows are plain. Type 'broadcaster keys make', then 'keys rotate'.",
            plain,
        )
        return Finding(what=what, state="off", word=word)
    return Finding(what=what, state="ok", word=said("sealed with key %(key)s", key=used[-1]))


def _fair(runtime: "Runtime") -> str:
    """Tell whether people are kept for as long as caps count: a setting may have changed since."""
    from broadcaster.domain.rulebook import require_kept

    rules = runtime.fairness.rules()
    require_kept(rules, runtime.settings.retention)
    return said(
        "caps: %(count)s, none counts further back than people are kept",
        count=Figure(len(rules.caps)),
    )


def _browsers(runtime: "Runtime") -> str:
    """Tell how many browsers are told, and how many are gone and wait to be let go."""
    found = runtime.devices.figures()
    days = runtime.settings.retention["devices"]
    return said(
        "of customers: %(customers)s, of followers: %(followers)s; gone: %(gone)s, which are let go"
        " after so many days: %(days)s",
        customers=Figure(found.customers),
        followers=Figure(found.followers),
        gone=Figure(found.gone),
        days=Figure(days),
    )


def _estimates(runtime: "Runtime") -> str:
    """Tell whether something that people were told has not come true in time."""
    lapsed = runtime.threads.lapsed(runtime.clock.now())
    if lapsed:
        message = said(
            "What %(names)s foretold has passed (%(count)s in all). Give a new time with "
            "'campaigns update', or say that it is over with 'campaigns all-clear'.",
            names=Listed(repr(one.name) for one in lapsed[:_NAMED]),
            count=Figure(len(lapsed)),
        )
        raise BroadcasterError(message)
    return said("none that was told has passed")


def _redis(runtime: "Runtime") -> str:
    runtime.throttle.check()
    return said("embedded") if runtime.settings.embedded_redis else said("your own")


def _providers(settings: Settings) -> Iterator[Finding]:
    providers = Providers(settings, SystemClock())
    routed = {name for names in settings.routes.values() for name in names}
    for name in sorted(routed - set(providers)):
        word = said(
            "BROADCASTER_ROUTES: %(name)s is no provider. Use one of %(known)s.",
            name=repr(name),
            known=Listed(providers),
        )
        yield Finding(what=said("provider %(name)s", name=name), state="fault", word=word)
    for name in providers:
        finding = _check(
            said("provider %(name)s", name=name), partial(_provider, settings, providers, name)
        )
        unused = finding.state == "fault" and name not in routed
        yield Finding(what=finding.what, state="off", word=finding.word) if unused else finding


def _provider(settings: Settings, providers: Providers, name: str) -> str:
    providers[name]
    if name not in settings.limits:
        message = said(
            "BROADCASTER_LIMITS: has no limit for %(name)s. Add %(name)s=<units a second>.",
            name=name,
        )
        raise BroadcasterError(message)
    rate = settings.limits[name]
    if rate == math.inf:
        return said("set up, unlimited")
    return said("set up, at most %(rate)s units a second", rate=f"{rate:g}")


def languages(settings: Settings, runtime: "Runtime | None") -> Iterator[Finding]:
    """Tell which catalogues cannot be read, so that their language is left out."""
    damaged = damaged_texts(settings) if runtime is None else runtime.damage
    for problem in damaged:
        word = said(
            "%(problem)s Or put a good copy in its place: until then its language is left out.",
            problem=problem,
        )
        yield Finding(what=said("files of translations"), state="fault", word=word)
    if not damaged:
        yield Finding(what=said("files of translations"), state="ok", word=said("all can be read"))


def _catalogues(settings: Settings) -> Iterator[Finding]:
    try:
        findings = kind_checker(settings).check()
    except BroadcasterError as error:
        yield unread_texts(_words(error))
        return
    yield from texts_found(findings)


def unread_texts(why: str) -> Finding:
    """Say that kinds and translations can not be read."""
    return Finding(what=said("catalogues"), state="fault", word=why)


def texts_found(findings: "Sequence[Found]") -> Iterator[Finding]:
    """Say what the check of kinds and translations found."""
    errors = [finding for finding in findings if finding.gravity.value == "error"]
    for found in errors:
        place = f"{found.kind} {found.part} {found.locale}"
        word = said("%(problem)s. %(remedy)s", problem=found.problem, remedy=found.remedy)
        what = said("catalogue %(place)s", place=place)
        yield Finding(what=what, state="fault", word=word)
    if not errors:
        word = said("all kinds complete where they must be")
        yield Finding(what=said("catalogues"), state="ok", word=word)


def _watching(settings: Settings) -> Finding:
    """Tell whether the team would hear of it when something is wrong."""
    from broadcaster.bootstrap.watching import team

    found = _check(said("alerts"), lambda: said("told to %(names)s", names=Listed(team(settings))))
    if found.state == "ok" and not settings.watching.sinks:
        word = said("The team hears of nothing by itself. Set BROADCASTER_ALERTS.")
        return Finding(what=found.what, state="off", word=word)
    return found


def _pictures(settings: Settings) -> Finding:
    """Tell whether previews can be pictures; nothing else needs a browser."""
    from broadcaster.render.sheets import browser

    found = _check(
        said("pictures"),
        lambda: said("taken by %(program)s", program=str(browser.find(settings.browser))),
    )
    if found.state == "fault" and not settings.browser:
        return Finding(what=found.what, state="off", word=found.word)
    return found
