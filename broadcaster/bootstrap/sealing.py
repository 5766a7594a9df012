"""The keys of personal data, from the settings, and the database that they belong to."""

import logging
from typing import TYPE_CHECKING, Any

from broadcaster.privacy import keyring
from broadcaster.privacy.rotation import Rotation
from broadcaster.privacy.vault import KeyVault
from broadcaster.settings import Settings

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime

_log = logging.getLogger(__name__)


def vault(settings: Settings, pool: Any) -> KeyVault:  # noqa: ANN401  (a pool: SQL is not for here)
    """Read the keys; ConfigurationError when they are not those of the database."""
    keys = KeyVault(lambda: keyring.read(settings.data_keys.reveal(), settings.data_key_file))
    Rotation(pool, keys).check()
    return keys


def begin(runtime: "Runtime") -> None:
    """Have a database without people sealed from now on, if there is a key.

    For a database of our own one is made when there is none. One with people stays as it is:
    workers of the version before can not read what is sealed; `keys rotate` seals it.
    """
    settings = runtime.settings
    rotation = Rotation(runtime.pool, runtime.vault)
    if not rotation.empty():
        return
    if runtime.vault.newest is None and settings.embedded_database:
        number = keyring.add(settings.data_key_file)
        _log.warning(
            "made a key of personal data (BROADCASTER_DATA_KEY_FILE); keep a copy elsewhere",
            extra={"action": "keys.make", "key": number, "file": str(settings.data_key_file)},
        )
        runtime.vault.reload()
    if runtime.vault.newest is not None:
        rotation.begin("broadcaster")
