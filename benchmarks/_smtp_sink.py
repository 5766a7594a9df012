"""A bare SMTP sink: pipelining, no checks; records the envelope sender and recipient.

`python benchmarks/_smtp_sink.py PORT [RECORD]`. The label of a mail is the campaign that its
bounce address names (`b+<campaign>-<number>-<signature>@…`), if it names one.
"""

from benchmarks._sink import Tally, main, now

_HELLO = (
    b"250-sink.test\r\n250-PIPELINING\r\n250-SIZE 50000000\r\n250-8BITMIME\r\n"
    b"250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n250 SMTPUTF8\r\n"
)
_OK = b"250 2.0.0 Ok\r\n"
_END = b"\r\n.\r\n"


class SmtpSession:
    """One connection: commands are looked at by their first four letters alone."""

    greeting = b"220 sink.test ESMTP\r\n"

    def __init__(self, tally: Tally) -> None:
        """Wait for commands."""
        self._tally = tally
        self._rest = b""
        self._inside = False
        #: What is still to come of a piece that was announced by its length (RFC 3030).
        self._announced = 0
        self._last = False
        self._size = 0
        self._sender = b""
        self._recipients: list[bytes] = []

    def feed(self, data: bytes) -> bytes:
        """Take what arrived and answer each whole command, and each whole mail."""
        data = self._rest + data if self._rest else data
        answers: list[bytes] = []
        at = 0
        while True:
            if self._inside:
                end = data.find(_END, at)
                if end < 0:
                    # The end may lie across two readings: four octets are looked at again.
                    keep = max(at, len(data) - len(_END) + 1)
                    self._size += keep - at
                    self._rest = data[keep:]
                    break
                self._size += end - at
                at = end + len(_END)
                self._inside = False
                self._arrived()
                answers.append(_OK)
                continue
            if self._announced:
                taken = min(self._announced, len(data) - at)
                self._announced -= taken
                at += taken
                if self._announced:
                    self._rest = b""
                    break
                if self._last:
                    self._arrived()
                answers.append(_OK)
                continue
            end = data.find(b"\n", at)
            if end < 0:
                self._rest = data[at:]
                break
            answers.append(self._command(data[at : end + 1]))
            # The line end of DATA is kept, so that a mail of one dot alone ends too.
            at = end - 1 if self._inside else end + 1  # type: ignore[redundant-expr]  # (the command sets it)
        return b"".join(answers)

    def _command(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"RCPT":
            self._recipients.append(line[8:].partition(b">")[0].lstrip(b" <"))
            return _OK
        if verb == b"MAIL":
            self._sender = line[10:].partition(b">")[0].lstrip(b" <")
            self._recipients = []
            self._size = 0
            return _OK
        if verb == b"BDAT":
            _, length, *last = line.split()
            self._announced, self._last = int(length), bool(last)
            self._size += self._announced
            return b""
        if verb == b"DATA":
            self._inside, self._size = True, -2
            return b"354 go ahead\r\n"
        if verb == b"EHLO":
            return _HELLO
        return b"221 2.0.0 Bye\r\n" if verb == b"QUIT" else _OK

    def _arrived(self) -> None:
        label = campaign(self._sender)
        when = now()
        for recipient in self._recipients:
            self._tally.arrived(self._size, label, recipient + b"\t" + self._sender, when)
        self._recipients = []


def campaign(sender: bytes) -> str:
    """Give the campaign that a bounce address names; empty when it names none."""
    if not sender.startswith(b"b+"):
        return ""
    return sender[2:].partition(b"-")[0].decode("ascii", "replace")


if __name__ == "__main__":
    main(SmtpSession)
