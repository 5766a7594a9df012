"""The sorts of problems, by names that stay: programs tell them apart by `type`, people by words.

Each is an address on the same server (RFC 9457, 3.1.1), at which all of them are explained.
"""

from collections.abc import Mapping
from enum import StrEnum

#: Where the sorts are explained; no key is needed.
PATH = "/problems"
_BASE = "/api/v1" + PATH


class Sort(StrEnum):
    """A sort of problem."""

    UNREADABLE = "unreadable"
    NO_KEY = "no-key"
    NO_SCOPE = "no-scope"
    NOT_FOUND = "not-found"
    NO_SUCH_METHOD = "no-such-method"
    TOO_SLOW = "too-slow"
    CONFLICT = "conflict"
    UNDER_WAY = "under-way"
    OUTCOME_UNKNOWN = "outcome-unknown"
    GONE = "gone"
    CHANGED_SINCE = "changed-since"
    TOO_LARGE = "too-large"
    ADDRESS_TOO_LONG = "address-too-long"
    INVALID = "invalid"
    KEY_OF_ANOTHER = "key-of-another-request"
    TOO_OFTEN = "too-often"
    INSIDE = "inside"
    UNAVAILABLE = "unavailable"

    @property
    def address(self) -> str:
        """Give what `type` says."""
        return f"{_BASE}#{self.value}"


_BROKEN_OFF = (
    "The same wish was broken off after something was done: look at `look_at` for what there is "
    "now, and take a new Idempotency-Key for what is still to be done."
)
#: The status of each, and what it means; docs/api.md has the same table.
MEANT: Mapping[Sort, tuple[int, str]] = {
    Sort.UNREADABLE: (400, "The request cannot be read."),
    Sort.NO_KEY: (401, "There is no key, or it holds no more."),
    Sort.NO_SCOPE: (403, "The key may not do that; `detail` names the scope that is missing."),
    Sort.NOT_FOUND: (404, "There is no such thing, or nothing at that address."),
    Sort.NO_SUCH_METHOD: (405, "The address does not take that method; `Allow` has those it does."),
    Sort.TOO_SLOW: (408, "The request took too long to come."),
    Sort.CONFLICT: (409, "The state of things does not allow it."),
    Sort.UNDER_WAY: (409, "The same wish is being done; ask again after `Retry-After` seconds."),
    Sort.OUTCOME_UNKNOWN: (409, _BROKEN_OFF),
    Sort.GONE: (410, "It was there, and is not kept any more."),
    Sort.CHANGED_SINCE: (412, "It was changed since it was looked at."),
    Sort.TOO_LARGE: (413, "The request is too large."),
    Sort.ADDRESS_TOO_LONG: (414, "The address is too long."),
    Sort.INVALID: (422, "A part of the request is wrong: `field`, and `pointer` into the body."),
    Sort.KEY_OF_ANOTHER: (422, "The Idempotency-Key stands for another request already."),
    Sort.TOO_OFTEN: (429, "Too many requests; ask again after `Retry-After` seconds."),
    Sort.INSIDE: (500, "Something went wrong inside; it is in the server's log."),
    Sort.UNAVAILABLE: (503, "A server that is needed does not answer, or something is not set up."),
}

#: Which sort a status is, where nothing else is said: the first of its status.
_USUAL: Mapping[int, Sort] = {MEANT[sort][0]: sort for sort in reversed(Sort)}


def of_status(status: int) -> Sort:
    """Give the usual sort of a status; what goes wrong in no other way is a fault inside."""
    return _USUAL.get(status, Sort.INSIDE if status >= 500 else Sort.UNREADABLE)  # noqa: PLR2004  (server's faults)


def explained() -> list[dict[str, object]]:
    """List them, as the address of `type` answers."""
    return [
        {"type": sort.address, "status": status, "means": words}
        for sort, (status, words) in MEANT.items()
    ]
