"""What the check of kinds finds."""

from dataclasses import dataclass
from enum import StrEnum


class Gravity(StrEnum):
    """What a finding means for a campaign."""

    #: Nothing may be sent like this.
    ERROR = "error"
    #: Somebody should look.
    WARNING = "warning"
    #: Good to know.
    INFO = "info"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing found: where, what is wrong, and what to do.

    `place` is a text, a fact or a block; `kind`, `part` and `locale` are empty where the finding
    belongs to none.
    """

    gravity: Gravity
    kind: str
    part: str
    locale: str
    place: str
    problem: str
    remedy: str
