"""The files of the home folder that settings are read from, or made in."""

import os
import secrets
from pathlib import Path

from broadcaster.domain.options import Options
from broadcaster.errors import ConfigurationError
from broadcaster.settings.model import PREFIX


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
        if not equals or not name.strip().startswith(PREFIX):
            message = f"{path}, line {number}: is no setting. Write {PREFIX}NAME=value."
            raise ConfigurationError(message)
        values[name.strip()] = value.strip()
    return values


def given_key(read: Options) -> str:
    """Read the key from the file that a service manager hands over; empty when none is set."""
    name = read.text("SECRET_KEY_FILE", "")
    if not name:
        return ""
    try:
        return Path(name).read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        remedy = "Name a file that this account can read."
        raise read.refuse("SECRET_KEY_FILE", "cannot be read", remedy) from error


def secret_key(home: Path) -> str:
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
        message = f"{PREFIX}HOME: {home} cannot be used ({error.strerror}). Name a writable folder."
        raise ConfigurationError(message) from error
