"""The errors of the product; each class states whether trying again can help."""

from collections.abc import Sequence
from typing import ClassVar


class BroadcasterError(Exception):
    """Something went wrong that a person can act on; the message is one clear line."""

    #: True when the same call may succeed later without anybody changing anything.
    retryable: ClassVar[bool] = False


class InvalidInputError(BroadcasterError):
    """A value from outside was refused.

    The message names the field, what is wrong with the value, and the remedy.
    """

    def __init__(self, field: str, problem: str, remedy: str) -> None:
        """Keep the three parts apart, so that an interface can show them where they belong."""
        super().__init__(f"{field}: {problem}. {remedy}")
        self.field = field
        self.problem = problem
        self.remedy = remedy


class SeveralFaultsError(InvalidInputError):
    """Several values from outside were refused; `faults` says what is wrong with each."""

    def __init__(self, field: str, faults: Sequence[InvalidInputError], remedy: str) -> None:
        """Keep them all; the message tells them one after the other, then the remedy."""
        super().__init__(field, f"{len(faults)} are wrong", remedy)
        self.faults = tuple(faults)
        self.args = (" ".join(map(str, [*faults, remedy])),)


class NotFoundError(InvalidInputError):
    """A named thing does not exist."""


class GoneError(NotFoundError):
    """A named thing was there, and what it was for is not kept any more."""


class ConflictError(BroadcasterError):
    """The step is not possible in the present state, e.g. launching an unapproved campaign."""


class StaleError(ConflictError):
    """Somebody changed it since it was looked at; look again, and then say what is to be."""


class ConfigurationError(BroadcasterError):
    """A setting, a credential or an installed file is wrong; no retry helps until it is mended."""


class DamagedError(ConfigurationError):
    """A file of texts cannot be read; what does not need it goes on without it."""


class UnavailableError(BroadcasterError):
    """A server or network did not answer; the same call may succeed later."""

    retryable = True


class ForbiddenError(BroadcasterError):
    """A caller is not who it must be: a signature or token does not fit."""
