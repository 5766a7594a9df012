"""What somebody works on: an unfinished composition, or the draft campaign that it has become."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from broadcaster.bootstrap import redraft
from broadcaster.bootstrap.drafting import draft
from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign, ChannelPlan
from broadcaster.domain.fairness import OnePer
from broadcaster.domain.message import DELIVERY_CHANNELS, Lane
from broadcaster.domain.saying import said
from broadcaster.domain.wording import REWORDABLE
from broadcaster.errors import ConflictError, InvalidInputError
from broadcaster.ledger.compositions import Composition
from broadcaster.web.console.compose import facts
from broadcaster.web.console.compose.reading import Reading
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
        self._reading = Reading(runtime, zone)

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
            values=self._reading.values(campaign, advisory, kind),
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
            self._reading.require(self.get(work.id), step)
        else:
            form = self._reading.form(replace(work, values=values), by)
            anew = step is Step.AUDIENCE
            redraft(self._runtime, work.campaign, form, revision=version, anew=anew)
        return self.get(work.id)

    def become(self, work: Work, by: str) -> Work:
        """Make a campaign of it; InvalidInputError names the field that is not right yet."""
        if work.campaign is None:
            # Two at once make two names, of which the second is taken.
            campaign = draft(self._runtime, self._reading.form(work, by))
            self._runtime.compositions.become(work.id, campaign)
        return self.get(work.id)

    def missing(self, work: Work) -> Sequence[Step]:
        """List the steps without which it can't become a campaign."""
        if work.campaign is not None:
            return ()
        found = []
        for step in (Step.FACTS, Step.AUDIENCE, Step.PLAN):
            try:
                self._reading.require(work, step)
            except InvalidInputError:
                found.append(step)
        return found


def belongs(name: str, step: Step) -> bool:
    """Tell whether a field is one of a step's."""
    return name in STEP_FIELDS[step] or (step is Step.FACTS and name.startswith("fact."))


def step_of(field: str) -> Iterator[Step]:
    """Give the step where a field stands, if it does in one."""
    name = field.replace("facts.", "fact.")
    yield from (step for step in Step if belongs(name, step))
