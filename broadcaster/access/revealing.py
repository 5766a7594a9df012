"""What is shown once: it is kept sealed for some minutes, so that a form can lead to a page."""

from datetime import datetime

from broadcaster.access.sealing import Seal, UnreadableError
from broadcaster.access.tickets import Purpose, Tickets


class Revealing:
    """Keeps texts until they are looked at."""

    def __init__(self, tickets: Tickets, seal: Seal) -> None:
        """Keep them as tickets."""
        self._tickets = tickets
        self._seal = seal

    def keep(self, purpose: Purpose, operator: int, text: str, now: datetime) -> str:
        """Keep a text for somebody; the token that it is looked at by."""
        data = {"sealed": self._seal.seal(operator, text).hex()}
        return self._tickets.make(purpose, now, operator=operator, data=data)

    def look(
        self, purpose: Purpose, operator: int, token: str, now: datetime, *, stays: bool = False
    ) -> str | None:
        """Give the text, once unless it `stays`; None for another's, or one that has ended.

        What was sealed before the key was changed has ended, too.
        """
        found = self._tickets.read(purpose, token, now)
        if found is None or found.operator != operator:
            return None
        if not stays and self._tickets.take(purpose, token, now) is None:
            return None
        try:
            return self._seal.open(operator, bytes.fromhex(found.data["sealed"]))
        except UnreadableError:
            return None
