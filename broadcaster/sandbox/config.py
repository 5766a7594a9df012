"""How the simulated networks are set up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from broadcaster.domain.options import Secret
from broadcaster.errors import InvalidInputError
from broadcaster.sandbox.trouble import PARTS, Dice, rates

#: The account that the carrier knows when none is set. Not secret: it opens nothing but a sandbox.
DEFAULT_ACCOUNT = "AC" + "5a" * 16
DEFAULT_TOKEN = "5b" * 16


@dataclass(frozen=True, kw_only=True, slots=True)
class SandboxConfig:
    """Everything that can be set about one run of the simulated networks.

    `folder` is where the record is kept. `trouble` is the overall share of requests that go wrong
    (0 to 1), `rates` sets kinds of `trouble.PARTS` by themselves. `pace` multiplies every delay; at
    0 all happens at once. Port 0 takes a free one. `callback_base`, when set, is where callbacks
    and confirmations are really delivered, whatever host their URL names: signatures still speak
    of the URL. Without it only URLs on loopback are called. DSNs go to `bounce_host:bounce_port`.
    With `smtp_certificate` (PEM, key included) the mail host offers STARTTLS, with `smtp_username`
    it wants a login.
    `push_origin`, when set, is where senders find the push services, such as a proxy before them.
    """

    folder: Path
    seed: int = 1
    carrier_port: int = 8401
    smtp_port: int = 8402
    push_port: int = 8403
    trouble: float = 0.0
    rates: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    pace: float = 1.0
    account_sid: str = DEFAULT_ACCOUNT
    auth_token: Secret = field(default_factory=lambda: Secret(DEFAULT_TOKEN))
    callback_base: str = ""
    bounce_host: str = "127.0.0.1"
    bounce_port: int = 8425
    smtp_certificate: Path | None = None
    smtp_username: str = ""
    smtp_password: Secret = field(default_factory=lambda: Secret(""))
    push_origin: str = ""

    def __post_init__(self) -> None:
        """Refuse shares that are none, and kinds of trouble that don't exist."""
        _share("trouble", self.trouble)
        for kind, rate in self.rates.items():
            if kind not in PARTS:
                remedy = f"Use one of {', '.join(PARTS)}."
                raise InvalidInputError("rates", f"{kind!r} is no kind of trouble", remedy)
            _share(kind, rate)
        if not self.pace >= 0:
            raise InvalidInputError("pace", f"{self.pace} is no pace", "Use 0 or more.")

    def dice(self) -> Dice:
        """Make the dice that decide who is hit."""
        return Dice(self.seed, rates(self.trouble, self.rates))


def _share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise InvalidInputError(name, f"{value} is no share", "Use a number from 0 to 1.")
