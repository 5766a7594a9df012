"""Who stands for the texts of a kind in a locale, since when, and for which texts.

`locale.toml` decides for a locale as a whole; `review.toml` beside it holds what was decided kind
by kind. An approval is for the texts that were there: when one changes, it has lapsed.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from broadcaster.errors import InvalidInputError
from broadcaster.render.catalogues import Key
from broadcaster.render.sources import digest, parse_toml, read_text
from broadcaster.render.tables import Table

FILE = "review.toml"
_NAME_LENGTH, _RECORDS = 100, 1000


class Standing(StrEnum):
    """What somebody answered for."""

    #: The organisation uses the texts by its own decision; no native speaker has read them.
    ADOPTED = "adopted"
    #: A native speaker has read them and found them right.
    REVIEWED = "reviewed"


class State(StrEnum):
    """Where the texts of a kind stand in a locale."""

    #: Written, and answered for by nobody by name.
    DRAFTED = "drafted"
    ADOPTED = "adopted"
    REVIEWED = "reviewed"
    #: Answered for once; a text has changed since.
    LAPSED = "lapsed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """Who answered for which texts; `texts` is their fingerprint."""

    standing: Standing
    by: str
    at: datetime
    texts: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviews:
    """What a locale's file says; `drafted_by` tells who wrote the texts, empty where unsaid."""

    drafted_by: str = ""
    approvals: Mapping[str, Approval] = field(default_factory=dict)

    def state(self, name: str, texts: str) -> State:
        """Tell where the texts of a kind stand, given the fingerprint of what they are now."""
        approval = self.approvals.get(name)
        if approval is None:
            return State.DRAFTED
        return State(approval.standing) if approval.texts == texts else State.LAPSED

    def approved(self, name: str, approval: Approval) -> "Reviews":
        """Add an approval in place of an earlier one."""
        return replace(self, approvals={**self.approvals, name: approval})


def fingerprint(keys: Iterable[Key], forms: Callable[[Key], Sequence[str] | None]) -> str:
    """Hash texts and their translations, whatever their order; 32 hexadecimal digits."""
    # Approvals are kept for years: what is hashed is plain JSON, and no name of ours is in it.
    found = (json.dumps([list(key), list(forms(key) or ())]) for key in set(keys))
    return digest(sorted(found))[:32]


def approval(by: str, at: datetime, texts: str, *, native: bool) -> Approval:
    """Make an approval; InvalidInputError for a name that cannot stand in a record."""
    name = " ".join(by.split())
    if not name or len(name) > _NAME_LENGTH or not name.isprintable():
        problem = f"is no name of 1 to {_NAME_LENGTH} printable characters"
        raise InvalidInputError("--by", problem, "Say who answers for these texts.")
    standing = Standing.REVIEWED if native else Standing.ADOPTED
    whole = at.astimezone(UTC).replace(microsecond=0)
    return Approval(standing=standing, by=name, at=whole, texts=texts)


def load_reviews(folders: Sequence[Path], tag: str) -> Reviews:
    """Read a locale's approvals, earlier folders winning name by name; ConfigurationError."""
    found = Reviews()
    for folder in folders:
        path = folder / tag / FILE
        if path.is_file():
            read = read_reviews(read_text(path), f"{tag}/{FILE}")
            found = Reviews(
                drafted_by=found.drafted_by or read.drafted_by,
                approvals={**read.approvals, **found.approvals},
            )
    return found


def read_reviews(text: str, where: str) -> Reviews:
    """Read a file; ConfigurationError naming the record and what is wrong with it."""
    table = Table(where, parse_toml(text, where))
    drafted_by = table.text("drafted_by", "")
    records = table.table("approvals")
    table.done()
    if len(records.values) > _RECORDS:
        raise records.refuse("", f"has more than {_RECORDS} records", "Keep the last of each kind.")
    return Reviews(
        drafted_by=drafted_by,
        approvals={name: _read(records.table(name)) for name in list(records.values)},
    )


def _read(entry: Table) -> Approval:
    at = entry.values.pop("at", None)
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise entry.refuse("at", "is no moment with its offset", "Write 2026-05-01T08:00:00Z.")
    found = Approval(
        standing=entry.word("state", Standing, Standing.ADOPTED),
        by=entry.text("by", ""),
        at=at,
        texts=entry.text("texts", ""),
    )
    entry.done()
    if not found.by or not found.texts:
        remedy = "Approve with 'broadcaster i18n review approve'."
        raise entry.refuse("", "names nobody, or no texts", remedy)
    return found


_HEAD = """\
# Who stands for these texts, kind by kind; `broadcaster i18n review approve` writes this file.
# adopted: used by the organisation's own decision, read by no native speaker.
# reviewed: read by a native speaker, and found right.
# `texts` is the fingerprint of what was approved; when a text changes, the approval has lapsed.
"""


def write_reviews(reviews: Reviews) -> str:
    """Write a file: the same bytes for the same approvals."""
    pieces = [
        _HEAD + (f"drafted_by = {_quoted(reviews.drafted_by)}\n" if reviews.drafted_by else "")
    ]
    for name, one in sorted(reviews.approvals.items()):
        moment = one.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        pieces.append(
            f"[approvals.{name}]\n"
            f"state = {_quoted(one.standing)}\n"
            f"by = {_quoted(one.by)}\n"
            f"at = {moment}\n"
            f"texts = {_quoted(one.texts)}\n"
        )
    return "\n".join(pieces)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
