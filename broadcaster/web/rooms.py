"""The areas of the web that work on the whole inside: one line for each.

They are given everything (`bootstrap.Runtime`), and are tested with real servers.
"""

from collections.abc import Callable, Sequence

from broadcaster.bootstrap import Runtime
from broadcaster.web.console.compose.approvals import Approvals
from broadcaster.web.console.compose.foretelling import Foretelling
from broadcaster.web.console.compose.steps import Compose
from broadcaster.web.console.desk import Area, Desk


def rooms(runtime: Runtime, desk: Desk, *, stopping: Callable[[], bool]) -> Sequence[Area]:
    """Make them all; `stopping` says that the server is about to end."""
    del stopping
    foretelling = Foretelling(runtime)
    return (
        Compose(runtime, desk, foretelling),
        Approvals(runtime, desk, foretelling),
    )
