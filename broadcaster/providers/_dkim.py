"""The keys that mails are signed with (RFC 6376, RFC 8463), read from files.

Options: DKIM_SELECTOR and DKIM_KEY_FILE, DKIM_SELECTOR_2 and DKIM_KEY_FILE_2 for a second signature
(one RSA, one Ed25519), DKIM_DOMAIN. Keys stay here: what signs is handed on, never a key.
"""

import os
import re
import stat
from pathlib import Path

from broadcaster.domain.options import Options
from broadcaster.ports import MailSigner
from broadcaster.providers._key_file import KeyFileError

#: A domain or selector: labels of letters, digits and hyphens (RFC 6376, section 3.1), in ASCII.
_NAME = re.compile(r"(?=.{1,200}\Z)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*\Z")

#: The longest key file, octets.
_MOST = 16_384

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def signers_of(options: Options, sender_domain: str) -> tuple[MailSigner, ...]:
    """Read who signs; nobody when nothing is set.

    InvalidInputError naming the option that is wrong or missing.
    """
    domain = options.text("DKIM_DOMAIN", sender_domain)
    if not _NAME.match(domain):
        raise options.refuse("DKIM_DOMAIN", "is no domain", "Give a name such as example.org.")
    first = _signer(options, domain, "DKIM_SELECTOR", "DKIM_KEY_FILE")
    second = _signer(options, domain, "DKIM_SELECTOR_2", "DKIM_KEY_FILE_2")
    if first and second and first.selector.lower() == second.selector.lower():
        remedy = "Give each key a selector of its own."
        raise options.refuse("DKIM_SELECTOR_2", "is the first key's selector", remedy)
    if options.text("DKIM_DOMAIN", "") and not (first or second):
        raise options.refuse("DKIM_SELECTOR", "is not set", "Set it, or unset DKIM_DOMAIN.")
    return tuple(signer for signer in (first, second) if signer)


def _signer(options: Options, domain: str, selector: str, key_file: str) -> MailSigner | None:
    name, path = options.text(selector, ""), options.text(key_file, "")
    if not name and not path:
        return None
    if not _NAME.match(name):
        remedy = "Give the selector of the key's DNS record."
        raise options.refuse(selector, "is no selector" if name else "is not set", remedy)
    if not path:
        remedy = "Name the key's file; 'broadcaster mail key' makes one."
        raise options.refuse(key_file, "is not set", remedy)
    # Only where mails are signed: it brings ten megabytes along, in each process.
    from broadcaster.providers._dkim_key import read  # noqa: PLC0415

    try:
        algorithm, sign = read(_read(Path(path)))
    except KeyFileError as error:
        raise options.refuse(key_file, error.problem, error.remedy) from None
    return MailSigner(domain=domain, selector=name, algorithm=algorithm, sign=sign)


def _read(path: Path) -> bytes:
    try:
        with open(path, "rb", opener=_opened) as stream:
            _check(os.fstat(stream.fileno()).st_mode)
            octets = stream.read(_MOST + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no path"
        remedy = "Name a key file that belongs to whoever runs us."
        raise KeyFileError(f"can't be read ({why})", remedy) from None
    if len(octets) > _MOST:
        raise KeyFileError("is too long for a key", "Name a file that holds one private key.")
    return octets


def _opened(path: str, flags: int) -> int:
    """Open without waiting for a pipe's other end."""
    return os.open(path, flags | os.O_NONBLOCK)


def _check(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise KeyFileError("is no file", "Name a file that holds a private key.")
    if mode & _OTHERS:
        raise KeyFileError(
            f"can be used by others (mode {stat.S_IMODE(mode):04o})",
            "Make it readable by its owner only: chmod 600.",
        )
