"""What tests of the mail provider share: mails, a provider, and a watch that keeps everything."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from broadcaster.domain.delivery import DeliveryEvent
from broadcaster.domain.message import (
    Address,
    EmailContent,
    EmailForm,
    FilledEmail,
    Form,
    Scheme,
)
from broadcaster.ports import Context, Mail, MailHeaders, Message, Submission
from broadcaster.providers import smtp
from broadcaster.providers.smtp import SmtpProvider
from tests import builders
from tests.networks import context, options
from tests.relays import Relay


def mail(number: int = 1, mailbox: str | None = None) -> Message:
    """Build a message whose mailbox tells its number."""
    address = builders.address(Scheme.MAILTO, number)
    if mailbox is not None:
        address = Address(scheme=Scheme.MAILTO, value=mailbox, keys={})
    content = EmailContent(subject="ليدك", text=f"Bonjour {number}\n.\n", html="<p>Bonjour</p>")
    return builders.message(number, address=address, content=content)


def mails(count: int, first: int = 1) -> list[Message]:
    """Build messages with numbers that follow each other."""
    return [mail(number) for number in range(first, first + count)]


def provider(port: int, within: Context | None = None, **changes: object) -> SmtpProvider:
    """Build a provider for a relay on loopback."""
    values = {
        "HOST": "127.0.0.1",
        "PORT": port,
        "TLS": "none",
        "FROM": "advisories@lydec.test",
        "FROM_NAME": "Lydec",
        "BOUNCE_DOMAIN": "bounces.lydec.test",
        "TIMEOUT": 5,
        **changes,
    }
    return smtp.build(options("smtp", **values), within or context())


@dataclass
class Plain:
    """A composer whose mails are as told, the same for all."""

    raw: bytes
    clean: bool = False

    def mail(self, _message: Message, _headers: MailHeaders) -> Mail:
        """Give the mail."""
        return Mail(self.raw, self.clean)

    def push(self, _message: Message) -> bytes:
        """Not asked for here."""
        raise NotImplementedError

    def topic(self, _message: Message) -> str:
        """Not asked for here."""
        raise NotImplementedError


def composing(raw: bytes, *, clean: bool = False) -> Context:
    """Give a context whose mails are all the same."""
    return replace(context(), composer=Plain(raw, clean))


def filled(number: int, *values: str) -> Message:
    """Build a message whose mail is filled into a form that is the same for all."""
    return replace(mail(number), content=FilledEmail(_FORM, values))


_TEXT = Form((".Bonjour ", 0, ".\n.\n", 1, "..\n.\r\n"))
_FORM = EmailForm(subject=_TEXT, text=_TEXT, html=_TEXT)


@dataclass
class Log:
    """A watch that keeps what it is told; `refuses` says which messages must not leave."""

    refuses: Callable[[Message], bool] = lambda _message: False
    asked: list[int] = field(default_factory=list)
    answers: list[Submission] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def leaving(self, message: Message) -> bool:
        """Keep the question."""
        self.asked.append(message.delivery.number)
        return not self.refuses(message)

    def answered(self, submission: Submission) -> None:
        """Keep the answer."""
        self.answers.append(submission)
        self.heard.set()

    @property
    def events(self) -> dict[int, DeliveryEvent]:
        """What came of each message; each must be answered once."""
        numbers = [answer.delivery.number for answer in self.answers]
        assert len(numbers) == len(set(numbers)), "a message was answered twice"
        return {answer.delivery.number: answer.event for answer in self.answers}


def numbers(mailboxes: list[str]) -> list[int]:
    """Read the numbers out of mailboxes."""
    return [int(mailbox.removeprefix("customer").partition("@")[0]) for mailbox in mailboxes]


async def until(condition: Callable[[], bool]) -> None:
    """Let others go on until something is so."""
    while not condition():  # noqa: ASYNC110  (what is waited for tells nobody)
        await asyncio.sleep(0)


def run(
    relay: Relay,
    work: Callable[[SmtpProvider], Awaitable[None]],
    within: Context | None = None,
    **changes: object,
) -> None:
    """Work with a provider for a relay, and close it."""

    async def scenario() -> None:
        async with relay:
            sender = provider(relay.port, within, **changes)
            try:
                async with asyncio.timeout(30):
                    await work(sender)
            finally:
                await sender.aclose()

    asyncio.run(scenario())


def submit(relay: Relay, *slices: list[Message], **changes: object) -> list[Submission]:
    """Submit slices one after the other; gives all answers."""
    answers: list[Submission] = []

    async def work(sender: SmtpProvider) -> None:
        for slice_ in slices:
            answers.extend(await sender.submit(slice_))

    run(relay, work, None, **changes)
    return answers
