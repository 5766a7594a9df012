"""What a public warning says of itself in words of CAP 1.2 that the channels have no use for."""

from dataclasses import dataclass
from enum import StrEnum


class Category(StrEnum):
    """What sort of event it is (CAP 1.2, `category`), in small letters."""

    GEO = "geo"
    MET = "met"
    SAFETY = "safety"
    SECURITY = "security"
    RESCUE = "rescue"
    FIRE = "fire"
    HEALTH = "health"
    ENV = "env"
    TRANSPORT = "transport"
    #: Water, electricity, sanitation, telephone.
    INFRA = "infra"
    CBRNE = "cbrne"
    OTHER = "other"

    @property
    def spelled(self) -> str:
        """Give the word as CAP spells it."""
        return self.value.upper() if self is Category.CBRNE else self.value.title()


class ResponseType(StrEnum):
    """What people are to do (CAP 1.2, `responseType`), in small letters."""

    SHELTER = "shelter"
    EVACUATE = "evacuate"
    PREPARE = "prepare"
    EXECUTE = "execute"
    AVOID = "avoid"
    MONITOR = "monitor"
    ASSESS = "assess"
    ALL_CLEAR = "allclear"
    NONE = "none"

    @property
    def spelled(self) -> str:
        """Give the word as CAP spells it."""
        return "AllClear" if self is ResponseType.ALL_CLEAR else self.value.title()


@dataclass(frozen=True, kw_only=True, slots=True)
class CapWords:
    """How advisories of a kind stand in CAP 1.2.

    `description` and `instruction` name the blocks of the mail's text part that these elements are
    made of, in order.
    """

    category: tuple[Category, ...] = (Category.OTHER,)
    response: tuple[ResponseType, ...] = ()
    description: tuple[str, ...] = ()
    instruction: tuple[str, ...] = ()
