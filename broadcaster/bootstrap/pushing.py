"""What a page needs to have a browser subscribe: our public key, and which endpoints we take."""

from functools import cached_property

from broadcaster.domain.message import Address
from broadcaster.errors import InvalidInputError
from broadcaster.settings import Settings

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415

_NAME = "webpush"


class PushGate:
    """Web Push as the settings have it; it works without the networks."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is read yet."""
        self._options = settings.options(_NAME)

    @cached_property
    def key(self) -> str:
        """The public key for `pushManager.subscribe`; empty where Web Push is not set up."""
        from broadcaster.providers.webpush import public_key

        private = self._options.text("PRIVATE_KEY", "")
        try:
            return public_key(private.strip().rstrip("=")) if private else ""
        except ValueError:
            return ""

    def read(self, given: object) -> Address:
        """Read a subscription as a browser reports it; InvalidInputError."""
        from broadcaster.providers._endpoints import allowed
        from broadcaster.providers._subscription import read

        if not self.key:
            problem, remedy = "is not set up here", "Set BROADCASTER_WEBPUSH_PRIVATE_KEY."
            raise InvalidInputError("Web Push", problem, remedy)
        return read(given, allowed(self._options))
