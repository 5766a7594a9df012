"""Sending the codes of customers' pages: small messages of ours that belong to no campaign.

They go by the route of their address, in the urgent lane and within all limits. One is claimed
before it is sent and never sent twice: whoever gets none asks for another.

One process sends them at a time, several at once: whoever asks for codes while a network takes none
must not have every worker wait for it, and no campaign go on.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from broadcaster.dispatch.charges import Charges
from broadcaster.dispatch.flight import Flight, Landing
from broadcaster.dispatch.lines import Line, Lines
from broadcaster.domain.delivery import DeliveryEvent, DeliveryId
from broadcaster.domain.message import Address, Content, Lane, MessageClass, SmsContent, SmsSize
from broadcaster.errors import ConfigurationError
from broadcaster.ports import Clock, Message, Provider, Throttle, Want

_log = logging.getLogger(__name__)

#: Codes count as of no campaign; theirs are numbered from 1.
NO_CAMPAIGN = 0
#: How often a limit is asked before a code is given up: its reader has gone by then.
_ASKED = 60
#: How many are on their way at once, how long further ones are begun, and how often it is looked.
_TOGETHER, _WHILE, _LOOK = 20, timedelta(seconds=20), 0.5
#: How often it is looked whether one in the air has to be charged to its limits anew, seconds.
_CHARGE = 0.1


class Ready(Protocol):
    """A code that is to be sent."""

    @property
    def id(self) -> int:
        """Its number."""
        ...

    @property
    def address(self) -> Address:
        """Where to."""
        ...

    @property
    def code(self) -> str:
        """The digits."""
        ...

    @property
    def locale(self) -> str:
        """The reader's."""
        ...

    @property
    def ends(self) -> datetime:
        """When it is worth nothing any more."""
        ...


class Codes(Protocol):
    """Keeps codes."""

    def turn(self) -> AbstractContextManager[bool]:
        """Take the turn of sending; False while somebody has it."""
        ...

    def claim(self, now: datetime) -> Ready | bool:
        """Take the next; False when nothing waits, True when that was nobody's."""
        ...

    def sent(self, code: int, provider: str, outcome: str, now: datetime) -> None:
        """Note what came of it."""
        ...

    def tidy(self, now: datetime) -> int:
        """Delete what is over."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeSender:
    """Sends what waits.

    `write` makes a message's content of address, code and locale, `measure` counts the segments of
    an SMS; `get` gives a provider by its name.
    """

    codes: Codes
    get: Callable[[str], Provider]
    routes: Mapping[str, Sequence[str]]
    throttle: Throttle
    clock: Clock
    write: Callable[[Address, str, str], Content]
    measure: Callable[[str], SmsSize]

    async def send(self) -> int:
        """Send what waits, if nobody else does; how many were looked up, and found or not."""
        with self.codes.turn() as mine:
            count = await self._all() if mine else 0
        if mine:
            await asyncio.to_thread(self.codes.tidy, self.clock.now())
        return count

    async def _all(self) -> int:
        count, going = 0, set[asyncio.Task[None]]()
        end = self.clock.now() + _WHILE
        try:
            while True:
                found: Ready | bool = False
                if len(going) < _TOGETHER and self.clock.now() < end:
                    found = await asyncio.to_thread(self.codes.claim, self.clock.now())
                if found is not False:
                    count += 1
                    if not isinstance(found, bool):
                        going.add(asyncio.create_task(self._send(found)))
                elif not going:
                    return count
                else:
                    done, going = await asyncio.wait(
                        going, timeout=_LOOK, return_when=asyncio.FIRST_COMPLETED
                    )
                    for one in done:
                        one.result()
        finally:
            # Of those that a fault leaves behind none is sent unseen.
            for one in going:
                one.cancel()
            await asyncio.gather(*going, return_exceptions=True)

    async def _send(self, ready: Ready) -> None:
        provider, outcome = "", "no way"
        try:
            line = self._line(ready.address)
            provider = line.name
            outcome = await self._handed(ready, line)
        except ConfigurationError as error:
            extra = {"action": "code_not_sent", "code": ready.id, "why": str(error)}
            _log.error("a code could not be sent: %s", error, extra=extra)
        await asyncio.to_thread(self.codes.sent, ready.id, provider, outcome, self.clock.now())
        extra = {"action": "code_sent", "code": ready.id, "provider": provider, "outcome": outcome}
        _log.info("a code was handled", extra=extra)

    def _line(self, address: Address) -> Line:
        """Choose the first network of the route that is set up."""
        lines = Lines(self.get, self.routes)
        names = lines.route(address)
        found = lines.choose(names, self.clock.now(), allowed=lambda _name: True)
        if isinstance(found, datetime):
            message = "BROADCASTER_ROUTES: no network of the route is well. Try again later."
            raise ConfigurationError(message)
        return found

    async def _handed(self, ready: Ready, line: Line) -> str:
        message = self._message(ready)
        limits = self.throttle.limits(line.name, line.sender, ready.address)
        want = Want(limits, message.units)
        for _ in range(_ASKED):
            asked = self.clock.now()
            if asked >= ready.ends:
                break
            grant = await asyncio.to_thread(self.throttle.take, [want], Lane.URGENT)
            if not grant.granted:
                await asyncio.sleep(max(0.05, min(grant.wait, 5.0)))
                continue
            landing = await self._flown(message, line, want, grant.mark, asked)
            # What was taken back did not leave: its grant had grown old.
            if not landing.recalled:
                return _outcome(landing)
        return "late"

    async def _flown(
        self, message: Message, line: Line, want: Want, mark: int, asked: datetime
    ) -> Landing:
        """Let it leave as messages of campaigns do: not on an old grant, and charged meanwhile."""
        flight = Flight(line.provider, self.clock, lambda _, now: now < message.expires)
        charges = Charges(self.throttle, self.clock, Lane.URGENT, line.roundtrips)
        flight.start([message], [want], mark, asked)
        try:
            while not (landings := await flight.landed(_CHARGE)):
                charges.renew(flight)
        except BaseException:
            await flight.end()
            raise
        charges.landed(landings)
        return landings[0]

    def _message(self, ready: Ready) -> Message:
        content = self.write(ready.address, ready.code, ready.locale)
        return Message(
            delivery=DeliveryId(NO_CAMPAIGN, ready.id),
            attempt=1,
            address=ready.address,
            locale=ready.locale,
            content=content,
            units=self.measure(content.body).segments if isinstance(content, SmsContent) else 1,
            lane=Lane.URGENT,
            message_class=MessageClass.SERVICE,
            expires=ready.ends,
            # Nobody subscribed to it: it was asked for, once.
            unsubscribe_url="",
            confirm_url="",
            collapse_key=f"code-{ready.id}",
        )


def _outcome(landing: Landing) -> str:
    if landing.event is DeliveryEvent.ACCEPT:
        return "accepted"
    reason = landing.submission.reason
    return reason.value if reason else landing.event.value
