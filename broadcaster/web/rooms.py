"""The areas of the web that work on the whole inside: one line for each.

They are given everything (`bootstrap.Runtime`), and are tested with real servers.
"""

from collections.abc import Callable, Sequence

from broadcaster.bootstrap import Runtime
from broadcaster.web.access.rooms import access_rooms
from broadcaster.web.console.desk import Area, Desk
from broadcaster.web.console.library.evidence import Evidence
from broadcaster.web.console.library.kinds import Kinds
from broadcaster.web.console.library.providers import ProvidersAndLimits
from broadcaster.web.console.library.shelf import Shelf
from broadcaster.web.console.library.translations import Translations


def rooms(runtime: Runtime, desk: Desk, *, stopping: Callable[[], bool]) -> Sequence[Area]:
    """Make them all; `stopping` says that the server is about to end."""
    shelf = Shelf(runtime)
    return (
        *access_rooms(runtime, desk),
        Evidence(runtime, desk),
        # Before the kinds: its addresses are no names of kinds.
        Translations(runtime, desk, shelf),
        Kinds(runtime, desk, shelf),
        ProvidersAndLimits(runtime, desk, stopping),
    )
