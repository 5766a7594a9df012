"""The check of an alert beyond the schema: what CAP 1.2 and practice ask for and no XSD can.

Everything is found in one reading, each fault with its place and what to do.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime

from broadcaster.errors import InvalidInputError
from broadcaster.publication.cap import ALL_CLEAR, NAMESPACE
from broadcaster.publication.capform import ORDER, Slot
from broadcaster.publication.capshapes import circle, figure, polygon
from broadcaster.publication.capspot import Finding, Gravity, Spot
from broadcaster.publication.captree import Node, read

_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance "
_SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
#: 3.3.2: to the second, with an offset, never `Z`.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", re.ASCII)
#: Embeddings and overrides show a text otherwise than it is; isolates may stand.
_TURNING = re.compile("[\u202a-\u202e]")
_PARTS_OF_A_NAME = re.compile(r"[\s,<&]")
_HEADLINE, _TRIPLE = 160, 3
#: The same in every language of one alert.
_SHARED = ("category", "responseType", "urgency", "severity", "certainty")
_TIMED = ("effective", "onset", "expires")


def check(content: bytes) -> list[Finding]:
    """Find what is wrong with an alert, by line; an empty list when nothing is."""
    try:
        root = read(content)
    except InvalidInputError as error:
        line = int(error.field.removeprefix("line ")) if error.field.startswith("line ") else 0
        return [
            Finding(
                gravity=Gravity.ERROR,
                line=line,
                place="alert",
                problem=error.problem,
                remedy=error.remedy,
            )
        ]
    alert = Spot(root, "alert")
    if (root.name, root.namespace) != ("alert", NAMESPACE):
        problem = f"is no alert of CAP 1.2, but {root.name!r} of {root.namespace or 'no namespace'}"
        return [alert.error(problem, f"Begin with <alert xmlns={NAMESPACE!r}>.")]
    findings = [*_form(alert), *_texts(alert)]
    for rule in _RULES:
        findings += rule(alert)
    return sorted(findings, key=lambda one: (one.line, one.gravity))


def _form(spot: Spot) -> Iterator[Finding]:
    """Order, number and words of the elements, all the way down."""
    slots = ORDER[spot.node.name]
    names = [slot.name for slot in slots]
    at = 0
    if spot.text:
        yield spot.error(f"has the text {spot.text[:40]!r} between its elements", "Take it out.")
    yield from _bare(spot)
    for child in spot.node.children:
        here = Spot(child, f"{spot.place}, {child.name}".removeprefix("alert, "))
        if child.namespace != NAMESPACE:
            yield from _foreign(spot, here)
        elif child.name not in names:
            yield here.error(f"is not known in {spot.node.name}", "Take it out.")
        elif names.index(child.name) < at:
            remedy = f"Put it before {names[at]}."
            yield here.error("is not at its place in the order", remedy)
        else:
            at = names.index(child.name)
    for slot in slots:
        yield from _slot(spot, slot)


def _bare(spot: Spot) -> Iterator[Finding]:
    """CAP has no attributes; those that say where a schema is are XML's own."""
    others = [name for name in spot.node.attributes if not name.startswith(_INSTANCE)]
    if others:
        yield spot.error(f"has an attribute, {others[0].rpartition(' ')[2]!r}", "Take it out.")


def _foreign(spot: Spot, here: Spot) -> Iterator[Finding]:
    if spot.node.name != "alert" or here.node.namespace != _SIGNATURE:
        yield here.error("is of another namespace", "Take it out.")
    elif here.node is not spot.node.children[-1]:
        yield here.error("is a signature and not the last element", "Put it at the end.")


def _slot(spot: Spot, slot: Slot) -> Iterator[Finding]:
    found = spot.each(slot.name)
    if len(found) < slot.least:
        yield spot.error(f"has no {slot.name}", f"Add <{slot.name}>.")
    if slot.most is not None and len(found) > slot.most:
        yield found[1].error("is there more than once", "Keep one.")
    for one in found:
        if slot.words and one.node.text not in slot.words:
            words = ", ".join(sorted(slot.words))
            yield one.error(f"{one.node.text[:60]!r} is no word for it", f"Use one of {words}.")
        elif slot.name in ORDER:
            yield from _form(one)
        else:
            yield from _leaf(one)


def _leaf(spot: Spot) -> Iterator[Finding]:
    yield from _bare(spot)
    if spot.node.children:
        yield spot.error("has elements in it, and is a text", "Take them out.")
    elif not spot.text:
        yield spot.error("is empty", "Fill it in, or take it out.")


def _texts(alert: Spot) -> Iterator[Finding]:
    for node in alert.node.walk():
        if _TURNING.search(node.text):
            yield Spot(node, node.name).error(
                "has characters that turn the direction of writing (U+202A to U+202E)",
                "Use isolates (U+2066 to U+2069), or none.",
            )


def _names(alert: Spot) -> Iterator[Finding]:
    for name in ("identifier", "sender"):
        spot = alert.one(name)
        if spot and _PARTS_OF_A_NAME.search(spot.node.text):
            problem = "has a space, a comma, < or &, and could not be referred to"
            yield spot.error(problem, "Use letters, digits, dots, hyphens and colons.")


def _moments(alert: Spot) -> Iterator[Finding]:
    spots = [alert.one("sent")]
    spots += [info.one(name) for info in alert.each("info") for name in _TIMED]
    for spot in spots:
        if spot and spot.text and _moment(spot.text) is None:
            remedy = "Write as 2026-03-20T19:00:00+01:00: to the second, with an offset, never Z."
            yield spot.error(f"{spot.text[:40]!r} is no time of CAP", remedy)


def _moment(text: str | None) -> datetime | None:
    if text is None or not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _order_of_times(alert: Spot) -> Iterator[Finding]:
    sent = _moment(alert.node.value("sent"))
    for info in alert.each("info"):
        at = {name: _moment(info.node.value(name)) for name in _TIMED}
        expires = info.one("expires")
        if expires is None:
            if alert.node.value("msgType") in {"Alert", "Update"}:
                yield info.warning("does not say when it expires", "Add <expires>.")
            continue
        end = at["expires"]
        for name, moment in (
            ("sent", sent),
            ("effective", at["effective"]),
            ("onset", at["onset"]),
        ):
            if end is not None and moment is not None and end <= moment:
                yield expires.error(f"is not after {name}", "Give a later time.")


def _references(alert: Spot) -> Iterator[Finding]:
    kind, spot = alert.node.value("msgType"), alert.one("references")
    if spot is None:
        if kind in {"Update", "Cancel", "Ack", "Error"}:
            remedy = "Add <references>sender,identifier,sent</references> of the earlier message."
            yield alert.error(f"{kind} refers to no earlier message", remedy)
        return
    if kind == "Alert":
        yield spot.warning("an Alert refers to earlier messages", "Make it an Update.")
    own = (alert.node.value("sender"), alert.node.value("identifier"))
    for triple in spot.text.split():
        parts = triple.split(",")
        if len(parts) != _TRIPLE or not all(parts) or _moment(parts[2]) is None:
            remedy = (
                "Write sender,identifier,sent as they stand there, with blanks between triples."
            )
            yield spot.error(f"{triple[:80]!r} is no reference", remedy)
        elif (parts[0], parts[1]) == own:
            yield spot.error("refers to itself", "Name the earlier message.")


def _scope(alert: Spot) -> Iterator[Finding]:
    scope = alert.node.value("scope")
    for wanted, name in (("Private", "addresses"), ("Restricted", "restriction")):
        spot = alert.one(name)
        if scope == wanted and spot is None:
            yield alert.error(f"{wanted} without {name}", f"Add <{name}>, or make it Public.")
        elif spot is not None and scope != wanted and not (name == "addresses" and scope):
            yield spot.warning(f"is only for scope {wanted}", "Take it out.")


def _status(alert: Spot) -> Iterator[Finding]:
    kind, status = alert.node.value("msgType"), alert.node.value("status")
    if not alert.each("info") and kind in {"Alert", "Update"}:
        yield alert.error(f"{kind} says nothing: it has no info", "Add an <info> for a language.")
    if status == "Exercise" and alert.one("note") is None:
        yield alert.warning("does not say which exercise it is", "Add <note>.")
    if kind == "Error" and alert.one("note") is None:
        yield alert.error("does not say what the error is", "Add <note>.")


def _languages(alert: Spot) -> Iterator[Finding]:
    infos, seen = alert.each("info"), set[str]()
    for info in infos:
        spot = info.one("language")
        if spot is None:
            say = info.error if len(infos) > 1 else info.warning
            yield say("names no language, which means en-US", "Add <language> first in it.")
        elif not _LANGUAGE.fullmatch(spot.text):
            yield spot.error(f"{spot.text[:40]!r} is no language", "Write as BCP 47: ar-MA.")
        tag = (spot.text if spot else "en-US").lower()
        event = (tag, info.node.value("event") or "")
        if f"{event}" in seen:
            yield info.error(f"is the second in {tag} about the same event", "Keep one of them.")
        seen.add(f"{event}")


def _siblings(alert: Spot) -> Iterator[Finding]:
    infos = alert.each("info")
    for info in infos[1:]:
        for name in _SHARED:
            first, own = infos[0].node.all(name), info.node.all(name)
            if [one.text.strip() for one in first] != [one.text.strip() for one in own]:
                remedy = "Say the same in every language of one alert."
                yield info.error(f"has another {name} than info 1", remedy)
        if _where(infos[0].node) != _where(info.node):
            remedy = "Draw the same area in every language of one alert."
            yield info.error("has another area than info 1", remedy)


def _where(info: Node) -> list[tuple[str, str]]:
    return [
        (child.name, " ".join(child.text.split()))
        for area in info.all("area")
        for child in area.children
        if child.name in {"polygon", "circle"}
    ]


def _words(alert: Spot) -> Iterator[Finding]:
    for info in alert.each("info"):
        for name in ("urgency", "severity", "certainty"):
            spot = info.one(name)
            if spot and spot.text == "Unknown":
                yield spot.warning("is Unknown, which many systems drop", "Say what is likely.")
        headline = info.one("headline")
        if headline is None:
            yield info.warning("has no headline", "Add <headline>.")
        elif len(headline.text) > _HEADLINE:
            problem = f"has more than {_HEADLINE} characters, and some devices cut it"
            yield headline.warning(problem, "Shorten it.")
        responses = [one.text.strip() for one in info.node.all("responseType")]
        if ALL_CLEAR in responses and len(responses) > 1:
            problem = "says that it is over and asks to do something"
            yield info.error(problem, "Keep AllClear alone.")
        web = info.one("web")
        if web and not web.text.startswith(("https://", "http://")):
            yield web.error("is no whole address", "Begin with https://.")


def _areas(alert: Spot) -> Iterator[Finding]:
    kind = alert.node.value("msgType")
    for info in alert.each("info"):
        areas = info.each("area")
        if not areas and kind in {"Alert", "Update"}:
            yield info.error("does not say where", "Add an <area> with areaDesc.")
        for area in areas:
            for one in area.each("polygon"):
                yield from polygon(one)
            for one in area.each("circle"):
                yield from circle(one)
            if area.one("ceiling") and not area.one("altitude"):
                yield area.error("has a ceiling without altitude", "Add <altitude>.")
            for name in ("altitude", "ceiling"):
                spot = area.one(name)
                if spot and spot.text and figure(spot.text) is None:
                    yield spot.error(f"{spot.text[:40]!r} is no number", "Write feet, as 1500.")


_RULES: tuple[Callable[[Spot], Iterator[Finding]], ...] = (
    _names,
    _moments,
    _order_of_times,
    _references,
    _scope,
    _status,
    _languages,
    _siblings,
    _words,
    _areas,
)


__all__ = ["Finding", "Gravity", "check"]
