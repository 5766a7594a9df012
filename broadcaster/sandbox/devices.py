"""The simulated devices behind the push services: they show messages, and confirm it."""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping

from broadcaster.sandbox.attempts import Requests
from broadcaster.sandbox.config import SandboxConfig
from broadcaster.sandbox.http import Cut
from broadcaster.sandbox.poster import Poster
from broadcaster.sandbox.record import Journal, Line
from broadcaster.sandbox.trouble import Dice

#: Messages with a topic that are remembered to know what replaced what.
_REMEMBERED = 200_000
_HEADERS: Mapping[str, str] = {
    "Content-Type": "application/json",
    "User-Agent": "BroadcasterSandbox/1",
}


class Devices:
    """Records what a push service took, and lets the device behind the address show it.

    A newer message with the same topic takes the place of one that was not shown yet (RFC 8030,
    section 5.4; FCM's collapse key does the same).
    """

    def __init__(
        self,
        config: SandboxConfig,
        *,
        dice: Dice,
        record: Journal,
        requests: Requests,
        poster: Poster,
        accepted: Callable[[int, Line], None],
        now: Callable[[], float],
    ) -> None:
        """Tell `accepted` of each recorded message, so that its confirmations follow."""
        self.dice = dice
        self.requests = requests
        self.now = now
        self._config = config
        self._record = record
        self._poster = poster
        self._accepted = accepted
        self._newest: OrderedDict[tuple[str, str], float] = OrderedDict()
        for line in record:
            self._remember(line)

    def trouble(self, network: str, kinds: tuple[str, ...], address: str) -> tuple[str | None, int]:
        """Decide what goes wrong with a request to an address, and count the attempt."""
        attempt = self.requests.attempt(network, address)
        return self.dice.first(kinds, address, attempt), attempt

    def take(
        self,
        *,
        network: str,
        address: str,
        payload: object,
        headers: Mapping[str, str],
        topic: str,
        confirm: object,
        attempt: int,
        at: float,
    ) -> int:
        """Record a message for delivery; its number. OSError when it can't be recorded."""
        shown, confirmations = self._plan(address, attempt, at)
        url = confirm if isinstance(confirm, str) else ""
        line: Line = {
            "address": address,
            "payload": payload,
            "headers": dict(headers),
            "at": at,
            "network": network,
            "topic": topic,
            "attempt": attempt,
            "fate": "never shown" if shown is None else "shown",
            "shown": shown,
            "confirm": url,
            "then": [(due, "shown") for due in confirmations] if url else [],
        }
        number = self._record.append(line)
        self._remember(line)
        self._accepted(number, line)
        return number

    def _plan(self, address: str, attempt: int, at: float) -> tuple[float | None, list[float]]:
        """Decide when the message is shown, if ever, and when that is confirmed."""
        who = (address, attempt)
        if self.dice.hit("device.never", *who):
            return None, []
        delay = 0.2 + self.dice.roll("device.shown", *who) * 1.5
        told = delay
        if self.dice.hit("device.late", *who):
            told += 5 + self.dice.roll("device.delay", *who) * 15
        times = [told, told + 1] if self.dice.hit("device.repeated", *who) else [told]
        pace = self._config.pace
        return at + delay * pace, [at + time * pace for time in times]

    def _remember(self, line: Line) -> None:
        if line["topic"]:
            key = (line["address"], line["topic"])
            self._newest.pop(key, None)
            self._newest[key] = line["at"]
            if len(self._newest) > _REMEMBERED:
                self._newest.popitem(last=False)

    async def confirm(self, line: Line, step: int) -> str:
        """Confirm that a message was shown, unless a newer one had taken its place before."""
        newest = self._newest.get((line["address"], line["topic"]), line["at"])
        if line["at"] < newest < line["shown"]:
            return "replaced"
        body = json.dumps({"event": "shown", "at": line["then"][step][0]}).encode("ascii")
        return await self._poster.post(line["confirm"], body, _HEADERS)

    def cut(self, network: str, at: float, address: str, attempt: int, kind: str) -> Cut:
        """Write down that the connection is cut, and give the exception that does it."""
        self.requests.log(
            at=at, network=network, status=0, recipient=address, attempt=attempt, trouble=kind
        )
        return Cut()
