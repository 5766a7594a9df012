"""`broadcaster mail`: what mails are signed with."""

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from broadcaster.errors import ConflictError, InvalidInputError

app = typer.Typer(add_completion=False, no_args_is_help=True)

_NAME = re.compile(r"(?=.{1,200}\Z)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*\Z")

#: The longest key file, octets.
_MOST = 16_384

Selector = Annotated[str, typer.Option(help="Names the key in the DNS, e.g. s2026a.")]
Domain = Annotated[str, typer.Option(help="The domain that mails come from.")]


@app.callback()
def _group() -> None:
    """Make keys for DKIM signatures; needs no server."""


@app.command()
def key(
    selector: Selector,
    domain: Domain,
    algorithm: Annotated[
        str, typer.Option(help="rsa: every receiver knows it. ed25519: small and fast, beside it.")
    ] = "rsa",
    file: Annotated[
        Path | None, typer.Option(help="Where the key goes; else <selector>.<domain>.pem.")
    ] = None,
) -> None:
    """Make a key in a new file that only its owner can read, and print its DNS record.

    The record is the only thing on standard output; what to set is said on standard error.
    """
    from broadcaster.channels import dkim_keys  # noqa: PLC0415  (nothing heavy before it is needed)

    _check(selector, domain)
    path = file or Path(f"{selector}.{domain}.pem")
    pem = dkim_keys.make(algorithm)
    _write(path, pem)
    typer.echo(_line(selector, domain, pem))
    typer.echo(
        f"The key is in {path}. Publish the record, then set:\n"
        f"BROADCASTER_SMTP_DKIM_DOMAIN={domain}\n"
        f"BROADCASTER_SMTP_DKIM_SELECTOR={selector}\n"
        f"BROADCASTER_SMTP_DKIM_KEY_FILE={path.absolute()}",
        err=True,
    )


@app.command()
def record(
    selector: Selector,
    domain: Domain,
    file: Annotated[Path, typer.Option(help="The key's file.", exists=True, dir_okay=False)],
) -> None:
    """Print the DNS record of a key that was made before."""
    _check(selector, domain)
    with file.open("rb") as stream:
        typer.echo(_line(selector, domain, stream.read(_MOST)))


def _check(selector: str, domain: str) -> None:
    for name, value in (("--selector", selector), ("--domain", domain)):
        if not _NAME.match(value):
            problem = f"{value!r} is no name of the DNS"
            raise InvalidInputError(name, problem, "Use letters, digits, hyphens and full stops.")


def _write(path: Path, pem: bytes) -> None:
    """Write a new file; ConflictError when there is one: a key in use must not be lost."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise ConflictError(f"{path} exists already. Name another file with --file.") from None
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidInputError("--file", f"{path.parent} is no folder", "Make it.") from None
    with open(descriptor, "wb") as stream:  # noqa: PTH123  (a descriptor is no path)
        stream.write(pem)
        stream.flush()
        os.fsync(descriptor)


def _line(selector: str, domain: str, pem: bytes) -> str:
    from broadcaster.channels import dkim_keys  # noqa: PLC0415  (as above)

    text = dkim_keys.strings(dkim_keys.record(pem))
    return f"{selector}._domainkey.{domain}. IN TXT ( {text} )"
