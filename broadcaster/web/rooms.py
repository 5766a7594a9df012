"""The areas of the web that work on the whole inside: one line for each.

They are given everything (`bootstrap.Runtime`), and are tested with real servers.
"""

from collections.abc import Callable, Sequence

from broadcaster.bootstrap import Runtime
from broadcaster.web.access.rooms import access_rooms
from broadcaster.web.api.app import Api
from broadcaster.web.console import campaign_areas
from broadcaster.web.console.area_maps import AreaMaps
from broadcaster.web.console.compose.approvals import Approvals
from broadcaster.web.console.compose.audiences import Audiences
from broadcaster.web.console.compose.foretelling import Foretelling
from broadcaster.web.console.compose.steps import Compose
from broadcaster.web.console.desk import Area, Desk
from broadcaster.web.console.integrations import Keys, Webhooks
from broadcaster.web.console.library.rooms import library_rooms
from broadcaster.web.console.people.areas import AreaPages
from broadcaster.web.console.people.attributes import AttributePages
from broadcaster.web.console.people.customers import CustomerPages
from broadcaster.web.console.people.imports import ImportPages
from broadcaster.web.console.people.requests import RequestPages
from broadcaster.web.console.people.rules import RulePages
from broadcaster.web.console.people.segments import SegmentPages
from broadcaster.web.public.codes import CodePages
from broadcaster.web.public.door import Door
from broadcaster.web.public.own import OwnPages
from broadcaster.web.public.push import PushPages

#: How many connections to PostgreSQL are open at once at most. What takes seconds or minutes, two
#: forecasts, files, evidence, imports and counts, keeps one each: pages, Pause among them, and
#: receipts must never wait for all of that.
CONNECTIONS = 20


def rooms(runtime: Runtime, desk: Desk, *, stopping: Callable[[], bool]) -> Sequence[Area]:
    """Make them all; `stopping` says that the server is about to end."""
    runtime.widen(CONNECTIONS)
    door = Door(runtime)
    foretelling = Foretelling(runtime)
    maps = AreaMaps(runtime)
    audiences = Audiences(runtime, maps)
    desk.count(runtime.versions.count_waiting)
    return (
        Api(runtime, desk.pages.languages),
        Keys(runtime, desk),
        Webhooks(runtime, desk),
        *access_rooms(runtime, desk),
        *library_rooms(runtime, desk, stopping=stopping),
        *campaign_areas.areas(runtime, desk, stopping),
        Compose(runtime, desk, foretelling, audiences),
        Approvals(runtime, desk, foretelling, audiences),
        CodePages(runtime, desk.pages, door),
        OwnPages(runtime, desk.pages, door),
        PushPages(runtime, desk.pages, door),
        ImportPages(runtime, desk),
        CustomerPages(runtime, desk),
        SegmentPages(runtime, desk),
        AreaPages(runtime, desk, maps),
        AttributePages(runtime, desk),
        RulePages(runtime, desk),
        RequestPages(runtime, desk),
    )
