"""Limits, tariffs and fair use: how fast, for how much, when and how often."""

from datetime import date
from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from broadcaster.audience import cells
from broadcaster.audience.cells import CellError
from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.drafting import moment
from broadcaster.bootstrap.quiet_times import quiet_times
from broadcaster.channels.phones import calling_code, country
from broadcaster.domain.access import Action
from broadcaster.domain.limits import check_name, provider_of
from broadcaster.domain.rulebook import written as rules_written
from broadcaster.domain.tariff import Tariff, tariff, written
from broadcaster.errors import InvalidInputError, NotFoundError, UnavailableError
from broadcaster.ports import Standing
from broadcaster.web.api import paging
from broadcaster.web.api.calls import Calls, Figures, Inside, Model, Name, Text, Who
from broadcaster.web.api.paging import After, Limit, Page

calls = Calls("rules")

_MOST_RATE = 1_000_000


class LimitShown(BaseModel):
    """A limit, and how it stands; rates in units a second."""

    name: str
    rate: float | None = Field(description="None: unlimited.")
    changed_by: str | None
    allowed: float | None = Field(description="Less than the rate after a network's complaint.")
    used: int
    urgent_waiting: int
    routine_waiting: int
    paused: float


class Limits(BaseModel):
    """All limits."""

    items: list[LimitShown]


class Rate(Model):
    """Units a second."""

    rate: float = Field(gt=0, le=_MOST_RATE, examples=[5])


class LimitChanged(BaseModel):
    """A limit that was changed; `in_force` is false while the server of limits does not answer."""

    name: str
    rate: float | None
    in_force: bool


class TariffShown(BaseModel):
    """What a provider asks for units to numbers that begin alike."""

    provider: str
    prefix: str
    price: str
    per: int
    currency: str
    valid_from: date


class TariffNew(Model):
    """A tariff to be written down."""

    provider: Text = Field(examples=["twilio"])
    prefix: Annotated[str, Field(max_length=15)] = Field(
        "", description="+212, a country as MA, or empty for all.", examples=["MA"]
    )
    price: Text = Field(examples=["0.35"])
    currency: Text = Field(examples=["MAD"])
    per: int = Field(1, ge=1, le=1000)
    valid_from: Text | None = Field(None, examples=["2026-01-01"])


class TariffsNew(Model):
    """Tariffs to be written down; all or none."""

    tariffs: list[TariffNew] = Field(min_length=1, max_length=1000)


class TariffsPut(BaseModel):
    """How many tariffs are new or changed."""

    read: int
    changed: int


class RulesGiven(Model):
    """Rules of fair use, instead of all that were before; see docs/fair-use.md."""

    holidays: list[Text] = Field(default_factory=list, max_length=1000)
    quiet: list[Figures] = Field(default_factory=list, max_length=100)
    cap: list[Figures] = Field(default_factory=list, max_length=100)


class QuietTimes(BaseModel):
    """Whether it is quiet, by class and channel."""

    items: list[Figures]


@calls.get("/limits", Action.LOOK, summary="Show the limits")
def list_limits(inside: Inside) -> Limits:
    """Show each limit: what is set, allowed and used now, and who waits for it."""
    return Limits(items=[_limit(inside, one) for one in inside.throttle.standing()])


@calls.put("/limits/{name:path}", Action.CHANGE_LIMITS, summary="Change a limit")
def set_limit(inside: Inside, who: Who, name: Name, body: Rate) -> LimitChanged:
    """Change a limit for all workers while they run; it holds until it is reset."""
    check_name("name", name)
    settings = inside.settings.limits
    provider = provider_of(name)
    if provider is not None and provider not in settings:
        remedy = f"Use one of {', '.join(sorted(settings))}."
        raise NotFoundError("name", f"no provider {provider!r} has a limit", remedy)
    inside.rate_limits.change(name, body.rate, who.operator.name)
    return LimitChanged(name=name, rate=body.rate, in_force=_apply(inside))


@calls.delete("/limits/{name:path}", Action.CHANGE_LIMITS, summary="Reset a limit")
def reset_limit(inside: Inside, who: Who, name: Name) -> LimitChanged:
    """Take a change back: what the settings say holds again."""
    check_name("name", name)
    if name not in inside.settings.limits and name not in inside.rate_limits.changes():
        raise NotFoundError("name", f"there is no limit {name!r}", "List the limits.")
    inside.rate_limits.change(name, None, who.operator.name)
    rate = _finite(inside.settings.limits.get(name))
    return LimitChanged(name=name, rate=rate, in_force=_apply(inside))


@calls.get("/tariffs", Action.LOOK, summary="List the tariffs")
def list_tariffs(
    inside: Inside, request: Request, response: Response, limit: Limit = 50, after: After = ""
) -> Page[TariffShown]:
    """List the tariffs that are known, those that no longer hold too."""
    rows = list(enumerate(inside.tariffs.list(), 1))
    begin = int(paging.begin(request, after) or 0)
    return paging.page(
        request,
        response,
        rows[begin : begin + limit + 1],
        limit,
        key=lambda row: row[0],
        show=lambda row: _tariff(row[1]),
    )


@calls.post("/tariffs", Action.CHANGE_LIMITS, summary="Write tariffs down")
def put_tariffs(inside: Inside, who: Who, body: TariffsNew) -> TariffsPut:
    """Write tariffs down; all or none."""
    entries = [_read_tariff(index, one) for index, one in enumerate(body.tariffs)]
    known = list(inside.providers)
    for index, entry in enumerate(entries):
        if entry.provider not in known:
            field = f"tariffs.{index}.provider"
            problem = f"{entry.provider!r} is unknown"
            raise InvalidInputError(field, problem, f"Use one of {', '.join(known)}.")
    changed = inside.tariffs.put(entries, who.operator.name)
    return TariffsPut(read=len(entries), changed=changed)


@calls.get("/fairness", Action.LOOK, summary="Show the rules of fair use")
def show_fairness(inside: Inside) -> Figures:
    """Show the rules in force, and who set them."""
    rules, history = inside.fairness.rules(), inside.fairness.history()
    changes = [{"version": one.version, "by": one.by, "at": one.at.isoformat()} for one in history]
    return {"version": rules.version, **rules_written(rules), "changes": changes}


@calls.put("/fairness", Action.CHANGE_LIMITS, summary="Set the rules of fair use")
def set_fairness(inside: Inside, who: Who, body: RulesGiven) -> Figures:
    """Bring rules into force, instead of all that were before."""
    raw: dict[str, Any] = body.model_dump()
    rules = inside.fairness.change(raw, who.operator.name, inside.clock.now())
    return {"version": rules.version, **rules_written(rules)}


@calls.get("/fairness/quiet", Action.LOOK, summary="Say when it is quiet")
def list_quiet(
    inside: Inside,
    zone: Annotated[str, Query(max_length=60)] = "",
    at: Annotated[str, Query(max_length=60)] = "now",
) -> QuietTimes:
    """Say for each class and channel whether it is quiet, and until or from when."""
    when = moment("at", at, inside.clock.now())
    try:
        place = str(cells.time_zone(zone)) if zone else inside.settings.time_zone
        return QuietTimes(items=quiet_times(inside.fairness.rules(), place, when))
    except CellError as error:
        raise InvalidInputError("zone", error.problem, error.remedy) from error
    except OverflowError as error:
        remedy = "Give a time of this century."
        raise InvalidInputError("at", f"{at[:40]} is too far away", remedy) from error


def _apply(inside: Runtime) -> bool:
    try:
        inside.throttle.apply()
    except UnavailableError:
        return False
    return True


def _finite(rate: float | None) -> float | None:
    return None if rate is None or rate == float("inf") else rate


def _limit(inside: Runtime, one: Standing) -> LimitShown:
    change = inside.rate_limits.changes().get(one.name)
    changed = change is not None and change.rate is not None
    return LimitShown(
        name=one.name,
        rate=_finite(one.rate),
        changed_by=change.changed_by if change and changed else None,
        allowed=_finite(one.allowed),
        used=one.used,
        urgent_waiting=one.urgent,
        routine_waiting=one.routine,
        paused=round(one.paused, 3),
    )


def _tariff(one: Tariff) -> TariffShown:
    return TariffShown(
        provider=one.provider,
        prefix=one.prefix,
        price=written(one.price),
        per=one.per,
        currency=one.currency,
        valid_from=one.valid_from,
    )


def _read_tariff(index: int, one: TariffNew) -> Tariff:
    prefix = one.prefix.strip()
    try:
        if prefix.isalpha():
            prefix = _code_of(prefix)
        return tariff(
            one.provider,
            prefix,
            one.price,
            per=str(one.per),
            currency=one.currency,
            valid_from=one.valid_from or "1970-01-01",
        )
    except InvalidInputError as error:
        field = f"tariffs.{index}.{error.field}"
        raise InvalidInputError(field, error.problem, error.remedy) from error


def _code_of(region: str) -> str:
    code = calling_code(region)
    if country(code) != region.upper():
        problem = f"{region} shares {code} with other countries"
        raise InvalidInputError("prefix", problem, "Give + and its own first digits.")
    return code
