"""Signing in at the organisation's identity provider (OpenID Connect Core 1.0, code flow).

With proof key (RFC 7636), nonce and state; the provider's issuer is compared (RFC 9207). What it
says is believed when its signature fits a key that it publishes, and when it is for us, now, and
for this visit.
"""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from broadcaster.access.claims import moment, refused, require, require_asked
from broadcaster.access.tickets import Purpose, Tickets
from broadcaster.domain.access import Role
from broadcaster.domain.hosts import is_loopback
from broadcaster.domain.options import Secret
from broadcaster.errors import UnavailableError

#: How providers sign; never `none`, and nothing whose key we would share.
_ALGORITHMS = ("RS256", "ES256", "PS256", "EdDSA")
#: Seconds to connect and to wait for octets; the most of them; and keys of a set.
_TIMEOUT, _MOST, _KEYS = (5, 10), 256 * 1024, 50
#: How long its description is believed, and how soon its keys may be asked for again.
_FRESH, _PATIENCE = timedelta(hours=1), timedelta(minutes=1)
#: The longest that is taken from a claim.
_LONGEST = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """What the provider knows us by, and what its claims mean."""

    issuer: str
    id: str
    secret: Secret
    scopes: Sequence[str]
    name_claim: str
    roles_claim: str
    roles: Mapping[str, frozenset[Role]]
    hosts: frozenset[str]
    #: Where it sends people back to.
    back: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """A visit that has begun: where to go, and the ticket that is its state."""

    address: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who somebody is to the provider, and what they wanted here.

    `roles` is None where roles are not the provider's to say. `operator` is who wants to be linked
    with this identity, if that was it.
    """

    subject: str
    name: str
    roles: frozenset[Role] | None
    path: str
    operator: int | None
    #: When it asked them who they are; None where it does not say.
    asked_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Known:
    """What the provider publishes of itself, and when it was read."""

    authorize: str
    token: str
    keys_at: str
    keys: KeySet
    read_at: datetime


class IdentityProvider:
    """Sends people there, and reads what they come back with; blocks while it asks."""

    def __init__(
        self, client: Client, tickets: Tickets, session: Callable[[], requests.Session]
    ) -> None:
        """`session` makes what HTTP is spoken with."""
        self._client = client
        self._tickets = tickets
        self._session = session
        self._known: _Known | None = None
        self._turn = threading.Lock()

    @property
    def issuer(self) -> str:
        """Who it is."""
        return self._client.issuer

    def begin(
        self,
        *,
        path: str,
        browser: str,
        source: bytes,
        again: bool,
        operator: int | None,
        now: datetime,
    ) -> Visit:
        """Begin a visit that leads to `path`; UnavailableError when the provider does not answer.

        `browser` is what only this browser knows. With `again` the provider has to ask who it is,
        though it may know. An `operator` wants to be linked with whoever that is.
        """
        known = self._described(now)
        verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        data = {
            "verifier": verifier,
            "nonce": nonce,
            "path": path,
            "browser": _hashed(browser),
            # An ID token must say when it asked, where that is asked for (OpenID Connect Core 1.0,
            # 3.1.2.1, `max_age`).
            "again": now.timestamp() if again else None,
            "operator": operator,
        }
        state = self._tickets.make(Purpose.PROVIDER, now, source=source, data=data)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": self._client.id,
            "redirect_uri": self._client.back,
            "scope": " ".join(self._client.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **({"prompt": "login", "max_age": "0"} if again else {}),
        }
        joint = "&" if "?" in known.authorize else "?"
        return Visit(address=f"{known.authorize}{joint}{urlencode(asked)}")

    def end(self, *, state: str, code: str, issuer: str, browser: str, now: datetime) -> Identity:
        """Read who came back; ForbiddenError for anything that does not fit, and once alone."""
        ticket = self._tickets.take(Purpose.PROVIDER, state, now)
        if ticket is None or ticket.data["browser"] != _hashed(browser):
            raise refused("the visit has ended, or began in another browser")
        if issuer and issuer != self._client.issuer:
            raise refused("another provider answered")
        claims = self._claims(code, ticket.data, now)
        name = " ".join(str(claims.get(self._client.name_claim) or "").split())[:_LONGEST]
        return Identity(
            subject=str(claims["sub"])[:_LONGEST],
            name=name,
            roles=self._roles(claims),
            path=str(ticket.data["path"]),
            operator=ticket.data["operator"],
            asked_at=moment(claims.get("auth_time")),
        )

    def _claims(self, code: str, data: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
        known = self._described(now)
        form = {
            "grant_type": "authorization_code",
            "code": code[:2000],
            "redirect_uri": self._client.back,
            "client_id": self._client.id,
            "code_verifier": data["verifier"],
        }
        if self._client.secret:
            form["client_secret"] = self._client.secret.reveal()
        token = self._asked(known.token, form).get("id_token")
        if not isinstance(token, str):
            raise refused("there is no ID token")
        claims = self._verified(token, known, now)
        require(claims, self._client.issuer, self._client.id, str(data["nonce"]), now)
        if data["again"]:
            require_asked(moment(claims.get("auth_time")), float(data["again"]))
        return claims

    def _verified(self, token: str, known: _Known, now: datetime) -> Mapping[str, Any]:
        """Check the signature; keys that are new are asked for, not too often."""
        for keys in (known.keys, None):
            try:
                found = self._described(now, stale=True).keys if keys is None else keys
                return jwt.decode(token, found, algorithms=_ALGORITHMS).claims
            except (JoseError, ValueError, TypeError, KeyError) as error:
                if keys is None:
                    raise refused("the ID token's signature does not fit") from error
        raise AssertionError

    def _roles(self, claims: Mapping[str, Any]) -> frozenset[Role] | None:
        if not self._client.roles:
            return None
        given = claims.get(self._client.roles_claim)
        words = [given] if isinstance(given, str) else given if isinstance(given, list) else []
        found = [self._client.roles.get(str(word), frozenset()) for word in words[:1000]]
        return frozenset().union(*found)

    def _described(self, now: datetime, *, stale: bool = False) -> _Known:
        """Give what the provider publishes; read again after an hour, or when it seems `stale`."""
        with self._turn:
            known = self._known
            limit = _PATIENCE if stale else _FRESH
            if known is not None and now - known.read_at < limit:
                return known
            place = f"{self._client.issuer.rstrip('/')}/.well-known/openid-configuration"
            said = self._asked(place, None)
            if said.get("issuer") != self._client.issuer:
                message = (
                    "The identity provider calls itself otherwise than BROADCASTER_OIDC_ISSUER."
                )
                raise UnavailableError(message)
            keys_at = self._allowed(said.get("jwks_uri"))
            found = self._asked(keys_at, None).get("keys")
            if not isinstance(found, list) or len(found) > _KEYS:
                message = "The identity provider publishes no keys."
                raise UnavailableError(message)
            self._known = _Known(
                authorize=self._allowed(said.get("authorization_endpoint")),
                token=self._allowed(said.get("token_endpoint")),
                keys_at=keys_at,
                keys=KeySet.import_key_set({"keys": [key for key in found if _signs(key)]}),
                read_at=now,
            )
            return self._known

    def _allowed(self, address: object) -> str:
        """Give an address of the provider's; UnavailableError where nobody named its host."""
        parts = urlsplit(address if isinstance(address, str) else "")
        home = urlsplit(self._client.issuer)
        host = parts.hostname or ""
        local = parts.scheme == "http" and is_loopback(host) and home.scheme == "http"
        named = host == home.hostname or host in self._client.hosts
        if not host or not named or not (parts.scheme == "https" or local):
            message = (
                f"The identity provider leads to {host[:60] or 'nowhere'}, which"
                " BROADCASTER_OIDC_HOSTS does not name."
            )
            raise UnavailableError(message)
        return str(address)

    def _asked(self, address: str, form: Mapping[str, str] | None) -> Mapping[str, Any]:
        """Ask for JSON, within bounds; redirections are not followed."""
        try:
            with (
                self._session() as session,
                session.request(
                    "GET" if form is None else "POST",
                    address,
                    data=form,
                    timeout=_TIMEOUT,
                    allow_redirects=False,
                    stream=True,
                    headers={"Accept": "application/json"},
                ) as answer,
            ):
                body = answer.raw.read(_MOST + 1, decode_content=True)
                status = answer.status_code
        except (requests.RequestException, OSError) as error:
            message = (
                "The identity provider does not answer. Try again, or sign in with a password."
            )
            raise UnavailableError(message) from error
        if form is not None and 400 <= status < 500:  # noqa: PLR2004  (it says no)
            raise refused("the provider does not know the code")
        try:
            said = json.loads(body) if status == 200 and len(body) <= _MOST else None  # noqa: PLR2004  (good)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            message = "The identity provider answers something else than was asked for."
            raise UnavailableError(message)
        return said


def _signs(key: object) -> bool:
    """Tell whether it is a public key for signatures."""
    if not isinstance(key, dict) or key.get("use", "sig") != "sig":
        return False
    return key.get("kty") in {"RSA", "EC", "OKP"}


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
