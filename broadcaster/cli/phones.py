"""`broadcaster phones`: what telephone numbers are, and whether they take SMS."""

import json
import sys
from collections.abc import Iterator
from typing import Annotated, BinaryIO

import typer

from broadcaster.errors import InvalidInputError

app = typer.Typer(add_completion=False, no_args_is_help=True)

#: The longest line that is read, octets.
_LONGEST_LINE = 4096


@app.callback()
def _group() -> None:
    """Check telephone numbers; needs no server."""


@app.command()
def check(
    region: Annotated[
        str, typer.Option(help="Where the numbers would be dialled: two letters, ISO 3166-1.")
    ] = "MA",
) -> None:
    """Read one number a line on standard input and print a line of JSON about each.

    The fields are raw, e164, type, sms_capable, error, and message with the remedy. Use e164 only
    where error is null. An empty line is no number.
    """
    from broadcaster.channels import phones  # noqa: PLC0415  (nothing heavy before it is needed)

    known = phones.check_region(region)
    for line in _lines(sys.stdin.buffer):
        found = phones.check(line, known)
        message = f"{found.problem}. {found.remedy}" if found.problem else None
        record = {
            "raw": found.raw,
            "e164": found.e164,
            "type": found.type,
            "sms_capable": found.sms_capable,
            "error": found.error,
            "message": message,
        }
        typer.echo(json.dumps(record, ensure_ascii=False).encode())


def _lines(source: BinaryIO) -> Iterator[str]:
    """Read lines without their ends; InvalidInputError names the line that is no text."""
    number = 0
    while octets := source.readline(_LONGEST_LINE):
        number += 1
        if len(octets) == _LONGEST_LINE and not octets.endswith(b"\n"):
            problem = f"line {number} is longer than {_LONGEST_LINE} octets"
            raise InvalidInputError("standard input", problem, "Give one number in each line.")
        try:
            text = octets.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            problem = f"line {number} is not UTF-8"
            raise InvalidInputError("standard input", problem, "Save it as UTF-8.") from error
        yield text.removesuffix("\n").removesuffix("\r")
