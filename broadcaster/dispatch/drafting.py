"""From a pending delivery to a rendered message with its cost."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass

from broadcaster.dispatch.links import Links
from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.message import Content, SmsContent, SmsSize
from broadcaster.ports import Message, Pending, Reader, Renderer

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Drafting:
    """Makes messages; `measure` counts the segments of an SMS."""

    renderer: Renderer
    links: Links
    measure: Callable[[str], SmsSize]

    def draft(self, pending: Pending, campaign: Campaign, advisory: Advisory) -> Message | None:
        """Render one message; None when that is not possible, which is a fault of ours."""
        channel = pending.address.scheme.channel
        reader = Reader(
            name=pending.name,
            number=pending.customer_number,
            unsubscribe_url=self.links.unsubscribe(pending.delivery),
            page_url=self.links.page(advisory.id, pending.locale),
        )
        try:
            content = self.renderer.render(advisory, channel, pending.locale, reader)
        except Exception as error:  # noqa: BLE001  (it must not stop the rest)
            _log.error(
                "cannot render",
                extra={
                    "action": "render_failed",
                    "delivery": str(pending.delivery),
                    "fault": type(error).__name__,
                },
            )
            return None
        return Message(
            delivery=pending.delivery,
            attempt=pending.attempt,
            address=pending.address,
            locale=pending.locale,
            content=content,
            units=self._units(content),
            lane=campaign.lane,
            message_class=advisory.message_class,
            expires=advisory.expires,
            unsubscribe_url=reader.unsubscribe_url,
            confirm_url=self.links.confirm(pending.delivery),
            collapse_key=collapse_key(advisory),
        )

    def _units(self, content: Content) -> int:
        return self.measure(content.body).segments if isinstance(content, SmsContent) else 1


def collapse_key(advisory: Advisory) -> str:
    """Name the thread of an advisory, so that a later message replaces an earlier one on a phone.

    32 characters of base64url at most (RFC 8030, section 5.4, `Topic`).
    """
    return f"advisory-{advisory.id}"


def body_sha256(content: Content) -> str | None:
    """Hash an SMS body, to recognise it in a provider's list without keeping it."""
    if not isinstance(content, SmsContent):
        return None
    return hashlib.sha256(content.body.encode()).hexdigest()
