"""Signing in: what has to fit, in which order, and what is counted meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from broadcaster.access.credentials import Credentials
from broadcaster.access.operators import Operators, Standing
from broadcaster.access.passwords import require
from broadcaster.access.provider import Identity
from broadcaster.access.sessions import Sessions
from broadcaster.access.tickets import Purpose, Tickets
from broadcaster.access.trials import DEVICE, NAME, PAIR, SECOND, SOURCE, Patience, Trials
from broadcaster.domain.access import FRESH_FOR, Factor, Operator
from broadcaster.errors import ConflictError, InvalidInputError, NotFoundError

#: Who adds operators and changes roles where the identity provider says it.
_PROVIDER = "the identity provider"
#: What is looked at of what was typed, characters.
_LONGEST = 300


class Caller(NamedTuple):
    """Where somebody signs in: the network address, the browser's words, and who entered there.

    `entered` is the operator to whom the browser was known before, by a cookie that we signed, and
    `device` names that cookie.
    """

    source: str
    browser: str = ""
    entered: int | None = None
    device: str = ""


class Gives(Protocol):
    """What somebody gives to confirm who they are; empty where nothing was given."""

    @property
    def password(self) -> str:
        """The password."""
        ...

    @property
    def code(self) -> str:
        """A code of the authenticator, or one that was written down."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A session has begun; its token is told once."""

    token: str
    operator: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SecondNeeded:
    """The password was right, and something else is asked for; the ticket says for whom."""

    ticket: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """It did not fit; or, where there is a wait, was not looked at."""

    wait: timedelta = timedelta(0)


Outcome = Opened | SecondNeeded | Refused


class Entrance:
    """Lets people in."""

    def __init__(
        self,
        operators: Operators,
        credentials: Credentials,
        sessions: Sessions,
        tickets: Tickets,
        trials: Trials,
    ) -> None:
        """Work on these."""
        self._operators = operators
        self._credentials = credentials
        self._sessions = sessions
        self._tickets = tickets
        self._trials = trials

    def by_password(self, name: str, password: str, caller: Caller, now: datetime) -> Outcome:
        """Sign in; what is refused does not tell whether there is such a name."""
        typed = " ".join(name[:_LONGEST].split())
        known = self._credentials.known(typed)
        counted = self._counted(typed, caller, known.id if known else None)
        subject = f"operator {known.name}" if known else None
        wait = self._trials.begin(counted, now, subject)
        if wait:
            return Refused(wait=wait)
        if not self._credentials.right(known, password) or known is None:
            return Refused()
        self._trials.forgive(counted, now)
        if known.second:
            return SecondNeeded(ticket=self._tickets.make(Purpose.SECOND, now, operator=known.id))
        return self.open(known.id, Factor.PASSWORD, caller, now)

    def by_code(self, ticket: str, code: str, caller: Caller, now: datetime) -> Outcome | None:
        """Sign in by an authenticator's code, or a written one; None where the ticket has ended."""
        found = self._tickets.read(Purpose.SECOND, ticket, now)
        if found is None:
            return None
        factor = self.proves(found.whose, code, now)
        if isinstance(factor, Refused):
            return factor
        if self._tickets.take(Purpose.SECOND, ticket, now) is None:
            return None
        return self.open(found.whose, factor, caller, now)

    def proves(self, operator: int, code: str, now: datetime) -> Factor | Refused:
        """Tell what a code of somebody's is, and count the attempt."""
        counted = {self._trials.hashed("second", str(operator)): SECOND}
        name = self._operators.by_id(operator).name
        wait = self._trials.begin(counted, now, f"operator {name}")
        if wait:
            return Refused(wait=wait)
        if self._credentials.code_fits(operator, code, now):
            factor = Factor.TOTP
        elif self._credentials.use_code(operator, code):
            factor = Factor.RECOVERY
        else:
            return Refused()
        self._trials.forgive(counted, now)
        return factor

    def confirms(self, operator: int, password: str, now: datetime) -> bool | Refused:
        """Tell whether it is the password of somebody who is signed in, and count the attempt."""
        counted = {self._trials.hashed("confirm", str(operator)): SECOND}
        wait = self._trials.begin(counted, now)
        if wait:
            return Refused(wait=wait)
        if not self._credentials.confirms(operator, password):
            return False
        self._trials.forgive(counted, now)
        return True

    def proof(self, operator: int, given: Gives, now: datetime) -> bool | timedelta | None:
        """Tell whether what somebody who is signed in gives shows that it is they.

        A code where there is a second factor, else the password. None when nothing was given, and
        how long to wait when it was wrong too often.
        """
        found: Factor | Refused | bool | None = None
        if self._operators.standing(operator).second:
            found = self.proves(operator, given.code, now) if given.code else None
        elif given.password:
            found = self.confirms(operator, given.password, now)
        if isinstance(found, Refused):
            return found.wait or False
        return None if found is None else bool(found)

    def ways(self, operator: int) -> Standing:
        """Say by what somebody can show that it is they."""
        found = self._operators.standing(operator)
        return replace(found, lost=found.totp and self._credentials.lost(operator))

    def by_second_passkey(
        self, ticket: str, operator: int, caller: Caller, now: datetime
    ) -> Opened | None:
        """Let in whose device answered after the password; None where that is another's."""
        if self.expected(ticket, now) != operator:
            return None
        if self._tickets.take(Purpose.SECOND, ticket, now) is None:
            return None
        return self.open(operator, Factor.PASSKEY, caller, now)

    def by_invitation(
        self, token: str, password: str, caller: Caller, now: datetime
    ) -> Outcome | None:
        """Set the password that an invitation is for, once; None where it has ended.

        InvalidInputError for a password that is too easy to guess; the invitation is good then.
        """
        found = self._tickets.read(Purpose.INVITATION, token, now)
        if found is None:
            return None
        require(password, self._operators.by_id(found.whose).name)
        if self._tickets.take(Purpose.INVITATION, token, now) is None:
            return None
        self._credentials.set_password(found.whose, password)
        if self._operators.standing(found.whose).second:
            return SecondNeeded(
                ticket=self._tickets.make(Purpose.SECOND, now, operator=found.whose)
            )
        return self.open(found.whose, Factor.PASSWORD, caller, now)

    def by_link(self, token: str, caller: Caller, now: datetime) -> Opened | None:
        """Enter by a link that is good once; None where it has ended."""
        found = self._tickets.take(Purpose.ENTRY, token, now)
        return None if found is None else self.open(found.whose, Factor.LINK, caller, now)

    def by_provider(
        self, issuer: str, identity: Identity, caller: Caller, now: datetime
    ) -> Opened | str:
        """Let in whom the identity provider knows; else a word that says why not.

        Where roles are the provider's to say, they are what it says now, and who is new is added.
        """
        if identity.operator is not None:
            linked = self._operators.link(identity.operator, issuer, identity.subject)
            who: int | str = identity.operator if linked else "taken"
        elif identity.roles is not None and not identity.roles:
            who = "roleless"
        else:
            who = self._recognised(issuer, identity, now)
        if isinstance(who, str):
            return who
        # Whoever was asked at an unknown moment was not asked just now.
        confirmed = min(identity.asked_at, now) if identity.asked_at else now - 2 * FRESH_FOR
        token = self._sessions.open(who, now, Factor.PROVIDER, caller.browser, confirmed)
        return Opened(token=token, operator=who)

    def _recognised(self, issuer: str, identity: Identity, now: datetime) -> int | str:
        """Find whom the identity provider means, with the roles that it says; or why not."""
        known, roles = self._operators.by_subject(issuer, identity.subject), identity.roles
        if known is None:
            if roles is None:
                return "unknown"
            pair = (issuer, identity.subject)
            try:
                return self._operators.add(identity.name, roles, _PROVIDER, now, pair).id
            except InvalidInputError:
                return "taken"
        if known.disabled_at is not None:
            return "unknown"
        if roles is not None:
            try:
                self._operators.give_roles(known.operator.id, roles, _PROVIDER)
            except ConflictError:
                return "last"
        return known.operator.id

    def open(self, operator: int, factor: Factor, caller: Caller, now: datetime) -> Opened:
        """Begin a session."""
        token = self._sessions.open(operator, now, factor, caller.browser)
        return Opened(token=token, operator=operator)

    def invite(self, name: str, by: str, now: datetime, *, reset: bool = False) -> str:
        """Make the token of an invitation to somebody who may enter; those before it end.

        With `reset` their second factors and sessions end now. NotFoundError.
        """
        found = self._operators.get(name)
        if self._operators.standing(found.id).disabled_at is not None:
            remedy = "'broadcaster operators enable' lets them in again."
            raise NotFoundError("operator", f"{found.name!r} is disabled", remedy)
        if reset:
            self._credentials.reset(found.id, by)
        self._tickets.drop(found.id, Purpose.INVITATION)
        noted = (by, "operator_invited", f"operator {found.name}")
        return self._tickets.make(Purpose.INVITATION, now, operator=found.id, noted=noted)

    def entry(self, operator: Operator, by: str, now: datetime) -> str:
        """Make the token of a link by which somebody enters once, without a password."""
        noted = (by, "entry_link_made", f"operator {operator.name}")
        return self._tickets.make(Purpose.ENTRY, now, operator=operator.id, noted=noted)

    def invited(self, token: str, now: datetime) -> str | None:
        """Give the name of whom an invitation is for; None where it has ended."""
        found = self._tickets.read(Purpose.INVITATION, token, now)
        return None if found is None else self._operators.by_id(found.whose).name

    def expected(self, ticket: str, now: datetime) -> int | None:
        """Give who has shown a right password and no second factor yet; None where it has ended."""
        found = self._tickets.read(Purpose.SECOND, ticket, now)
        return None if found is None else found.whose

    def links_good(self, token: str, now: datetime) -> bool:
        """Tell whether a link by which one enters once is good; it stays so."""
        return self._tickets.read(Purpose.ENTRY, token, now) is not None

    def _counted(
        self, typed: str, caller: Caller, operator: int | None
    ) -> Mapping[bytes, Patience]:
        """Say what an attempt is counted for: a browser that this person entered by is apart."""
        name = typed.casefold()
        if operator is not None and caller.entered == operator:
            return {self._trials.hashed("device", caller.device, name): DEVICE}
        return {
            self._trials.hashed("pair", name, caller.source): PAIR,
            self._trials.hashed("name", name): NAME,
            self._trials.hashed("source", caller.source): SOURCE,
        }
