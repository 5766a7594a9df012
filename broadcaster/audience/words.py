"""The words of the segment language, which no attribute may have for a name."""

from collections.abc import Mapping

from broadcaster.audience.attributes import Attribute
from broadcaster.domain.nearest import close

#: Everything that means something in an expression; in lower case, and read in any.
KEYWORDS = frozenset(
    {
        "all", "and", "any", "area", "by", "campaign", "confirmed", "contains", "day", "days",
        "delivered", "ends", "failed", "false", "from", "has", "in", "is", "km", "may", "m",
        "missing", "month", "months", "not", "of", "opted", "or", "out", "present", "received",
        "receive", "segment", "starts", "targeted", "today", "true", "unconfirmed", "week",
        "weeks", "with", "within", "year", "years",
    }
)  # fmt: skip

_CONSENT = "may receive promotional by email"
_AREA = 'location in area "..."'
_NEAR = "location within 500 m of 33.59, -7.62"
_CAMPAIGN = 'received campaign "..."'
#: Words that people begin a condition with, and how such a condition is written.
EXAMPLES = {
    "consent": _CONSENT,
    "consents": _CONSENT,
    "consented": _CONSENT,
    "opted_in": _CONSENT,
    "opted_out": "opted out of service by sms",
    "area": _AREA,
    "near": _NEAR,
    "within": _NEAR,
    "segment": 'in segment "..."',
    "campaign": _CAMPAIGN,
    "got": _CAMPAIGN,
    "missing": "district is missing",
}


def suggestion(word: str, known: Mapping[str, Attribute]) -> str:
    """Ask whether an attribute was meant, by its name or any label; empty where none is near."""
    labels = {
        "_".join(label.split()).casefold(): name
        for name, attribute in known.items()
        for label in attribute.labels.values()
    }
    near = close(word, [*known, *labels], lambda found: labels.get(found, found))
    # Of several words of a label the first one comes alone.
    begun = {name for label, name in labels.items() if label.startswith(f"{word.casefold()}_")}
    return near or (f'Did you mean "{begun.pop()}"?' if len(begun) == 1 else "")
