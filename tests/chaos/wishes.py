"""What is asked of a run."""

from dataclasses import dataclass
from pathlib import Path

#: Units of an SMS, and the shares of customers with each kind of address, roughly: for the limits.
_UNITS = {"twilio": 0.92 * 2.2, "smtp": 0.61, "webpush": 0.17, "fcm": 0.17}
#: What the second campaign adds.
_MORE = 1.25
_SLOWEST = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """How large a run is, what is done to it, and how long it may take.

    `sending` is how many seconds the sending would take if nothing went wrong: the limits are set
    by it, so that events find the campaign under way. `patience` bounds the whole run, seconds.
    """

    seed: int
    customers: int
    events: int
    trouble: float
    sending: float
    patience: float
    kept: Path
    #: How long a lease lasts, seconds: what is stopped sleeps longer than that.
    lease: float = 3.0
    #: How long after a pause something may still leave (invariant 4), seconds.
    pause: float = 2.0
    #: How many events may be under way together.
    together: int = 3

    def limits(self) -> dict[str, int]:
        """Give the units a second for each provider."""
        whole = self.customers * _MORE / self.sending
        return {name: max(_SLOWEST, round(whole * share)) for name, share in _UNITS.items()}
