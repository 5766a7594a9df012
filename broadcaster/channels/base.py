"""What builds the message that a network carries, for every channel that has a format."""

from broadcaster.channels import email, push
from broadcaster.domain.message import EmailContent, PushContent
from broadcaster.errors import InvalidInputError
from broadcaster.ports import MailHeaders, Message


class MessageComposer:
    """Builds mails and push payloads; an implementation of the port `Composer`, without state."""

    def mail(self, message: Message, headers: MailHeaders) -> bytes:
        """Build a whole mail; InvalidInputError when it is no mail or a header cannot be."""
        if not isinstance(message.content, EmailContent):
            raise _mismatch("mail")
        return email.mime(message.content, headers)

    def push(self, message: Message) -> bytes:
        """Build a push payload; InvalidInputError when it is no push or too long."""
        if not isinstance(message.content, PushContent):
            raise _mismatch("push message")
        return push.payload(
            message.content,
            locale=message.locale,
            collapse_key=message.collapse_key,
            confirm_url=message.confirm_url,
        )

    def topic(self, message: Message) -> str:
        """Name what the message replaces, as a Web Push topic."""
        return push.topic(message.collapse_key)


def _mismatch(wanted: str) -> InvalidInputError:
    return InvalidInputError(
        "content", f"is no {wanted}", "Route the address to a provider of its own channel."
    )
