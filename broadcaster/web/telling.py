"""What the inside says, told on a page in the language of its reader."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_decimal, format_percent
from markupsafe import Markup, escape

from broadcaster.domain.held import known_again, remedy
from broadcaster.domain.saying import Figure, Instant, Listed, Part, Saying, Term
from broadcaster.errors import BroadcasterError, InvalidInputError, SeveralFaultsError
from broadcaster.render import bidi
from broadcaster.render.catalogues import Key, UntranslatedError
from broadcaster.web.labels import CHANNELS, REASONS
from broadcaster.web.languages import Language

_SENTENCE = Markup(". ")
#: What pages call our words.
_TERMS: Mapping[str, Mapping[str, str]] = {
    "channel": {one.value: text for one, text in CHANNELS.items()},
    "reason": {one.value: text for one, text in REASONS.items()},
}


class Telling:
    """Tells sayings in one language; what has no translation is shown, and marked, as English."""

    def __init__(self, language: Language, zone: ZoneInfo) -> None:
        """Moments without a clock of their own are told on that of `zone`."""
        self._language = language
        self._zone = zone
        self._formats = language.locale.formats

    def told(self, *texts: str | BroadcasterError) -> Markup:
        """Tell texts as sentences, or what an error says; a text that says nothing is left out."""
        pieces = [self._error(one) if isinstance(one, BroadcasterError) else one for one in texts]
        return _SENTENCE.join(
            one if isinstance(one, Markup) else self._text(one) for one in pieces if one
        )

    def plain(self, text: str) -> str:
        """Tell one text where there is no mark-up, such as in a file; English where it must be."""
        if not isinstance(text, Saying):
            return str(text)
        count = text.values.get("count")
        key = Key(None, text.template, text.plural)
        found = self._translated(key, count if isinstance(count, int) else 1)
        if found is None:
            return str(text)
        if not text.values:
            return found
        return found % {name: self._plain_value(one) for name, one in text.values.items()}

    def _plain_value(self, value: object) -> str:
        if isinstance(value, Saying):
            return self.plain(value)
        if isinstance(value, Listed):
            comma = self._translated(Key(None, ", ", None)) or ", "
            return comma.join(map(self._plain_value, value))
        text = self._figure(value)
        return bidi.isolate(text) if self._turns(text) else text

    def recalled(self, text: str) -> Markup:
        """Tell why something is on hold: in the language if we said so, else as it was written."""
        known = known_again(text)
        if known is not None:
            return self._text(known)
        return Markup("<bdi>{}</bdi>").format(text)

    def remedied(self, text: str) -> Markup:
        """Tell what to do about that; nothing where a person said why."""
        known = remedy(text)
        return Markup() if known is None else self._text(known)

    def _error(self, error: BroadcasterError) -> Markup:
        if isinstance(error, InvalidInputError):
            if isinstance(error, SeveralFaultsError):
                return Markup(" ").join(map(self._error, error.faults))
            return self.told(error.problem, error.remedy)
        return self._text(error.args[0] if error.args else "")

    def _text(self, text: str) -> Markup:
        """Tell one text; a bare string is English, and says so on a page that is not."""
        if isinstance(text, Saying):
            said = self._said(text)
            if said is not None:
                return said
        if self._language.locale.source:
            return escape(str(text))
        return Markup('<span lang="en" dir="ltr">{}</span>').format(str(text))

    def _said(self, text: Saying) -> Markup | None:
        count = text.values.get("count")
        key = Key(None, text.template, text.plural)
        found = self._translated(key, count if isinstance(count, int) else 1)
        if found is None:
            return None
        if not text.values:
            return escape(found)
        return escape(found) % {name: self._value(one) for name, one in text.values.items()}

    def _translated(self, key: Key, count: int = 1) -> str | None:
        try:
            return self._language.texts.text(key, count)
        except UntranslatedError:
            return None

    def _value(self, value: object) -> Markup:
        match value:
            case Saying():
                return self._text(value)
            case Listed():
                comma = self._translated(Key(None, ", ", None)) or ", "
                return escape(comma).join(map(self._value, value))
            case _:
                return self._apart(self._figure(value))

    def _figure(self, value: object) -> str:
        match value:
            case Figure():
                return format_decimal(int(value), locale=self._formats)
            case Part():
                return format_percent(float(value), locale=self._formats)
            case Instant():
                return self._moment(value.at)
            case Term():
                return self._named(value)
            case _:
                return str(value)

    def _named(self, term: Term) -> str:
        """Name a channel, a reason or a language as pages do."""
        own = term.labels.get(self._language.locale.language)
        if own is not None:
            return own
        label = _TERMS.get(term.sort, {}).get(term.word)
        if label is not None:
            return self._translated(Key(None, label, None)) or label
        if term.sort == "locale":
            try:
                found = Locale.parse(term.word, sep="-")
            except (UnknownLocaleError, ValueError):
                return str(term)
            return found.get_display_name(self._formats) or str(term)
        return str(term)

    def _moment(self, moment: datetime) -> str:
        here = moment.astimezone(self._zone)
        day = format_date(here, "long", locale=self._formats)
        return f"{day} · {format_time(here, 'HH:mm', locale=self._formats)}"

    def _apart(self, text: str) -> Markup:
        """Isolate a value where it could turn the order of what surrounds it."""
        return Markup("<bdi>{}</bdi>").format(text) if self._turns(text) else escape(text)

    def _turns(self, text: str) -> bool:
        return self._language.locale.direction == "rtl" or bidi.has_rtl(text)
