"""Steering a campaign: launch, pause, resume, stop, and the next channel.

Pause is one press, as nothing is lost by it. What cannot be taken back says first what it will do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster import bootstrap
from broadcaster.bootstrap import Runtime
from broadcaster.domain.access import Action
from broadcaster.domain.campaign import ENDED, Campaign
from broadcaster.errors import ConflictError, InvalidInputError
from broadcaster.web.console.campaign import CampaignPage, found, number
from broadcaster.web.console.desk import Desk, see_other
from broadcaster.web.console.looks import Looks

Do = Callable[[Runtime, Campaign, str, datetime], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step: its word in addresses, who may take it, what does it, and whether it asks first.

    `typed` steps want the campaign's number typed.
    """

    word: str
    action: Action
    do: Do
    asks: bool = True
    typed: bool = False


STEPS = (
    Step(
        word="pause",
        action=Action.STOP,
        do=lambda runtime, campaign, by, now: runtime.campaigns.pause(campaign.id, by, now),
        asks=False,
    ),
    Step(
        word="resume",
        action=Action.LAUNCH,
        do=lambda runtime, campaign, by, now: runtime.campaigns.resume(campaign.id, by, now),
    ),
    Step(
        word="launch",
        action=Action.LAUNCH,
        do=lambda runtime, campaign, by, _: bootstrap.launch(runtime, campaign, by),
    ),
    Step(
        word="cancel",
        action=Action.STOP,
        do=lambda runtime, campaign, by, now: runtime.campaigns.cancel(campaign.id, by, now),
        typed=True,
    ),
    Step(
        word="next",
        action=Action.STEER,
        do=lambda runtime, campaign, by, now: runtime.campaigns.next_channel(campaign.id, by, now),
    ),
)


class Steering:
    """Takes the steps that operators ask for, in their names."""

    def __init__(self, runtime: Runtime, desk: Desk, looks: Looks, page: CampaignPage) -> None:
        """`page` shows what was refused."""
        self._runtime = runtime
        self._desk = desk
        self._looks = looks
        self._page = page

    def routes(self) -> list[Route]:
        """List what is answered: for each step a form that takes it, and a page that asks."""
        return [
            route
            for step in STEPS
            for route in (
                *([Route(_path(step), self._asking(step))] if step.asks else []),
                Route(_path(step), self._taking(step), methods=["POST"]),
            )
        ]

    def _asking(self, step: Step) -> Callable[[Request], object]:
        async def ask(request: Request) -> Response:
            visit = await self._desk.enter(request, step.action)
            campaign = await found(self._runtime, request)
            values = {"look": await self._looks.at(campaign), "step": step, "error": None}
            return self._desk.page(visit, "console/step.html", values)

        return ask

    def _taking(self, step: Step) -> Callable[[Request], object]:
        async def take(request: Request) -> Response:
            visit, fields = await self._desk.submitted(request, step.action)
            campaign = await found(self._runtime, request)
            asks = step.typed and campaign.status not in ENDED
            if asks and fields.text("number").strip() != str(campaign.id):
                values = {"look": await self._looks.at(campaign), "step": step, "error": "number"}
                return self._desk.page(visit, "console/step.html", values, status=422)
            by, now = visit.operator.name, self._runtime.clock.now()
            try:
                await run_in_threadpool(step.do, self._runtime, campaign, by, now)
            except (ConflictError, InvalidInputError) as error:
                status = 409 if isinstance(error, ConflictError) else 422
                return await self._page.page(
                    visit, number(request), refused=str(error), status=status
                )
            self._looks.forget(campaign.id)
            return see_other(f"/campaigns/{campaign.id}?done={step.word}")

        return take


def _path(step: Step) -> str:
    return f"/campaigns/{{campaign:int}}/{step.word}"
