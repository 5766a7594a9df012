"""The texts of a campaign before it is launched, as its customers would get them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from broadcaster.domain.advisory import Advisory
from broadcaster.domain.message import Channel
from broadcaster.domain.readiness import Check, Concern, Moment, Wanted
from broadcaster.domain.saying import said
from broadcaster.domain.wording import Written, place
from broadcaster.errors import BroadcasterError, ConfigurationError, InvalidInputError
from broadcaster.ports import Reader
from broadcaster.render import suspicion, worded
from broadcaster.render.by_hand import by_hand
from broadcaster.render.check import KindChecker, parts_of, sample_reader
from broadcaster.render.facttypes import FactType
from broadcaster.render.findings import Finding, Gravity
from broadcaster.render.heard import heard, is_markup
from broadcaster.render.kinds import PARTS, Kind
from broadcaster.render.locales import Locale
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.render.sources import digest
from broadcaster.render.suspicion import Ours
from broadcaster.render.wording import Fault


@dataclass(frozen=True, kw_only=True, slots=True)
class TextChecker:
    """Looks at what would be sent; `hosts` and `origin` say what is ours, as `suspicion` has it."""

    checker: KindChecker
    hosts: Collection[str]
    origin: str

    @property
    def renderer(self) -> TemplateRenderer:
        """What makes the texts."""
        return self.checker.renderer

    def kind(self, name: str, needed: Collection[str]) -> Iterator[Concern]:
        """Give what is wrong with a kind as such, and with its translations into these locales."""
        for finding in self.checker.check(name):
            read = not finding.locale or finding.locale in needed
            if read and finding.gravity is Gravity.ERROR:
                yield _concern(finding, blocks=True)

    def locale(
        self, advisory: Advisory, tag: str, channels: Collection[Channel], *, needed: bool
    ) -> Iterator[Concern]:
        """Give what is wrong with the messages in a locale in which the kind is offered.

        Only what somebody will read blocks: parts of `channels`, and of the public page.
        """
        read = {part for channel in channels if needed for part in PARTS[channel]}
        read |= {*PARTS[Channel.WEB], *channels} if needed else set(PARTS[Channel.WEB])
        for finding in self.checker.check_locale(advisory, tag):
            blocks = finding.gravity is Gravity.ERROR and (not finding.part or finding.part in read)
            yield _concern(finding, blocks=blocks)
        kind = self.renderer.kind(advisory)
        locale = self.renderer.library.locale(tag)
        ours = self._ours(kind)
        for channel in kind.channels:
            for part, text in self._rendered(advisory, channel, locale):
                for check, fault in self._faults(part, text, ours):
                    yield _fault(check, part, tag, fault, blocks=part in read)

    def wording(self, advisory: Advisory, written: Mapping[str, Written]) -> Iterator[Concern]:
        """Give what is wrong with the campaign's wording as such, or has changed since."""
        kind = self.renderer.kind(advisory)
        for name, text in advisory.wording.items():
            part, tag = place(name)
            if tag not in kind.locales:
                fault = Fault(
                    said(
                        "is worded, and %(kind)s is not offered in %(tag)s", kind=kind.name, tag=tag
                    ),
                    said("Nobody gets it: clear the wording, or complete the locale."),
                )
                yield _fault(Check.WORDING, part, tag, fault, blocks=False)
                continue
            try:
                phrased = worded.phrased(advisory, kind, part, tag, text)
            except InvalidInputError as error:
                fault = Fault(
                    said("the wording does not fit any more: %(problem)s", problem=error.problem),
                    error.remedy,
                )
                yield _fault(Check.WORDING, part, tag, fault, blocks=True)
                continue
            yield from self._literals(kind, advisory, (part, tag), phrased.literals)
            taken = written[name].taken_from if name in written else None
            if taken is not None:
                fault = Fault(
                    said(
                        "was taken over from campaign %(taken)s, as %(by)s wrote it",
                        taken=taken,
                        by=written[name].by,
                    ),
                    said("See that it says what is new, and set it again."),
                )
                yield _fault(Check.WORDING, part, tag, fault, blocks=False)
            then = written[name].instead_of if name in written else ""
            if then != self.own_hash(advisory, part, tag):
                fault = Fault(
                    said("was worded before the kind's own text changed"),
                    said("Compare it with 'campaigns wording show --own', and set it again."),
                )
                yield _fault(Check.WORDING, part, tag, fault, blocks=False)

    def own_hash(self, advisory: Advisory, part: str, tag: str) -> str:
        """Hash the text that a kind has of its own for a part; empty where it has none."""
        reader = sample_reader(self.renderer.library.locale(tag))
        try:
            return digest([self.renderer.own_text(advisory, part, tag, reader)])
        except ConfigurationError:
            return ""

    def _literals(
        self, kind: Kind, advisory: Advisory, where: tuple[str, str], literals: Collection[str]
    ) -> Iterator[Concern]:
        """Look at what is written, also where no sample reader gets it."""
        part, tag = where
        ours = self._ours(kind)
        for text in literals:
            for fault in suspicion.hidden(text):
                yield _fault(Check.HIDDEN, part, tag, fault, blocks=True)
            for fault in suspicion.links(text, ours):
                yield _fault(Check.LINK, part, tag, fault, blocks=True)
            for found in by_hand(text, kind.facts, advisory.facts):
                yield _fault(Check.LINK, part, tag, found.fault, blocks=found.blocks)

    def _ours(self, kind: Kind) -> Ours:
        """Give what is ours: contacts as the kind has them, not as somebody filled them in."""
        vetted = [
            str(fact.default)
            for fact in kind.facts.values()
            if fact.contact and fact.type in {FactType.URL, FactType.EMAIL} and fact.default
        ]
        return suspicion.ours_of(self.hosts, self.origin, vetted)

    def _rendered(
        self, advisory: Advisory, channel: Channel, locale: Locale
    ) -> Iterator[tuple[str, str]]:
        """Render for somebody of whom everything is known, and for somebody of whom nothing is."""
        page = f"{self.origin}/advisories/{advisory.id}/{locale.tag}"
        known = replace(
            sample_reader(locale), page_url=page, unsubscribe_url=f"{self.origin}/unsubscribe/1"
        )
        for reader in (known, Reader(name="", number="", unsubscribe_url="", page_url=page)):
            try:
                content = self.renderer.preview(advisory, channel, locale.tag, reader)
            except BroadcasterError:
                # `check_locale` has told of it.
                return
            yield from parts_of(content).items()

    def _faults(self, part: str, text: str, ours: Ours) -> Iterator[tuple[Check, Fault]]:
        read = heard(suspicion.lines(text) if is_markup(part) else text, part)
        yield from ((Check.HIDDEN, fault) for fault in suspicion.hidden(text))
        yield from ((Check.LINK, fault) for fault in suspicion.links(read, ours))
        if is_markup(part):
            yield from ((Check.LINK, fault) for fault in suspicion.targets(text, ours))


def moments(kind: Kind, advisory: Advisory, zone: ZoneInfo) -> tuple[Moment, ...]:
    """Give the moments that an advisory tells of; a day is over at its end in the zone."""
    found = []
    for fact in kind.facts.values():
        value = advisory.facts.get(fact.name)
        if not isinstance(value, str):
            continue
        if fact.type is FactType.DATETIME:
            at = datetime.fromisoformat(value)
        elif fact.type is FactType.DATE:
            day = date.fromisoformat(value) + timedelta(days=1)
            at = datetime.combine(day, time.min, zone)
        else:
            continue
        found.append(Moment(fact=fact.name, at=at.astimezone(UTC), lapses=fact.lapses))
    return tuple(found)


def wanted(
    renderer: TemplateRenderer,
    advisory: Advisory,
    people: Mapping[tuple[str | None, str | None], int],
) -> tuple[Wanted, ...]:
    """Say who prefers a locale that an advisory is not offered in.

    `people` counts customers by the first language that they prefer and the locale that they get.
    """
    kind = renderer.kind(advisory)
    found: dict[tuple[str, str | None], Wanted] = {}
    why: str
    for (preferred, told_in), count in people.items():
        locale = renderer.locales.find(preferred) if preferred else None
        if locale is None or locale.tag in kind.locales or not locale.translatable:
            if told_in is not None:
                continue
            tag, reviewed, why = (
                preferred or said("no language"),
                True,
                said("the kind is offered in none"),
            )
        else:
            tag, reviewed = locale.tag, renderer.library.awaits(kind.name, locale) is None
            why = renderer.why_not(advisory, locale) or ""
        former = found.get((tag, told_in))
        count += former.customers if former else 0  # noqa: PLW2901  (the sum of both)
        found[tag, told_in] = Wanted(
            locale=tag, customers=count, told_in=told_in, reviewed=reviewed, why=why
        )
    return tuple(found.values())


def _concern(finding: Finding, *, blocks: bool) -> Concern:
    return Concern(
        check=Check.TEXT,
        blocks=blocks,
        part=finding.part,
        locale=finding.locale,
        place=finding.place,
        problem=finding.problem,
        remedy=finding.remedy,
    )


def _fault(check: Check, part: str, locale: str, fault: Fault, *, blocks: bool) -> Concern:
    return Concern(
        check=check,
        blocks=blocks,
        part=part,
        locale=locale,
        problem=fault.problem,
        remedy=fault.remedy,
    )
