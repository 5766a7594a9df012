"""Keeping what was entered in a step of composing."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from starlette.exceptions import HTTPException
from starlette.responses import Response

from broadcaster import bootstrap
from broadcaster.domain.access import Action
from broadcaster.domain.wording import key
from broadcaster.errors import InvalidInputError
from broadcaster.web.console.compose.bench import Bench
from broadcaster.web.console.compose.numbers import whole_number
from broadcaster.web.console.compose.words import Step
from broadcaster.web.console.compose.works import ChangedMeanwhileError, Work
from broadcaster.web.console.desk import Visit, see_other
from broadcaster.web.console.fields import Fields


class Keeping:
    """Keeps each step, and says where to go on."""

    def __init__(self, bench: Bench) -> None:
        """Work on what is worked on."""
        self._bench = bench

    def keep(self, step: Step, visit: Visit, work: Work, fields: Fields) -> Response:
        """Keep a step; InvalidInputError, ConflictError, ChangedMeanwhileError, 403, 404."""
        ways: Mapping[Step, Callable[[Visit, Work, Fields], Response]] = {
            Step.WORDING: self._wording,
            Step.CHECK: self._hand_over,
        }
        return ways.get(step, partial(self._fields, step))(visit, work, fields)

    def _fields(self, step: Step, visit: Visit, work: Work, fields: Fields) -> Response:
        by = visit.operator.name
        given: dict[str, list[str]] = dict(fields)
        if step is Step.AUDIENCE:
            given = self._segment(visit, given)
        version = whole_number("version", fields.text("version"))
        after = self._bench.works.save(work, step, given, version, by)
        going = fields.text("do") != "save"
        ahead = list(Step)[list(Step).index(step) + 1 :]
        if going and step in {Step.PLAN, Step.SCHEDULE} and not self._bench.works.missing(after):
            after = self._bench.works.become(after, by)
        target = ahead[0] if going else step
        return see_other(f"/compose/{after.id}/{target}{'' if going else '?kept=1'}")

    def _segment(self, visit: Visit, given: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Save what was written as a segment, and choose that."""
        chosen = {name: list(values) for name, values in given.items()}
        if next(iter(given.get("how", ())), "") != "own":
            return {**chosen, "expression": [], "segment_name": [], "how": []}
        if not visit.operator.may(Action.EDIT_AUDIENCE):
            raise HTTPException(403)
        name, text = (next(iter(given.get(one, ())), "") for one in ("segment_name", "expression"))
        if not text.strip():
            raise InvalidInputError("expression", "is missing", "Write whom it is for.")
        saved = self._bench.audiences.save(name, text, visit.operator.name)
        return {"segment": [saved], "expression": [], "segment_name": [], "how": []}

    def _wording(self, visit: Visit, work: Work, fields: Fields) -> Response:
        campaign, advisory = work.campaign, work.advisory
        tag = fields.text("locale")
        if campaign is None or advisory is None:
            raise HTTPException(404)
        _require_version(work, fields)
        by = visit.operator.name
        clear = fields.text("clear")
        if clear:
            if clear not in self._bench.previews.paths(campaign, advisory):
                raise HTTPException(404)
            self._bench.runtime.wordings.clear(campaign.id, key(clear, tag), by)
            return see_other(f"/compose/{work.id}/wording?locale={tag}")
        texts = {path: fields.text(path) for path in self._bench.previews.paths(campaign, advisory)}
        worded = self._bench.previews.worded(campaign, advisory, tag, texts)
        changed = {
            path: text
            for path, text in worded.items()
            if advisory.wording.get(key(path, tag)) != text
        }
        # All of them, or none: they belong together.
        for keep in (False, True):
            for path, text in changed.items():
                found = bootstrap.reword(
                    self._bench.runtime, campaign, path, tag, text, by, keep=keep
                )
                blocking = [one for one in found.concerns if one.blocks and one.part == path]
                if blocking:
                    one = blocking[0]
                    raise InvalidInputError(path, one.problem, one.remedy)
        going = fields.text("do") == "next"
        if going:
            return see_other(f"/compose/{work.id}/schedule")
        return see_other(f"/compose/{work.id}/wording?locale={tag}&kept=1")

    def _hand_over(self, visit: Visit, work: Work, fields: Fields) -> Response:
        campaign = work.campaign
        if campaign is None:
            raise HTTPException(404)
        _require_version(work, fields)
        foretold = self._bench.foretelling.whole(campaign)
        people = whole_number("people", fields.text("people"))
        if foretold.fault is not None:
            raise foretold.fault
        if foretold.people != people:
            problem = f"{people:,} would be confirmed, and {foretold.people or 0:,} would be told"
            raise InvalidInputError("people", problem, "Look at the forecast again.")
        bootstrap.hand_over(self._bench.runtime, campaign, people, visit.operator.name)
        return see_other(f"/campaigns/{campaign.id}/approve")


def _require_version(work: Work, fields: Fields) -> None:
    if whole_number("version", fields.text("version")) != work.version:
        raise ChangedMeanwhileError(work.changed_by, ())
