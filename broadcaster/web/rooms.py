"""The areas of the web that work on the whole inside: one line for each.

They are given everything (`bootstrap.Runtime`), and are tested with real servers.
"""

from collections.abc import Callable, Sequence

from broadcaster.bootstrap import Runtime
from broadcaster.web.api.app import Api
from broadcaster.web.console.desk import Area, Desk


def rooms(runtime: Runtime, desk: Desk, *, stopping: Callable[[], bool]) -> Sequence[Area]:
    """Make them all; `stopping` says that the server is about to end."""
    del desk, stopping
    return (Api(runtime),)
