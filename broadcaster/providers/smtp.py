"""Mail through a relay, over kept and pipelined SMTP connections.

Options: HOST, PORT, TLS (`starttls`, `tls` or `none`), CA_FILE, USERNAME, PASSWORD, FROM,
FROM_NAME, BOUNCE_DOMAIN (bounces come to addresses there), FEEDBACK_ID, CONNECTIONS,
PER_CONNECTION (mails before a connection is closed), PIPELINE (mails open at once on a connection
where the relay offers PIPELINING and CHUNKING, and so in doubt at most when it is cut; with
PIPELINING alone 2 at most, and 0 to speak as if it offered neither), IDLE and TIMEOUT (seconds;
TIMEOUT is that of a plain command, others have theirs in proportion); and those of `_dkim.py`.
"""

import logging
from collections.abc import Sequence

from broadcaster.domain.delivery import DeliveryEvent, Reason, Receipt
from broadcaster.domain.options import Options
from broadcaster.errors import InvalidInputError
from broadcaster.ports import Callback, Context, MailHeaders, Message, Submission, Watch
from broadcaster.providers import _bounces
from broadcaster.providers._bounces import ReturnPath
from broadcaster.providers._dkim import signers_of
from broadcaster.providers._relay import HOST, Draft, ascii_mailbox, draft_of, relay_of, sender_of
from broadcaster.providers._smtp_letter import Answers
from broadcaster.providers._smtp_pool import Pool
from broadcaster.providers.base import result

_log = logging.getLogger(__name__)

_NAME = "smtp"


def build(options: Options, context: Context) -> "SmtpProvider":
    """Build the provider; InvalidInputError naming the option that is wrong."""
    return SmtpProvider(options, context)


class SmtpProvider:
    """Mail through one relay."""

    name = _NAME

    def __init__(self, options: Options, context: Context) -> None:
        """Read the options; nothing is connected yet."""
        self._context = context
        self._from, domain = sender_of(options)
        self._signers = signers_of(options, domain)
        self._from_name = options.text("FROM_NAME", "")
        self._feedback_id = options.text("FEEDBACK_ID", "")
        bounce_domain = options.text("BOUNCE_DOMAIN", domain)
        if not HOST.match(bounce_domain):
            raise options.refuse("BOUNCE_DOMAIN", "is no domain", "Give a name such as b.example.")
        self._paths = ReturnPath(key=context.signing_key, domain=bounce_domain)
        self._pool = Pool(relay_of(options, bounce_domain), self._draft)

    @property
    def sender(self) -> str:
        """Who sends: the mailbox that mails are from."""
        return self._from

    @property
    def room(self) -> int:
        """How many mails can be open at once: more would wait inside."""
        return self._pool.room

    async def stream(self, messages: Sequence[Message], watch: Watch) -> None:
        """Hand over each message in a transaction of its own, telling of each as it happens."""
        await self._pool.stream(messages, watch)

    async def submit(self, messages: Sequence[Message]) -> Sequence[Submission]:
        """Hand over each message in a transaction of its own."""
        answers = Answers()
        await self._pool.stream(messages, answers)
        return answers.of(messages)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    def receive(self, callback: Callback) -> Sequence[Receipt]:
        """Read a bounce or complaint; ForbiddenError when it came to an address not of our making.

        `callback.path` is the envelope recipient and `callback.body` the raw mail.
        """
        delivery = self._paths.read(callback.path)
        return (_bounces.read(_NAME, delivery, callback.body),)

    def _draft(self, message: Message) -> Draft | Submission:
        """Compose a mail, or say what becomes of the message that none can be made of."""
        try:
            recipient = ascii_mailbox(message.address.value)
            names = self._paths.names(message.delivery)
            headers = self._headers(message, recipient, names[1])
            mail = self._context.composer.mail(message, headers)
            return draft_of(message, recipient, names, mail)
        except InvalidInputError as error:
            if error.field == "recipient":
                return result(message, DeliveryEvent.REFUSE, Reason.INVALID_ADDRESS)
        except Exception as error:  # noqa: BLE001  (one message must not take the others along)
            _log.error(
                "fault while composing a mail",
                extra={
                    "action": "compose_failed",
                    "delivery": str(message.delivery),
                    "fault": type(error).__name__,
                },
            )
        return result(message, DeliveryEvent.EXHAUST, Reason.RENDERING)

    def _headers(self, message: Message, recipient: str, message_id: str) -> MailHeaders:
        return MailHeaders(
            sender=self._from,
            sender_name=self._from_name,
            recipient=recipient,
            message_id=message_id,
            date=self._context.clock.now(),
            locale=message.locale,
            unsubscribe_url=message.unsubscribe_url,
            feedback_id=self._feedback_id,
            signers=self._signers,
            references=self._followed(message) if message.former else (),
        )

    def _followed(self, message: Message) -> tuple[str, ...]:
        """Name the mails that a mail follows."""
        return tuple(self._paths.names(one)[1] for one in message.former)
