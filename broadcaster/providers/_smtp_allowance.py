"""How many connections a relay bears, and how soon it is asked for another; pure."""

#: Seconds after which one more connection is allowed again.
_RECOVERY = 15.0

#: Seconds between attempts while none succeeds: the first wait, and the longest.
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 8.0


class Allowance:
    """Halves when the relay bears no more, and recovers by one at a time.

    Times are seconds of any clock that never goes back.
    """

    __slots__ = ("_failures", "_left", "_most", "_since", "not_before")

    def __init__(self, most: int) -> None:
        """Allow `most` connections at best."""
        self._most = most
        self._left = most
        #: When the last failure came that told something new.
        self._since = float("-inf")
        self._failures = 0
        #: Until when no further attempt should be made.
        self.not_before = float("-inf")

    def connections(self, now: float) -> int:
        """Say how many connections there may be now."""
        if self._left >= self._most:
            return self._most
        return min(self._most, self._left + int((now - self._since) / _RECOVERY))

    def failed(self, begun: float, now: float, *, crowded: bool) -> None:
        """Note an attempt that came to nothing; `crowded` when fewer connections may help.

        Of attempts that were under way together the first tells all that there is to learn.
        """
        if begun < self._since:
            return
        if crowded:
            self._left = max(1, self.connections(now) // 2)
        self._since = now
        self.not_before = now + min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(self._failures, 10))
        self._failures += 1

    def worked(self) -> None:
        """Note that a connection brought a mail to its end."""
        if self._failures:
            self._failures = 0
            self.not_before = float("-inf")
