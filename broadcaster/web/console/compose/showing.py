"""What the steps of composing show."""

from collections.abc import Iterable, Sequence

from broadcaster.domain.access import Action
from broadcaster.domain.campaign import CampaignStatus
from broadcaster.errors import InvalidInputError
from broadcaster.web.console.compose import facts
from broadcaster.web.console.compose.audiences import Audience
from broadcaster.web.console.compose.bench import Bench
from broadcaster.web.console.compose.foretelling import Foretold
from broadcaster.web.console.compose.words import Step
from broadcaster.web.console.compose.works import Work
from broadcaster.web.console.desk import Visit
from broadcaster.web.console.fields import Fields


class Showing:
    """Gives the values that only one step shows."""

    def __init__(self, bench: Bench) -> None:
        """Work on what is worked on."""
        self._bench = bench

    def values(
        self,
        step: Step,
        visit: Visit,
        work: Work,
        typed: Fields | None,
        counted: bool,  # noqa: FBT001  (one call)
    ) -> dict[str, object]:
        """Give them; `typed` is what was entered and not kept, `counted` that a count is asked."""
        more = {
            Step.FACTS: self._facts_values,
            Step.AUDIENCE: self._audience_values,
            Step.WORDING: self._wording_values,
            Step.CHECK: self._check_values,
        }.get(step)
        return more(visit, work, typed, counted) if more is not None else {}

    def _facts_values(
        self, visit: Visit, work: Work, typed: Fields | None, counted: object
    ) -> dict[str, object]:
        del typed, counted
        language = visit.language.locale.language
        asked = facts.asked(work.kind, language, self._bench.zone) if work.kind else []
        return {
            "asked": [one for one in asked if not one.inherited],
            "inherited": [one for one in asked if one.inherited],
        }

    def _audience_values(
        self,
        visit: Visit,
        work: Work,
        typed: Fields | None,
        counted: bool,  # noqa: FBT001  (one call)
    ) -> dict[str, object]:
        segments = self._bench.audiences.saved()
        own = typed is not None and typed.text("how") == "own"
        chosen = typed.text("segment") if typed is not None else work.text("segment")
        told: Audience | None = None
        wrong: InvalidInputError | None = None
        people = visit.operator.may(Action.SEE_PEOPLE)
        try:
            if own and typed is not None and (counted or typed.text("expression")):
                told = self._bench.audiences.of(
                    typed.text("expression"), visit.language, people=people
                )
            elif chosen in segments:
                told = self._bench.audiences.of_segment(chosen, visit.language, people=people)
        except InvalidInputError as error:
            wrong = error
        return {"segments": segments, "audience": told, "audience_error": wrong, "own": own}

    def _wording_values(
        self, visit: Visit, work: Work, typed: Fields | None, counted: object
    ) -> dict[str, object]:
        del counted
        if work.campaign is None or work.advisory is None:
            raise AssertionError
        kind = self._bench.runtime.renderer.kind(work.advisory)
        asked = (typed and typed.text("locale")) or visit.request.query_params.get("locale", "")
        usual = next(
            (one for one in kind.locales if one == visit.language.locale.tag), kind.locales[:1][0]
        )
        tag = asked if asked in kind.locales else usual
        parts = self._bench.previews.parts(work.campaign, work.advisory, tag)
        worded = work.advisory.wording
        return {
            "tags": kind.locales,
            "tag": tag,
            "texts": parts,
            "insertions": self._bench.previews.insertions(work.advisory, tag),
            "worded": {one for one in kind.locales if any(n.endswith(f"/{one}") for n in worded)},
        }

    def _check_values(
        self, visit: Visit, work: Work, typed: Fields | None, counted: object
    ) -> dict[str, object]:
        del typed, counted
        if work.campaign is None:
            raise AssertionError
        foretold = self._bench.foretelling.ask(
            work.campaign, anew=visit.request.query_params.get("anew") == "1"
        )
        return {
            **foretold_values(work.campaign.id, foretold),
            "audience_words": self._bench.audiences.words(work.campaign.expression, visit.language),
            "versions": self._bench.runtime.versions.of(work.campaign.id)[:5],
            "handable": work.campaign.status is CampaignStatus.DRAFT,
        }


class Values:
    """What stands in the fields of a step: what was typed just now, else what is kept."""

    def __init__(self, work: Work, typed: Fields | None) -> None:
        """`typed` is None where nothing was typed."""
        self._work = work
        self._typed = typed

    def text(self, name: str) -> str:
        """Give the value of a field."""
        return next(iter(self.every(name)), "")

    def every(self, name: str) -> Sequence[str]:
        """Give all values of a field."""
        if self._typed is not None:
            return self._typed.every(name)
        return self._work.values.get(name, ())

    def some(self, names: Iterable[str]) -> bool:
        """Tell whether something stands in one of them."""
        return any(self.text(name) for name in names)


def foretold_values(campaign: int, foretold: Foretold) -> dict[str, object]:
    """Give what `forecast.html` shows."""
    return {"foretold": foretold, "campaign_id": campaign}
