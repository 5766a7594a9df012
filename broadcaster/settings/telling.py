"""What is said to others: alerts that everybody may read, and how we are to those who watch."""

import re
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

from broadcaster.domain.options import Options, Secret
from broadcaster.settings.model import (
    PREFIX,
    PublicationSettings,
    SandboxSettings,
    WatchingSettings,
)

#: CAP refers to messages by `sender,identifier,sent` (3.2.1).
_SENDER = re.compile(r"[^\s,<&]{1,200}")
_SINK = re.compile(r"[a-z][a-z0-9]{0,29}")
_SINKS = 20


def publication(home: Path, read: Options) -> PublicationSettings:
    """Read what is public, and where it is announced."""
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
        remedy = f"Write a destination of Apprise, or take the name out of {PREFIX}{setting}."
        sinks[name] = Secret(read.required(f"{setting}_{name.upper()}_URL", remedy))
    if len(sinks) > _SINKS:
        raise read.refuse(setting, f"names more than {_SINKS}", "Keep the important ones.")
    return sinks


_ENDPOINT = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")


def watching(read: Options) -> WatchingSettings:
    """Read who is told how we are."""
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


def sandbox(read: Options) -> SandboxSettings:
    """Read where the simulated networks are, and how they behave."""
    return SandboxSettings(
        seed=read.integer("SANDBOX_SEED", 1, 0, 2**31),
        carrier_port=read.integer("SANDBOX_CARRIER_PORT", 8401, 1, 65535),
        smtp_port=read.integer("SANDBOX_SMTP_PORT", 8402, 1, 65535),
        push_port=read.integer("SANDBOX_PUSH_PORT", 8403, 1, 65535),
        trouble=read.number("SANDBOX_TROUBLE", 0.02, 0, 1),
        pace=read.number("SANDBOX_PACE", 1, 0, 1000),
    )
