"""What can be wrong with a file that holds a key."""

from broadcaster.errors import InvalidInputError


class KeyFileError(InvalidInputError):
    """A key file can't be used; says why, and nothing of what it holds."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__("key file", problem, remedy)
