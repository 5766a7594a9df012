"""Everything that a command, a task or a page needs, joined from concrete adapters."""

from functools import cached_property, partial
from typing import TYPE_CHECKING

from broadcaster.bootstrap.runtime_sending import Sending

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from broadcaster.privacy.erasure import Erasure


class Runtime(Sending):
    """Everything that a command, a task or a page needs, made when it is first used."""

    @cached_property
    def erasure(self) -> "Erasure":
        """Erases people."""
        from broadcaster.bootstrap.approving import carried
        from broadcaster.privacy.erasure import Erasure

        return Erasure(self.pool, self.vault, partial(carried, self))
