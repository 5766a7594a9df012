"""From a pending delivery to a rendered message with its cost."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from broadcaster.dispatch.links import Links
from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.message import Content, PushContent, Scheme, SmsContent, SmsSize
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


class _Sort(NamedTuple):
    """What the messages of one channel in one locale have in common."""

    fill: Callable[[Reader], Content]
    page_url: str


class Desk:
    """Where the messages of one campaign are made; not to be kept for longer than a batch."""

    def __init__(self, parts: Drafting, campaign: Campaign, advisory: Advisory) -> None:
        """Nothing is prepared yet."""
        self._parts = parts
        self._lane = campaign.lane
        self._advisory = advisory
        self._collapse_key = collapse_key(advisory)
        #: By scheme, of which a batch has one or two, and by locale.
        self._known: dict[Scheme, dict[str, _Sort]] = {}
        self._scheme: Scheme | None = None
        self._sorts: dict[str, _Sort] = {}
        self._measured: tuple[Content | None, int] = (None, 0)
        #: What was told already: a fault of a text is that of each message that has it.
        self._told: set[tuple[Scheme, str, str]] = set()

    def draft(self, pending: Pending) -> Message | None:
        """Render one message; None when that is not possible, which is a fault of ours."""
        links, advisory, delivery = self._parts.links, self._advisory, pending.delivery
        scheme, locale = pending.address.scheme, pending.locale
        unsubscribe = links.unsubscribe(delivery)
        try:
            if scheme is not self._scheme:
                self._scheme, self._sorts = scheme, self._known.setdefault(scheme, {})
            sort = self._sorts.get(locale) or self._prepared(scheme, locale)
            content = sort.fill(
                Reader(
                    name=pending.name,
                    number=pending.customer_number,
                    unsubscribe_url=unsubscribe,
                    page_url=sort.page_url,
                )
            )
            units = self._units(content)
        except Exception as error:  # noqa: BLE001  (it must not stop the rest)
            self._tell(pending, error)
            return None
        return Message(
            delivery=delivery,
            attempt=pending.attempt,
            address=pending.address,
            locale=locale,
            content=content,
            units=units,
            lane=self._lane,
            message_class=advisory.message_class,
            expires=advisory.until,
            unsubscribe_url=unsubscribe,
            # Only an app or a browser can say that it showed a message.
            confirm_url=links.confirm(delivery) if isinstance(content, PushContent) else "",
            collapse_key=self._collapse_key,
            former=pending.former,
        )

    def _tell(self, pending: Pending, error: Exception) -> None:
        """Tell a fault once for each channel and language: all its messages have it.

        The sort of it alone; what cannot be read is told with its file when texts are loaded.
        """
        scheme, locale, fault = pending.address.scheme, pending.locale, type(error).__name__
        if (scheme, locale, fault) in self._told:
            return
        self._told.add((scheme, locale, fault))
        _log.error(
            "cannot render",
            extra={
                "action": "render_failed",
                "delivery": str(pending.delivery),
                "locale": locale,
                "fault": fault,
            },
        )

    def _prepared(self, scheme: Scheme, locale: str) -> _Sort:
        parts = self._parts
        sort = _Sort(
            fill=parts.renderer.prepare(self._advisory, scheme.channel, locale),
            page_url=parts.links.page(self._advisory.id, locale),
        )
        self._sorts[locale] = sort
        return sort

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
    return f"advisory-{advisory.first}"


def body_sha256(content: Content) -> str | None:
    """Hash an SMS body, to recognise it in a provider's list without keeping it."""
    if not isinstance(content, SmsContent):
        return None
    return hashlib.sha256(content.body.encode()).hexdigest()
