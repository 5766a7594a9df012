"""The settings of one run, as they are once they were read: frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from broadcaster.domain.access import Role
from broadcaster.domain.options import Options, Secret

#: Addresses that belong together.
Network = IPv4Network | IPv6Network

#: How the variables of every setting begin.
PREFIX = "BROADCASTER_"


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
    console_url: str
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
        return Options(f"{PREFIX}{name.upper()}_", self.variables)

    @property
    def embedded_database(self) -> bool:
        """Whether PostgreSQL is ours to start."""
        return not self.database_url

    @property
    def embedded_redis(self) -> bool:
        """Whether Valkey is ours to start."""
        return not self.redis_url
