"""Reading lists of addresses that must not be used: plain ones, our own, and what providers give.

A plain list has an address in each row and no header. Others have one; the columns are known by
the names that providers give them:

- Twilio, https://www.twilio.com/docs/messaging/features/consent-api : `contact_id`, `status`
  (`opt-out`, `opt-in`), `source`, `date_of_consent`;
- Amazon SES, `API_SuppressedDestination.html` below
  https://docs.aws.amazon.com/ses/latest/APIReference-V2/ : `EmailAddress`, `Reason` (`BOUNCE`,
  `COMPLAINT`), `LastUpdateTime` (Unix time or ISO 8601);
- our own: `address`, `scope`, `reason`, `date`, `proof`.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from broadcaster.audience.cells import CellError, check_error, check_readable
from broadcaster.audience.days import read_moment
from broadcaster.audience.draft import Finding, shown
from broadcaster.audience.marked import check
from broadcaster.audience.sheets.choosing import refuse_left_out
from broadcaster.audience.sheets.opening import open_sheet
from broadcaster.audience.sheets.sheet import Wanted
from broadcaster.audience.sheets.source import from_path
from broadcaster.domain.consent import ListedAddress, Scope, Source, reached
from broadcaster.domain.message import Address, Channel, MessageClass
from broadcaster.domain.proofs import LONGEST_PROOF, checked_moment
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

#: Reads a text as an address, or says what is wrong with it (CellError).
ReadAddress = Callable[[str], Address]

_COLUMNS: Mapping[str, str] = {
    "address": "address",
    "adresse": "address",
    "contact_id": "address",
    "contactid": "address",
    "destination": "address",
    "email": "address",
    "e_mail": "address",
    "emailaddress": "address",
    "email_address": "address",
    "endpoint": "address",
    "mobile": "address",
    "number": "address",
    "phone": "address",
    "phone_number": "address",
    "phonenumber": "address",
    "recipient": "address",
    "telephone": "address",
    "téléphone": "address",
    "to": "address",
    "token": "address",
    "scope": "scope",
    "class": "scope",
    "classes": "scope",
    "reason": "reason",
    "status": "reason",
    "motif": "reason",
    "at": "date",
    "created": "date",
    "created_at": "date",
    "date": "date",
    "date_of_consent": "date",
    "dateofconsent": "date",
    "last_update_time": "date",
    "lastupdatetime": "date",
    "proof": "proof",
    "reference": "proof",
    "preuve": "proof",
}

#: What a reason says: where it comes from, and how far it reaches; None: as the row or we say.
_REASONS: Mapping[str, tuple[Source, Scope | None]] = {
    "": (Source.LIST, None),
    "list": (Source.LIST, None),
    "unsubscribe": (Source.LIST, None),
    "unsubscribed": (Source.LIST, None),
    "opt_out": (Source.LIST, None),
    "optout": (Source.LIST, None),
    "one_click": (Source.ONE_CLICK, None),
    "page": (Source.PAGE, None),
    "operator": (Source.OPERATOR, None),
    "never": (Source.LIST, Scope.EVERYTHING),
    "never_contact": (Source.LIST, Scope.EVERYTHING),
    "complaint": (Source.COMPLAINT, Scope.SERVICE),
    "abuse": (Source.COMPLAINT, Scope.SERVICE),
    "spam": (Source.COMPLAINT, Scope.SERVICE),
    "bounce": (Source.BOUNCE, Scope.EVERYTHING),
    "hard_bounce": (Source.BOUNCE, Scope.EVERYTHING),
    "gone": (Source.GONE, Scope.EVERYTHING),
    "unregistered": (Source.GONE, Scope.EVERYTHING),
    "stop": (Source.STOP, Scope.EVERYTHING),
    "21610": (Source.STOP, Scope.EVERYTHING),
    "order": (Source.ORDER, None),
    "court": (Source.ORDER, None),
    "authority": (Source.ORDER, None),
    "regulator": (Source.REGULATOR, Scope.EVERYTHING),
    # Words of our own from before there was a history.
    "earlier": (Source.LIST, None),
    "recipient_opted_out": (Source.LIST, None),
    "unknown_address": (Source.BOUNCE, Scope.EVERYTHING),
}
_OPT_INS = frozenset({"opt_in", "optin", "re_opt_in", "subscribed"})

#: What an order or a regulator forbids is proved by its own words, not by a list's name.
_NEEDS_PROOF = frozenset({Source.ORDER, Source.REGULATOR})

_UNIX = re.compile(r"\d{9,11}(?:\.\d{1,9})?", re.ASCII)


class SuppressionFile(AbstractContextManager["SuppressionFile"]):
    """An open list: an iterator over rows, each either read or a finding.

    `scope` is how far rows reach that say nothing of it, `as_of` the date of rows without one, and
    `zone` that of dates and times that name none.
    InvalidInputError naming file, row and remedy when it is no table, has no column of addresses,
    is broken, or hides rows, columns or sheets with values.
    """

    def __init__(
        self,
        path: Path,
        read: ReadAddress,
        *,
        encoding: str = "auto",
        scope: Scope,
        as_of: datetime | None,
        now: datetime,
        zone: tzinfo,
    ) -> None:
        """Open it; the header is read at the first row."""
        self._file = open_sheet(from_path(path), Wanted(encoding=encoding))
        self._name = path.name
        self._read = read
        self._scope = scope
        self._as_of = as_of
        self._now = now
        self._zone = zone

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()

    @property
    def size(self) -> int:
        """How many octets it has."""
        return self._file.size

    @property
    def position(self) -> int:
        """How many octets have been read."""
        return self._file.position

    def __iter__(self) -> Iterator[ListedAddress | Finding]:
        """Give the rows in order; an address that stands there again is given again."""
        places: Mapping[str, int] | None = None
        for number, cells, marks in self._file.rows():
            if places is None:
                places = self._header(cells)
                if places is not None:
                    continue
                places = {"address": 0}
            yield self._row(number, places, cells, marks)
        # Nobody looks for an address of a row that is hidden: whoever is barred must be seen.
        refuse_left_out(self._file)

    def _header(self, cells: Sequence[str]) -> Mapping[str, int] | None:
        """Give the places of known columns; None when the first row is an address already."""
        places: dict[str, int] = {}
        for place, cell in enumerate(cells):
            column = _COLUMNS.get(_plain(cell))
            if column is not None and column in places:
                problem = said("two columns of its header hold the %(column)s", column=column)
                raise self._file.fault(problem, said("Keep one of them."))
            if column is not None:
                places[column] = place
        if "address" in places:
            return places
        try:
            self._read(cells[0])
        except CellError as error:
            problem = said(
                "its first row is neither an address nor a header with a column of addresses"
            )
            remedy = said(
                "Head the columns address, scope, reason, date, proof; or give a plain list."
            )
            raise self._file.fault(problem, remedy) from error
        return None

    def _row(
        self,
        number: int,
        places: Mapping[str, int],
        cells: Sequence[str],
        marks: Mapping[int, int],
    ) -> ListedAddress | Finding:
        given = {
            column: cells[place].strip() for column, place in places.items() if place < len(cells)
        }
        column = "address"
        try:
            for column, place in places.items():
                check(marks.get(place, 0), dated=column == "date")
                check_readable(given.get(column, ""))
                check_error(given.get(column, ""))
            column = "address"
            address = self._read(given.get("address", "").removeprefix("'"))
            column = "reason"
            source, wide = _reason(given.get("reason", ""), address.scheme.channel)
            column = "scope"
            scope = _scope(given.get("scope", ""))
            column = "date"
            at = self._date(given.get("date", ""))
            column = "proof"
            proof = self._proof(given.get("proof", "").removeprefix("'"), source, number)
        except CellError as error:
            return Finding(
                row=number,
                column=column,
                value=shown(given.get(column, "")),
                problem=error.problem,
                remedy=error.remedy,
                refused=True,
            )
        return ListedAddress(
            row=number,
            address=address,
            source=source,
            classes=scope or reached(wide or self._scope, granted=False, bars=True),
            at=at or self._as_of,
            proof=proof,
        )

    def _date(self, cell: str) -> datetime | None:
        if not cell:
            return None
        moment = _moment(cell, self._zone)
        if moment is None:
            raise CellError(
                said("is no date"),
                said("Write it as 2026-03-20 or 20/03/2026, with a time or without."),
            )
        try:
            return checked_moment("date", moment, self._now)
        except InvalidInputError as error:
            raise CellError(error.problem, error.remedy) from error

    def _proof(self, cell: str, source: Source, number: int) -> str:
        proof = " ".join(cell.split())
        if not proof and source in _NEEDS_PROOF:
            raise CellError(
                said("is missing"), said("Name the order: who decided it, when, its number.")
            )
        if not proof.isprintable():
            raise CellError(said("has control characters"), said("Type it again without them."))
        where = f"{self._name[:200]}, row {number}"
        whole = f"{proof}; {where}" if proof else where
        if len(whole) > LONGEST_PROOF:
            raise CellError(
                said("is longer than %(most)s characters", most=LONGEST_PROOF),
                said("Shorten it."),
            )
        return whole


def _reason(cell: str, channel: Channel) -> tuple[Source, Scope | None]:
    word = _plain(cell)
    if word in _OPT_INS:
        raise CellError(
            said("says that somebody wants messages"), said("Record it with 'consent record'.")
        )
    if word not in _REASONS:
        words = ", ".join(one for one in _REASONS if one)
        raise CellError(said("is not understood"), said("Write one of %(words)s.", words=words))
    source, scope = _REASONS[word]
    if channel is Channel.SMS and source is Source.BOUNCE:
        problem = said("is no reason for a number, which is given to somebody again")
        raise CellError(problem, said("Leave the row out; delivery tells by itself."))
    if channel is not Channel.SMS and source is Source.STOP:
        problem = said("is for telephones: only their holders tell a carrier to stop")
        raise CellError(problem, said("Write unsubscribe or complaint."))
    return source, scope


def _scope(cell: str) -> tuple[MessageClass, ...]:
    """Read a scope, or classes as we write them out; empty where nothing is said."""
    words = [word for word in re.split(r"[;,\s]+", cell.lower()) if word]
    if len(words) == 1 and words[0] in list(Scope):
        return reached(Scope(words[0]), granted=False, bars=True)
    if not set(words) <= set(MessageClass):
        raise CellError(
            said("is not understood"), said("Write one of %(words)s.", words=", ".join(Scope))
        )
    # "service" alone is the scope, above; so classes are at least two, or safety.
    return tuple(one for one in MessageClass if one in words)


def _moment(cell: str, zone: tzinfo) -> datetime | None:
    if _UNIX.fullmatch(cell):
        seconds = float(cell)
        return datetime.fromtimestamp(seconds, UTC) if math.isfinite(seconds) else None
    try:
        return read_moment(cell, zone)
    except ValueError:
        return None


def _plain(cell: str) -> str:
    return "_".join(cell.strip().lower().replace("-", " ").replace("_", " ").split())
