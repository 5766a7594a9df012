"""Files that name customers: for their owner alone, whole or not at all."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from broadcaster.errors import InvalidInputError

#: Where a name means what is open already, such as `/dev/stdout`, also when that is a file.
_DEVICES = ("/dev/", "/proc/")


@contextmanager
def private_file(output: Path | None, option: str = "--output") -> Iterator[IO[str]]:
    """Give a text file that is put in the place of `output` when it is whole; or standard output.

    The file is its owner's alone, also where another one was before, and nobody can have put
    anything where it is made. A device or a pipe is written to as it is. InvalidInputError names
    the `option`.
    """
    if output is None:
        yield sys.stdout
        return
    try:
        if streamed(output):
            with output.open("w", encoding="utf-8-sig", newline="") as stream:
                yield stream
            return
        descriptor, name = tempfile.mkstemp(".draft", f".{output.name}.", output.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="") as stream:
                yield stream
            Path(name).replace(output)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        remedy = "Name a file in a folder that can be written."
        raise InvalidInputError(option, f"{output}: {error.strerror}", remedy) from error


def streamed(output: Path) -> bool:
    """Tell whether this is a device or a pipe, or a name for what is open already."""
    if str(output.absolute()).startswith(_DEVICES):
        return True
    return output.exists() and not output.is_file()
