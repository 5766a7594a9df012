"""What somebody works on: an unfinished composition, or the draft campaign that it has become."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from broadcaster.bootstrap import form_of, redraft
from broadcaster.bootstrap.drafting import Form, draft, name_of
from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign, ChannelPlan
from broadcaster.domain.fairness import OnePer
from broadcaster.domain.message import DELIVERY_CHANNELS, Lane
from broadcaster.domain.saying import said
from broadcaster.domain.wording import REWORDABLE
from broadcaster.errors import ConflictError, InvalidInputError, SeveralFaultsError
from broadcaster.ledger.compositions import Composition
from broadcaster.web.console.compose import facts
from broadcaster.web.console.compose.words import STEP_FIELDS, Step

if TYPE_CHECKING:
    from broadcaster.bootstrap import Runtime
    from broadcaster.render.kinds import Kind

Typed = Mapping[str, Sequence[str]]

#: What a new form has where nothing was chosen.
_USUAL: Typed = {
    "plan": [ChannelPlan.ALL.value],
    "lane": [Lane.ROUTINE.value],
    "one_per": [OnePer.CUSTOMER.value],
    "drill": [],
}


class ChangedMeanwhileError(ConflictError):
    """Somebody else saved it since the page was opened; `by` is who, `fields` what they changed."""

    def __init__(self, by: str, fields: Sequence[str]) -> None:
        """Keep both."""
        super().__init__(f"{by} has changed this draft meanwhile.")
        self.by = by
        self.fields = fields


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """A composition as it stands; once there is a campaign, what that says holds.

    `values` are the fields of all steps, as they would have been typed.
    """

    composition: Composition
    kind: "Kind | None"
    values: Typed
    campaign: Campaign | None = None
    advisory: Advisory | None = None

    @property
    def id(self) -> int:
        """Its number."""
        return self.composition.id

    @property
    def version(self) -> int:
        """What counts its changes."""
        return self.campaign.revision if self.campaign else self.composition.version

    @property
    def changed_by(self) -> str:
        """Who changed it last."""
        if self.campaign is None:
            return self.composition.changed_by
        return [self.campaign.created_by, *self.campaign.written_by][-1]

    @property
    def open(self) -> bool:
        """Whether it can still be changed."""
        return self.campaign is None or self.campaign.status in REWORDABLE

    @property
    def follows(self) -> bool:
        """Whether it refers to a message before it, and goes to whom that told."""
        return self.advisory is not None and self.advisory.follows is not None

    def text(self, name: str) -> str:
        """Give the first value of a field."""
        return next(iter(self.values.get(name, ())), "")


class Works:
    """Reads and keeps what is worked on."""

    def __init__(self, runtime: "Runtime", zone: ZoneInfo) -> None:
        """Times are typed on the clock of `zone`."""
        self._runtime = runtime
        self._zone = zone

    def begin(self, kind: str, by: str) -> int:
        """Begin one of a kind; its number. NotFoundError."""
        found = self._runtime.renderer.library.kind(kind)
        channels = [one.value for one in DELIVERY_CHANNELS if one in found.channels]
        content = {
            **_USUAL,
            "kind": [kind],
            "channels": channels,
            "message_class": [found.message_class.value],
            **facts.defaults(found, self._zone),
        }
        return self._runtime.compositions.begin(content, by, self._runtime.clock.now())

    def edit(self, campaign: Campaign, by: str) -> int:
        """Find or make that of a draft campaign, however that was made; ConflictError."""
        if campaign.status not in REWORDABLE:
            message = said(
                "Campaign %(campaign)s is %(status)s; it is not changed.",
                campaign=repr(campaign.name),
                status=campaign.status.value,
            )
            raise ConflictError(message)
        return self._runtime.compositions.begin({}, by, self._runtime.clock.now(), campaign.id)

    def get(self, which: int) -> Work:
        """Find one; NotFoundError."""
        composition = self._runtime.compositions.get(which)
        if composition.campaign is None:
            kinds = self._runtime.renderer.kinds
            kind = kinds.get(composition.text("kind"))
            return Work(composition=composition, kind=kind, values=composition.content)
        campaign = self._runtime.campaigns.get(str(composition.campaign))
        if campaign.id != composition.campaign:
            campaign = self._runtime.ledger.campaign(composition.campaign)
        advisory = self._runtime.ledger.advisory(campaign.advisory_id)
        kind = self._runtime.renderer.library.kind(advisory.kind)
        return Work(
            composition=composition,
            kind=kind,
            values=self._values(campaign, advisory, kind),
            campaign=campaign,
            advisory=advisory,
        )

    def save(self, work: Work, step: Step, given: Typed, version: int, by: str) -> Work:
        """Keep the fields of a step, and give what it is then.

        What is unfinished is kept as it was typed, even when it is wrong; then InvalidInputError
        says so afterwards. A draft campaign changes when all of it is right, or not at all.
        ChangedMeanwhileError when somebody else was faster.
        """
        mine = {name: values for name, values in given.items() if belongs(name, step)}
        # What a browser does not send was unticked.
        mine |= {name: [] for name in ("channels", "drill") if belongs(name, step)} | mine
        if version != work.version:
            stored = {name: work.values.get(name, ()) for name in {*mine, *work.values}}
            differs = [
                name
                for name in sorted(stored)
                if belongs(name, step) and list(stored[name]) != list(mine.get(name, ()))
            ]
            raise ChangedMeanwhileError(work.changed_by, differs)
        values = {**work.values, **mine}
        if work.campaign is None:
            now = self._runtime.clock.now()
            self._runtime.compositions.save(work.id, mine, version, by, now)
            self._require(self.get(work.id), step)
        else:
            form = self._form(replace(work, values=values), by)
            anew = step is Step.AUDIENCE
            redraft(self._runtime, work.campaign, form, revision=version, anew=anew)
        return self.get(work.id)

    def become(self, work: Work, by: str) -> Work:
        """Make a campaign of it; InvalidInputError names the field that is not right yet."""
        if work.campaign is None:
            # Two at once make two names, of which the second is taken.
            campaign = draft(self._runtime, self._form(work, by))
            self._runtime.compositions.become(work.id, campaign)
        return self.get(work.id)

    def missing(self, work: Work) -> Sequence[Step]:
        """List the steps without which it can't become a campaign."""
        if work.campaign is not None:
            return ()
        found = []
        for step in (Step.FACTS, Step.AUDIENCE, Step.PLAN):
            try:
                self._require(work, step)
            except InvalidInputError:
                found.append(step)
        return found

    def _require(self, work: Work, step: Step) -> None:
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

    def _require_facts(self, work: Work) -> None:
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

    def _form(self, work: Work, by: str) -> Form:
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

    def _facts(self, work: Work) -> Mapping[str, object]:
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

    def _time(self, work: Work, name: str) -> str:
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

    def _values(self, campaign: Campaign, advisory: Advisory, kind: "Kind") -> Typed:
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


def belongs(name: str, step: Step) -> bool:
    """Tell whether a field is one of a step's."""
    return name in STEP_FIELDS[step] or (step is Step.FACTS and name.startswith("fact."))


def step_of(field: str) -> Iterator[Step]:
    """Give the step where a field stands, if it does in one."""
    name = field.replace("facts.", "fact.")
    yield from (step for step in Step if belongs(name, step))
