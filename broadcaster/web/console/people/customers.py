"""The pages of one customer: found by number or exact address, looked at for a purpose, changed.

Nobody is browsed: who is sought must be known, and every search and every look is noted with its
purpose.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.audience.days import read_moment
from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.disclosing import address_of
from broadcaster.domain.access import Action
from broadcaster.domain.consent import Ground, Scope, Source
from broadcaster.domain.message import DELIVERY_CHANNELS, Address, Channel
from broadcaster.domain.saying import said
from broadcaster.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
)
from broadcaster.ledger.consents import OPERATOR_SOURCES, Said
from broadcaster.privacy.looking import LAST, Sent
from broadcaster.web.console.desk import Desk, Visit, see_other
from broadcaster.web.console.fields import Fields
from broadcaster.web.console.people import words
from broadcaster.web.console.people.attribute_values import shown
from broadcaster.web.console.people.ways import named, way
from broadcaster.web.languages import by_locale

_Word = TypeVar("_Word", bound=StrEnum)

_ROOT = "/customers"
#: Messages on one page, and the longest text that is sought.
_PAGE, _LONGEST = 30, 320
_REFUSED = 422


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A customer who was found, and where they are shown."""

    number: str
    path: str


class CustomerPages:
    """Finds, shows and changes one customer."""

    def __init__(self, runtime: Runtime, desk: Desk) -> None:
        """Use everything that is inside."""
        self._runtime = runtime
        self._desk = desk

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [
            Route(_ROOT, self.search),
            Route(_ROOT, self.find, methods=["POST"]),
            Route(f"{_ROOT}/show", self.show, methods=["POST"]),
            Route(f"{_ROOT}/change", self.change, methods=["POST"]),
            Route(f"{_ROOT}/{{name:path}}", self.one),
        ]

    async def search(self, request: Request) -> Response:
        """Ask who is sought, and why."""
        visit = await self._desk.enter(request, Action.SEE_PEOPLE)
        return self._ask(visit, {})

    def _ask(self, visit: Visit, values: Mapping[str, object], status: int = 200) -> Response:
        own: dict[str, object] = {
            "sought": "",
            "number": "",
            "purpose": "",
            "found": None,
            "error": None,
            "missing": False,
        }
        shown_ = {**own, **values, "words": words}
        return self._desk.page(visit, "console/people/customers.html", shown_, status=status)

    async def find(self, request: Request) -> Response:
        """Find by the number, or by an exact address."""
        visit, fields = await self._desk.submitted(request, Action.SEE_PEOPLE)
        sought, purpose = " ".join(fields.text("sought").split()), fields.text("purpose")
        given = {"sought": sought, "purpose": purpose}
        if not sought or len(sought) > _LONGEST or purpose not in words.PURPOSES:
            return self._ask(visit, {**given, "missing": True}, _REFUSED)
        try:
            numbers = await run_in_threadpool(self._find, sought, visit.operator.name, purpose)
        except InvalidInputError as error:
            return self._ask(visit, {**given, "error": error}, _REFUSED)
        if len(numbers) == 1:
            return see_other(_with(way(_ROOT, numbers[0]), purpose))
        found = [Found(number=one, path=_with(way(_ROOT, one), purpose)) for one in numbers]
        return self._ask(visit, {**given, "found": found})

    def _find(self, sought: str, by: str, purpose: str) -> Sequence[str]:
        """Give the numbers; InvalidInputError when it is an address that can be none."""
        accesses = self._runtime.accesses
        numbers = list(accesses.numbered(sought))
        address: Address | None = None
        try:
            address = address_of(self._runtime.settings, sought)
        except InvalidInputError:
            if "@" in sought:
                raise
        if address is not None:
            numbers += [one for one in accesses.owners(address, by, purpose) if one not in numbers]
        accesses.record(by, "search", "customers", purpose, {"found": len(numbers)})
        return numbers

    async def one(self, request: Request) -> Response:
        """Show one, once it was said why."""
        visit = await self._desk.enter(request, Action.SEE_PEOPLE)
        number, purpose = named(request), request.query_params.get("purpose", "")
        if purpose not in words.PURPOSES:
            return self._ask(visit, {"number": number, "sought": number})
        return await run_in_threadpool(self._page, visit, number, purpose, {})

    async def show(self, request: Request) -> Response:
        """Show the whole addresses too."""
        visit, fields = await self._desk.submitted(request, Action.SEE_PEOPLE)
        number, purpose = fields.text("number"), fields.text("purpose")
        if purpose not in words.PURPOSES:
            return self._ask(visit, {"number": number, "sought": number}, _REFUSED)

        def page() -> Response:
            found = self._runtime.customer_looks.addresses(number, visit.operator.name, purpose)
            return self._page(visit, number, purpose, {"addresses": found})

        return await run_in_threadpool(page)

    async def change(self, request: Request) -> Response:
        """Note what they want, or what an address must not be used for; or that it may again."""
        visit, fields = await self._desk.submitted(request, Action.CHANGE_PEOPLE)
        return await run_in_threadpool(self._change, visit, fields)

    def _change(self, visit: Visit, fields: Fields) -> Response:
        number, purpose = fields.text("number"), fields.text("purpose")
        purpose = purpose if purpose in words.PURPOSES else "consent"
        act = {"consent": self._consent, "bar": self._bar, "lift": self._lift}.get(
            fields.text("act")
        )
        try:
            if act is not None:
                act(number, fields, visit.operator.name)
        except (InvalidInputError, ConflictError) as error:
            if isinstance(error, NotFoundError) and error.field == "NUMBER":
                raise
            values = {"refused": error, "given": fields}
            return self._page(visit, number, purpose, values, status=_REFUSED)
        return see_other(_with(way(_ROOT, number), purpose) + "&done=1#h-consent")

    def _consent(self, number: str, fields: Fields, by: str) -> None:
        channels = [one for one in DELIVERY_CHANNELS if one.value in fields.every("channel")]
        if not channels:
            raise InvalidInputError("channel", said("is missing"), said("Tick one at least."))
        told = self._said(fields, channels, by, granted=fields.text("granted") == "yes")
        self._runtime.consents.record_customer(number, told, self._runtime.clock.now())

    def _bar(self, number: str, fields: Fields, by: str) -> None:
        address = self._runtime.customer_looks.address(number, _id(fields.text("address")))
        told = self._said(fields, [address.scheme.channel], by, granted=False)
        self._runtime.consents.record_address(address, told, self._runtime.clock.now())

    def _lift(self, number: str, fields: Fields, by: str) -> None:
        address = self._runtime.customer_looks.address(number, _id(fields.text("address")))
        self._runtime.suppressions.lift(
            address,
            reason=fields.text("reason"),
            proof=fields.text("proof"),
            by=by,
            now=self._runtime.clock.now(),
            ground=_one_of(Ground, fields.text("ground"), "ground"),
            order=fields.text("order") or None,
        )

    def _said(self, fields: Fields, channels: Sequence[Channel], by: str, *, granted: bool) -> Said:
        return Said(
            channels=channels,
            scope=_one_of(Scope, fields.text("scope"), "scope"),
            granted=granted,
            source=_one_of(Source, fields.text("source"), "source"),
            proof=fields.text("proof"),
            by=by,
            at=self._moment(fields.text("at")),
        )

    def _moment(self, text: str) -> datetime | None:
        if not text.strip():
            return None
        try:
            zone = ZoneInfo(self._runtime.settings.time_zone)
            return read_moment(text.strip().replace("T", " "), zone)
        except ValueError as error:
            problem = said("%(text)s is no day", text=repr(text[:40]))
            raise InvalidInputError("at", problem, said("Write 2020-03-20 14:00.")) from error

    def _page(
        self,
        visit: Visit,
        number: str,
        purpose: str,
        values: Mapping[str, object],
        status: int = 200,
    ) -> Response:
        query = visit.request.query_params
        person = self._runtime.customer_looks.at(number, visit.operator.name, purpose)
        sent = self._runtime.customer_looks.messages(
            number, _before(query.get("before", "")), _PAGE + 1
        )
        catalogue = self._runtime.definitions.catalogue()
        own: dict[str, object] = {
            "person": person,
            "path": way(_ROOT, number),
            "purpose": purpose,
            "attributes": shown(person.attributes, catalogue, visit.language),
            "standings": self._runtime.consents.of_customer(number),
            "addresses": {},
            "sent": [(one, self._kind(one, visit)) for one in sent[:_PAGE]],
            "more": f"{sent[_PAGE - 1].campaign_id}-{sent[_PAGE - 1].number}"
            if len(sent) > _PAGE
            else "",
            "later": "before" in query,
            "accesses": self._runtime.accesses.latest(number),
            "sources": OPERATOR_SOURCES,
            "channels": DELIVERY_CHANNELS,
            "refused": None,
            "given": Fields(),
            "done": "done" in query,
            "invalid": InvalidInputError,
            "locales": self._runtime.renderer.locales,
            "words": words,
        }
        return self._desk.page(
            visit, "console/people/customer.html", {**own, **values}, status=status
        )

    def _kind(self, one: Sent, visit: Visit) -> str:
        kind = self._runtime.renderer.kinds.get(one.kind)
        return by_locale(kind.labels, visit.language) if kind else one.kind


def _with(path: str, purpose: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}purpose={purpose}"


def _before(text: str) -> tuple[int, int]:
    """Read where a page of messages begins; the beginning for anything that is none."""
    campaign, _, number = text.partition("-")
    plain = text.isascii() and campaign.isdigit() and number.isdigit()
    if not plain or max(len(campaign), len(number)) > 9:  # noqa: PLR2004  (what fits the database)
        return LAST
    return int(campaign), int(number)


def _id(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0  # noqa: PLR2004


def _one_of(words_: type[_Word], text: str, field: str) -> _Word:
    try:
        return words_(text)
    except ValueError as error:
        raise InvalidInputError(
            field, said("is missing or unknown"), said("Choose one.")
        ) from error
