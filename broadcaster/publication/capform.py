"""The form of CAP 1.2 (OASIS, 1 July 2010, sections 3.2 and 3.4) as tables: what stands where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slot:
    """An element at its place in the order: how often, and which words it may hold."""

    name: str
    least: int = 0
    most: int | None = 1
    words: frozenset[str] = frozenset()


def _one(name: str, *words: str) -> Slot:
    return Slot(name, 1, 1, frozenset(words))


def _any(name: str, *words: str) -> Slot:
    return Slot(name, 0, None, frozenset(words))


CATEGORIES = (
    *("Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport"),
    *("Infra", "CBRNE", "Other"),
)
RESPONSES = (
    *("Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear"),
    "None",
)

ORDER: Mapping[str, Sequence[Slot]] = {
    "alert": (
        _one("identifier"),
        _one("sender"),
        _one("sent"),
        _one("status", "Actual", "Exercise", "System", "Test", "Draft"),
        _one("msgType", "Alert", "Update", "Cancel", "Ack", "Error"),
        Slot("source"),
        _one("scope", "Public", "Restricted", "Private"),
        Slot("restriction"),
        Slot("addresses"),
        _any("code"),
        Slot("note"),
        Slot("references"),
        Slot("incidents"),
        _any("info"),
    ),
    "info": (
        Slot("language"),
        Slot("category", 1, None, frozenset(CATEGORIES)),
        _one("event"),
        _any("responseType", *RESPONSES),
        _one("urgency", "Immediate", "Expected", "Future", "Past", "Unknown"),
        _one("severity", "Extreme", "Severe", "Moderate", "Minor", "Unknown"),
        _one("certainty", "Observed", "Likely", "Possible", "Unlikely", "Unknown"),
        Slot("audience"),
        _any("eventCode"),
        Slot("effective"),
        Slot("onset"),
        Slot("expires"),
        Slot("senderName"),
        Slot("headline"),
        Slot("description"),
        Slot("instruction"),
        Slot("web"),
        Slot("contact"),
        _any("parameter"),
        _any("resource"),
        _any("area"),
    ),
    "resource": (
        _one("resourceDesc"),
        _one("mimeType"),
        Slot("size"),
        Slot("uri"),
        Slot("derefUri"),
        Slot("digest"),
    ),
    "area": (
        _one("areaDesc"),
        _any("polygon"),
        _any("circle"),
        _any("geocode"),
        Slot("altitude"),
        Slot("ceiling"),
    ),
    "eventCode": (_one("valueName"), _one("value")),
    "parameter": (_one("valueName"), _one("value")),
    "geocode": (_one("valueName"), _one("value")),
}
