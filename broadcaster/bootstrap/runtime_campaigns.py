"""Joined from concrete adapters: campaigns, their plans, what is foreseen of them, and reports."""

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from broadcaster.bootstrap.runtime_people import People
from broadcaster.domain.approval import content_hash

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from broadcaster.domain.advisory import Advisory
    from broadcaster.domain.campaign import Campaign
    from broadcaster.ledger.backlog import Backlog
    from broadcaster.ledger.campaigns import Campaigns
    from broadcaster.ledger.chronicle import PostgresChronicle
    from broadcaster.ledger.compositions import Compositions
    from broadcaster.ledger.facts import CampaignFacts
    from broadcaster.ledger.fairness import Fairness
    from broadcaster.ledger.holds import Holds
    from broadcaster.ledger.ledger import PostgresLedger
    from broadcaster.ledger.redrafts import Redrafts
    from broadcaster.ledger.tariffs import TariffBook
    from broadcaster.ledger.threads import Threads
    from broadcaster.ledger.versions import Versions
    from broadcaster.ledger.wordings import Wordings
    from broadcaster.planning.escalation import Escalator
    from broadcaster.planning.forecast import Forecaster
    from broadcaster.planning.left_out import LeftOutList
    from broadcaster.planning.planner import Planner
    from broadcaster.planning.waits import Waits
    from broadcaster.reports.course import Courses
    from broadcaster.reports.reports import Reports


class Campaigning(People):
    """What is planned, foreseen and reported."""

    @cached_property
    def ledger(self) -> "PostgresLedger":
        """The ledger."""
        from broadcaster.ledger.ledger import PostgresLedger

        reconcile = timedelta(seconds=self.settings.reconcile_after)
        return PostgresLedger(self.pool, reconcile, self.vault)

    @cached_property
    def campaigns(self) -> "Campaigns":
        """Campaigns and their steps."""
        from broadcaster.ledger.campaigns import Campaigns

        return Campaigns(self.pool)

    @cached_property
    def chronicle(self) -> "PostgresChronicle":
        """How campaigns went."""
        from broadcaster.ledger.chronicle import PostgresChronicle

        return PostgresChronicle(self.pool)

    @cached_property
    def compositions(self) -> "Compositions":
        """What is being written and not finished."""
        from broadcaster.ledger.compositions import Compositions

        return Compositions(self.pool)

    @cached_property
    def redrafts(self) -> "Redrafts":
        """Changes to campaigns that have not begun."""
        from broadcaster.ledger.redrafts import Redrafts

        return Redrafts(self.pool)

    @cached_property
    def versions(self) -> "Versions":
        """What was handed over, approved and given back."""
        from broadcaster.ledger.versions import Versions

        return Versions(self.pool)

    @cached_property
    def threads(self) -> "Threads":
        """What follows what."""
        from broadcaster.ledger.threads import Threads

        return Threads(self.pool)

    @cached_property
    def campaign_facts(self) -> "CampaignFacts":
        """The facts of campaigns that have not begun."""
        from broadcaster.ledger.facts import CampaignFacts

        return CampaignFacts(self.pool)

    @cached_property
    def wordings(self) -> "Wordings":
        """What operators wrote in the place of a kind's own texts."""
        from broadcaster.ledger.wordings import Wordings

        return Wordings(self.pool)

    @cached_property
    def fairness(self) -> "Fairness":
        """The rules of fair use."""
        from broadcaster.ledger.fairness import Fairness

        return Fairness(self.pool, self.settings.time_zone, self.settings.retention)

    @cached_property
    def holds(self) -> "Holds":
        """What operators hold and release."""
        from broadcaster.ledger.holds import Holds

        return Holds(self.pool, self.settings.time_zone)

    @cached_property
    def waits(self) -> "Waits":
        """Says who will have to wait for the end of quiet hours."""
        from broadcaster.planning.waits import Waits

        return Waits(self.pool, self.audience, self.renderer, self.settings.time_zone)

    @cached_property
    def planner(self) -> "Planner":
        """Turns campaigns into deliveries."""
        from broadcaster.planning.planner import Planner

        return Planner(
            self.pool,
            self.audience,
            self.renderer,
            batch_size=self.settings.batch_size,
            time_zone=self.settings.time_zone,
        )

    @cached_property
    def escalator(self) -> "Escalator":
        """Turns campaigns to their next channel."""
        from broadcaster.planning.escalation import Escalator

        return Escalator(
            self.pool,
            self.renderer,
            batch_size=self.settings.batch_size,
            time_zone=self.settings.time_zone,
        )

    @cached_property
    def forecaster(self) -> "Forecaster":
        """Says what a campaign would be."""
        from broadcaster.channels.sms import measure
        from broadcaster.planning.forecast import Forecaster
        from broadcaster.planning.measuring import Sizing

        sizing = Sizing(measure=measure, links=self.links)
        return Forecaster(self.pool, self.audience, self.renderer, sizing, self.vault)

    @cached_property
    def left_out(self) -> "LeftOutList":
        """Lists who is left out."""
        from broadcaster.planning.left_out import LeftOutList

        return LeftOutList(self.pool, self.audience, self.renderer)

    @cached_property
    def tariffs(self) -> "TariffBook":
        """What networks ask for messages."""
        from broadcaster.ledger.tariffs import TariffBook

        return TariffBook(self.pool)

    @cached_property
    def backlog(self) -> "Backlog":
        """What other campaigns have still to send."""
        from broadcaster.ledger.backlog import Backlog

        return Backlog(self.pool)

    @cached_property
    def reports(self) -> "Reports":
        """Counts and lists for people."""
        from broadcaster.reports.reports import Reports

        return Reports(self.pool, self.vault)

    @cached_property
    def courses(self) -> "Courses":
        """How campaigns go, for people who watch."""
        from broadcaster.reports.course import Courses

        return Courses(self.pool)

    def hash(self, campaign: "Campaign", advisory: "Advisory") -> str:
        """Hash what a campaign would send now."""
        return content_hash(campaign, advisory, self.renderer.fingerprint(advisory.kind))

    def unchanged(self, campaign: "Campaign", advisory: "Advisory") -> bool:
        """Tell whether what would be sent is what was approved."""
        return campaign.approved_hash == self.hash(campaign, advisory)
