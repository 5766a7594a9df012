"""Measuring the SMS of groups of customers: each text that differs in size is made once.

The texts are made by what makes them when they are sent, from the values of one customer of the
group or, where only their form is known, from values of that form.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from broadcaster.domain.advisory import Advisory
from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.message import Channel, SmsContent, SmsSize
from broadcaster.errors import BroadcasterError, ConfigurationError
from broadcaster.planning import contributions
from broadcaster.planning.groups import Group
from broadcaster.ports import Reader, Renderer

#: How many different texts are kept to give advice about; the rest is counted all the same.
_MOST_TEXTS = 20_000
#: How many sizes of texts are remembered.
_MOST_SIZES = 100_000
#: The fields that are links of the delivery.
UNSUBSCRIBE = "unsubscribe_url"


class MakesLinks(Protocol):
    """Makes the links that stand in messages."""

    def unsubscribe(self, delivery: DeliveryId, /) -> str:
        """Give the link that ends messages; as long as the number of the delivery makes it."""
        ...

    def page(self, advisory: int, locale: str, /) -> str:
        """Give the address of the public page."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizing:
    """What is needed to measure an SMS as it is sent."""

    measure: Callable[[str], SmsSize]
    links: MakesLinks


class Text(NamedTuple):
    """A text of one locale, in pieces that all readers have and that one of them has, by turns."""

    locale: str
    pieces: tuple[str, ...]

    def __repr__(self) -> str:
        """Hide what is told, and to whom."""
        return f"Text({self.locale}, {len(self.pieces)} pieces)"


@dataclass(kw_only=True, slots=True)
class Sizes:
    """What was measured: by locale how many texts have which encoding and units.

    `texts` are those advice can be given about, with how many customers get them; `unkept` counts
    customers whose text was left out of it. `rendered` says how many texts were made.
    """

    units: dict[str, Counter[tuple[str, int]]] = field(default_factory=dict)
    texts: Counter[Text] = field(default_factory=Counter)
    unkept: int = 0
    rendered: int = 0


class Meter:
    """Measures the SMS of one campaign."""

    def __init__(
        self,
        renderer: Renderer,
        sizing: Sizing,
        advisory: Advisory,
        campaign: int,
        fields: Sequence[str],
        most: int,
    ) -> None:
        """Nothing is measured yet; `most` is the highest number that a delivery may have."""
        self._renderer = renderer
        self._sizing = sizing
        self._advisory = advisory
        self._campaign = campaign
        self._fields = fields
        self._most = most
        self._known: dict[tuple[str, tuple[str, ...], int | None], tuple[SmsSize, Text | None]] = {}
        self.sizes = Sizes()

    def groupable(self, locales: Sequence[str]) -> bool:
        """Tell whether in each of the locales the sizes of texts follow from forms."""
        plain = dict.fromkeys(contributions.FIELDS, contributions.BASIC)
        return all(
            self._pieces(locale, self._reader(locale, values, 1)) is not None
            for locale in locales
            for values in (plain, {**plain, "name": ""})
        )

    def whole(self, group: Group, told: int) -> int:
        """Render and measure for one customer whose fields the group has; the segments."""
        locale = group.locale or ""
        texts = map(contributions.example, group.forms)
        values = dict(zip(self._fields, texts, strict=True))
        reader = self._reader(locale, values, group.digits or self._most)
        size = self._measured(locale, reader)
        self._count(locale, size, told)
        self.sizes.unkept += told
        return size.segments

    def size(self, group: Group, told: int) -> int:
        """Give the segments of the SMS to each of a group, of whom so many are told by it."""
        key = (group.locale or "", group.forms, group.digits)
        found = self._known.get(key)
        if found is None:
            found = self._make(*key)
            # What is rendered for its own sake comes once.
            if len(self._known) < _MOST_SIZES and not any(f[:1] == "x" for f in group.forms):
                self._known[key] = found
        size, text = found
        self._count(key[0], size, told)
        if text is not None and (text in self.sizes.texts or len(self.sizes.texts) < _MOST_TEXTS):
            self.sizes.texts[text] += told
        else:
            self.sizes.unkept += told
        return size.segments

    def _count(self, locale: str, size: SmsSize, told: int) -> None:
        self.sizes.units.setdefault(locale, Counter())[size.encoding, size.units] += told

    def _make(
        self, locale: str, forms: Sequence[str], digits: int | None
    ) -> tuple[SmsSize, Text | None]:
        values = {
            name: contributions.example(form)
            for name, form in zip(self._fields, forms, strict=True)
        }
        number = self._most if digits is None else 10 ** (digits - 1)
        reader = self._reader(locale, values, number)
        pieces = self._pieces(locale, reader)
        text = None if pieces is None else Text(locale, tuple(pieces))
        return self._measured(locale, reader), text

    def _measured(self, locale: str, reader: Reader) -> SmsSize:
        try:
            content = self._renderer.prepare(self._advisory, Channel.SMS, locale)(reader)
        except BroadcasterError:
            raise
        except Exception as error:
            # The same that a batch would meet; there the message is given up, here nobody sent it.
            message = (
                f"The SMS of {self._advisory.kind} in {locale} can not be rendered "
                f"({type(error).__name__}). Correct its facts, or the text."
            )
            raise ConfigurationError(message) from error
        self.sizes.rendered += 1
        if not isinstance(content, SmsContent):
            raise TypeError
        return self._sizing.measure(content.body)

    def _pieces(self, locale: str, reader: Reader) -> Sequence[str] | None:
        return self._renderer.pieces(self._advisory, Channel.SMS, locale)(reader)

    def _reader(self, locale: str, values: Mapping[str, str], number: int) -> Reader:
        links = self._sizing.links
        return Reader(
            name=values.get("name", ""),
            number=values.get("number", ""),
            unsubscribe_url=links.unsubscribe(DeliveryId(self._campaign, number)),
            page_url=links.page(self._advisory.id, locale),
        )
