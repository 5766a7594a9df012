"""What builds the message that a network carries, for every channel that has a format."""

from functools import lru_cache

from broadcaster.channels import email, headings, prebuilt, push
from broadcaster.domain.message import EmailContent, FilledEmail, PushContent
from broadcaster.errors import InvalidInputError
from broadcaster.ports import Mail, MailHeaders, Message

#: How many forms of mail are kept prebuilt; one takes about four times the octets of its mail.
_KEPT = 64


class MessageComposer:
    """Builds mails and push payloads; an implementation of the port `Composer`.

    It keeps what mails of one form share, for the forms that were used last.
    """

    def __init__(self) -> None:
        """Start with nothing kept."""
        self._prebuilt = lru_cache(maxsize=_KEPT)(prebuilt.build)

    def mail(self, message: Message, headers: MailHeaders) -> Mail:
        """Build a whole mail; InvalidInputError when it is no mail or a header cannot be."""
        content = message.content
        if isinstance(content, FilledEmail):
            ready = self._prebuilt(content.form, headings.common(headers))
            mail = ready.fill(content, headers) if ready else None
            return mail or Mail(email.mime(content, headers))
        if not isinstance(content, EmailContent):
            raise _mismatch("mail")
        return Mail(email.mime(content, headers))

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
