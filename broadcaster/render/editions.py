"""Editions: an advisory in every locale in which it may be read, ready to be published."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from babel import Locale as BabelLocale
from babel.lists import format_list

from broadcaster.domain.advisory import Advisory, FactValue
from broadcaster.domain.message import Channel, WebContent
from broadcaster.domain.publication import Edition
from broadcaster.errors import ConfigurationError
from broadcaster.ports import Reader
from broadcaster.render.environment import finish_line, finish_text
from broadcaster.render.facts import text_in
from broadcaster.render.facttypes import ANY, FactType
from broadcaster.render.kinds import Kind
from broadcaster.render.locales import Locale
from broadcaster.render.renderer import TemplateRenderer

_BODY, _SUBJECT = "email/body.txt", "email/subject.txt"
#: The fact that says when what is told of begins, and the one that says who tells it.
_BEGINS, _SENDER = "starts", "sender"


class Editor:
    """Makes editions with a renderer; `names` are the organisation's, by locale or `und`.

    `region` is a country of ISO 3166-1, named where nothing narrower is known.
    """

    def __init__(
        self, renderer: TemplateRenderer, public_url: str, region: str, names: Mapping[str, str]
    ) -> None:
        """Make pages whose addresses are below `public_url`."""
        self._renderer = renderer
        self._public_url = public_url
        self._region = region
        self._names = names

    def kind(self, advisory: Advisory) -> Kind:
        """Give the kind; NotFoundError, or ConfigurationError for one without pages."""
        kind = self._renderer.kind(advisory)
        if Channel.WEB not in kind.channels:
            message = f"{kind.name}: has no page. Add web/page.html and the channel web."
            raise ConfigurationError(message)
        return kind

    def onset(self, advisory: Advisory) -> datetime | None:
        """Say when what it tells of begins; None when it does not say, or has begun by then."""
        fact = self.kind(advisory).facts.get(_BEGINS)
        value = advisory.facts.get(_BEGINS)
        if fact is None or fact.type is not FactType.DATETIME or not isinstance(value, str):
            return None
        return datetime.fromisoformat(value)

    def words(self, advisory: Advisory) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Give its categories and responses, as CAP spells them."""
        words = self.kind(advisory).cap
        categories = tuple(one.spelled for one in words.category)
        return categories, tuple(one.spelled for one in words.response)

    def place_keys(self, advisory: Advisory, areas: Sequence[str]) -> tuple[str, ...]:
        """Give what tells its places apart in every language."""
        given = self._places(advisory)
        return tuple(_key(one) for one in given) if given else tuple(areas)

    def editions(self, advisory: Advisory, areas: Sequence[str]) -> tuple[Edition, ...]:
        """Render it in each of its locales; `areas` are names of saved areas.

        Errors as those of `TemplateRenderer.render`.
        """
        kind = self.kind(advisory)
        return tuple(
            self._edition(advisory, kind, self._renderer.locales[tag], areas)
            for tag in kind.locales
        )

    def organisation(self, tag: str) -> str:
        """Name the organisation in a locale."""
        named = _named(dict(self._names), self._renderer.locales[tag]) if self._names else ""
        if named:
            return named
        kinds = self._renderer.kinds.values()
        values = (kind.facts[_SENDER].default for kind in kinds if _SENDER in kind.facts)
        locale = self._renderer.locales[tag]
        return next((name for one in values if (name := _named(one, locale))), "")

    def _edition(
        self, advisory: Advisory, kind: Kind, locale: Locale, areas: Sequence[str]
    ) -> Edition:
        page = f"{self._public_url}/advisories/{advisory.id}/{locale.tag}"
        reader = Reader(name="", number="", unsubscribe_url="", page_url=page)
        content = self._renderer.render(advisory, Channel.WEB, locale.tag, reader)
        if not isinstance(content, WebContent):
            message = "the channel web has no page"
            raise TypeError(message)
        blocks = self._renderer.blocks(advisory, _BODY, locale.tag, reader)
        subject = self._renderer.blocks(advisory, _SUBJECT, locale.tag, reader)
        places = tuple(_named(one, locale) for one in self._places(advisory)) or tuple(areas)
        words = kind.cap
        return Edition(
            locale=locale.tag,
            lang=locale.lang,
            direction=locale.direction,
            event=kind.labels.get(locale.language) or kind.labels["en"],
            headline=finish_line(subject.get("headline") or " ".join(subject.values())),
            description=_text(blocks, words.description or kind.rule(_BODY).blocks),
            instruction=_text(blocks, words.instruction),
            sender=_named(advisory.facts.get(_SENDER), locale) or self.organisation(locale.tag),
            contact=_contacts(advisory, kind),
            area=format_list(places, locale=locale.formats) if places else self._country(locale),
            places=places,
            html=content.html,
        )

    def _places(self, advisory: Advisory) -> list[FactValue]:
        """List the places that its facts name, each a text or a text for each language."""
        facts = self.kind(advisory).facts
        found: list[FactValue] = []
        for name, value in advisory.facts.items():
            if name in facts and facts[name].type.value == "places" and isinstance(value, list):
                found.extend(value)
        return found

    def _country(self, locale: Locale) -> str:
        names = BabelLocale.parse(locale.formats).territories
        return str(names.get(self._region, self._region))


def _text(blocks: Mapping[str, str], names: Sequence[str]) -> str:
    texts = (finish_text(blocks[name]).strip() for name in names if name in blocks)
    return "\n\n".join(text for text in texts if text)


def _named(value: FactValue, locale: Locale) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return ""
    return text_in(value, locale.tag) or next(iter(value.values()), "")


def _key(value: FactValue) -> str:
    if isinstance(value, dict):
        return value.get(ANY) or next(iter(value.values()), "")
    return str(value)


def _contacts(advisory: Advisory, kind: Kind) -> str:
    """Name where to ask, for machines: an international number, a mailbox, an address."""
    found = []
    for fact in kind.facts.values():
        value = advisory.facts.get(fact.name)
        if not fact.contact or value is None:
            continue
        if fact.type is FactType.PHONE and isinstance(value, dict):
            found.append(value["e164"])
        elif fact.type in {FactType.EMAIL, FactType.URL}:
            found.append(str(value))
    return ", ".join(found)
