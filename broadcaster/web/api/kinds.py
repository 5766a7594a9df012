"""Kinds: what can be told, and which facts each needs."""

from typing import Any, Literal

from fastapi import Request, Response
from pydantic import BaseModel, Field

from broadcaster.channels.sms import measure
from broadcaster.domain.access import Action
from broadcaster.domain.message import Channel
from broadcaster.render.check import KindChecker, parts_of, sample_advisory, sample_reader
from broadcaster.render.factsheet import asked
from broadcaster.render.findings import Finding
from broadcaster.render.kinds import Kind
from broadcaster.web.api import paging
from broadcaster.web.api.calls import Calls, Figures, Inside, Model, Name, Text
from broadcaster.web.api.given import given
from broadcaster.web.api.paging import After, Limit, Page

calls = Calls("kinds")


class KindShown(BaseModel):
    """A kind of advisory."""

    kind: str = Field(examples=["remote_services"])
    labels: dict[str, str] = Field(description="What it is called, by language.")
    message_class: Literal["service", "promotional", "safety"]
    severity: str
    urgency: str
    certainty: str
    channels: list[str]
    locales: list[str] = Field(description="The languages in which it goes to customers.")


class FactShown(BaseModel):
    """A fact that a kind takes."""

    name: str
    labels: dict[str, str]
    type: str
    needed: bool
    form: str = Field(description="How it is written.")
    example: str = Field(description="As TOML.")
    choices: list[str]
    choice_labels: dict[str, dict[str, str]] = Field(
        description="How each choice is said to people, by language."
    )
    default: Any = Field(description="What holds where it is left out.")
    lapses: bool = Field(description="Whether the advisory is true until this time alone.")
    max_length: int


class FactList(BaseModel):
    """The facts of a kind."""

    kind: str
    facts: list[FactShown]


class FindingShown(BaseModel):
    """Something wrong with a kind."""

    severity: str
    kind: str
    part: str
    locale: str
    place: str
    problem: str
    remedy: str


class KindChecked(BaseModel):
    """What came of checking a kind."""

    kind: str
    errors: int
    findings: list[FindingShown]


class KindPreview(Model):
    """What is to be shown of a kind."""

    locale: Text = Field(examples=["fr"])
    channel: Literal["sms", "email", "push", "web"]
    facts: Figures | None = Field(None, description="None: its own samples.")


class Rendered(BaseModel):
    """How something reads: its parts by their paths, and the size of an SMS."""

    locale: str
    channel: str
    parts: dict[str, str]
    sms: dict[str, Any] | None = Field(description="Encoding, units and segments.")


@calls.get("/kinds", Action.LOOK, summary="List the kinds")
def list_kinds(
    inside: Inside, request: Request, response: Response, limit: Limit = 50, after: After = ""
) -> Page[KindShown]:
    """List the kinds by name."""
    kinds = inside.renderer.library.kinds
    rows = [kinds[name] for name in sorted(kinds)]
    begin = paging.begin(request, after)
    chosen = paging.cut(rows, begin, limit, _name)
    return paging.page(request, response, chosen, limit, key=_name, show=shown)


@calls.get("/kinds/{kind}", Action.LOOK, summary="Show a kind")
def show_kind(inside: Inside, kind: Name) -> KindShown:
    """Show one."""
    return shown(inside.renderer.library.kind(kind))


@calls.get("/kinds/{kind}/facts", Action.LOOK, summary="Show which facts a kind takes")
def list_facts(inside: Inside, kind: Name) -> FactList:
    """Say of each fact what it is, whether it is needed, and how it is written."""
    library = inside.renderer.library
    found = library.kind(kind)
    facts = [
        FactShown(
            name=one.fact.name,
            labels=dict(one.fact.labels),
            type=one.fact.type.value,
            needed=one.needed,
            form=one.fact.form,
            example=one.example,
            choices=list(one.fact.choices),
            choice_labels={name: dict(said) for name, said in one.fact.choice_labels.items()},
            default=one.fact.default,
            lapses=one.fact.lapses,
            max_length=one.fact.max_length,
        )
        for one in asked(found, library.shared)
    ]
    return FactList(kind=found.name, facts=facts)


@calls.get("/kinds/{kind}/check", Action.LOOK, summary="Check a kind")
def check_kind(inside: Inside, kind: Name) -> KindChecked:
    """Check every part of a kind in every language."""
    name = inside.renderer.library.kind(kind).name
    findings = KindChecker(renderer=inside.renderer, measure=measure).check(name)
    told = [finding(one) for one in findings[:1000]]
    return KindChecked(
        kind=name, errors=sum(one.severity == "error" for one in told), findings=told
    )


@calls.post("/kinds/{kind}/preview", Action.LOOK, summary="Show how a kind reads")
def preview_kind(inside: Inside, kind: Name, body: KindPreview) -> Rendered:
    """Render a kind with facts, or with its own samples."""
    library = inside.renderer.library
    found = library.kind(kind)
    with given():
        spoken = library.locale(body.locale)
        facts = found.sample() if body.facts is None else found.resolve(body.facts)
        advisory = sample_advisory(found, facts)
        channel = Channel(body.channel)
        content = inside.renderer.preview(advisory, channel, spoken.tag, sample_reader(spoken))
    return rendered(spoken.tag, channel, parts_of(content))


def rendered(locale: str, channel: Channel, parts: dict[str, str]) -> Rendered:
    """Give how something reads."""
    sms = None
    if "sms/body.txt" in parts:
        size = measure(parts["sms/body.txt"])
        sms = {"encoding": size.encoding, "units": size.units, "segments": size.segments}
    return Rendered(locale=locale, channel=channel.value, parts=parts, sms=sms)


def shown(kind: Kind) -> KindShown:
    """Give a kind as it is told."""
    return KindShown(
        kind=kind.name,
        labels=dict(kind.labels),
        message_class=kind.message_class.value,
        severity=kind.severity.value,
        urgency=kind.urgency.value,
        certainty=kind.certainty.value,
        channels=[one.value for one in kind.channels],
        locales=list(kind.locales),
    )


def _name(kind: Kind) -> str:
    return kind.name


def finding(one: Finding) -> FindingShown:
    """Give what was found as it is told."""
    return FindingShown(
        severity=one.gravity.value,
        kind=one.kind,
        part=one.part,
        locale=one.locale,
        place=one.place,
        problem=one.problem,
        remedy=one.remedy,
    )
