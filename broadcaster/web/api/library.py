"""The organisation's own kinds and translations: brought in, answered for, and taken out.

What campaigns are made of was read when a program began; what is changed here is in force when it
is started again, workers too.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from broadcaster import bootstrap
from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.own_texts import LARGEST_CATALOGUE
from broadcaster.domain.access import Action
from broadcaster.errors import InvalidInputError, NotFoundError
from broadcaster.render.factlist import NAME
from broadcaster.render.findings import Finding
from broadcaster.render.library import Library
from broadcaster.render.locales import Locale
from broadcaster.render.upload import LARGEST_ARCHIVE
from broadcaster.web.api.calls import Calls, Inside, Model, Name, Text, Who
from broadcaster.web.api.given import given
from broadcaster.web.api.kinds import FindingShown, finding
from broadcaster.web.api.octets import FILE, Catalogue, Octets

calls = Calls("kinds")

#: How many findings are told.
_FINDINGS = 300
_KindName = Annotated[
    str, Query(max_length=40, description="Its name, where the archive has no folder of it.")
]


class KindPlaced(BaseModel):
    """What came of a kind: whether it is in place, and what was found."""

    kind: str
    placed: bool = Field(description="False where something is wrong; then nothing has changed.")
    replaced: bool
    findings: list[FindingShown]


class KindRemoved(BaseModel):
    """A kind that was taken out."""

    deleted: str
    shipped_stays: bool = Field(description="Whether the shipped one of its name stands now.")


class ReviewNew(Model):
    """Who answers for the texts of a kind in a language, as they are now."""

    locale: Annotated[str, Field(min_length=2, max_length=35, examples=["fr"])]
    by: Text = Field(examples=["Salma Idrissi"])
    native: bool = Field(default=False, description="Whether they read it as a native speaker.")


class Reviewed(BaseModel):
    """What stands in the record."""

    kind: str
    locale: str
    state: str
    texts: str = Field(description="A hash of the texts that were read.")


class LocaleShown(BaseModel):
    """A language that customers read, and where the texts of each kind stand in it."""

    locale: str
    autonym: str
    direction: str
    source: bool = Field(description="Whether the templates are written in it.")
    damaged: str | None = Field(description="Why its texts cannot be read.")
    states: dict[str, str] = Field(description="By kind: drafted, adopted, reviewed or lapsed.")


class Locales(BaseModel):
    """The languages that customers read."""

    items: list[LocaleShown]


class CataloguePlaced(BaseModel):
    """What came of a file of texts: whether it is in place, and what was found."""

    locale: str
    placed: bool = Field(description="False where something is wrong; then nothing has changed.")
    texts: int
    findings: list[FindingShown]


@calls.post("/kinds", Action.EDIT_KINDS, summary="Bring a kind in", most=LARGEST_ARCHIVE, file=FILE)
def add_kind(
    inside: Inside,
    who: Who,
    content: Octets,
    name: _KindName = "",
    replace: Annotated[bool, Query(description="Take the place of the one of its name.")] = False,  # noqa: FBT002  (a query's switch)
) -> KindPlaced:
    """Take the ZIP archive of a kind, check it aside, and place it when nothing is wrong.

    409 where there is one of its name, unless it is to be replaced.
    """
    plain = name or "kind"
    if not NAME.fullmatch(plain):
        remedy = "Use small letters, digits and underscores, as planned_outage."
        raise InvalidInputError("name", "is no name of a kind", remedy)
    with tempfile.TemporaryDirectory(prefix="broadcaster-") as folder:
        source = FilePath(folder, f"{plain}.zip")
        source.write_bytes(content)
        try:
            added = bootstrap.add_kind(inside, source, who.operator.name, replace=replace)
        except InvalidInputError as error:
            # Where the file lay with us helps nobody.
            problem = error.problem.replace(str(source), "the body")
            raise InvalidInputError("body", problem, error.remedy) from error
    return KindPlaced(
        kind=added.name,
        placed=added.placed,
        replaced=added.replaced,
        findings=_findings(added.findings),
    )


@calls.delete("/kinds/{kind}", Action.EDIT_KINDS, summary="Take a kind out")
def remove_kind(inside: Inside, who: Who, kind: Name) -> KindRemoved:
    """Take out one of the organisation's own; a shipped one of its name stands then."""
    if not NAME.fullmatch(kind):
        raise NotFoundError("kind", "is no name of a kind", "List the kinds.")
    stays = bootstrap.remove_kind(inside, kind, who.operator.name)
    return KindRemoved(deleted=kind, shipped_stays=stays)


@calls.post("/kinds/{kind}/reviews", Action.EDIT_KINDS, 201, summary="Answer for texts")
def review_kind(inside: Inside, who: Who, kind: Name, body: ReviewNew) -> Reviewed:
    """Record that somebody answers for the texts of a kind in a language as they are now.

    409 where a text is missing.
    """
    library = _read(inside)
    name = library.kind(kind).name
    folder = bootstrap.own_locales(inside.settings)
    with (
        given(),
        inside.trail.noting(who.operator.name, "approve_texts", f"kind {name}") as details,
    ):
        _, real, made, _ = bootstrap.approve_texts(
            library, folder, name, body.locale, body.by, inside.clock.now(), native=body.native
        )
        details |= {"locale": real, "state": made.standing.value, "texts": made.texts}
    return Reviewed(kind=name, locale=real, state=made.standing.value, texts=made.texts)


@calls.get("/locales", Action.LOOK, summary="List the languages")
def list_locales(inside: Inside) -> Locales:
    """List the languages that customers read, and where the texts of each kind stand."""
    library = _read(inside)
    return Locales(
        items=[
            LocaleShown(
                locale=one.tag,
                autonym=one.autonym,
                direction=one.direction,
                source=one.source,
                damaged=library.damaged.get(one.tag),
                states={name: library.state(name, one).value for name in sorted(library.kinds)},
            )
            for one in library.locales.values()
            if not one.pseudo and one.alias is None
        ]
    )


@calls.get(
    "/locales/{locale}/catalogue",
    Action.LOOK,
    summary="Give the texts of a language",
    response_class=Catalogue,
)
def show_catalogue(inside: Inside, locale: Name) -> Catalogue:
    """Give the PO file that translators go on with."""
    spoken = _spoken(inside, locale)
    text = bootstrap.catalogue_text(inside.settings, spoken)
    if text is None:
        raise NotFoundError("locale", f"{spoken.tag} has no file", "List the languages.")
    name = f"advisories-{spoken.tag}.po"
    return Catalogue(text, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@calls.put(
    "/locales/{locale}/catalogue",
    Action.EDIT_KINDS,
    summary="Bring in the texts of a language",
    most=LARGEST_CATALOGUE,
    file=FILE,
)
def place_catalogue(inside: Inside, who: Who, locale: Name, content: Octets) -> CataloguePlaced:
    """Check a PO file aside, and put it in place when nothing is wrong."""
    spoken = _spoken(inside, locale)
    done = bootstrap.place_catalogue(inside, spoken, content, who.operator.name)
    return CataloguePlaced(
        locale=spoken.tag,
        placed=done.placed,
        texts=done.texts,
        findings=_findings(done.findings),
    )


def _read(inside: Runtime) -> Library:
    """Read the folders as they are now."""
    return bootstrap.kind_checker(inside.settings).renderer.library


def _spoken(inside: Runtime, tag: str) -> Locale:
    """Find a language with texts of its own; NotFoundError."""
    found = inside.renderer.locales.get(tag)
    if found is None or found.pseudo or found.source or found.alias is not None:
        raise NotFoundError("locale", "is unknown, or has no texts of its own", "List languages.")
    return found


def _findings(found: Sequence[Finding]) -> list[FindingShown]:
    return [finding(one) for one in found[:_FINDINGS]]
