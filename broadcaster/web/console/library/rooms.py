"""The pages of what the team keeps."""

from collections.abc import Callable, Sequence

from broadcaster.bootstrap import Runtime
from broadcaster.web.console.desk import Area, Desk
from broadcaster.web.console.library.evidence import Evidence
from broadcaster.web.console.library.kinds import Kinds
from broadcaster.web.console.library.providers import ProvidersAndLimits
from broadcaster.web.console.library.shelf import Shelf
from broadcaster.web.console.library.translations import Translations


def library_rooms(runtime: Runtime, desk: Desk, *, stopping: Callable[[], bool]) -> Sequence[Area]:
    """Make them; `stopping` says that the server is about to end."""
    shelf = Shelf(runtime)
    return (
        Evidence(runtime, desk),
        # Before the kinds: its addresses are no names of kinds.
        Translations(runtime, desk, shelf),
        Kinds(runtime, desk, shelf),
        ProvidersAndLimits(runtime, desk, shelf, stopping),
    )
