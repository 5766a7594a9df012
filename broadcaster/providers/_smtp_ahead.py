"""How many mails may run ahead of their answers to a relay that cuts connections; pure.

Whatever was written and not answered when a connection is cut is in doubt. A relay that is well may
have many open; for one that cuts now and then, each mail more that is open is a mail more in doubt.
"""

#: So many mails have to be answered, for each that may be open, before twice as many may be.
_PROOF = 100


class Ahead:
    """One mail at a time after a cut, and twice as many whenever enough were answered since.

    Between two cuts at least a hundred mails were answered for each that ran ahead of another at
    the second. So running ahead puts no more than one mail in a hundred in doubt, but for what the
    first cut does, and connections that are cut together.
    """

    __slots__ = ("_answered", "_depth", "most")

    def __init__(self, depth: int) -> None:
        """Allow up to `depth` until a connection is cut."""
        self._depth = depth
        #: How many may be open on a connection.
        self.most = depth
        self._answered = 0

    def cut(self) -> None:
        """Note a connection that ended with mails that are in doubt now."""
        self.most = 1
        self._answered = 0

    def answered(self, count: int) -> None:
        """Note mails that the relay answered."""
        if self.most == self._depth:
            return
        self._answered += count
        if self._answered >= _PROOF * self.most:
            self._answered = 0
            self.most = min(2 * self.most, self._depth)
