"""Telling the limits what became of the units that they granted."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from broadcaster.dispatch.flight import Aloft, Flight, Landing
from broadcaster.dispatch.roundtrips import RoundTrips
from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.domain.message import Lane
from broadcaster.ports import Clock, Throttle, Want

#: When the units of a message in the air are charged anew. They are held for longer without a word;
#: but a store that forgot them learns of them by this.
_GRANTED, _CHARGED = timedelta(seconds=1), timedelta(seconds=0.3)

#: How long ago what never left has arrived, seconds: longer than any limit remembers; and what is
#: in the air still.
_NEVER, _NOT_YET = 10.0, -1.0


class Charges:
    """The units that one provider's messages hold, for as long as they may arrive."""

    def __init__(
        self, throttle: Throttle, clock: Clock, lane: Lane, roundtrips: RoundTrips
    ) -> None:
        """Nothing is held yet."""
        self._throttle = throttle
        self._clock = clock
        self._lane = lane
        self._roundtrips = roundtrips

    def landed(self, landings: Sequence[Landing]) -> None:
        """Say when messages can have arrived at the latest.

        What was never answered may arrive even now: it keeps what its last charge holds.
        """
        now = self._clock.now()
        answered = [one for one in landings if one.submission.event is not DeliveryEvent.LOSE]
        taken = [
            one.at - one.aloft.left
            for one in answered
            if one.aloft.left is not None and one.submission.reference is not None
        ]
        if taken:
            self._roundtrips.note(min(taken).total_seconds(), now, len(taken))
        held = [one for one in answered if one.aloft.want.limits]
        if held:
            self._tell([one.aloft for one in held], [self._ago(one, now) for one in held])

    def unused(self, wants: Sequence[Want], mark: int) -> None:
        """Give back what was granted and will not be used."""
        limited = [(mark, want) for want in wants if want.limits]
        if limited:
            self._throttle.landed(limited, self._lane, [_NEVER] * len(limited))

    def renew(self, flight: Flight) -> None:
        """Charge what is in the air for long anew, before its charge runs out."""
        now = self._clock.now()
        aloft = flight.held_since(now - _GRANTED, now - _CHARGED)
        mark = self._tell(aloft, [_NOT_YET] * len(aloft)) if aloft else 0
        for one in aloft:
            # Without a mark nobody knows of the charge: its grant is all that it has.
            if mark or not one.want.limits:
                one.mark, one.since, one.charged = mark, now, True

    def _ago(self, landing: Landing, now: datetime) -> float:
        """Say how long ago a message arrived at the latest, seconds.

        One that did not leave may have been named to the network all the same (a relay refuses
        recipients before it takes a mail), unless there was no connection.
        """
        since = max((now - landing.at).total_seconds(), 0.0)
        if landing.aloft.left is not None:
            return since + self._roundtrips.least()
        unheard = landing.submission.reason is Reason.NO_CONNECTION
        return _NEVER if unheard else since

    def _tell(self, aloft: Sequence[Aloft], ago: Sequence[float]) -> int:
        pairs = [
            ((one.mark, one.want), long)
            for one, long in zip(aloft, ago, strict=True)
            if one.want.limits
        ]
        if not pairs:
            return 0
        return self._throttle.landed(
            [pair for pair, _ in pairs], self._lane, [long for _, long in pairs]
        )
