"""Holding and releasing a part of a campaign, and sending again what was given up."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster import bootstrap
from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.drafting import moment
from broadcaster.domain.access import Action
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.delivery import DeliveryStatus
from broadcaster.domain.own_hours import parted
from broadcaster.domain.saying import said
from broadcaster.errors import ConflictError, InvalidInputError
from broadcaster.web.console.campaign import found
from broadcaster.web.console.desk import Desk, Visit, see_other
from broadcaster.web.console.fields import Fields
from broadcaster.web.console.lists import misread, selection
from broadcaster.web.console.looks import Looks

_ACTIONS = {"hold": Action.STOP, "release": Action.STEER, "replay": Action.STEER}


class Holding:
    """The forms that hold, release and send again; each in the operator's name."""

    def __init__(self, runtime: Runtime, desk: Desk, looks: Looks) -> None:
        """Nothing is held yet."""
        self._runtime = runtime
        self._desk = desk
        self._looks = looks

    def routes(self) -> list[Route]:
        """List what is answered."""
        path = "/campaigns/{campaign:int}"
        return [
            Route(f"{path}/hold", self.part),
            Route(f"{path}/hold", self.hold, methods=["POST"]),
            Route(f"{path}/release", self.part),
            Route(f"{path}/release", self.release, methods=["POST"]),
            Route(f"{path}/replay", self.given_up),
            Route(f"{path}/replay", self.replay, methods=["POST"]),
        ]

    async def part(self, request: Request) -> Response:
        """Ask which part is to be held, or released."""
        word = request.url.path.rpartition("/")[2]
        visit = await self._desk.enter(request, _ACTIONS[word])
        fields = Fields({name: [value] for name, value in request.query_params.items()})
        return await self._part(visit, word, await found(self._runtime, request), fields)

    async def hold(self, request: Request) -> Response:
        """Hold a part: nothing of it leaves, the rest goes on."""
        visit, fields = await self._desk.submitted(request, Action.STOP)
        campaign = await found(self._runtime, request)
        try:
            await run_in_threadpool(self._hold, campaign, fields, visit.operator.name)
        except (ConflictError, InvalidInputError) as error:
            return await self._part(visit, "hold", campaign, fields, error)
        self._looks.forget(campaign.id)
        return see_other(f"/campaigns/{campaign.id}?done=hold")

    async def release(self, request: Request) -> Response:
        """Let a part go, now; also what waits for the end of quiet hours."""
        visit, fields = await self._desk.submitted(request, Action.STEER)
        campaign = await found(self._runtime, request)
        try:
            await run_in_threadpool(self._release, campaign, fields, visit.operator.name)
        except (ConflictError, InvalidInputError) as error:
            return await self._part(visit, "release", campaign, fields, error)
        self._looks.forget(campaign.id)
        return see_other(f"/campaigns/{campaign.id}?done=release")

    async def given_up(self, request: Request) -> Response:
        """Show what was given up, by reason and channel, to be sent again."""
        visit = await self._desk.enter(request, Action.STEER)
        return await self._given_up(visit, await found(self._runtime, request))

    async def replay(self, request: Request) -> Response:
        """Send again what was given up, all or some; never what is in doubt."""
        visit, fields = await self._desk.submitted(request, Action.STEER)
        campaign = await found(self._runtime, request)
        items = [(name, value) for name in ("channel", "reason") for value in fields.every(name)]
        now = self._runtime.clock.now()
        replay, by = self._runtime.doubts.replay, visit.operator.name
        try:
            _require_known(items)
            again = await run_in_threadpool(replay, campaign.id, by, now, selection(items))
        except (ConflictError, InvalidInputError) as error:
            return await self._given_up(visit, campaign, str(error))
        if not again:
            return await self._given_up(visit, campaign, nothing=True)
        self._looks.forget(campaign.id)
        return see_other(f"/campaigns/{campaign.id}?done=replay")

    def _hold(self, campaign: Campaign, fields: Fields, by: str) -> None:
        part = bootstrap.scope(fields.text("channel"), fields.text("zone"), fields.text("segment"))
        until = self._until(fields)
        bootstrap.hold(self._runtime, campaign, part, until, by, fields.text("reason"))

    def _until(self, fields: Fields) -> datetime | None:
        """Read until when: some hours from now, or a moment on the clock of the utility."""
        at, after = fields.text("at").strip(), fields.text("until")
        now = self._runtime.clock.now()
        if at:
            try:
                here = datetime.fromisoformat(at)
            except ValueError as error:
                raise InvalidInputError(
                    "at", said("is no time"), said("Choose a day and an hour.")
                ) from error
            zone = ZoneInfo(self._runtime.settings.time_zone)
            return here if here.tzinfo else here.replace(tzinfo=zone)
        return moment("until", after, now) if after else None

    def _release(self, campaign: Campaign, fields: Fields, by: str) -> None:
        part = bootstrap.scope(fields.text("channel"), fields.text("zone"), fields.text("segment"))
        now = self._runtime.clock.now()
        self._runtime.holds.release(campaign.id, part, by, fields.text("reason"), now)

    async def _part(
        self,
        visit: Visit,
        word: str,
        campaign: Campaign,
        fields: Fields,
        error: ConflictError | InvalidInputError | None = None,
    ) -> Response:
        def lists() -> tuple[list[str], list[str]]:
            segments = [one.name for one in self._runtime.segments.list()]
            rows = self._runtime.reports.held(campaign.id, self._runtime.clock.now())
            # Whoever chose hours of their own is meant with the others of their zone.
            found = {parted(str(row["zone"]))[0] for row in rows if row["zone"]}
            zones = {zone for zone in found if zone}
            return segments, sorted({*zones, self._runtime.settings.time_zone})

        segments, zones = await run_in_threadpool(lists)
        invalid = isinstance(error, InvalidInputError)
        values = {
            "look": await self._looks.at(campaign),
            "word": word,
            "given": fields,
            "segments": segments,
            "zones": zones,
            "zone": self._runtime.settings.time_zone,
            "error": error if invalid else None,
            "refused": "" if invalid or error is None else str(error),
        }
        status = 200 if error is None else 422 if invalid else 409
        return self._desk.page(visit, "console/part.html", values, status=status)

    async def _given_up(
        self, visit: Visit, campaign: Campaign, refused: str = "", *, nothing: bool = False
    ) -> Response:
        look = await self._looks.at(campaign)
        dead = [cell for cell in look.cells if cell.status is DeliveryStatus.DEAD]
        reasons = {cell.reason: 0 for cell in dead if cell.reason}
        channels = {cell.channel: 0 for cell in dead}
        for cell in dead:
            channels[cell.channel] += cell.count
            if cell.reason:
                reasons[cell.reason] += cell.count
        values = {
            "look": look,
            "reasons": reasons,
            "channels": channels,
            "total": sum(channels.values()),
            "refused": refused,
            "nothing": nothing,
        }
        status = 409 if refused or nothing else 200
        return self._desk.page(visit, "console/replay.html", values, status=status)


def _require_known(items: Sequence[tuple[str, str]]) -> None:
    """Refuse words that nobody knows: without them it would be all that was given up."""
    field = misread(items)
    if field:
        raise InvalidInputError(field, said("is unknown"), said("Choose what the page has."))
