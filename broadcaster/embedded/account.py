"""The account that the servers run under."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from broadcaster.embedded.places import refused
from broadcaster.errors import ConfigurationError

#: Accounts without any rights, by the names that systems give them (LSB 5.0, 21.2 "nobody").
_NAMES = ("nobody", "daemon")


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Who owns the servers' folders and runs their programs."""

    uid: int
    gid: int
    #: Whether this is another account than ours, which only root may choose.
    lent: bool


def choose() -> Account:
    """Give our own account, or one without rights when we are root, as PostgreSQL refuses root.

    An existing one is taken, as `initdb` wants to know its name, and making one would change the
    machine. ConfigurationError when the system has none.
    """
    if os.geteuid():
        return Account(uid=os.geteuid(), gid=os.getegid(), lent=False)
    for name in _NAMES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid:
            return Account(uid=entry.pw_uid, gid=entry.pw_gid, lent=True)
    message = (
        "PostgreSQL refuses to run as root, and there is no account 'nobody'. Run as an ordinary "
        "account, or set BROADCASTER_DATABASE_URL and BROADCASTER_REDIS_URL to servers of your own."
    )
    raise ConfigurationError(message)


def make_folder(path: Path, account: Account) -> None:
    """Make a folder that the account alone may enter, unless it is there."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        if account.lent:
            os.chown(path, account.uid, account.gid)
    except OSError as error:
        raise refused(path, error) from error


def spawn(
    argv: Sequence[str],
    account: Account,
    *,
    folder: Path,
    log: int,
    keep: int | None = None,
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Run a program as the account, with none of our settings; `keep` is an open file it inherits.

    The folder is entered with our own rights, before the account is changed. A session of its own
    keeps the terminal's Ctrl+C from the program: it is stopped in order.
    """
    try:
        return subprocess.Popen(  # noqa: S603  (a program of our own dependencies)
            argv,
            cwd=folder,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            stdin=stdin,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=0o077,
            pass_fds=() if keep is None else (keep,),
            user=account.uid if account.lent else None,
            group=account.gid if account.lent else None,
            extra_groups=[] if account.lent else None,
        )
    except OSError as error:
        raise refused(Path(argv[0]), error) from error
