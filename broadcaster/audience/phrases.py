"""The words for values, days and channels in one language.

Values stand isolated where letters run in both directions.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Protocol

from broadcaster.audience.attributes import Attribute, Catalogue
from broadcaster.audience.days import FromToday, Unit
from broadcaster.audience.expression import Literal
from broadcaster.domain.message import Channel, MessageClass

_FSI, _PDI = "\u2068", "\u2069"
_RIGHT_TO_LEFT = ("R", "AL")


class Speech(Protocol):
    """How one language says things."""

    @property
    def language(self) -> str:
        """The language of labels, such as `ar`."""
        ...

    @property
    def right_to_left(self) -> bool:
        """Whether it is written from right to left."""
        ...

    def gettext(self, text: str) -> str:
        """Give the translation of a text of ours; an error when there is none."""
        ...

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Give the form of a text that a count wants."""
        ...

    def number(self, value: Decimal) -> str:
        """Write a number."""
        ...

    def day(self, value: date) -> str:
        """Write a date."""
        ...


class Phrases:
    """Says values; `_` and `_n` also mark texts for the catalogues."""

    def __init__(self, catalogue: Catalogue, speech: Speech) -> None:
        """Speak of the attributes of a catalogue."""
        self.known = catalogue.known
        self.speech = speech

    def _(self, text: str, /, **values: str) -> str:
        """Give a text with its values in place."""
        return self.speech.gettext(text) % values

    def _n(self, singular: str, plural: str, count: int) -> str:
        """Give a text that counts something."""
        said = self.speech.number(Decimal(count))
        return self.speech.ngettext(singular, plural, count) % {"count": said}

    def quoted(self, text: str) -> str:
        """Give a text between the language's quotation marks."""
        return self._("“%(text)s”", text=self.apart(text))

    def apart(self, text: str) -> str:
        """Isolate a value where it could turn the order of what surrounds it."""
        mixed = any(unicodedata.bidirectional(one) in _RIGHT_TO_LEFT for one in text)
        return f"{_FSI}{text}{_PDI}" if mixed or self.speech.right_to_left else text

    def value(self, value: Literal, attribute: Attribute) -> str:
        """Give a value as people read it."""
        match value:
            case bool():
                return self._("yes") if value else self._("no")
            case Decimal():
                return self.apart(self.speech.number(value))
            case date():
                return self.apart(self.speech.day(value))
            case FromToday():
                return self._from_today(value)
            case str():
                labels = attribute.choices.get(value)
                return self.quoted(self.label(labels) if labels else value)

    def label(self, labels: Mapping[str, str]) -> str:
        """Give the label in the language, or else in English."""
        return labels.get(self.speech.language) or labels["en"]

    def listed(self, values: Iterable[Literal], attribute: Attribute) -> str:
        """List values."""
        return self._(", ").join(self.value(value, attribute) for value in values)

    def _from_today(self, day: FromToday) -> str:
        count = abs(day.count)
        if not count:
            return self._("today")
        span = {
            Unit.DAY: lambda: self._n("%(count)s day", "%(count)s days", count),
            Unit.WEEK: lambda: self._n("%(count)s week", "%(count)s weeks", count),
            Unit.MONTH: lambda: self._n("%(count)s month", "%(count)s months", count),
            Unit.YEAR: lambda: self._n("%(count)s year", "%(count)s years", count),
        }[day.unit]()
        if day.count < 0:
            return self._("the day %(span)s before today", span=span)
        return self._("the day %(span)s after today", span=span)

    def sort(self, message_class: MessageClass) -> str:
        """Name a class of messages."""
        match message_class:
            case MessageClass.SERVICE:
                return self._("service messages")
            case MessageClass.PROMOTIONAL:
                return self._("promotional messages")
            case MessageClass.SAFETY:
                return self._("safety messages")

    def channel(self, channel: Channel) -> str:
        """Name a channel."""
        match channel:
            case Channel.SMS:
                return self._("text message")
            case Channel.EMAIL:
                return self._("email")
            case Channel.PUSH:
                return self._("push message")
            case Channel.WEB:
                return self._("web page")
