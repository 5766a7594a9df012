"""`broadcaster campaigns update` to `all-clear`: what follows a message, for whom that told."""

import json as json_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from broadcaster.cli.steering import By, Which, running

if TYPE_CHECKING:
    from broadcaster.domain.advisory import MessageType

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

NewFacts = Annotated[
    Path | None, typer.Option(help="New facts, a JSON or TOML file; the others stay as they were.")
]
Name = Annotated[str, typer.Option(help="A name; else made of the first campaign's.")]
Expires = Annotated[
    str, typer.Option(help="Nothing leaves after it; ISO 8601 with offset, or +48h, +7d.")
]
InLane = Annotated[str, typer.Option(help="routine or urgent; else that of what it follows.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def thread(campaign: Which, json: Json = False) -> None:
    """Show a whole thread: what followed what, where each stands, and what was replaced."""
    from broadcaster import bootstrap
    from broadcaster.cli.grids import show

    with running() as runtime:
        rows = bootstrap.thread(runtime, runtime.campaigns.get(campaign))
    if json:
        typer.echo(json_.dumps(rows, ensure_ascii=False, indent=2, default=str))
        return
    cells = [
        (
            str(one["campaign"]),
            str(one["name"]),
            str(one["version"]),
            str(one["message_type"]).replace("_", " "),
            str(one["status"]),
            f"{one['planned_at']:%Y-%m-%d %H:%M %Z}" if one["planned_at"] else "",
            f"by {one['superseded_by']}" if one["superseded_by"] else "",
        )
        for one in rows
    ]
    show(("", "campaign", "version", "is", "stands", "planned", "replaced"), cells, whole=(0,))


def update(
    campaign: Which,
    *,
    facts: NewFacts = None,
    name: Name = "",
    expires: Expires = "",
    lane: InLane = "",
    by: By = "operator",
    json: Json = False,
) -> None:
    """Say what is new, such as another estimate, to whom the message told; a draft.

    Whoever waits for the former message gets this one instead.
    """
    _make("update", campaign, facts, "", (name, expires, lane, by), json=json)


def correct(
    campaign: Which,
    *,
    facts: NewFacts = None,
    name: Name = "",
    expires: Expires = "",
    lane: InLane = "",
    by: By = "operator",
    json: Json = False,
) -> None:
    """Put right what the message said, for whom it told; a draft.

    Whoever waits for the former message gets this one instead.
    """
    _make("correction", campaign, facts, "", (name, expires, lane, by), json=json)


def withdraw(
    campaign: Which,
    *,
    facts: NewFacts = None,
    name: Name = "",
    expires: Expires = "",
    lane: InLane = "",
    by: By = "operator",
    json: Json = False,
) -> None:
    """Say that the message no longer applies, to whom it told and nobody else; a draft.

    What it was about, and when it was sent, is filled in.
    """
    _make("cancel", campaign, facts, "", (name, expires, lane, by), json=json)


def all_clear(
    campaign: Which,
    *,
    kind: Annotated[
        str, typer.Option(help="The kind that says so, such as restoration; none: names them.")
    ] = "",
    facts: NewFacts = None,
    name: Name = "",
    expires: Expires = "",
    lane: InLane = "",
    by: By = "operator",
    json: Json = False,
) -> None:
    """Say that what the message told of is over, to whom it told and nobody else; a draft.

    Facts that both kinds have are taken over.
    """
    _make("all_clear", campaign, facts, kind, (name, expires, lane, by), json=json)


def _make(
    word: str,
    which: str,
    facts: Path | None,
    kind: str,
    typed: tuple[str, str, str, str],
    *,
    json: bool,
) -> None:
    from broadcaster import bootstrap
    from broadcaster.bootstrap.drafting import lane_of, moment, name_of
    from broadcaster.cli.drafts import as_options
    from broadcaster.domain.advisory import MessageType
    from broadcaster.domain.wording import place
    from broadcaster.render.factfile import read_facts

    name, expires, lane, by = typed
    with running() as runtime, as_options():
        found = runtime.campaigns.get(which)
        asked = bootstrap.FollowUp(
            message_type=MessageType(word),
            by=name_of(by, "--by"),
            facts=read_facts(facts) if facts else {},
            kind=kind or None,
            name=name_of(name, "--name") if name else None,
            expires=moment("--expires", expires, runtime.clock.now()) if expires else None,
            lane=lane_of(lane) if lane else None,
        )
        made = runtime.campaigns.get(str(bootstrap.follow(runtime, found, asked)))
        former = bootstrap.followed(runtime, found).latest
        advisory = runtime.ledger.advisory(made.advisory_id)
        same = bootstrap.nothing_new(runtime, made, advisory)
    worded = [place(one) for one in sorted(advisory.wording)]
    if json:
        row = {"id": made.id, "name": made.name, "message_type": word, "follows": former.id}
        row |= {"wording": sorted(advisory.wording)} if worded else {}
        typer.echo(json_.dumps(row, ensure_ascii=False))
        return
    typer.echo(
        f"Campaign {made.id}, {made.name!r}, is a draft: {_words(MessageType(word))} campaign "
        f"{former.id}. Next: forecast, approve, launch."
    )
    if worded:
        listed = ", ".join(f"{part} ({locale})" for part, locale in worded)
        typer.echo(
            f"The wording of campaign {former.id} is taken over: {listed}. See that it says what "
            f"is new: 'campaigns wording show {made.id}'."
        )
    for one in same:
        typer.echo(f"Before it can be approved: {one}")
    if former.status.value in {"launched", "running"}:
        typer.echo(f"Until then campaign {former.id} goes on; 'campaigns pause' holds it.")


def _words(type_: "MessageType") -> str:
    words = {
        "update": "an update of",
        "correction": "a correction of",
        "cancel": "the withdrawal of",
        "all_clear": "the all clear after",
    }
    return words[type_.value]
