"""CAP 1.2 (OASIS, 1 July 2010): one alert for a version of an advisory, one info for a locale.

What an alert says was frozen before; here it is put into CAP's order and words.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from xml.etree.ElementTree import Element, SubElement
from zoneinfo import ZoneInfo

from broadcaster.domain.advisory import MessageType, Urgency
from broadcaster.domain.publication import Edition, Publication, Reference
from broadcaster.publication.xml import clean, put, written

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
ALL_CLEAR = "AllClear"
#: The smallest step between two times of CAP.
_NEXT = timedelta(seconds=1)

_TYPES = {
    MessageType.ALERT: "Alert",
    MessageType.UPDATE: "Update",
    MessageType.CORRECTION: "Update",
    MessageType.CANCEL: "Cancel",
    MessageType.ALL_CLEAR: "Update",
}


def identifier(public_url: str, advisory: int, version: int, sent: datetime) -> str:
    """Make an identifier that is unique in the world, and the same for the same message."""
    name = f"{public_url}/advisories/{advisory}#{version}@{sent.isoformat()}"
    return uuid.uuid5(uuid.NAMESPACE_URL, name).urn


def alert(publication: Publication, public_url: str, zone: ZoneInfo) -> str:
    """Write the alert, unsigned."""
    # CAP knows no update without what it updates, such as when that was never public.
    kind = _TYPES[publication.message_type] if publication.references else "Alert"
    root = _head(publication, publication.identifier, publication.sent, kind, zone)
    _references(root, publication.references, zone)
    for edition in publication.editions:
        _info(root, publication, edition, public_url, zone)
    return written(root)


def cancellation(
    publication: Publication,
    at: datetime,
    headlines: Mapping[str, str],
    public_url: str,
    zone: ZoneInfo,
) -> str:
    """Write the alert that takes another back, for an advisory that was called off.

    `headlines` say so, by locale. It is later than what it takes back, by whose identifier it
    would be named otherwise: who cancels may be as quick as who publishes, or quicker.
    """
    sent = max(at, publication.sent + _NEXT)
    own = identifier(public_url, publication.advisory, publication.version, sent)
    root = _head(publication, own, sent, "Cancel", zone)
    _references(root, (*publication.references, publication.reference), zone)
    for edition in publication.editions:
        info = _info(root, publication, edition, public_url, zone, past=True)
        headline = info.find("headline")
        if headline is not None and edition.locale in headlines:
            headline.text = clean(headlines[edition.locale])
    return written(root)


def moment(value: datetime, zone: ZoneInfo) -> str:
    """Write a time as CAP does: to the second, with an offset, never `Z` (3.3.2)."""
    return value.astimezone(zone).isoformat(timespec="seconds")


def _head(
    publication: Publication, identifier: str, sent: datetime, kind: str, zone: ZoneInfo
) -> Element:
    root = Element("alert", {"xmlns": NAMESPACE})
    put(root, "identifier", identifier)
    put(root, "sender", publication.sender)
    put(root, "sent", moment(sent, zone))
    put(root, "status", "Exercise" if publication.drill else "Actual")
    put(root, "msgType", kind)
    put(root, "scope", "Public")
    if publication.drill:
        put(root, "note", f"Exercise, advisory {publication.advisory}")
    return root


def _references(root: Element, references: tuple[Reference, ...], zone: ZoneInfo) -> None:
    if references:
        triples = (f"{one.sender},{one.identifier},{moment(one.sent, zone)}" for one in references)
        put(root, "references", " ".join(triples))


def _info(
    root: Element,
    publication: Publication,
    edition: Edition,
    public_url: str,
    zone: ZoneInfo,
    *,
    past: bool = False,
) -> Element:
    info = SubElement(root, "info")
    put(info, "language", edition.lang)
    for category in publication.categories:
        put(info, "category", category)
    put(info, "event", edition.event)
    for response in _responses(publication, past=past):
        put(info, "responseType", response)
    put(info, "urgency", (Urgency.PAST if past else publication.urgency).value.title())
    put(info, "severity", publication.severity.value.title())
    put(info, "certainty", publication.certainty.value.title())
    if not past:
        put(info, "effective", moment(publication.effective, zone))
        if publication.onset is not None:
            put(info, "onset", moment(publication.onset, zone))
        put(info, "expires", moment(publication.expires, zone))
    for name, text in (
        ("senderName", edition.sender),
        ("headline", edition.headline),
        ("description", edition.description),
        ("instruction", edition.instruction),
        ("web", f"{public_url}/advisories/{publication.advisory}/{edition.locale}"),
        ("contact", edition.contact),
    ):
        if text:
            put(info, name, text)
    area = SubElement(info, "area")
    put(area, "areaDesc", edition.area)
    for polygon in publication.polygons:
        put(area, "polygon", polygon)
    for circle in publication.circles:
        put(area, "circle", circle)
    return info


def _responses(publication: Publication, *, past: bool) -> tuple[str, ...]:
    if past or publication.message_type is MessageType.CANCEL:
        return ("None",)
    if publication.message_type is MessageType.ALL_CLEAR:
        return (ALL_CLEAR,)
    return publication.responses
