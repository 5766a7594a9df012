"""The wording of one campaign: which texts an operator may change, and until when; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from broadcaster.domain.campaign import CampaignStatus

#: The parts that can be worded, and the most characters of each. What a mail and the public page
#: show is made of the mail's text and subject, so that none of them can say something else.
LONGEST: Mapping[str, int] = MappingProxyType(
    {
        "sms/body.txt": 2_000,
        "push/title.txt": 1_000,
        "push/body.txt": 2_000,
        "email/subject.txt": 1_000,
        "email/body.txt": 20_000,
    }
)
#: Where a campaign may stand when its wording changes; it is a draft then.
REWORDABLE = frozenset({CampaignStatus.DRAFT, CampaignStatus.APPROVED})


def key(part: str, locale: str) -> str:
    """Name a text by its part and its locale, as advisories keep it."""
    return f"{part}/{locale}"


def place(name: str) -> tuple[str, str]:
    """Give part and locale of a name that `key` made."""
    part, _, locale = name.rpartition("/")
    return part, locale


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """Who wrote a wording and when, and the hash of the kind's own text at that time.

    `taken_from` is the id of the campaign whose wording was taken over as it is; None where it was
    written for its own.
    """

    by: str
    at: datetime
    instead_of: str
    taken_from: int | None = None
