"""The links that a message carries back to us; pure."""

from dataclasses import dataclass

from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.tokens import sign


@dataclass(frozen=True, kw_only=True, slots=True)
class Links:
    """Makes signed links below our public address."""

    public_url: str
    key: bytes

    def unsubscribe(self, delivery: DeliveryId) -> str:
        """Where one click ends messages of this class on this channel (RFC 8058)."""
        return f"{self.public_url}/unsubscribe/{sign(self.key, 'unsubscribe', delivery)}"

    def confirm(self, delivery: DeliveryId) -> str:
        """Where an app or browser says that it showed the message."""
        return f"{self.public_url}/confirm/{sign(self.key, 'confirm', delivery)}"

    def page(self, advisory: int, locale: str) -> str:
        """Where the advisory is published in this locale."""
        return f"{self.public_url}/advisories/{advisory}/{locale}"

    def __repr__(self) -> str:
        """Hide the key."""
        return f"Links({self.public_url!r})"
