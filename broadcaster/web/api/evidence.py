"""The evidence of a campaign: what is known, as a document, and as an archive with its hashes."""

import hashlib
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Annotated

from fastapi import Query, Request

from broadcaster import bootstrap
from broadcaster.bootstrap import Runtime
from broadcaster.domain.access import Action
from broadcaster.domain.api_key import Caller
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError
from broadcaster.web.api.calls import Calls, Figures, Inside, Number, Who
from broadcaster.web.api.campaign import found
from broadcaster.web.api.customers import Why
from broadcaster.web.api.octets import Page, Zip, blocks, digest
from broadcaster.web.api.problems import ProblemError
from broadcaster.web.dossier import Documents
from broadcaster.web.languages import Language
from broadcaster.web.papers import documents, own_pages

calls = Calls("campaigns")

#: How many are made at once; who comes then waits for so long, seconds, and is asked to come back.
_making = threading.BoundedSemaphore(2)
_PATIENCE = 20.0
_Tongue = Annotated[
    str, Query(min_length=2, max_length=35, description="A language of the console.")
]


class Papers:
    """Writes documents in the console's languages; made when the first is asked for."""

    def __init__(self, inside: Runtime) -> None:
        """Read the pages and their texts."""
        pages = own_pages(inside.settings, inside.renderer.locales)
        self._languages = pages.languages
        self.documents: Documents = documents(inside.settings, pages, inside.renderer.locales)

    def language(self, tag: str) -> Language:
        """Find a language; InvalidInputError for one that the console has not."""
        offered = [one.locale.tag for one in self._languages.offered()]
        spoken = self._languages.get(tag)
        if spoken is None or tag.partition("-")[0] not in offered:
            problem = "is none of the console's languages"
            raise InvalidInputError("locale", problem, f"Use one of {', '.join(offered)}.")
        return spoken


@calls.get("/campaigns/{campaign}/evidence", Action.LOOK, summary="Show a campaign's evidence")
def show_evidence(inside: Inside, campaign: Number) -> Figures:
    """Give everything that is known of a campaign, without anybody of the public."""
    one = found(inside, campaign)
    with _turn():
        return bootstrap.dossier(inside, one)


@calls.get(
    "/campaigns/{campaign}/evidence/document",
    Action.LOOK,
    summary="Write a campaign's evidence as a document",
    response_class=Page,
)
def write_evidence(
    inside: Inside, request: Request, campaign: Number, locale: _Tongue = "en"
) -> Page:
    """Write it as one HTML file in one language, without anybody of the public."""
    one, papers = found(inside, campaign), _papers(request)
    language = papers.language(locale)
    with _turn():
        html = papers.documents.document(bootstrap.dossier(inside, one), language)
    name = f"evidence-{one.id}-{language.locale.tag}.html"
    return Page(
        html,
        headers={
            "Content-Security-Policy": papers.documents.policy,
            "Content-Language": language.locale.lang,
            "Content-Disposition": f'inline; filename="{name}"',
            "Content-Digest": digest(hashlib.sha256(html.encode()).digest()),
        },
    )


@calls.get(
    "/campaigns/{campaign}/evidence/archive",
    Action.LOOK,
    summary="Write a campaign's evidence as an archive",
    response_class=Zip,
)
def archive_evidence(
    inside: Inside,
    who: Who,
    request: Request,
    campaign: Number,
    purpose: Why,
    locale: _Tongue = "en",
) -> Zip:
    """Write a ZIP archive whose manifest has the hash of each file; who has it is noted.

    Customers are in it, by number, where the key may see people. `Content-Digest` is its SHA-256.
    """
    one, papers = found(inside, campaign), _papers(request)
    language = papers.language(locale)
    with _turn():
        file, sha256 = _archive(inside, who, one, purpose, (papers, language))
    octets = file.seek(0, 2)
    file.seek(0)
    return Zip(
        blocks(file),
        headers={
            "Content-Disposition": f'attachment; filename="evidence-{one.id}.zip"',
            "Content-Length": str(octets),
            "Content-Digest": digest(bytes.fromhex(sha256)),
        },
    )


def _archive(
    inside: Runtime, who: Caller, one: Campaign, purpose: str, how: tuple[Papers, Language]
) -> tuple[IO[bytes], str]:
    papers, language = how
    # Without a name: it is gone when it is closed, whatever happens to us.
    file = tempfile.TemporaryFile(dir=inside.settings.home)  # noqa: SIM115  (given on)
    try:
        sealed = bootstrap.export_evidence(
            inside,
            one,
            file,
            who.operator.name,
            purpose=purpose,
            people=who.operator.may(Action.SEE_PEOPLE),
            documents={"evidence.html": lambda known: papers.documents.document(known, language)},
        )
    except BaseException:
        file.close()
        raise
    return file, sealed.sha256


@contextmanager
def _turn() -> Iterator[None]:
    """Wait for a turn; 503 after a while, so that nobody piles up."""
    if not _making.acquire(timeout=_PATIENCE):
        raise ProblemError(503, said("Others make evidence now."), headers={"Retry-After": "30"})
    try:
        yield
    finally:
        _making.release()


def _papers(request: Request) -> Papers:
    state = request.app.state
    if not hasattr(state, "papers"):
        state.papers = Papers(state.runtime)
    made: Papers = state.papers
    return made
