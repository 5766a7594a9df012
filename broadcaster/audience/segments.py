"""Segments: named, saved expressions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.audience.attributes import Catalogue
from broadcaster.audience.audience import SegmentAudience
from broadcaster.audience.definitions import steady
from broadcaster.audience.expression import Expression, InSegment, canonical, leaves, names
from broadcaster.audience.form import read_json
from broadcaster.audience.including import pinned, renamed
from broadcaster.audience.knowledge import Knowledge
from broadcaster.audience.query import parse
from broadcaster.audience.saved_names import checked, tidied
from broadcaster.domain.nearest import close
from broadcaster.domain.saying import said
from broadcaster.errors import ConflictError, InvalidInputError, NotFoundError
from broadcaster.ports import Note
from broadcaster.ports.auditing import note as noted

#: How many segments there may be.
_MOST = 10_000
#: What an expression calls everybody, and no segment is called.
_ALL = "all"


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """A named expression, in its canonical form."""

    name: str
    expression: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SegmentUse:
    """What a segment is used for: segments that have it in them, and the latest campaigns to it."""

    segments: Sequence[str]
    campaigns: Sequence[tuple[int, str, str]]


_CAMPAIGNS = """
SELECT id, name, status::text FROM campaign WHERE segment = %s ORDER BY id DESC LIMIT %s
"""
#: How many campaigns are named.
_NAMED = 20


class Segments:
    """Saved segments in PostgreSQL."""

    def __init__(
        self,
        pool: ConnectionPool[Connection[Any]],
        audience: SegmentAudience | None = None,
        note: Note = noted,
    ) -> None:
        """Use a database with the present schema; `audience` knows what there is to ask for.

        `note` writes the audit trail: of changes by somebody, and without the expression, which may
        name a person.
        """
        self._pool = pool
        self._note = note
        self._audience = audience or SegmentAudience(pool)

    def save(
        self, name: str, expression: str, *, form: bool = False, new: bool = False, by: str = ""
    ) -> Segment:
        """Save a segment, or change the one of that name; campaigns made before keep theirs.

        With `new` there must be none of that name: ConflictError.

        The expression is text, or the JSON of a `form`. Segments may stand in it; InvalidInputError
        when the name or the expression is wrong, or segments would stand in one another in a
        circle.
        """
        named = _checked(name)
        with self._pool.connection() as connection:
            connection.execute("LOCK TABLE segment IN SHARE ROW EXCLUSIVE MODE")
            known = self._audience.known(connection, steady)
            if form:
                tree = read_json(expression, known.catalogue, known.names)
            else:
                tree = known.parse(expression)
            segment = Segment(name=named, expression=canonical(tree))
            _refuse_taken(named, known, taken=new and named in known.segments)
            _check(segment, tree, known)
            (count,) = connection.execute("SELECT count(*) FROM segment").fetchone() or (0,)
            if count >= _MOST:
                problem = said("there are %(most)s segments already", most=_MOST)
                raise InvalidInputError("name", problem, said("Delete some."))
            connection.execute(
                "INSERT INTO segment (name, expression) VALUES (%(name)s, %(expression)s)"
                " ON CONFLICT (name) DO UPDATE"
                " SET expression = excluded.expression, updated_at = now()",
                {"name": segment.name, "expression": segment.expression},
            )
            if by:
                self._note(connection, by, "save_segment", f"segment {named}", {})
        return segment

    def rename(self, name: str, other: str, by: str = "") -> Segment:
        """Give a segment another name, also in the segments that it stands in.

        Campaigns keep what they were made with. NotFoundError, InvalidInputError, and ConflictError
        when there is one of that name.
        """
        before, after = tidied(name), _checked(other)
        with self._pool.connection() as connection:
            connection.execute("LOCK TABLE segment IN SHARE ROW EXCLUSIVE MODE")
            known = self._audience.known(connection, steady)
            if before not in known.segments:
                raise self._missing(name)
            _refuse_taken(after, known, taken=after != before and after in known.segments)
            for one in _within(before, known):
                tree = renamed(parse(known.segments[one], known.catalogue), before, after)
                connection.execute(
                    "UPDATE segment SET expression = %s, updated_at = now() WHERE name = %s",
                    [canonical(tree), one],
                )
            connection.execute("UPDATE segment SET name = %s WHERE name = %s", [after, before])
            if by:
                self._note(connection, by, "rename_segment", f"segment {after}", {"from": before})
        return self.get(after)

    def used(self, name: str) -> SegmentUse:
        """Tell what a segment is used for."""
        plain = tidied(name)
        with self._pool.connection() as connection:
            within = _within(plain, self._audience.known(connection))
            rows = connection.execute(_CAMPAIGNS, [plain, _NAMED]).fetchall()
        return SegmentUse(segments=within, campaigns=[(id_, one, how) for id_, one, how in rows])

    def list(self) -> Sequence[Segment]:
        """List all by name."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                'SELECT name, expression FROM segment ORDER BY name COLLATE "C"'
            ).fetchall()
        return [Segment(name=name, expression=expression) for name, expression in rows]

    def get(self, name: str) -> Segment:
        """Give the segment; NotFoundError with the nearest name there is."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT name, expression FROM segment WHERE name = %s", [tidied(name)]
            ).fetchone()
        if row is None:
            raise self._missing(name)
        return Segment(name=row[0], expression=row[1])

    def pinned(self, name: str) -> Segment:
        """Give the segment as a campaign keeps it, which nothing changes any more.

        The segments in it are replaced by what they mean now, and days told from today by days of
        the calendar: what is approved is what is sent. NotFoundError; InvalidInputError when
        something that it asks for has gone.
        """
        segment = self.get(name)
        with self._pool.connection() as connection:
            known = self._audience.known(connection)
            whole = known.resolve(known.parse(segment.expression), segment.name)
            written = _written_out(whole, known, segment.name)
            known.condition(parse(written, known.catalogue))
        return replace(segment, expression=written)

    def delete(self, name: str, by: str = "") -> None:
        """Delete the segment; campaigns keep the expression that they were made with.

        NotFoundError with the nearest name; ConflictError while it stands in another segment.
        """
        with self._pool.connection() as connection:
            connection.execute("LOCK TABLE segment IN SHARE ROW EXCLUSIVE MODE")
            plain = tidied(name)
            within = _within(plain, self._audience.known(connection))
            if within:
                message = said(
                    "segment %(plain)s stands in %(within)s. Change that one first.",
                    plain=repr(plain),
                    within=repr(within[0]),
                )
                raise ConflictError(message)
            found = connection.execute("DELETE FROM segment WHERE name = %s", [plain])
            if by and found.rowcount:
                self._note(connection, by, "delete_segment", f"segment {plain}", {})
        if not found.rowcount:
            raise self._missing(name)

    def _missing(self, name: str) -> NotFoundError:
        listed = said("Type 'broadcaster segments list' for those there are.")
        if name.strip().lower() == _ALL:
            # Nobody is told everybody's news by a word that was typed in passing.
            remedy = said(
                "For everybody, type 'broadcaster segments save everyone all', and name that."
            )
            return NotFoundError(
                "segment", said("%(name)s does not exist", name=repr(name)), remedy
            )
        near = close(name, [one.name for one in self.list()]) or listed
        return NotFoundError("segment", said("%(name)s does not exist", name=repr(name)), near)


def _within(name: str, known: Knowledge) -> list[str]:
    """Name the other segments that have one in them."""
    return [
        other
        for other, text in known.segments.items()
        if other != name and name in _included(text, known.catalogue)
    ]


def _refuse_taken(name: str, known: Knowledge, *, taken: bool) -> None:
    if taken:
        message = said(
            "There is a segment %(name)s already: %(segments)s",
            name=repr(name),
            segments=known.segments[name][:200],
        )
        raise ConflictError(message)


def _included(text: str, catalogue: Catalogue) -> set[str]:
    """Name the segments in an expression; none where it can't be read."""
    try:
        found = leaves(parse(text, catalogue))
    except InvalidInputError:
        return set()
    return {leaf.segment for leaf in found if isinstance(leaf, InSegment)}


def _check(segment: Segment, tree: Expression, known: Knowledge) -> None:
    """Refuse what could not be used, alone or in the segments that it stands in."""
    for name in sorted(names(tree)):
        if known.catalogue.known[name].retired:
            remedy = said(
                "Type 'broadcaster attributes change %(name)s --revive' to offer it again.",
                name=name,
            )
            raise InvalidInputError(
                "expression", said("the attribute %(name)s is retired", name=name), remedy
            )
    after = replace(known, segments={**known.segments, segment.name: segment.expression})
    whole = after.resolve(tree, segment.name)
    after.condition(whole)
    _written_out(whole, after, segment.name)
    for other in known.segments:
        # One that can't be read anyway, as its campaign was archived, is in nobody's way.
        if other != segment.name and _reads(known, other):
            around = after.resolve(after.parse(after.segments[other]), other)
            _written_out(around, after, other)


def _written_out(whole: Expression, known: Knowledge, name: str) -> str:
    """Give what a campaign would keep of a segment; InvalidInputError when nobody could plan it.

    It must be readable again, so it is bounded like any other: days of the calendar may be longer
    than those told from today, and names of versions of areas longer than those of areas.
    """
    area = known.places.pinned if known.places else str
    text = canonical(pinned(whole, known.today, area))
    try:
        parse(text, known.catalogue)
    except InvalidInputError as error:
        problem = said(
            "segment %(name)s, written out with all that is in it: %(problem)s",
            name=repr(name),
            problem=error.problem,
        )
        raise InvalidInputError("expression", problem, said("Use smaller segments.")) from error
    return text


def _reads(known: Knowledge, name: str) -> bool:
    """Tell whether a segment has others in it, and could be used until now."""
    text = known.segments[name]
    try:
        if "segment" not in text:
            return False
        return bool(_written_out(known.resolve(known.parse(text), name), known, name))
    except InvalidInputError:
        return False


def _checked(name: str) -> str:
    text = checked(name)
    if text.lower() == "all":
        problem = said("'all' is an expression and would be taken for one")
        raise InvalidInputError("name", problem, said("Give another name."))
    return text
