"""From a pending delivery to a rendered message with its cost."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass

from broadcaster.dispatch.links import Links
from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.message import Channel, Content, SmsContent, SmsSize
from broadcaster.ports import Message, Pending, Reader, Renderer

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Drafting:
    """Makes messages; `measure` counts the segments of an SMS."""

    renderer: Renderer
    links: Links
    measure: Callable[[str], SmsSize]

    def desk(self, campaign: Campaign, advisory: Advisory) -> "Desk":
        """Prepare for the messages of one campaign."""
        return Desk(self, campaign, advisory)

    def draft(self, pending: Pending, campaign: Campaign, advisory: Advisory) -> Message | None:
        """Render one message; None when that is not possible, which is a fault of ours."""
        return self.desk(campaign, advisory).draft(pending)


class Desk:
    """Where the messages of one campaign are made; not to be kept for longer than a batch."""

    def __init__(self, parts: Drafting, campaign: Campaign, advisory: Advisory) -> None:
        """Nothing is prepared yet."""
        self._parts = parts
        self._campaign = campaign
        self._advisory = advisory
        self._collapse_key = collapse_key(advisory)
        self._prepared: dict[tuple[Channel, str], Callable[[Reader], Content]] = {}
        self._pages: dict[str, str] = {}
        self._measured: tuple[Content | None, int] = (None, 0)

    def draft(self, pending: Pending) -> Message | None:
        """Render one message; None when that is not possible, which is a fault of ours."""
        links, advisory = self._parts.links, self._advisory
        channel = pending.address.scheme.channel
        unsubscribe = links.unsubscribe(pending.delivery)
        try:
            content = self._content(pending, channel, unsubscribe)
            units = self._units(content)
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
            units=units,
            lane=self._campaign.lane,
            message_class=advisory.message_class,
            expires=advisory.expires,
            unsubscribe_url=unsubscribe,
            # Only an app or a browser can say that it showed a message.
            confirm_url=links.confirm(pending.delivery) if channel is Channel.PUSH else "",
            collapse_key=self._collapse_key,
        )

    def _content(self, pending: Pending, channel: Channel, unsubscribe: str) -> Content:
        key = (channel, pending.locale)
        fill = self._prepared.get(key)
        if fill is None:
            fill = self._parts.renderer.prepare(self._advisory, channel, pending.locale)
            self._prepared[key] = fill
            page = self._parts.links.page(self._advisory.id, pending.locale)
            self._pages[pending.locale] = page
        reader = Reader(
            name=pending.name,
            number=pending.customer_number,
            unsubscribe_url=unsubscribe,
            page_url=self._pages[pending.locale],
        )
        return fill(reader)

    def _units(self, content: Content) -> int:
        if not isinstance(content, SmsContent):
            return 1
        # Where all readers of a locale get the same words, it is measured once.
        if content is not self._measured[0]:
            self._measured = (content, self._parts.measure(content.body).segments)
        return self._measured[1]


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
