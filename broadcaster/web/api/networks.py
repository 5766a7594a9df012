"""Providers, how their networks do, and a check of the whole installation."""

import threading
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from broadcaster.bootstrap.doctor import examine
from broadcaster.bootstrap.networks import Account, accounts
from broadcaster.domain.access import Action
from broadcaster.domain.saying import said
from broadcaster.ledger.networks import NetworkHealth
from broadcaster.web.api.calls import Calls, Inside
from broadcaster.web.api.problems import ProblemError

calls = Calls("rules")

#: An examination reaches every server: one at a time; who waits too long comes back.
_examining = threading.Lock()
_PATIENCE = 20.0


class RouteShown(BaseModel):
    """What goes to a provider, and in which turn."""

    route: str = Field(description="A channel, or one with a country or a domain.")
    turn: int = Field(description="1: it is tried first.")


class ProviderShown(BaseModel):
    """A provider as it is set up, and how it did in the last ten minutes."""

    name: str
    simulated: bool
    fault: str | None = Field(description="Why it cannot be used.")
    routes: list[RouteShown]
    messages: int
    well: int
    failed: int
    last_success: datetime | None
    failing_since: datetime | None = Field(
        description="Since when workers leave it alone, or try it in turns."
    )
    left_alone: bool = Field(description="Whether some worker left it alone within a minute.")


class Providers(BaseModel):
    """All that are set up, by name."""

    items: list[ProviderShown]


class CheckShown(BaseModel):
    """What one check found; `off` is not set up, and nothing needs it."""

    what: str
    state: Literal["ok", "off", "fault"]
    word: str


class Examined(BaseModel):
    """What all checks found, faults first."""

    sound: bool
    items: list[CheckShown]


@calls.get("/providers", Action.LOOK, summary="List the providers")
def list_providers(inside: Inside) -> Providers:
    """Say of each what goes to it, whether it can be used, and how it does."""
    health = inside.networks.health(inside.clock.now())
    return Providers(
        items=[_provider(one, health.get(one.name, NetworkHealth())) for one in accounts(inside)]
    )


@calls.get("/examination", Action.CHANGE_LIMITS, summary="Check the installation")
def examine_installation(inside: Inside) -> Examined:
    """Check every setting, server and provider; `/kinds/{kind}/check` checks texts."""
    if not _examining.acquire(timeout=_PATIENCE):
        raise ProblemError(
            503, said("Others examine it at the moment."), headers={"Retry-After": "30"}
        )
    try:
        findings = list(examine(inside, texts=False))
    finally:
        _examining.release()
    order = {"fault": 0, "off": 1, "ok": 2}
    findings.sort(key=lambda one: order[one.state])
    return Examined(
        sound=not any(one.state == "fault" for one in findings),
        items=[
            CheckShown.model_validate({"what": one.what, "state": one.state, "word": one.word})
            for one in findings
        ],
    )


def _provider(one: Account, health: NetworkHealth) -> ProviderShown:
    return ProviderShown(
        name=one.name,
        simulated=one.simulated,
        fault=one.fault or None,
        routes=[RouteShown(route=route, turn=turn) for route, turn in one.routes],
        messages=health.messages,
        well=health.well,
        failed=health.failed,
        last_success=health.last_success,
        failing_since=health.failing_since,
        left_alone=health.open,
    )
