"""Settings are read once, from the environment and the home folder.

A setting is an environment variable `BROADCASTER_<NAME>`, or a line `BROADCASTER_<NAME>=value` of
the file `settings.env` in the home folder; the environment wins.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from broadcaster.domain.options import Options, Secret
from broadcaster.errors import ConfigurationError, InvalidInputError
from broadcaster.settings import entering, telling
from broadcaster.settings.home import given_key, read_file, secret_key
from broadcaster.settings.model import PREFIX, Settings

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.IGNORECASE)


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; ConfigurationError naming the variable, its problem and the remedy.

    The home folder is made when missing, readable to its owner only; so is the secret key.
    """
    environ = os.environ if environment is None else environment
    home = Path(environ.get(PREFIX + "HOME") or ".broadcaster").absolute()
    read = Options(PREFIX, {**read_file(home / "settings.env"), **environ})
    try:
        return _build(home, read)
    except InvalidInputError as error:
        raise ConfigurationError(str(error)) from error


def _build(home: Path, read: Options) -> Settings:
    web_port = read.integer("WEB_PORT", 8400, 1, 65535)
    web_host = read.text("WEB_HOST", "127.0.0.1")
    public = read.text("PUBLIC_URL", f"http://{web_host}:{web_port}").rstrip("/")
    return Settings(
        home=home,
        database_url=Secret(read.text("DATABASE_URL", "")),
        redis_url=Secret(read.text("REDIS_URL", "")),
        secret_key=Secret(read.text("SECRET_KEY", "") or given_key(read) or secret_key(home)),
        data_keys=read.secret("DATA_KEYS"),
        data_key_file=Path(read.text("DATA_KEY_FILE", str(home / "data_keys"))).absolute(),
        retention=_retention(read),
        public_url=public,
        console_url=_console(read, public),
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
        batch_size=read.integer("BATCH_SIZE", 1500, 1, 10_000),
        slice_size=read.integer("SLICE_SIZE", 200, 1, 1000),
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
        publication=telling.publication(home, read),
        watching=telling.watching(read),
        sandbox=telling.sandbox(read),
        second_factor=entering.second_factor(read),
        proxies=entering.proxies(read),
        oidc=entering.oidc(read),
    )


#: For how many days what is kept, by class of message and by what else there is; see
#: docs/privacy.md. The least keeps what settles the last doubts.
_RETENTION: Mapping[str, int] = MappingProxyType(
    {
        "service": 365,
        "promotional": 365,
        "safety": 1825,
        "receipts": 180,
        "devices": 30,
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


def _console(read: Options, public: str) -> str:
    """Read where operators reach the console: a name alone, as its pages are below no path."""
    url = read.text("CONSOLE_URL", public).rstrip("/")
    parts = urlsplit(url)
    named = parts.scheme in {"http", "https"} and parts.hostname
    if url != public and (not named or url != f"{parts.scheme}://{parts.netloc}"):
        remedy = "Write https and a name of a host, as https://console.example.org."
        raise read.refuse("CONSOLE_URL", "is no address of a host alone", remedy)
    return url


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
