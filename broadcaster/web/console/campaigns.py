"""The list of campaigns: found by status and name, page by page."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.bootstrap import Runtime
from broadcaster.domain.access import Action
from broadcaster.domain.campaign import CampaignStatus
from broadcaster.ledger.reading import Wish
from broadcaster.web.console.desk import Desk
from broadcaster.web.console.filters import told, unknown
from broadcaster.web.console.looks import Looks
from broadcaster.web.labels import STATUSES

#: Campaigns on one page.
_PAGE = 20
#: The longest text that is looked for, and the highest number of a campaign.
_LONGEST, _HIGHEST = 200, 2**31 - 1
_STATUSES = {one.value: text for one, text in STATUSES.items()}


class CampaignList:
    """Lists campaigns, the newest first."""

    def __init__(self, runtime: Runtime, desk: Desk, looks: Looks) -> None:
        """Nothing was looked for yet."""
        self._runtime = runtime
        self._desk = desk
        self._looks = looks

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [Route("/campaigns", self.campaigns)]

    async def campaigns(self, request: Request) -> Response:
        """List those of a status, with a text in their names, older than one."""
        visit = await self._desk.enter(request, Action.LOOK)
        wish = asked(request)
        filters = {"status": told(_STATUSES, visit.language)}
        wrong = unknown(request.query_params.multi_items(), filters, visit.language)
        found = [] if wrong else await run_in_threadpool(self._runtime.campaigns.search, wish)
        shown, more = found[:_PAGE], len(found) > _PAGE
        looks = await self._looks.some(shown)
        status = next(iter(wish.statuses), None)
        values = {
            "campaigns": shown,
            "looks": looks,
            "text": wish.text,
            "status": status,
            "statuses": list(CampaignStatus),
            "first": wish.before is None,
            "after": shown[-1].id if more else None,
            "unknown": wrong,
        }
        status_code = 422 if wrong else 200
        return self._desk.page(visit, "console/campaigns.html", values, status=status_code)


def asked(request: Request) -> Wish:
    """Read what is looked for; what makes no sense is not looked for."""
    query = request.query_params
    text = " ".join(query.get("name", "").replace("\0", "").split())[:_LONGEST]
    status = query.get("status", "")
    before = query.get("before", "")
    number = int(before) if before.isascii() and before.isdigit() and len(before) < 11 else 0  # noqa: PLR2004  (digits)
    return Wish(
        text=text,
        statuses=frozenset({CampaignStatus(status)} if status in list(CampaignStatus) else ()),
        before=number if 0 < number <= _HIGHEST else None,
        limit=_PAGE + 1,
    )
