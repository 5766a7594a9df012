"""What can go wrong in the simulated networks, how often, and to whom.

One setting, the overall share of trouble, spreads over the kinds below; any kind can be set by
itself. Who is hit is a pure function of the seed, the recipient and the attempt, so that a run can
be repeated whatever the order in which requests arrive.
"""

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

#: Kinds of trouble and the part of the overall share that each gets. Of each network first what
#: goes wrong with a request (these add up to 1), then what happens after a message was taken.
PARTS: Mapping[str, float] = MappingProxyType(
    {
        # The recipient replied STOP once (21610); stays so.
        "carrier.opted_out": 0.1,
        # 429 / 20429, never processed.
        "carrier.busy": 0.25,
        # 500 / 20500 although the message was taken, and without it having been.
        "carrier.error_accepted": 0.1,
        "carrier.error_refused": 0.1,
        # The connection is cut before and after the message was taken.
        "carrier.cut_before": 0.15,
        "carrier.cut_after": 0.15,
        # Taken, and answered late.
        "carrier.slow": 0.15,
        "carrier.undelivered": 0.5,
        # Of callbacks: each may be late, repeated or lost; of a message, all may be out of order.
        "carrier.callback_late": 0.5,
        "carrier.callback_repeated": 0.5,
        "carrier.callback_lost": 0.25,
        "carrier.callback_disordered": 0.5,
        # 550 5.1.1; stays so.
        "mail.no_mailbox": 0.1,
        # 552 5.2.2, by recipient, stays so.
        "mail.full": 0.1,
        # 450 4.2.1, and 421 with the connection closed.
        "mail.deferred": 0.25,
        "mail.closing": 0.1,
        # The connection is dropped after the final dot: without the message, and with it.
        "mail.cut_before": 0.15,
        "mail.cut_after": 0.15,
        "mail.slow": 0.15,
        # A DSN of failure or delay comes after the mail was taken; DSNs come late or twice.
        "mail.bounced": 0.3,
        "mail.delayed": 0.2,
        "mail.report_late": 0.3,
        "mail.report_repeated": 0.3,
        # The subscription has ended: 410, and 404; stays so.
        "webpush.gone": 0.15,
        "webpush.not_found": 0.05,
        "webpush.busy": 0.35,
        "webpush.unavailable": 0.25,
        "webpush.cut_before": 0.2,
        # UNREGISTERED and a token that never was one; both stay so.
        "fcm.unregistered": 0.15,
        "fcm.invalid": 0.05,
        "fcm.quota": 0.35,
        "fcm.unavailable": 0.25,
        "fcm.cut_before": 0.2,
        # Taken, and the connection cut: a resend replaces the message on the device, but is in the
        # record twice. Never part of the overall share, only when set.
        "webpush.cut_after": 0.0,
        "fcm.cut_after": 0.0,
        # Devices never show a message, or confirm late or twice.
        "device.never": 0.3,
        "device.late": 0.3,
        "device.repeated": 0.3,
    }
)

_WHOLE = 2.0**64


class Dice:
    """Rolls that depend on nothing but the seed and what is asked."""

    def __init__(self, seed: int, rates: Mapping[str, float]) -> None:
        """Take the seed, and the rate of every kind of trouble (0 to 1)."""
        self._seed = b"%d" % seed
        self._rates = rates

    def roll(self, *what: object) -> float:
        """Give a number from 0 up to 1, always the same for the same question."""
        text = "\0".join(map(str, what)).encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(text, digest_size=8, key=self._seed).digest()
        return int.from_bytes(digest, "big") / _WHOLE

    def hit(self, kind: str, *what: object) -> bool:
        """Tell whether this trouble comes over it."""
        rate = self._rates[kind]
        return rate > 0 and self.roll(kind, *what) < rate

    def first(self, kinds: Sequence[str], *what: object) -> str | None:
        """Choose at most one of several kinds, each with its own rate, by a single roll."""
        roll = self.roll(kinds[0].partition(".")[0], *what)
        for kind in kinds:
            roll -= self._rates[kind]
            if roll < 0:
                return kind
        return None


def rates(share: float, settled: Mapping[str, float]) -> Mapping[str, float]:
    """Spread the overall share over all kinds, except those settled by themselves."""
    spread = {kind: part * share for kind, part in PARTS.items()}
    return MappingProxyType({**spread, **settled})
