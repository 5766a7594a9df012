"""Reading what is worked on as the form of a campaign, and a campaign as fields."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from broadcaster.bootstrap import form_of
from broadcaster.bootstrap.drafting import Form, name_of
from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign, ChannelPlan
from broadcaster.domain.fairness import OnePer
from broadcaster.domain.message import Lane
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError, SeveralFaultsError
from broadcaster.web.console.compose import facts
from broadcaster.web.console.compose.words import Step

if TYPE_CHECKING:
    from broadcaster.bootstrap import Runtime
    from broadcaster.render.kinds import Kind
    from broadcaster.web.console.compose.works import Typed, Work


class Reading:
    """Reads both ways; times are typed on the clock of `zone`."""

    def __init__(self, runtime: "Runtime", zone: ZoneInfo) -> None:
        """Take the whole inside."""
        self._runtime = runtime
        self._zone = zone

    def require(self, work: "Work", step: Step) -> None:
        """Check what can be checked of a step alone; InvalidInputError."""
        if step is Step.FACTS:
            self._require_facts(work)
        if step is Step.AUDIENCE:
            if not work.text("segment"):
                raise InvalidInputError("segment", said("is missing"), said("Choose one."))
            self._runtime.segments.pinned(work.text("segment"))
        if step is Step.PLAN and not any(work.values.get("channels", ())):
            raise InvalidInputError(
                "channels", said("name none to send on"), said("Tick one at least.")
            )

    def _require_facts(self, work: "Work") -> None:
        """Check name and facts; all that is wrong with them is told at once."""
        if work.kind is None:
            remedy = said("Begin a new one.")
            raise InvalidInputError(
                "kind", said("%(value)s is not here", value=repr(work.text("kind"))), remedy
            )
        faults: list[InvalidInputError] = []
        try:
            name_of(work.text("name"))
        except InvalidInputError as error:
            faults.append(error)
        try:
            given = facts.raw(work.kind, work.values, self._zone)
            resolved = work.kind.resolve(given)
            work.kind.require_ahead(resolved, self._runtime.clock.now())
        except SeveralFaultsError as error:
            faults += error.faults
        except InvalidInputError as error:
            faults.append(error)
        if len(faults) > 1:
            raise SeveralFaultsError("facts", faults, said("Mend them all."))
        if faults:
            raise faults[0]

    def form(self, work: "Work", by: str) -> Form:
        """Give the form of the campaign that it becomes; InvalidInputError."""
        if work.kind is None:
            raise InvalidInputError("kind", said("is missing"), said("Choose one."))
        at = {name: self._time(work, name) for name in ("effective", "expires", "scheduled")}
        plan = work.text("plan")
        chosen = [one for one in work.values.get("channels", ()) if one]
        order = [one.strip() for one in work.text("order").split(",")]
        chosen.sort(key=lambda one: order.index(one) if one in order else len(order))
        if not chosen:
            raise InvalidInputError(
                "channels", said("name none to send on"), said("Tick one at least.")
            )
        minutes = work.text("escalate_after") if plan == ChannelPlan.ESCALATE.value else ""
        return Form(
            name=work.text("name"),
            kind=work.kind.name,
            segment=work.text("segment"),
            by=by,
            channels=",".join(chosen),
            facts=self._facts(work),
            effective=at["effective"] or "now",
            expires=at["expires"] or "+72h",
            scheduled=at["scheduled"],
            message_class=work.text("message_class"),
            lane=work.text("lane") or Lane.ROUTINE.value,
            drill=bool(work.text("drill")),
            plan=plan or ChannelPlan.ALL.value,
            escalate_after=minutes,
            one_per=work.text("one_per") or OnePer.CUSTOMER.value,
        )

    def _facts(self, work: "Work") -> Mapping[str, object]:
        """Read the facts; those that were left as they are keep what a field can't show."""
        if work.kind is None:
            return {}
        given = facts.raw(work.kind, work.values, self._zone)
        if work.advisory is None:
            return given
        former = {name: one for name, one in work.advisory.facts.items() if name in work.kind.facts}
        again = facts.raw(work.kind, facts.fields(work.kind, former, self._zone), self._zone)
        for name in work.kind.facts:
            if given.get(name) == again.get(name) and name in former:
                given[name] = former[name]
        return given

    def _time(self, work: "Work", name: str) -> str:
        """Give a time with its offset; the campaign's own where the field shows that still."""
        typed = work.text(name)
        if not typed:
            return ""
        kept = self._moments(work.campaign, work.advisory).get(name)
        if kept is not None and facts.on_clock(kept, self._zone) == typed:
            return kept.isoformat()
        return facts.local(typed, self._zone)

    @staticmethod
    def _moments(
        campaign: Campaign | None, advisory: Advisory | None
    ) -> Mapping[str, datetime | None]:
        if campaign is None or advisory is None:
            return {}
        return {
            "effective": advisory.effective,
            "expires": advisory.expires,
            "scheduled": campaign.scheduled_at,
        }

    def values(self, campaign: Campaign, advisory: Advisory, kind: "Kind") -> "Typed":
        """Give what a draft's fields show."""
        form = form_of(self._runtime, campaign, campaign.created_by)
        moments = self._moments(campaign, advisory)
        return {
            **{
                name: [facts.on_clock(moment, self._zone)] if moment else [""]
                for name, moment in moments.items()
            },
            "name": [form.name],
            "kind": [form.kind],
            "segment": [form.segment],
            "channels": form.channels.split(","),
            "order": [form.channels],
            "plan": [form.plan],
            "escalate_after": [form.escalate_after],
            "lane": [form.lane],
            "message_class": [form.message_class],
            "one_per": [form.one_per],
            "drill": ["yes"] if form.drill else [],
            **facts.fields(kind, form.facts, self._zone),
        }
