"""Joined from concrete adapters: customers, whom segments and areas mean, consent, and privacy."""

from functools import cached_property
from typing import TYPE_CHECKING

from broadcaster.bootstrap.runtime_access import Access

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from broadcaster.access.answers import Answers
    from broadcaster.access.api_keys import ApiKeys
    from broadcaster.access.trail import AuditTrail
    from broadcaster.audience.areas.asking import AreaQuestions
    from broadcaster.audience.areas.places import SavedPlaces
    from broadcaster.audience.areas.store import Areas
    from broadcaster.audience.audience import SegmentAudience
    from broadcaster.audience.definitions import Definitions
    from broadcaster.audience.imports import Imports
    from broadcaster.audience.mappings import Mappings
    from broadcaster.audience.segments import Segments
    from broadcaster.audience.store import Customers
    from broadcaster.bootstrap.pushing import PushGate
    from broadcaster.ledger.consents import Consents
    from broadcaster.ledger.devices import Devices
    from broadcaster.ledger.optouts import OptOuts
    from broadcaster.ledger.page_codes import PageCodes
    from broadcaster.ledger.suppressions import Suppressions
    from broadcaster.ledger.wishes import OwnPage
    from broadcaster.privacy.accesses import Accesses
    from broadcaster.privacy.disclosure import Disclosure
    from broadcaster.privacy.looking import Looking
    from broadcaster.privacy.retention import Retention
    from broadcaster.privacy.rotation import Rotation


class People(Access):
    """Who may be told, and what is kept of them."""

    @cached_property
    def api_keys(self) -> "ApiKeys":
        """Keys of the API."""
        from broadcaster.access.api_keys import ApiKeys

        return ApiKeys(self.pool)

    @cached_property
    def answers(self) -> "Answers":
        """Answers of the API that are given again."""
        from broadcaster.access.answers import Answers

        return Answers(self.pool)

    @cached_property
    def audit_trail(self) -> "AuditTrail":
        """Who did what."""
        from broadcaster.access.trail import AuditTrail

        return AuditTrail(self.pool)

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
    def imports(self) -> "Imports":
        """Imports that run by themselves."""
        from broadcaster.audience.imports import Imports

        return Imports(self.pool)

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
    def page_codes(self) -> "PageCodes":
        """Codes and sessions of customers' pages."""
        from broadcaster.bootstrap.accounts import signing_key
        from broadcaster.ledger.page_codes import PageCodes
        from broadcaster.privacy.wrapping import Wrapping

        key = signing_key(self.settings)
        return PageCodes(self.pool, self.vault, Wrapping(key, "page code"), key)

    @cached_property
    def own_page(self) -> "OwnPage":
        """What customers choose by a code."""
        from broadcaster.ledger.wishes import OwnPage

        return OwnPage(self.pool)

    @cached_property
    def push_gate(self) -> "PushGate":
        """What a browser needs to subscribe."""
        from broadcaster.bootstrap.pushing import PushGate

        return PushGate(self.settings)

    @cached_property
    def devices(self) -> "Devices":
        """Browsers that are told."""
        from broadcaster.bootstrap.accounts import signing_key
        from broadcaster.ledger.devices import Devices

        return Devices(self.pool, self.vault, signing_key(self.settings), self.settings.time_zone)

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
    def customer_looks(self) -> "Looking":
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
