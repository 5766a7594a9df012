"""When a deferred delivery is tried again; pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from broadcaster.domain.delivery import DeliveryEvent
from broadcaster.ports import Submission

#: A random number from 0 up to 1, given from outside.
Random = Callable[[], float]


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryRule:
    """How often and how soon: exponential with full jitter, as attempts grow.

    With `attempts` of a hundred the advisory's end comes first: a relay that is down for an hour
    loses nobody. Full jitter (a uniform draw up to the exponential bound) spreads the retries of a
    slice that failed together, so that they do not come back together.
    """

    attempts: int
    base: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(minutes=30)

    def given_up(self, submission: Submission) -> Submission:
        """Turn a refusal for now, after the last attempt, into the end."""
        return replace(submission, event=DeliveryEvent.EXHAUST)

    def due(self, submission: Submission, now: datetime, random: Random) -> datetime | None:
        """Say when to try again; None when the attempts are spent.

        A wish of the provider (`Retry-After`) is the earliest, with jitter on top.
        """
        if submission.attempt >= self.attempts:
            return None
        bound = min(self.longest, self.base * (1 << min(submission.attempt, 30)))
        wish = min(submission.retry_after or timedelta(0), self.longest)
        return now + max(wish, timedelta(0)) + bound * random()
