"""What the demo is set in: a home of its own, simulated networks, and settings that join them."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from broadcaster.errors import ConfigurationError

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

#: Units a second, so that a notice to 5,000 takes a watchable while and 20,000 some minutes.
_LIMITS = "twilio=400;smtp=300;webpush=250;fcm=250"


#: Settings of real providers must not leak in: the demo sends to simulated networks only.
_PROVIDERS = (
    "TWILIO_",
    "SMTP_",
    "WEBPUSH_",
    "FCM_",
    "APNS_",
    "ROUTES",
    "PUBLIC_URL",
    "CONSOLE_URL",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """How much goes wrong in the simulated networks, 0 to 1, and their seed."""

    seed: int
    share: float


class Unfinished(NamedTuple):
    """A run that has not come to its end."""

    customers: int
    seed: int
    campaign: int


def enter(home: Path, trouble: Trouble) -> None:
    """Make the demo's home with its settings, and turn this process's environment to it.

    Settings of an earlier run keep their ports and secrets. Tuning from outside stays in force.
    """
    from broadcaster.settings import read_file

    path = home / "settings.env"
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        former = read_file(path)
        values = {**_fresh(home), **former, **_always(former, trouble)}
        _write(path, values)
    except OSError as error:
        message = f"BROADCASTER_HOME: {home} cannot be used ({error.strerror}). Name a folder."
        raise ConfigurationError(message) from error
    foreign = tuple(f"BROADCASTER_{name}" for name in _PROVIDERS)
    for name in [name for name in os.environ if name.startswith(foreign)]:
        del os.environ[name]
    os.environ["BROADCASTER_HOME"] = str(home)


def furnish(home: Path) -> None:
    """Point the providers that are not set up at all at the simulated networks, in a home's file.

    A provider of which anything is set, in the file or in the environment, is left as it is.
    """
    from broadcaster.settings import read_file

    path = home / "settings.env"
    former = read_file(path)
    known = {**former, **os.environ}
    fitting = {**_fresh(home), **_always(former, Trouble(seed=1, share=0.02))}
    added: dict[str, str] = {}
    for provider in ("TWILIO_", "SMTP_", "WEBPUSH_", "FCM_"):
        prefix = f"BROADCASTER_{provider}"
        if not any(name.startswith(prefix) for name in known):
            added |= {name: value for name, value in fitting.items() if name.startswith(prefix)}
    if added:
        _write(path, {**former, **added})


def _write(path: Path, values: Mapping[str, str]) -> None:
    draft = path.with_suffix(".draft")
    draft.touch(mode=0o600)
    lines = [f"{name}={value}\n" for name, value in sorted(values.items())]
    draft.write_text("".join(lines), encoding="utf-8")
    draft.replace(path)


def mark(home: Path, run: Unfinished) -> None:
    """Note that a run has begun."""
    draft = home / "unfinished.draft"
    draft.write_text(json.dumps(run._asdict()), encoding="utf-8")
    draft.replace(home / "unfinished.json")


def unfinished(home: Path) -> Unfinished | None:
    """Give the run that was interrupted, if there is one."""
    try:
        return Unfinished(**json.loads((home / "unfinished.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def unmark(home: Path) -> None:
    """Note that the run has come to its end."""
    (home / "unfinished.json").unlink(missing_ok=True)


#: Where the demo listens, unless the environment or an earlier run in this home says otherwise.
_PORTS = {
    "BROADCASTER_WEB_PORT": "8400",
    "BROADCASTER_SANDBOX_CARRIER_PORT": "8401",
    "BROADCASTER_SANDBOX_SMTP_PORT": "8402",
    "BROADCASTER_SANDBOX_PUSH_PORT": "8403",
    "BROADCASTER_BOUNCE_PORT": "8425",
}


def _always(former: Mapping[str, str], trouble: Trouble) -> dict[str, str]:
    """Give what every run sets anew, from the ports that are in force."""
    ports = {
        name: os.environ.get(name) or former.get(name) or port for name, port in _PORTS.items()
    }
    push = f"http://127.0.0.1:{ports['BROADCASTER_SANDBOX_PUSH_PORT']}"
    return {
        **ports,
        "BROADCASTER_SANDBOX_SEED": str(trouble.seed),
        "BROADCASTER_SANDBOX_TROUBLE": str(trouble.share),
        "BROADCASTER_TWILIO_BASE_URL": (
            f"http://127.0.0.1:{ports['BROADCASTER_SANDBOX_CARRIER_PORT']}"
        ),
        "BROADCASTER_SMTP_HOST": "127.0.0.1",
        "BROADCASTER_SMTP_PORT": ports["BROADCASTER_SANDBOX_SMTP_PORT"],
        "BROADCASTER_SMTP_TLS": "none",
        "BROADCASTER_WEBPUSH_ALLOWED_HOSTS": push,
        "BROADCASTER_FCM_BASE_URL": push,
    }


def _fresh(home: Path) -> dict[str, str]:
    from broadcaster.providers.webpush import generate_private_key

    return {
        "BROADCASTER_LIMITS": _LIMITS,
        "BROADCASTER_BATCH_SIZE": "500",
        # Short, so that a demo that is disturbed goes on soon.
        "BROADCASTER_LEASE": "5",
        "BROADCASTER_WORK_TIME": "5",
        "BROADCASTER_SETTLE_AFTER": "3",
        "BROADCASTER_RECONCILE_AFTER": "8",
        "BROADCASTER_ATTEMPTS": "8",
        # Slow answers are part of the trouble: as many requests at once as hide them.
        "BROADCASTER_SLICE_SIZE": "100",
        "BROADCASTER_CONCURRENCY": "4",
        "BROADCASTER_TWILIO_CONCURRENCY": "64",
        "BROADCASTER_SMTP_CONNECTIONS": "24",
        "BROADCASTER_TWILIO_ACCOUNT_SID": f"AC{secrets.token_hex(16)}",
        "BROADCASTER_TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        "BROADCASTER_TWILIO_SENDER": "LYDEC",
        "BROADCASTER_SMTP_FROM": "advisories@lydec.test",
        "BROADCASTER_SMTP_FROM_NAME": "Lydec",
        "BROADCASTER_SMTP_BOUNCE_DOMAIN": "bounces.lydec.test",
        "BROADCASTER_WEBPUSH_PRIVATE_KEY": generate_private_key(),
        "BROADCASTER_WEBPUSH_SUBJECT": "mailto:operations@lydec.test",
        "BROADCASTER_FCM_SERVICE_ACCOUNT": str(home / "sandbox" / "service-account.json"),
    }
