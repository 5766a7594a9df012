"""What is said to a relay about mails, and what each reply means for which mail; pure.

At most two mails are open on a connection: one whose content was written and not yet answered, and
behind it one whose envelope was sent ahead where the relay offers PIPELINING (RFC 2920). A third
would gain nothing: after DATA a client has to wait for the relay's word (section 3.1). Where the
relay takes mails by their length, `_smtp_chunking` does this instead.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from enum import IntEnum, auto

from broadcaster.providers._relay import RefusedError
from broadcaster.providers._smtp_letter import Letter
from broadcaster.providers._smtp_replies import POSITIVE_END, BadReplyError, Reply

_GO_AHEAD = 354

#: The relay closes the connection (RFC 5321, section 4.2.1).
CLOSING = 421

#: Replies of a turn: to a mail, and to MAIL, RCPT and DATA of the next.
_TURN = 4

_DATA, _DOT, _RSET = b"DATA\r\n", b".\r\n", b"RSET\r\n"


class Step(IntEnum):
    """What the relay has to answer next, or has to read; each has its own patience."""

    RSET = auto()
    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    #: The content is being written.
    CONTENT = auto()
    #: The final dot.
    END = auto()
    #: A lone dot after a go-ahead for a mail that was refused before.
    VOID = auto()


class Exchange:
    """The mails of one connection.

    `going` was told to go ahead: its content is to be written, then `gone` called. `finished` have
    their answer. `closing` is set when the relay says that it closes the connection (421).
    """

    __slots__ = (
        "_ahead",
        "_awaited",
        "_content",
        "_dirty",
        "_envelope",
        "_group",
        "_said",
        "closing",
        "finished",
        "going",
    )

    def __init__(self, *, group: bool, ahead: bool) -> None:
        """`group`: MAIL, RCPT and DATA in one; `ahead`: also behind the content of another mail."""
        self._group = group
        self._ahead = group and ahead
        self._awaited: deque[tuple[Step, Letter]] = deque()
        self._envelope: Letter | None = None
        self._content: Letter | None = None
        #: Whether a transaction is open at the relay that has to be taken back before another.
        self._dirty = False
        self._said: list[bytes] = []
        self.going: Letter | None = None
        self.finished: list[Letter] = []
        self.closing: RefusedError | None = None

    @property
    def free(self) -> bool:
        """Whether another mail's envelope may be written now."""
        return (
            self._envelope is None
            and (self._content is None or self._ahead)
            and self.closing is None
        )

    @property
    def idle(self) -> bool:
        """Whether no mail is open."""
        return self._envelope is None and self._content is None

    @property
    def step(self) -> Step | None:
        """What is waited for; None when nothing is."""
        if self._awaited:
            return self._awaited[0][0]
        return Step.CONTENT if self.going is not None else None

    @property
    def open(self) -> list[Letter]:
        """The mails that have no answer yet."""
        return [letter for letter in (self._content, self._envelope) if letter is not None]

    def begin(self, letter: Letter) -> None:
        """Name sender and recipient of another mail."""
        self._envelope = letter
        if self._dirty:
            self._dirty = False
            self._say(Step.RSET, letter, _RSET)
            if not self._group:
                return
        self._name(letter)

    def gone(self, said: Iterable[bytes] = ()) -> None:
        """Note that the content of `going` is handed over, when `said` is written, too."""
        letter, self.going, self._envelope = self.going, None, None
        if letter is None:
            raise BadReplyError("no mail was told to go ahead")
        self._said += said
        letter.written = True
        self._content = letter
        self._dirty = False
        self._awaited.append((Step.END, letter))

    def said(self) -> list[bytes]:
        """Give what is to be written now, once."""
        said, self._said = self._said, []
        return said

    def agreed(self, codes: Sequence[int]) -> list[Letter] | None:
        """Take in that one mail was accepted and all of the next one's envelope; gives the first.

        That is what nearly all replies say, read together. None, and nothing is taken in, when
        these say anything else.
        """
        awaited = self._awaited
        if len(codes) != _TURN or len(awaited) != _TURN or awaited[0][0] is not Step.END:
            return None
        ended, sender, recipient, data = codes
        if data != _GO_AHEAD or max(ended, sender, recipient) >= POSITIVE_END:
            return None
        # Behind the end of a mail there is only an envelope that was sent ahead, in one group.
        letter, following = awaited[0][1], awaited[1][1]
        awaited.clear()
        self._content = None
        self._dirty = following.named = True
        self.going = following
        return [letter]

    def heard(self, reply: Reply) -> None:
        """Take a reply in; BadReplyError when it fits nothing that was said."""
        if not self._awaited:
            self._interrupted(reply)
            return
        step, letter = self._awaited.popleft()
        if reply.code == CLOSING:
            self._closed(step, letter, reply)
        elif step is Step.END:
            self._ended(letter, reply)
        elif step is Step.DATA:
            self._invited(letter, reply)
        elif step is Step.VOID:
            self._finish(letter)
        else:
            self._named(step, letter, reply)

    def _say(self, step: Step, letter: Letter, line: bytes) -> None:
        self._awaited.append((step, letter))
        self._said.append(line)

    def _name(self, letter: Letter) -> None:
        sender, recipient = letter.envelope
        letter.named = False
        if self._group:
            self._awaited += ((Step.MAIL, letter), (Step.RCPT, letter), (Step.DATA, letter))
            self._said += (sender, recipient, _DATA)
        else:
            self._say(Step.MAIL, letter, sender)

    def _named(self, step: Step, letter: Letter, reply: Reply) -> None:
        """Take in the answer to RSET, MAIL or RCPT."""
        if reply.good:
            self._dirty = self._dirty or step is not Step.RSET
            letter.named = step is Step.RCPT
            if not self._group:
                self._go_on(step, letter)
        elif not reply.bad or step is Step.RSET:
            raise BadReplyError(f"reply {reply.code} to {step.name}")
        else:
            if letter.refusal is None:
                letter.refusal = RefusedError(reply.code, reply.text, sender=step is Step.MAIL)
            if not self._group:
                self._finish(letter)

    def _go_on(self, step: Step, letter: Letter) -> None:
        """Say the next command where one must wait for each reply."""
        if step is Step.RSET:
            self._name(letter)
        elif step is Step.MAIL:
            self._say(Step.RCPT, letter, letter.envelope[1])
        else:
            self._say(Step.DATA, letter, _DATA)

    def _invited(self, letter: Letter, reply: Reply) -> None:
        if reply.code == _GO_AHEAD and letter.refusal is None:
            self.going = letter
        elif reply.code == _GO_AHEAD and not letter.named:
            # It refused the only recipient and wants the mail all the same (RFC 2920, section 3.1).
            self._say(Step.VOID, letter, _DOT)
        elif reply.bad:
            letter.refusal = letter.refusal or RefusedError(reply.code, reply.text)
            self._dirty = True
            self._finish(letter)
        else:
            # So is a go-ahead for a recipient without a sender: any dot would be a mail to it.
            raise BadReplyError(f"reply {reply.code} to DATA")

    def _ended(self, letter: Letter, reply: Reply) -> None:
        if reply.bad:
            letter.refusal = RefusedError(reply.code, reply.text)
        elif not reply.good:
            raise BadReplyError(f"reply {reply.code} to a mail")
        self._finish(letter)

    def _closed(self, step: Step, letter: Letter, reply: Reply) -> None:
        """Take in that the relay closes; a mail that it did not answer otherwise stays open."""
        self.closing = RefusedError(reply.code, reply.text)
        if step is Step.END:
            letter.refusal = self.closing
        if letter.refusal is not None:
            self._finish(letter)

    def _interrupted(self, reply: Reply) -> None:
        """Take in a reply that nobody asked for: a goodbye, or a refusal amid the content."""
        if self.going is None or not reply.bad:
            self.closing = interrupted(reply)
            return
        # In the midst of a mail there is no way back to commands.
        self.closing = self.going.refusal = RefusedError(reply.code, reply.text)
        self._finish(self.going)

    def _finish(self, letter: Letter) -> None:
        self.finished.append(letter)
        if letter is self._content:
            self._content = None
        else:
            self._envelope = self.going = None


def interrupted(reply: Reply) -> RefusedError:
    """Read a reply to nothing: that the relay closes; BadReplyError for any other."""
    if reply.code != CLOSING:
        raise BadReplyError(f"reply {reply.code} to nothing")
    return RefusedError(reply.code, reply.text)
