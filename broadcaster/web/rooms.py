"""The areas of the web that work on the whole inside: one line for each.

They are given everything (`bootstrap.Runtime`), and are tested with real servers.
"""

from collections.abc import Callable, Sequence

from broadcaster.bootstrap import Runtime
from broadcaster.web.access.rooms import access_rooms
from broadcaster.web.api.app import Api
from broadcaster.web.console import campaign_areas
from broadcaster.web.console.compose.approvals import Approvals
from broadcaster.web.console.compose.foretelling import Foretelling
from broadcaster.web.console.compose.steps import Compose
from broadcaster.web.console.desk import Area, Desk
from broadcaster.web.console.integrations import Keys, Webhooks
from broadcaster.web.public.codes import CodePages
from broadcaster.web.public.door import Door
from broadcaster.web.public.own import OwnPages
from broadcaster.web.public.push import PushPages


def rooms(runtime: Runtime, desk: Desk, *, stopping: Callable[[], bool]) -> Sequence[Area]:
    """Make them all; `stopping` says that the server is about to end."""
    door = Door(runtime)
    foretelling = Foretelling(runtime)
    return (
        Api(runtime),
        Keys(runtime, desk),
        Webhooks(runtime, desk),
        *access_rooms(runtime, desk),
        *campaign_areas.areas(runtime, desk, stopping),
        Compose(runtime, desk, foretelling),
        Approvals(runtime, desk, foretelling),
        CodePages(runtime, desk.pages, door),
        OwnPages(runtime, desk.pages, door),
        PushPages(runtime, desk.pages, door),
    )
