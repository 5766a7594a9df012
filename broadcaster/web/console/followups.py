"""What follows a message: an update, a correction, a withdrawal, an all clear; each a draft."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster import bootstrap
from broadcaster.bootstrap import FollowUp, Runtime
from broadcaster.bootstrap.all_clear import lacking, says_all_clear
from broadcaster.bootstrap.following import WITHDRAWAL
from broadcaster.domain.access import Action
from broadcaster.domain.advisory import MessageType
from broadcaster.domain.campaign import Campaign
from broadcaster.errors import ConflictError, InvalidInputError
from broadcaster.render.facts import Fact
from broadcaster.render.facttypes import FactType
from broadcaster.web.console import course_words
from broadcaster.web.console.campaign import found
from broadcaster.web.console.desk import Desk, Visit, see_other
from broadcaster.web.console.fields import Fields
from broadcaster.web.console.looks import Looks
from broadcaster.web.languages import Language, by_locale

#: Words in addresses, and what they make.
TYPES: Mapping[str, MessageType] = {
    "update": MessageType.UPDATE,
    "correct": MessageType.CORRECTION,
    "withdraw": MessageType.CANCEL,
    "all-clear": MessageType.ALL_CLEAR,
}
#: Facts of a withdrawal that fill themselves.
_OWN = frozenset({"about", "sent_on"})
#: The longest fact that is typed here.
_LONGEST = 5000
#: The most digits of a number, and one: more than any fact allows.
_DIGITS = 20


class FollowUps:
    """Makes the drafts that follow a message."""

    def __init__(self, runtime: Runtime, desk: Desk, looks: Looks) -> None:
        """Nothing is followed yet."""
        self._runtime = runtime
        self._desk = desk
        self._looks = looks

    def routes(self) -> list[Route]:
        """List what is answered."""
        path = "/campaigns/{campaign:int}/follow/{word}"
        return [Route(path, self.ask), Route(path, self.make, methods=["POST"])]

    async def ask(self, request: Request) -> Response:
        """Say what the draft will be, and ask what it needs."""
        visit = await self._desk.enter(request, Action.WRITE)
        word = _word(request)
        fields = Fields({"kind": [request.query_params.get("kind", "")]})
        return await self._page(visit, word, await found(self._runtime, request), fields)

    async def make(self, request: Request) -> Response:
        """Make the draft, and go on with it."""
        visit, fields = await self._desk.submitted(request, Action.WRITE)
        word = _word(request)
        campaign = await found(self._runtime, request)
        asked = FollowUp(
            message_type=TYPES[word],
            by=visit.operator.name,
            facts=self._typed(word, fields),
            kind=fields.text("kind") or None,
        )
        try:
            made = await run_in_threadpool(bootstrap.follow, self._runtime, campaign, asked)
        except (ConflictError, InvalidInputError) as error:
            return await self._page(visit, word, campaign, fields, error)
        return see_other(f"/campaigns/{made}?done=follow")

    def _typed(self, word: str, fields: Fields) -> Mapping[str, object]:
        """Read the facts that were typed, each as its sort is written."""
        name = WITHDRAWAL if word == "withdraw" else fields.text("kind")
        kind = self._runtime.renderer.library.kinds.get(name)
        zone = ZoneInfo(self._runtime.settings.time_zone)
        given = {} if kind is None else kind.facts
        return {
            name: typed(fact, text, zone)
            for name, fact in given.items()
            if (text := fields.text(f"fact-{name}").strip()[:_LONGEST])
        }

    async def _page(
        self,
        visit: Visit,
        word: str,
        campaign: Campaign,
        fields: Fields,
        error: ConflictError | InvalidInputError | None = None,
    ) -> Response:
        try:
            needs = await run_in_threadpool(
                self._needs, word, campaign, fields.text("kind"), visit.language
            )
        except ConflictError as refused:
            needs, error = {"kinds": [], "kind": "", "facts": []}, refused
        invalid = isinstance(error, InvalidInputError)
        values = {
            **needs,
            "look": await self._looks.at(campaign),
            "word": word,
            "zone": self._runtime.settings.time_zone,
            "type": course_words.MESSAGE_TYPES[TYPES[word]],
            "given": fields,
            "error": error if invalid else None,
            "refused": "" if invalid or error is None else str(error),
        }
        status = 200 if error is None else 422 if invalid else 409
        return self._desk.page(visit, "console/follow.html", values, status=status)

    def _needs(
        self, word: str, campaign: Campaign, chosen: str, language: Language
    ) -> dict[str, object]:
        """Say which kinds it may be of, and which facts the message before does not give."""
        told = bootstrap.followed(self._runtime, campaign).advisory
        kinds = self._runtime.renderer.library.kinds
        offered: list[str] = []
        if word == "withdraw":
            chosen = WITHDRAWAL
        elif word == "all-clear":
            offered = [
                name
                for name, kind in sorted(kinds.items())
                if says_all_clear(kind) and not set(campaign.channels) - set(kind.channels)
            ]
            chosen = chosen if chosen in offered else (offered[0] if len(offered) == 1 else "")
        else:
            chosen = ""
        facts: Sequence[Fact] = ()
        tongue = language.locale.language
        if chosen in kinds:
            kind = kinds[chosen]
            names = lacking(kind, kinds.get(told.kind), told)
            facts = [kind.facts[name] for name in names if name not in _OWN]
        return {
            "kinds": [(name, by_locale(kinds[name].labels, language)) for name in offered],
            "kind": chosen,
            "facts": [(one, one.label(tongue), _choices(one, tongue)) for one in facts],
        }


def _choices(fact: Fact, language: str) -> Sequence[tuple[str, str]]:
    """Give what can be chosen, each with its words."""
    return [(one, fact.choice_label(one, language)) for one in fact.choices]


def typed(fact: Fact, text: str, zone: ZoneInfo) -> object:
    """Give what was typed as facts are given: lines as a list, a moment with its offset.

    What does not fit is given as it is: the check of the kind says what is wrong.
    """
    if fact.type in {FactType.LIST, FactType.PLACES}:
        return [line.strip() for line in text.splitlines() if line.strip()]
    if fact.type is FactType.DATETIME:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return text
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).isoformat()
    if fact.type is FactType.NUMBER and text.isascii() and text.isdigit() and len(text) < _DIGITS:
        return int(text)
    return text


def _word(request: Request) -> str:
    word: str = request.path_params["word"]
    if word not in TYPES:
        raise HTTPException(404)
    return word
