"""The settings of one run: read once from the environment and the home folder, then frozen.

A setting is an environment variable `BROADCASTER_<NAME>`, or a line `BROADCASTER_<NAME>=value` of
the file `settings.env` in the home folder; the environment wins.
"""

import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from broadcaster.domain.access import Role, roles_of
from broadcaster.domain.hosts import is_loopback
from broadcaster.domain.options import Options, Secret
from broadcaster.errors import ConfigurationError, InvalidInputError

#: Addresses that belong together.
Network = IPv4Network | IPv6Network

_PREFIX = "BROADCASTER_"
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class SandboxSettings:
    """The simulated networks: where they listen and how much trouble they make (0 to 1)."""

    seed: int
    carrier_port: int
    smtp_port: int
    push_port: int
    trouble: float
    pace: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicationSettings:
    """What is public: the folder, whose it is, who alerts are from, and where it is announced.

    `names` are the organisation's by locale, or `und`. `sinks` are destinations by their names,
    `sink_locales` say in which language each is told. Paths are None where nothing is signed.
    """

    folder: Path
    names: Mapping[str, str]
    sender: str
    key: Path | None
    certificate: Path | None
    sinks: Mapping[str, Secret]
    sink_locales: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class OidcSettings:
    """The organisation's identity provider (OpenID Connect), by which operators may sign in.

    `roles` says which value of the claim `roles_claim` makes somebody what; where it is empty,
    roles are given here. `hosts` are those that the provider may send us to besides its own.
    """

    issuer: str
    client_id: str
    client_secret: Secret
    label: str
    scopes: tuple[str, ...]
    name_claim: str
    roles_claim: str
    roles: Mapping[str, frozenset[Role]]
    hosts: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchingSettings:
    """Who is told how we are: Prometheus, a collector of traces, and the team.

    `metrics_port` is 0 where nobody asks, `otlp_endpoint` empty where nothing is traced;
    `trace_share` is which part of batches is. `sinks` are the team's destinations by name, told in
    the language `locale`. `log_format` is `json` or `text`.
    """

    metrics_host: str
    metrics_port: int
    otlp_endpoint: str
    trace_share: float
    sinks: Mapping[str, Secret]
    locale: str
    log_format: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Everything that can be set. Times are in seconds, rates in units a second.

    What belongs to one provider is read by that provider's own file, out of `variables`.
    """

    home: Path
    database_url: Secret
    redis_url: Secret
    secret_key: Secret
    data_keys: Secret
    data_key_file: Path
    retention: Mapping[str, int]
    public_url: str
    web_host: str
    web_port: int
    templates: tuple[Path, ...]
    locales: tuple[Path, ...]
    default_locale: str
    region: str
    time_zone: str
    link_hosts: tuple[str, ...]
    routes: Mapping[str, tuple[str, ...]]
    limits: Mapping[str, float]
    batch_size: int
    slice_size: int
    lease: float
    work_time: float
    attempts: int
    settle_after: float
    reconcile_after: float
    concurrency: int
    forecast_tolerance: float
    bounce_host: str
    bounce_port: int
    browser: str
    variables: Mapping[str, str] = field(repr=False)
    publication: PublicationSettings
    watching: WatchingSettings
    sandbox: SandboxSettings
    second_factor: frozenset[Role]
    proxies: tuple[Network, ...]
    oidc: OidcSettings | None

    def options(self, name: str) -> Options:
        """Give the settings that belong to one provider, `BROADCASTER_<NAME>_…`."""
        return Options(f"{_PREFIX}{name.upper()}_", self.variables)

    @property
    def embedded_database(self) -> bool:
        """Whether PostgreSQL is ours to start."""
        return not self.database_url

    @property
    def embedded_redis(self) -> bool:
        """Whether Valkey is ours to start."""
        return not self.redis_url


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; ConfigurationError naming the variable, its problem and the remedy.

    The home folder is made when missing, readable to its owner only; so is the secret key.
    """
    environ = os.environ if environment is None else environment
    home = Path(environ.get(_PREFIX + "HOME") or ".broadcaster").absolute()
    read = Options(_PREFIX, {**read_file(home / "settings.env"), **environ})
    try:
        return _build(home, read)
    except InvalidInputError as error:
        raise ConfigurationError(str(error)) from error


def _build(home: Path, read: Options) -> Settings:
    web_port = read.integer("WEB_PORT", 8400, 1, 65535)
    web_host = read.text("WEB_HOST", "127.0.0.1")
    return Settings(
        home=home,
        database_url=Secret(read.text("DATABASE_URL", "")),
        redis_url=Secret(read.text("REDIS_URL", "")),
        secret_key=Secret(read.text("SECRET_KEY", "") or _secret_key(home)),
        data_keys=read.secret("DATA_KEYS"),
        data_key_file=Path(read.text("DATA_KEY_FILE", str(home / "data_keys"))).absolute(),
        retention=_retention(read),
        public_url=read.text("PUBLIC_URL", f"http://{web_host}:{web_port}").rstrip("/"),
        web_host=web_host,
        web_port=web_port,
        templates=read.paths("TEMPLATES"),
        locales=read.paths("LOCALES"),
        default_locale=read.text("DEFAULT_LOCALE", "ar"),
        region=read.text("REGION", "MA"),
        time_zone=_zone(read),
        link_hosts=_hosts(read),
        routes=read.routes("ROUTES", "tel=twilio;mailto=smtp;webpush=webpush;fcm=fcm"),
        limits=read.limits("LIMITS", "twilio=10;smtp=50;webpush=200;fcm=200"),
        batch_size=read.integer("BATCH_SIZE", 1000, 1, 10_000),
        slice_size=read.integer("SLICE_SIZE", 100, 1, 1000),
        lease=read.number("LEASE", 30, 1, 3600),
        work_time=read.number("WORK_TIME", 10, 0.1, 600),
        attempts=read.integer("ATTEMPTS", 100, 1, 10_000),
        settle_after=read.number("SETTLE_AFTER", 120, 0, 86_400),
        reconcile_after=read.number("RECONCILE_AFTER", 600, 1, 86_400),
        concurrency=read.integer("CONCURRENCY", 2, 1, 256),
        forecast_tolerance=read.number("FORECAST_TOLERANCE", 0.05, 0, 10),
        bounce_host=read.text("BOUNCE_HOST", "127.0.0.1"),
        bounce_port=read.integer("BOUNCE_PORT", 8425, 1, 65535),
        browser=read.text("BROWSER", ""),
        variables=read.values,
        publication=_publication(home, read),
        watching=_watching(read),
        sandbox=_sandbox(read),
        second_factor=_second_factor(read),
        proxies=_proxies(read),
        oidc=_oidc(read),
    )


#: For how many days what is kept, by class of message and by what else there is; see
#: docs/privacy.md. The least keeps what settles the last doubts.
_RETENTION: Mapping[str, int] = MappingProxyType(
    {
        "service": 365,
        "promotional": 365,
        "safety": 1825,
        "receipts": 180,
        "left": 90,
        "addresses": 60,
    }
)
_LEAST_DAYS = 30
#: The link in a message ends messages as long as it is known to whom it went; that may not end
#: sooner than mail is read and laws want it (16 CFR 316.5: 30 days).
LINK_DAYS = 60
_LINKED = frozenset({"service", "promotional", "safety", "addresses"})
_MOST_DAYS = 36_500


def _zone(read: Options) -> str:
    name = read.text("TIME_ZONE", "Africa/Casablanca")
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        remedy = "Write a name of the IANA database, such as Africa/Casablanca."
        raise read.refuse("TIME_ZONE", f"{name!r} is no time zone", remedy) from error
    return name


def _hosts(read: Options) -> tuple[str, ...]:
    """Read the hosts that links in messages may lead to, beside those of the contacts."""
    hosts = read.words("LINK_HOSTS", "")
    for host in hosts:
        if not _HOST.fullmatch(host):
            remedy = "Write names of hosts, as lydec.ma;pay.example.org."
            raise read.refuse("LINK_HOSTS", f"{host[:60]!r} is no name of a host", remedy)
    return hosts


def _retention(read: Options) -> Mapping[str, int]:
    """Read `service=365;…`: what is not given stays as it is when nothing is set."""
    days = dict(_RETENTION)
    for name, value in read.pairs("RETENTION", "").items():
        if name not in days:
            remedy = f"Use {', '.join(days)}."
            raise read.refuse("RETENTION", f"{name!r} is unknown", remedy)
        least = LINK_DAYS if name in _LINKED else _LEAST_DAYS
        if not value.isdecimal() or not least <= int(value) <= _MOST_DAYS:
            remedy = f"Give a number from {least} to {_MOST_DAYS}."
            raise read.refuse("RETENTION", f"{name} has no number of days", remedy)
        days[name] = int(value)
    return MappingProxyType(days)


def _second_factor(read: Options) -> frozenset[Role]:
    """Read the roles for which a password alone is not enough."""
    words = read.words("SECOND_FACTOR", "")
    try:
        return roles_of(words) if words else frozenset()
    except InvalidInputError as error:
        raise read.refuse("SECOND_FACTOR", error.problem, error.remedy) from error


def _proxies(read: Options) -> tuple[Network, ...]:
    """Read the addresses of proxies that are believed when they say who asks."""
    found = []
    for word in read.words("WEB_PROXIES", "127.0.0.0/8;::1"):
        try:
            found.append(ip_network(word))
        except ValueError as error:
            remedy = "Write addresses or networks, as 127.0.0.1;10.1.0.0/16."
            raise read.refuse("WEB_PROXIES", f"{word[:60]!r} is no address", remedy) from error
    return tuple(found)


def _oidc(read: Options) -> OidcSettings | None:
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


#: CAP refers to messages by `sender,identifier,sent` (3.2.1).
_SENDER = re.compile(r"[^\s,<&]{1,200}")
_SINK = re.compile(r"[a-z][a-z0-9]{0,29}")
_SINKS = 20


def _publication(home: Path, read: Options) -> PublicationSettings:
    sender = read.text("CAP_SENDER", "")
    if sender and not _SENDER.fullmatch(sender):
        problem = "has a blank, a comma, < or &"
        raise read.refuse("CAP_SENDER", problem, "Write a domain of yours, as alerts.example.org.")
    key, certificate = read.text("CAP_KEY_FILE", ""), read.text("CAP_CERTIFICATE_FILE", "")
    if bool(key) != bool(certificate):
        missing = "CAP_CERTIFICATE_FILE" if key else "CAP_KEY_FILE"
        raise read.refuse(missing, "is not set", "Alerts are signed with both, or with neither.")
    sinks = _sinks(read, "ANNOUNCE", read.words("ANNOUNCE", ""))
    usual = read.text("DEFAULT_LOCALE", "ar")
    return PublicationSettings(
        folder=Path(read.text("PUBLICATION", str(home / "publication"))).absolute(),
        names=MappingProxyType(read.pairs("ORGANISATION", "")),
        sender=sender,
        key=Path(key) if key else None,
        certificate=Path(certificate) if certificate else None,
        sinks=MappingProxyType(sinks),
        sink_locales={name: read.text(f"ANNOUNCE_{name.upper()}_LOCALE", usual) for name in sinks},
    )


def _sinks(read: Options, setting: str, names: Sequence[str]) -> dict[str, Secret]:
    """Read where each of these names leads."""
    sinks = {}
    for name in names:
        if not _SINK.fullmatch(name):
            remedy = "Use small letters and digits: town;radio."
            raise read.refuse(setting, f"{name[:40]!r} is no name", remedy)
        remedy = f"Write a destination of Apprise, or take the name out of {_PREFIX}{setting}."
        sinks[name] = Secret(read.required(f"{setting}_{name.upper()}_URL", remedy))
    if len(sinks) > _SINKS:
        raise read.refuse(setting, f"names more than {_SINKS}", "Keep the important ones.")
    return sinks


_ENDPOINT = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")


def _watching(read: Options) -> WatchingSettings:
    endpoint = read.text("OTLP_ENDPOINT", "").rstrip("/")
    if endpoint and not _ENDPOINT.fullmatch(endpoint):
        remedy = "Write where the collector takes OTLP over HTTP, as http://127.0.0.1:4318."
        raise read.refuse("OTLP_ENDPOINT", "is no address", remedy)
    return WatchingSettings(
        metrics_host=read.text("METRICS_HOST", "127.0.0.1"),
        metrics_port=read.integer("METRICS_PORT", 0, 0, 65535),
        otlp_endpoint=endpoint,
        trace_share=read.number("TRACE_SHARE", 0.01, 0, 1),
        sinks=MappingProxyType(_sinks(read, "ALERTS", read.words("ALERTS", ""))),
        locale=read.text("ALERTS_LOCALE", read.text("DEFAULT_LOCALE", "ar")),
        log_format=read.choice("LOG_FORMAT", "json", ("json", "text")),
    )


def _sandbox(read: Options) -> SandboxSettings:
    return SandboxSettings(
        seed=read.integer("SANDBOX_SEED", 1, 0, 2**31),
        carrier_port=read.integer("SANDBOX_CARRIER_PORT", 8401, 1, 65535),
        smtp_port=read.integer("SANDBOX_SMTP_PORT", 8402, 1, 65535),
        push_port=read.integer("SANDBOX_PUSH_PORT", 8403, 1, 65535),
        trouble=read.number("SANDBOX_TROUBLE", 0.02, 0, 1),
        pace=read.number("SANDBOX_PACE", 1, 0, 1000),
    )


def read_file(path: Path) -> dict[str, str]:
    """Read a file of settings; empty when there is none."""
    if not path.is_file():
        return {}
    values = {}
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        message = f"{path}: is not UTF-8. Save it in that encoding."
        raise ConfigurationError(message) from error
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip().startswith(_PREFIX):
            message = f"{path}, line {number}: is no setting. Write {_PREFIX}NAME=value."
            raise ConfigurationError(message)
        values[name.strip()] = value.strip()
    return values


def _secret_key(home: Path) -> str:
    """Read the home folder's key for signing links, or make one."""
    path = home / "secret_key"
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            # Made aside and linked into place, so that two processes agree on one key.
            draft = home / f"secret_key.{os.getpid()}"
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(32), encoding="ascii")
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text(encoding="ascii")
    except OSError as error:
        message = (
            f"{_PREFIX}HOME: {home} cannot be used ({error.strerror}). Name a writable folder."
        )
        raise ConfigurationError(message) from error
