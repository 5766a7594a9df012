"""Joined from concrete adapters: customers, whom segments and areas mean, consent, and privacy."""

from functools import cached_property
from typing import TYPE_CHECKING

from broadcaster.bootstrap.foundation import Foundation

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from broadcaster.access.operators import Operators
    from broadcaster.access.sessions import Sessions
    from broadcaster.audience.areas.asking import AreaQuestions
    from broadcaster.audience.areas.places import SavedPlaces
    from broadcaster.audience.areas.store import Areas
    from broadcaster.audience.audience import SegmentAudience
    from broadcaster.audience.definitions import Definitions
    from broadcaster.audience.mappings import Mappings
    from broadcaster.audience.segments import Segments
    from broadcaster.audience.store import Customers
    from broadcaster.ledger.consents import Consents
    from broadcaster.ledger.optouts import OptOuts
    from broadcaster.ledger.suppressions import Suppressions
    from broadcaster.privacy.accesses import Accesses
    from broadcaster.privacy.disclosure import Disclosure
    from broadcaster.privacy.looking import Looking
    from broadcaster.privacy.retention import Retention
    from broadcaster.privacy.rotation import Rotation


class People(Foundation):
    """Who may be told, and what is kept of them; who is let in."""

    @cached_property
    def operators(self) -> "Operators":
        """The people of the team."""
        from broadcaster.access.operators import Operators

        return Operators(self.pool)

    @cached_property
    def sessions(self) -> "Sessions":
        """Who is signed in."""
        from broadcaster.access.sessions import Sessions

        return Sessions(self.pool)

    @cached_property
    def customers(self) -> "Customers":
        """Customers and their addresses."""
        from broadcaster.audience.store import Customers

        return Customers(self.pool, self.vault, self.audience)

    @cached_property
    def definitions(self) -> "Definitions":
        """The attributes that customers can have."""
        from broadcaster.audience.definitions import Definitions
        from broadcaster.ledger.audit import note

        return Definitions(self.pool, note)

    @cached_property
    def audience(self) -> "SegmentAudience":
        """Translates segments."""
        from broadcaster.audience.audience import SegmentAudience

        return SegmentAudience(self.pool, self.vault, today=self.today, places=self.places)

    @cached_property
    def mappings(self) -> "Mappings":
        """Saved column mappings of imports."""
        from broadcaster.audience.mappings import Mappings

        return Mappings(self.pool)

    @cached_property
    def segments(self) -> "Segments":
        """Saved segments."""
        from broadcaster.audience.segments import Segments

        return Segments(self.pool, self.audience)

    @cached_property
    def areas(self) -> "Areas":
        """Saved areas."""
        from broadcaster.audience.areas.store import Areas

        return Areas(self.pool)

    @cached_property
    def places(self) -> "SavedPlaces":
        """Saved areas and distances, for segments."""
        from broadcaster.audience.areas.places import SavedPlaces

        return SavedPlaces(self.areas)

    @cached_property
    def area_questions(self) -> "AreaQuestions":
        """What can be asked about areas."""
        from broadcaster.audience.areas.asking import AreaQuestions

        return AreaQuestions(self.pool, self.places)

    @cached_property
    def consents(self) -> "Consents":
        """Records of consent."""
        from broadcaster.ledger.consents import Consents

        return Consents(self.pool, self.vault)

    @cached_property
    def suppressions(self) -> "Suppressions":
        """Addresses that must not be used."""
        from broadcaster.ledger.suppressions import Suppressions

        return Suppressions(self.pool, self.vault)

    @cached_property
    def optouts(self) -> "OptOuts":
        """What customers decide by the links in messages."""
        from broadcaster.ledger.optouts import OptOuts

        return OptOuts(self.pool)

    @cached_property
    def rotation(self) -> "Rotation":
        """Seals the database, and seals it anew."""
        from broadcaster.privacy.rotation import Rotation

        return Rotation(self.pool, self.vault)

    @cached_property
    def accesses(self) -> "Accesses":
        """Who looked at whose data."""
        from broadcaster.privacy.accesses import Accesses

        return Accesses(self.pool, self.vault)

    @cached_property
    def looking(self) -> "Looking":
        """Shows the team one person."""
        from broadcaster.privacy.looking import Looking

        return Looking(self.pool, self.vault)

    @cached_property
    def disclosure(self) -> "Disclosure":
        """Collects what is held about a person."""
        from broadcaster.privacy.disclosure import Disclosure

        return Disclosure(self.pool, self.vault)

    @cached_property
    def retention(self) -> "Retention":
        """Lets go of what has been kept for long enough."""
        from broadcaster.privacy.retention import Retention

        return Retention(self.pool, self.settings.retention, self.vault)
