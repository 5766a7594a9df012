"""The providers, each built when it is first asked for."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from broadcaster import __version__
from broadcaster.domain.saying import Saying, said
from broadcaster.errors import ConfigurationError, InvalidInputError
from broadcaster.ports import Clock, Context, Findable, Provider
from broadcaster.settings import Settings

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415


class Providers(Mapping[str, Provider]):
    """The providers by name, each built when it is first asked for.

    Asking for one whose settings are incomplete raises ConfigurationError naming the setting.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Nothing is built yet."""
        self._settings = settings
        self._clock = clock
        self._built: dict[str, Provider] = {}
        self._faults: dict[str, str] = {}

    @cached_property
    def _modules(self) -> Mapping[str, "object"]:
        from broadcaster.providers.base import discover

        return discover()

    def __getitem__(self, name: str) -> Provider:
        """Build or give a provider; KeyError when there is no such file."""
        if name not in self._modules:
            raise KeyError(name)
        if name in self._faults:
            raise ConfigurationError(self._faults[name])
        if name not in self._built:
            from broadcaster.providers.base import build

            try:
                self._built[name] = build(name, self._settings.options(name), self._context)
            except (InvalidInputError, ConfigurationError) as error:
                # Remembered: settings are read once, and this is asked for at each callback.
                words = _refusal(error) if isinstance(error, InvalidInputError) else str(error)
                self._faults[name] = words
                raise ConfigurationError(words) from error
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        """Name all providers there are."""
        return iter(self._modules)

    def __len__(self) -> int:
        """Count them."""
        return len(self._modules)

    @cached_property
    def _context(self) -> Context:
        from broadcaster.channels.base import MessageComposer

        return Context(
            composer=MessageComposer(),
            clock=self._clock,
            public_url=self._settings.public_url,
            signing_key=signing_key(self._settings),
            user_agent=f"Broadcaster/{__version__}",
        )

    def findable(self, names: Sequence[str]) -> list[str]:
        """List those of the names that can be asked what became of a message.

        A route may name a provider that is not set up; nothing was ever handed to that one.
        """
        found = []
        for name in names:
            try:
                if isinstance(self[name], Findable):
                    found.append(name)
            except (KeyError, ConfigurationError):
                continue
        return found

    def simulated(self, name: str) -> bool:
        """Tell whether a provider is pointed at our own simulated networks, and at nothing else."""
        sandbox, options = self._settings.sandbox, self._settings.options(name)
        push = f"http://127.0.0.1:{sandbox.push_port}"
        if name == "smtp":
            place = (options.text("HOST", ""), options.text("PORT", ""))
            return place == ("127.0.0.1", str(sandbox.smtp_port))
        if name == "webpush":
            return options.text("ALLOWED_HOSTS", "") == push
        where = {"twilio": f"http://127.0.0.1:{sandbox.carrier_port}", "fcm": push}
        return name in where and options.text("BASE_URL", "") == where[name]

    async def aclose(self) -> None:
        """Close the connections of all that were built."""
        for provider in self._built.values():
            await provider.aclose()


def signing_key(settings: Settings) -> bytes:
    """Derive the key of signed links and bounce addresses from the secret key."""
    return hashlib.sha256(b"links:" + settings.secret_key.reveal().encode()).digest()


def _refusal(error: InvalidInputError) -> str:
    """Give the line of a refusal, as a saying where both its parts are one."""
    if isinstance(error.problem, Saying) and isinstance(error.remedy, Saying):
        return said(
            "%(field)s: %(problem)s. %(remedy)s",
            field=error.field,
            problem=error.problem,
            remedy=error.remedy,
        )
    return str(error)
