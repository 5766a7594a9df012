"""Who is let in: second factors, proxies that are believed, and the identity provider."""

from ipaddress import ip_network
from types import MappingProxyType
from urllib.parse import urlsplit

from broadcaster.domain.access import Role, roles_of
from broadcaster.domain.hosts import is_loopback
from broadcaster.domain.options import Options
from broadcaster.errors import InvalidInputError
from broadcaster.settings.model import Network, OidcSettings


def second_factor(read: Options) -> frozenset[Role]:
    """Read the roles for which a password alone is not enough."""
    words = read.words("SECOND_FACTOR", "")
    try:
        return roles_of(words) if words else frozenset()
    except InvalidInputError as error:
        raise read.refuse("SECOND_FACTOR", error.problem, error.remedy) from error


def proxies(read: Options) -> tuple[Network, ...]:
    """Read the addresses of proxies that are believed when they say who asks."""
    found = []
    for word in read.words("WEB_PROXIES", "127.0.0.0/8;::1"):
        try:
            found.append(ip_network(word))
        except ValueError as error:
            remedy = "Write addresses or networks, as 127.0.0.1;10.1.0.0/16."
            raise read.refuse("WEB_PROXIES", f"{word[:60]!r} is no address", remedy) from error
    return tuple(found)


def oidc(read: Options) -> OidcSettings | None:
    """Read the identity provider; None where there is none."""
    issuer = read.text("OIDC_ISSUER", "")
    if not issuer:
        return None
    parts = urlsplit(issuer)
    host = parts.hostname or ""
    local = parts.scheme == "http" and is_loopback(host)
    if not host or parts.query or parts.fragment or not (parts.scheme == "https" or local):
        remedy = "Write the issuer as the provider does: https://login.example.org."
        raise read.refuse("OIDC_ISSUER", "is no address of https", remedy)
    roles = {}
    for value, words in read.pairs("OIDC_ROLES", "").items():
        try:
            roles[value] = roles_of(words.split(","))
        except InvalidInputError as error:
            raise read.refuse("OIDC_ROLES", f"{value}: {error.problem}", error.remedy) from error
    return OidcSettings(
        issuer=issuer,
        client_id=read.required("OIDC_CLIENT_ID", "Copy it from the provider."),
        client_secret=read.secret("OIDC_CLIENT_SECRET"),
        label=read.text("OIDC_LABEL", host)[:60],
        scopes=read.words("OIDC_SCOPES", "openid;profile;email"),
        name_claim=read.text("OIDC_NAME_CLAIM", "preferred_username"),
        roles_claim=read.text("OIDC_ROLES_CLAIM", "groups"),
        roles=MappingProxyType(roles),
        hosts=frozenset(one.lower() for one in read.words("OIDC_HOSTS", "")),
    )
