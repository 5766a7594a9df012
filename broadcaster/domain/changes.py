"""What differs between two versions of a campaign, as people are shown it; pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from broadcaster.domain.differences import Change, Piece, differences

#: So many characters beside a change are shown.
_NEAR = 90

#: What of a version is a line of its own, in this order.
_PLAIN = (
    "name",
    "segment",
    "expression",
    "message_class",
    "channels",
    "plan",
    "escalate_after",
    "one_per",
    "lane",
    "drill",
    "effective",
    "expires",
    "scheduled",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """One thing that differs, word by word.

    `field` is a field of the campaign, a fact (`fact` is its name) or a part (in `locale`).
    """

    field: str
    pieces: Sequence[Piece]
    fact: str = ""
    part: str = ""
    locale: str = ""


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> Sequence[Changed]:
    """List what differs between two versions: how it is sent, its facts, then its texts."""
    return [
        replace(one, pieces=near(one.pieces))
        for one in _all(before, now)
        if any(piece.change is not Change.SAME for piece in one.pieces)
    ]


def near(pieces: Sequence[Piece]) -> Sequence[Piece]:
    """Leave out of what stayed what is far from every change."""
    last = len(pieces) - 1
    return [
        Piece(change=one.change, text=_cut(one.text, after=at > 0, before=at < last))
        if one.change is Change.SAME
        else one
        for at, one in enumerate(pieces)
    ]


def _cut(text: str, *, after: bool, before: bool) -> str:
    """Shorten a text that stands after a change, before one, or between two, at white space."""
    if len(text) <= _NEAR * (after + before) + _NEAR:
        return text
    head = text[:_NEAR].rsplit(None, 1)[0] if after else ""
    tail = text[-_NEAR:].split(None, 1)[-1] if before else ""
    return f"{head} … {tail}"


def _all(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Changed]:
    for field in _PLAIN:
        yield Changed(
            field=field, pieces=differences(_said(before.get(field)), _said(now.get(field)))
        )
    former, present = before.get("facts", {}), now.get("facts", {})
    for fact in dict.fromkeys([*present, *former]):
        pieces = differences(_said(former.get(fact)), _said(present.get(fact)))
        yield Changed(field="facts", fact=fact, pieces=pieces)
    old, new = before.get("texts", {}), now.get("texts", {})
    for locale in dict.fromkeys([*new, *old]):
        mine, theirs = old.get(locale, {}), new.get(locale, {})
        for part in dict.fromkeys([*theirs, *mine]):
            if part == "web/page.html" and "email/body.txt" in theirs:
                # The page is made of the mail's text.
                continue
            pieces = differences(mine.get(part, ""), theirs.get(part, ""))
            yield Changed(field="texts", part=part, locale=locale, pieces=pieces)


def _said(value: object) -> str:
    """Write a value in a line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_said(one)}" for name, one in value.items())
    return json.dumps(value, ensure_ascii=False)
