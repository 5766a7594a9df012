"""The log of requests, without addresses and bodies, and how often each recipient was tried."""

import hashlib
import logging
from typing import TypedDict, Unpack

from broadcaster.sandbox.record import Journal

_log = logging.getLogger(__name__)

#: Recipients whose attempts are remembered; the oldest is forgotten beyond that.
_CAPACITY = 2_000_000


class Columns(TypedDict, total=False):
    """What may be told of a request beside its time, network and answer.

    `recipient` is written as a hash. `units` are segments of an SMS, else 1.
    """

    recipient: str
    attempt: int
    trouble: str | None
    units: int
    what: str


class Requests:
    """Writes a line for each request, and counts attempts so that they survive a restart."""

    def __init__(self, journal: Journal) -> None:
        """Take up the counts that the journal holds."""
        self._journal = journal
        self._failing = False
        self._attempts: dict[int, int] = {}
        for line in journal:
            if line["attempt"]:
                self._attempts[int(line["key"], 16)] = line["attempt"]

    def attempt(self, network: str, recipient: str) -> int:
        """Count one more attempt to reach a recipient; the first is 1."""
        key = _key(network, recipient)
        count = self._attempts.pop(key, 0) + 1
        self._attempts[key] = count
        if len(self._attempts) > _CAPACITY:
            del self._attempts[next(iter(self._attempts))]
        return count

    def log(self, *, at: float, network: str, status: int, **columns: Unpack[Columns]) -> None:
        """Write down a request: when it came (epoch seconds) and what was answered.

        `status` is the protocol's number, 0 when the connection was cut instead.
        """
        recipient = columns.get("recipient", "")
        line = {
            "at": at,
            "network": network,
            "what": columns.get("what", "send"),
            "status": status,
            "units": columns.get("units", 1),
            "key": f"{_key(network, recipient):016x}" if recipient else "",
            "attempt": columns.get("attempt", 0),
            "trouble": columns.get("trouble"),
        }
        try:
            self._journal.append(line)
        except OSError:
            # Without space for the log, answers still must go out; one line about it is enough.
            if not self._failing:
                _log.critical("no space for the log", extra={"action": "sandbox.log"})
            self._failing = True


def _key(network: str, recipient: str) -> int:
    text = f"{network}\0{recipient}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
