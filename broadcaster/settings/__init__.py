"""The settings of one run: read once from the environment and the home folder, then frozen.

A setting is an environment variable `BROADCASTER_<NAME>`, or a line `BROADCASTER_<NAME>=value` of
the file `settings.env` in the home folder; the environment wins.
"""

from broadcaster.settings.home import read_file
from broadcaster.settings.loading import LINK_DAYS, load
from broadcaster.settings.model import (
    Network,
    OidcSettings,
    PublicationSettings,
    SandboxSettings,
    Settings,
    WatchingSettings,
)

__all__ = [
    "LINK_DAYS",
    "Network",
    "OidcSettings",
    "PublicationSettings",
    "SandboxSettings",
    "Settings",
    "WatchingSettings",
    "load",
    "read_file",
]
