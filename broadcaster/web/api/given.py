"""What stands in a body and names something else: where that is not there, the body is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

from broadcaster.audience.cells import CellError
from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.people import address_reader
from broadcaster.domain.message import Address
from broadcaster.errors import GoneError, InvalidInputError, NotFoundError


@contextmanager
def given() -> Iterator[None]:
    """Have what a body names and is not there be a fault of the body."""
    try:
        yield
    except GoneError:
        raise
    except NotFoundError as error:
        raise InvalidInputError(error.field, error.problem, error.remedy) from error


def address_of(runtime: Runtime, text: str, region: str = "") -> Address:
    """Read an address of any sort; InvalidInputError, which does not repeat it."""
    try:
        return address_reader(runtime.settings, region)(text)
    except CellError as error:
        raise InvalidInputError("address", error.problem, error.remedy) from error
