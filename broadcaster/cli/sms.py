"""`broadcaster sms`: what a text costs."""

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from broadcaster.errors import InvalidInputError

app = typer.Typer(add_completion=False, no_args_is_help=True)

#: The most that is read, octets: a UTF-8 character has four at most.
_MOST = 400_000


@app.callback()
def _group() -> None:
    """Measure texts; needs no server."""


@app.command()
def count(
    trim: Annotated[
        bool, typer.Option("--trim", help="Leave out one final line break, as `echo` adds.")
    ] = False,
) -> None:
    """Read a text on standard input and print its encoding, units and segments as JSON.

    Every character counts, a final line break too: `printf '%s' "$text"` adds none. Offending are
    the characters that keep the text out of the cheap alphabet, each with its first position (in
    characters, from 0), how many there are, a suggested replacement, and how many segments more
    the text takes because of it.
    """
    from broadcaster.channels import sms  # noqa: PLC0415  (nothing heavy before it is needed)

    text = _text()
    if trim and text.endswith("\n"):
        text = text.removesuffix("\n").removesuffix("\r")
    size = sms.measure(text)
    answer = {**asdict(size), "offending": [asdict(one) for one in sms.offending(text)]}
    typer.echo(json.dumps(answer, ensure_ascii=False).encode())
    if text.endswith("\n"):
        sys.stderr.write("The final line break was counted; --trim leaves it out.\n")


def _text() -> str:
    octets = sys.stdin.buffer.read(_MOST + 1)
    if len(octets) > _MOST:
        problem = f"is longer than {_MOST} octets"
        raise InvalidInputError("standard input", problem, "Give the text of one SMS.")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 at octet {error.start}"
        raise InvalidInputError("standard input", problem, "Save it as UTF-8.") from error
