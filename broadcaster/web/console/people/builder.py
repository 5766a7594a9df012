"""What a form that builds expressions offers: everything that can be asked for, and its words."""

from collections.abc import Mapping, Sequence

from broadcaster.audience.attributes import Attribute, Catalogue, Kind
from broadcaster.audience.expression import Outcome
from broadcaster.audience.knowledge import Knowledge
from broadcaster.domain.message import DELIVERY_CHANNELS, MessageClass
from broadcaster.web import labels
from broadcaster.web.console.people import words
from broadcaster.web.languages import Language, by_locale

#: How many names of a sort are offered; others can be typed in the expression.
_OFFERED = 500

_BOTH = ("compare =", "compare !=")
_KNOWN = ("present", "missing")
_ORDER = ("compare <", "compare <=", "compare >", "compare >=")
_BY_KIND: Mapping[Kind, Sequence[str]] = {
    Kind.TEXT: (
        *_BOTH,
        "one_of",
        "text starts with",
        "text contains",
        "text ends with",
        *_ORDER,
        *_KNOWN,
    ),
    Kind.NUMBER: (*_BOTH, *_ORDER, "one_of", *_KNOWN),
    Kind.DATE: (*_BOTH, *_ORDER, *_KNOWN, "one_of"),
    Kind.CHOICE: (*_BOTH, "one_of", *_KNOWN),
    Kind.SET: ("has", "has_of any", "has_of all", *_KNOWN),
    Kind.BOOLEAN: ("compare =", *_KNOWN),
    Kind.LOCATION: ("area", "near", *_KNOWN),
}
#: What is kept sealed is found by its exact value alone.
_SEALED = (*_BOTH, "one_of", *_KNOWN)


def offered(known: Knowledge, areas: Sequence[str], language: Language) -> dict[str, object]:
    """Give it as JSON values; texts are translated."""
    say = language.gettext

    def said(texts: Mapping[str, str]) -> dict[str, str]:
        return {str(name): say(text) for name, text in texts.items()}

    return {
        "attributes": _attributes(known.catalogue, language),
        "operators": said(words.OPERATORS),
        "orders": {name: said(texts) for name, texts in words.ORDERS.items()},
        "others": said(words.OTHERS),
        "outcomes": {one.value: say(words.OUTCOMES[one]) for one in Outcome},
        "units": said(words.UNITS),
        "classes": {one.value: say(words.CLASSES[one]) for one in MessageClass},
        "channels": {one.value: say(labels.CHANNELS[one]) for one in DELIVERY_CHANNELS},
        "areas": list(areas[:_OFFERED]),
        "segments": sorted(known.segments)[:_OFFERED],
        "campaigns": sorted(known.campaigns)[:_OFFERED],
        "words": said(words.BUILDER),
    }


def _attributes(catalogue: Catalogue, language: Language) -> list[dict[str, object]]:
    return [
        {
            "name": name,
            "label": _label(one.labels, language),
            "kind": one.kind.value,
            "operators": list(_SEALED if one.sealed else _BY_KIND[one.kind]),
            "choices": [
                {"name": choice, "label": _label(said, language)}
                for choice, said in one.choices.items()
            ],
        }
        for name, one in _asked(catalogue).items()
    ]


def _asked(catalogue: Catalogue) -> Mapping[str, Attribute]:
    return {name: one for name, one in catalogue.known.items() if not one.retired}


def _label(texts: Mapping[str, str], language: Language) -> str:
    return texts.get(language.locale.language) or by_locale(texts, language)
