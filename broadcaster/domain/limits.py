"""What a limit may be called, and which rates make sense."""

import math
import re

from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

#: A provider, `sender:` and a sender, or a provider and a destination: a mail domain, the host of a
#: push service, or `+` and the first digits of a telephone number.
_NAME = re.compile(
    r"sender:[^\s;=]{1,64}"
    r"|(?P<provider>[a-z][a-z0-9_]{0,31})(?P<destination>/(?:\+[1-9][0-9]{0,14}|[a-z0-9.-]{1,253}))?"
)

#: The slowest and fastest rate that make sense, units a second.
SLOWEST, FASTEST = 0.01, 1_000_000.0

#: The word for no limit by intention, and the rate that stands for it.
UNLIMITED_WORD = "unlimited"
UNLIMITED = math.inf


def check_name(field: str, name: str) -> str:
    """Give the name of a limit if it is one; InvalidInputError naming the `field`."""
    if not _NAME.fullmatch(name):
        remedy = said(
            "Write a provider, provider/mail.domain (in small letters), "
            "provider/+212, or sender:NAME."
        )
        raise InvalidInputError(
            field, said("%(name)s names no limit", name=repr(name[:80])), remedy
        )
    return name


def provider_of(name: str) -> str | None:
    """Give the provider that a limit belongs to; None for a sender's."""
    found = _NAME.fullmatch(name)
    return found["provider"] if found else None


def check_rate(field: str, text: str) -> float:
    """Read a rate in units a second; InvalidInputError naming the `field`."""
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not SLOWEST <= rate <= FASTEST:
        remedy = said(
            "Give units a second, from %(slowest)s to %(fastest)s.",
            slowest=SLOWEST,
            fastest=format(FASTEST, ".0f"),
        )
        raise InvalidInputError(field, said("%(text)s is no rate", text=repr(text)), remedy)
    return rate
