"""Passkeys (WebAuthn level 3): keys that stay in a device, and sign what we ask."""

import json
import secrets
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import webauthn
from psycopg import Connection
from psycopg.errors import UniqueViolation
from psycopg_pool import ConnectionPool
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from broadcaster.access.tickets import Purpose, Ticket, Tickets
from broadcaster.domain.access import Operator
from broadcaster.errors import InvalidInputError
from broadcaster.ports.auditing import note

#: How many somebody may have, and how long the name of one is.
_MOST, _NAME = 20, 100
#: What reading something that is no answer of a device can end in.
_JUNK = (
    WebAuthnException, ValueError, KeyError, TypeError, IndexError, AttributeError, struct.error
)  # fmt: skip

_MINE = """
SELECT id, credential, name, created_at, used_at FROM operator_passkey
WHERE operator_id = %s ORDER BY id
"""
_FIND = """
SELECT operator_passkey.id, operator_id, public_key, sign_count, handle
FROM operator_passkey JOIN operator ON operator.id = operator_id
WHERE credential = %s AND disabled_at IS NULL
"""
#: The counter only grows; of two who show the same answer, one changes the row.
_USED = """
UPDATE operator_passkey SET sign_count = %s, used_at = %s WHERE id = %s AND sign_count = %s
"""
_ADD = """
INSERT INTO operator_passkey (operator_id, credential, public_key, sign_count, name, created_at)
VALUES (%s, %s, %s, %s, %s, %s)
"""
_HANDLE = """
UPDATE operator SET handle = coalesce(handle, %s) WHERE id = %s RETURNING handle
"""


class Use(StrEnum):
    """What a challenge is for."""

    #: Entering without a name and a password; the device asks for a PIN or a finger.
    ENTER = "enter"
    #: After the password.
    SECOND = "second"
    #: Showing once more that it is you.
    CONFIRM = "confirm"
    #: Adding one.
    REGISTER = "register"


class Site(NamedTuple):
    """Whose passkeys they are: the name that they are bound to, and the page that asks."""

    host: str
    origin: str


class Asked(NamedTuple):
    """A challenge: its ticket, and what the browser is given, JSON."""

    ticket: str
    options: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Passkey:
    """One that somebody has."""

    id: int
    name: str
    created_at: datetime
    used_at: datetime | None


class Passkeys:
    """Passkeys in PostgreSQL: public keys alone."""

    def __init__(self, pool: ConnectionPool[Connection[Any]], tickets: Tickets) -> None:
        """Challenges are tickets."""
        self._pool = pool
        self._tickets = tickets

    def ask_register(self, operator: Operator, site: Site, now: datetime) -> Asked:
        """Ask a device to make one; ticket and options."""
        with self._pool.connection() as connection:
            values = [secrets.token_bytes(32), operator.id]
            row = connection.execute(_HANDLE, values).fetchone()
            known = connection.execute(_MINE, [operator.id]).fetchall()
        if row is None:
            raise AssertionError
        if len(known) >= _MOST:
            remedy = "Remove one that you do not use."
            raise InvalidInputError("passkey", f"there are {_MOST} already", remedy)
        options = webauthn.generate_registration_options(
            rp_id=site.host,
            rp_name="Broadcaster",
            user_id=bytes(row[0]),
            user_name=operator.name,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED,
                user_verification=UserVerificationRequirement.PREFERRED,
            ),
            exclude_credentials=[_described(bytes(one[1])) for one in known],
        )
        ticket = self._keep(Use.REGISTER, options.challenge, now, operator.id, None)
        return Asked(ticket, webauthn.options_to_json(options))

    def register(
        self,
        operator: Operator,
        ticket: str,
        answer: Any,  # noqa: ANN401  (JSON from outside)
        name: str,
        site: Site,
        now: datetime,
    ) -> None:
        """Keep what a device made; InvalidInputError when it is not what was asked for."""
        found = self._take(Use.REGISTER, ticket, now)
        if found is None or found.operator != operator.id:
            raise _refused("the question has ended")
        try:
            made = webauthn.verify_registration_response(
                credential=answer,
                expected_challenge=_challenge(found),
                expected_rp_id=site.host,
                expected_origin=site.origin,
            )
        except _JUNK as error:
            raise _refused("the answer does not fit") from error
        shown = " ".join(name.split())[:_NAME] or "passkey"
        values = [
            operator.id, made.credential_id, made.credential_public_key, made.sign_count, shown, now
        ]  # fmt: skip
        try:
            with self._pool.connection() as connection:
                connection.execute(_ADD, values)
                note(connection, operator.name, "passkey_added", f"operator {operator.name}")
        except UniqueViolation as error:
            raise _refused("it is known already") from error

    def ask(
        self,
        use: Use,
        site: Site,
        now: datetime,
        *,
        operator: int | None = None,
        source: bytes | None = None,
    ) -> Asked:
        """Ask for an answer: of anybody from a `source`, or of one who is known."""
        mine: Sequence[Any] = ()
        if operator is not None:
            with self._pool.connection() as connection:
                mine = connection.execute(_MINE, [operator]).fetchall()
        wanted = UserVerificationRequirement.PREFERRED
        if use is Use.ENTER:
            wanted = UserVerificationRequirement.REQUIRED
        options = webauthn.generate_authentication_options(
            rp_id=site.host,
            allow_credentials=[_described(bytes(one[1])) for one in mine],
            user_verification=wanted,
        )
        ticket = self._keep(use, options.challenge, now, operator, source)
        return Asked(ticket, webauthn.options_to_json(options))

    def answered(self, use: Use, ticket: str, answer: Any, site: Site, now: datetime) -> int | None:  # noqa: ANN401  (JSON from outside)
        """Give whose device answered; None when it is not what was asked for. Asked once."""
        found = self._take(use, ticket, now)
        if found is None:
            return None
        try:
            credential = base64url_to_bytes(str(answer["rawId"])[:2000])
        except _JUNK:
            return None
        with self._pool.connection() as connection:
            row = connection.execute(_FIND, [credential]).fetchone()
        if row is None or found.operator not in {None, row[1]}:
            return None
        try:
            fits = webauthn.verify_authentication_response(
                credential=answer,
                expected_challenge=_challenge(found),
                expected_rp_id=site.host,
                expected_origin=site.origin,
                credential_public_key=bytes(row[2]),
                credential_current_sign_count=row[3],
                require_user_verification=use is Use.ENTER,
            )
        except _JUNK:
            return None
        with self._pool.connection() as connection:
            used = connection.execute(_USED, [fits.new_sign_count, now, row[0], row[3]]).rowcount
        return int(row[1]) if used else None

    def list(self, operator: int) -> Sequence[Passkey]:
        """List somebody's."""
        with self._pool.connection() as connection:
            rows = connection.execute(_MINE, [operator]).fetchall()
        return [Passkey(id=row[0], name=row[2], created_at=row[3], used_at=row[4]) for row in rows]

    def rename(self, operator: int, which: int, name: str) -> None:
        """Call one otherwise; nothing happens to one that is not theirs."""
        shown = " ".join(name.split())[:_NAME]
        query = "UPDATE operator_passkey SET name = %s WHERE id = %s AND operator_id = %s"
        if shown.isprintable() and shown:
            with self._pool.connection() as connection:
                connection.execute(query, [shown, which, operator])

    def remove(self, operator: Operator, which: int) -> bool:
        """Forget one; whether it was there."""
        query = "DELETE FROM operator_passkey WHERE id = %s AND operator_id = %s"
        with self._pool.connection() as connection:
            found = connection.execute(query, [which, operator.id]).rowcount == 1
            if found:
                note(connection, operator.name, "passkey_removed", f"operator {operator.name}")
        return found

    def _keep(
        self, use: Use, challenge: bytes, now: datetime, operator: int | None, source: bytes | None
    ) -> str:
        data: Mapping[str, str] = {"use": use, "challenge": bytes_to_base64url(challenge)}
        return self._tickets.make(Purpose.PASSKEY, now, operator=operator, source=source, data=data)

    def _take(self, use: Use, ticket: str, now: datetime) -> Ticket | None:
        found = self._tickets.take(Purpose.PASSKEY, ticket, now)
        return found if found is not None and found.data["use"] == use else None


def _challenge(ticket: Ticket) -> bytes:
    return base64url_to_bytes(ticket.data["challenge"])


def _described(credential: bytes) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(id=credential)


def _refused(problem: str) -> InvalidInputError:
    return InvalidInputError("passkey", problem, "Begin again.")


def parsed(options: str) -> Any:  # noqa: ANN401  (JSON)
    """Give options as values, to put them into an answer."""
    return json.loads(options)
