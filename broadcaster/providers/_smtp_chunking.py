"""What is said to a relay that takes mails by their length (RFC 3030), and what it answers; pure.

BDAT tells how long a mail is and has it follow at once. So nothing has to be waited for: many mails
leave in one write, and their answers come together. Each is begun by RSET, because a transaction
that was refused may still stand open at the relay (RFC 3030, section 2): the next recipient would
be named under the sender of the mail before.
"""

from collections import deque
from collections.abc import Iterable, Sequence

from broadcaster.providers._relay import Draft, RefusedError
from broadcaster.providers._smtp_ahead import Ahead
from broadcaster.providers._smtp_exchange import CLOSING, Step, interrupted
from broadcaster.providers._smtp_letter import Letter
from broadcaster.providers._smtp_replies import POSITIVE_END, BadReplyError, Reply

#: What is answered for each mail, in this order.
_TURN = (Step.RSET, Step.MAIL, Step.RCPT, Step.END)
_REPLIES = len(_TURN)

#: What was written can't be taken back, and is to have arrived soon after a pause: a mail that is
#: answered sooner lets twice as many run ahead, one that takes longer half as many, seconds.
_SOON, _LATE = 0.5, 1.0

#: So many run ahead at first.
_FIRST = 2


class Chunking:
    """The mails of one connection, of which up to `depth` are open; see `Exchange`.

    `ahead` says how many may be, as seldom as the relay cuts connections. `going` was named: its
    content is to be written, then `gone` called. `finished` have their answer. `closing` is set
    when the relay says that it closes (421).
    """

    __slots__ = (
        "_ahead",
        "_at",
        "_belied",
        "_depth",
        "_open",
        "_quick",
        "_said",
        "closing",
        "finished",
        "going",
    )

    def __init__(self, depth: int, ahead: Ahead) -> None:
        """Nothing is open."""
        self._depth = depth
        self._ahead = ahead
        #: How many may be open as quick as the relay is.
        self._quick = min(_FIRST, depth)
        self._open: deque[Letter] = deque()
        #: How many replies to the first of them were heard.
        self._at = 0
        #: The refusal of a sender whose recipient was taken all the same: does it still hold?
        self._belied: RefusedError | None = None
        self._said: list[bytes] = []
        self.going: Letter | None = None
        self.finished: list[Letter] = []
        self.closing: RefusedError | None = None

    @property
    def width(self) -> int:
        """How many may be open, as quick as the relay is and as seldom as it cuts."""
        return min(self._quick, self._ahead.most)

    @property
    def room(self) -> int:
        """How many mails may be written now: half of what may be open, or none, is waited for."""
        width = self.width
        room = 0 if self.closing or self.going else width - len(self._open)
        return room if room * 2 >= width else 0

    @property
    def idle(self) -> bool:
        """Whether no mail is open."""
        return not self._open

    @property
    def step(self) -> Step | None:
        """What is waited for; None when nothing is."""
        return _TURN[self._at] if self._open else None

    @property
    def open(self) -> list[Letter]:
        """The mails that have no answer yet."""
        return list(self._open)

    def took(self, seconds: float) -> None:
        """Note how long a mail took, from when it was written to its answer."""
        if seconds < _SOON:
            self._quick = min(self._quick * 2, self._depth)
        elif seconds > _LATE:
            self._quick = max(self._quick // 2, 1)

    def begin(self, letter: Letter, draft: Draft) -> None:
        """Name sender, recipient and length of another mail."""
        sender, recipient = letter.envelope
        self._said.append(b"RSET\r\n%b%bBDAT %d LAST\r\n" % (sender, recipient, draft.size))
        self._open.append(letter)
        self.going = letter

    def gone(self, said: Iterable[bytes] = ()) -> None:
        """Note that the content of `going` is handed over, when `said` is written, too."""
        letter, self.going = self.going, None
        if letter is None:
            raise BadReplyError("no mail was named")
        self._said += said
        letter.written = True

    def said(self) -> list[bytes]:
        """Give what is to be written now, once."""
        said, self._said = self._said, []
        return said

    def agreed(self, codes: Sequence[int]) -> list[Letter] | None:
        """Take in replies that all say yes, and give the mails that were accepted by them.

        None, and nothing is taken in, when these say anything else.
        """
        if not codes or max(codes) >= POSITIVE_END:
            return None
        opened = self._open
        whole, at = divmod(self._at + len(codes), _REPLIES)
        if whole + bool(at) > len(opened) or (opened[0].refusal or self._belied) is not None:
            return None
        if self.going is not None and whole == len(opened):
            return None
        self._at = at
        return [opened.popleft() for _ in range(whole)]

    def heard(self, reply: Reply) -> None:
        """Take a reply in; BadReplyError when it fits nothing that was said."""
        if not self._open:
            self.closing = interrupted(reply)
            return
        letter, step = self._open[0], _TURN[self._at]
        if reply.code == CLOSING:
            self._closed(letter, step, reply)
        elif not (reply.good or reply.bad) or (reply.bad and step is Step.RSET):
            raise BadReplyError(f"reply {reply.code} to {step.name}")
        elif step is Step.END and letter is self.going:
            self._interrupted(letter, reply)
        elif step is Step.END:
            self._ended(letter, reply)
        else:
            self._named(letter, step, reply)

    def _named(self, letter: Letter, step: Step, reply: Reply) -> None:
        """Take in the answer to RSET, MAIL or RCPT."""
        if reply.bad and letter.refusal is None:
            letter.refusal = RefusedError(reply.code, reply.text, sender=step is Step.MAIL)
        elif reply.good and step is Step.RCPT:
            self._belied, letter.refusal = letter.refusal, None
        self._at += 1

    def _ended(self, letter: Letter, reply: Reply) -> None:
        if reply.bad:
            self._refuse(letter, RefusedError(reply.code, reply.text))
        elif self._belied is not None:
            # It refused the sender, and took recipient and mail: whatever that means to it.
            raise BadReplyError(f"reply {reply.code} to a mail without a sender")
        self._at = 0
        self.finished.append(self._open.popleft())

    def _refuse(self, letter: Letter, refusal: RefusedError) -> None:
        """Refuse a mail, for what was said first."""
        letter.refusal = letter.refusal or self._belied or refusal
        self._belied = None

    def _interrupted(self, letter: Letter, reply: Reply) -> None:
        """Take in an answer to a mail amid its content: there is no way back to commands."""
        if reply.good:
            letter.written = True
            raise BadReplyError(f"reply {reply.code} to a part of a mail")
        self._refuse(letter, RefusedError(reply.code, reply.text))
        self.closing = letter.refusal
        self.finished.append(self._open.popleft())

    def _closed(self, letter: Letter, step: Step, reply: Reply) -> None:
        """Take in that the relay closes: of what follows it reads nothing (RFC 5321, 3.8)."""
        self.closing = RefusedError(reply.code, reply.text)
        if step is Step.END:
            self._refuse(letter, self.closing)
        if letter.refusal is not None:
            self.finished.append(self._open.popleft())
        for unread in self._open:
            unread.written = False
