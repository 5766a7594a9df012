"""Joined from concrete adapters: who is let in, and how they prove who they are."""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

from broadcaster.bootstrap.accounts import signing_key
from broadcaster.bootstrap.foundation import Foundation
from broadcaster.domain.access import Role
from broadcaster.errors import NotFoundError

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from broadcaster.access.credentials import Credentials
    from broadcaster.access.entrance import Entrance
    from broadcaster.access.operators import Operators
    from broadcaster.access.passkeys import Passkeys
    from broadcaster.access.passwords import Passwords
    from broadcaster.access.provider import IdentityProvider
    from broadcaster.access.revealing import Revealing
    from broadcaster.access.sealing import Seal
    from broadcaster.access.sessions import Sessions
    from broadcaster.access.tickets import Tickets
    from broadcaster.access.trials import Trials


class Access(Foundation):
    """Who is let in."""

    @cached_property
    def operators(self) -> "Operators":
        """The people of the team."""
        from broadcaster.access.operators import Operators

        return Operators(self.pool)

    @cached_property
    def sessions(self) -> "Sessions":
        """Who is signed in."""
        from broadcaster.access.sessions import Sessions

        return Sessions(self.pool)

    @cached_property
    def passwords(self) -> "Passwords":
        """Hashes and compares passwords."""
        from broadcaster.access.passwords import Passwords

        return Passwords()

    @cached_property
    def tickets(self) -> "Tickets":
        """What is good once."""
        from broadcaster.access.tickets import Tickets

        return Tickets(self.pool)

    @cached_property
    def trials(self) -> "Trials":
        """Slows down who guesses."""
        from broadcaster.access.trials import Trials

        return Trials(self.pool, signing_key(self.settings))

    @cached_property
    def credentials(self) -> "Credentials":
        """What operators know and have."""
        from broadcaster.access.credentials import Credentials

        return Credentials(self.pool, self.passwords, self._seal)

    @cached_property
    def _seal(self) -> "Seal":
        from broadcaster.access.sealing import Seal

        return Seal(signing_key(self.settings))

    @cached_property
    def passkeys(self) -> "Passkeys":
        """Passkeys, and what they are asked."""
        from broadcaster.access.passkeys import Passkeys

        return Passkeys(self.pool, self.tickets)

    @cached_property
    def revealing(self) -> "Revealing":
        """What is shown once."""
        from broadcaster.access.revealing import Revealing

        return Revealing(self.tickets, self._seal)

    @cached_property
    def entrance(self) -> "Entrance":
        """Lets operators in."""
        from broadcaster.access.entrance import Entrance

        return Entrance(self.operators, self.credentials, self.sessions, self.tickets, self.trials)

    @cached_property
    def identity_provider(self) -> "IdentityProvider | None":
        """The organisation's identity provider; None where none is set up."""
        from broadcaster.access.provider import Client, IdentityProvider

        oidc = self.settings.oidc
        if oidc is None:
            return None
        import requests

        client = Client(
            issuer=oidc.issuer,
            id=oidc.client_id,
            secret=oidc.client_secret,
            scopes=oidc.scopes,
            name_claim=oidc.name_claim,
            roles_claim=oidc.roles_claim,
            roles=oidc.roles,
            hosts=oidc.hosts,
            back=f"{self.settings.console_url}/sign-in/provider/callback",
        )
        return IdentityProvider(client, self.tickets, requests.Session)

    def invitation(self, name: str, by: str, *, reset: bool = False) -> str:
        """Give the address at which somebody sets a password: good once; errors as `invite`."""
        token = self.entrance.invite(name, by, self.clock.now(), reset=reset)
        return f"{self.settings.console_url}/invitation/{token}"

    def entry(self, name: str, by: str, roles: Iterable[Role], path: str = "/") -> str:
        """Give the address at which `name` enters once and goes to `path`.

        They are made if there is nobody of that name. For what runs on one machine and has nobody
        yet, such as the demo.
        """
        now = self.clock.now()
        try:
            found = self.operators.get(name)
        except NotFoundError:
            found = self.operators.add(name, roles, by, now)
        token = self.entrance.entry(found, by, now)
        return f"{self.settings.console_url}/enter/{token}?next={quote(path, safe='/')}"
