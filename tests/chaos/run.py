"""One run: a campaign is launched, the plan is carried out, the referee decides."""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from broadcaster.domain.customer import CustomerRecord
from broadcaster.errors import ConflictError, UnavailableError
from tests.chaos import acts, evidence, plan
from tests.chaos.asking import Asking
from tests.chaos.book import Book, last_words
from tests.chaos.cast import Cast
from tests.chaos.launching import launch
from tests.chaos.plan import Event, Kind
from tests.chaos.referee import Accounts, Pause, Verdict, judge
from tests.chaos.scene import Scene
from tests.chaos.wishes import Wishes

#: Who of the customers the second campaign is for, in words and as a rule.
_SOME = "meter_day <= 7"
_LAST_DAY = 7
#: How often everything is looked at, seconds; and how often the record tells how far it is.
_LOOK, _TELL = 0.25, 10.0
#: How long the statuses must stand still at the end, and how long that is waited for, seconds.
_STILL, _SETTLING = 4.0, 40.0
#: While one of these is under way nothing else is done: what follows is measured.
_ALONE = frozenset({Kind.PAUSE, Kind.TERM})

_STATE = """
SELECT campaign.id, campaign.status, campaign.hold_reason,
       (SELECT count(*) FROM batch WHERE batch.campaign_id = campaign.id AND NOT done)
FROM campaign ORDER BY campaign.id
"""
_STATUSES = "SELECT campaign_id, status, count(*) FROM delivery GROUP BY 1, 2 ORDER BY 1, 2"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of a run."""

    verdict: Verdict
    done: int
    seconds: float
    #: What the referee does not see: no end in time, and stops that took too long.
    faults: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether nothing was wrong."""
        return self.verdict.good and not self.faults


@dataclass(kw_only=True)
class Run:
    """The state of a run."""

    scene: Scene
    wishes: Wishes
    book: Book
    pauses: list[Pause] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    campaign: int = 0
    second: int = 0

    def __post_init__(self) -> None:
        """Make the customers."""
        self.cast = Cast(self.scene)
        self._people: list[CustomerRecord] = []
        self._active: dict[Event, threading.Thread] = {}
        self._done = 0
        self._counting = evidence.Counting(self.scene.record)
        self._slow_stops: list[str] = []
        self._asking = Asking(self.scene.urls.database)

    def play(self) -> Outcome:
        """Play the run to its end, whichever that is."""
        start = time.monotonic()
        self._prepare()
        events = plan.draw(self.wishes.seed, self.wishes.events, lease=self.wishes.lease)
        operator = threading.Thread(target=self._operate, daemon=True)
        try:
            self.cast.start()
            self.campaign = launch(self.scene.runtime, "the notice")
            self.book.note("launched", campaign=self.campaign, customers=len(self._people))
            operator.start()
            late = not self._carry_out(list(events), start + self.wishes.patience)
        finally:
            self.over.set()
            operator.join(20)
            self.cast.end()
        faults = tuple(self._slow_stops)
        if late:
            faults = (f"not finished in {self.wishes.patience:.0f} s", *faults)
        verdict = judge(self._accounts())
        self._asking.close()
        return Outcome(
            verdict=verdict,
            done=self._done,
            seconds=time.monotonic() - start,
            faults=faults,
        )

    def _prepare(self) -> None:
        runtime = self.scene.runtime
        self._people = self.scene.customers(self.wishes)
        runtime.customers.save(self._people)
        runtime.segments.save("everybody", "all")
        runtime.segments.save("some", _SOME)
        self._expected = len(evidence.owed(self._people)) + len(evidence.owed(self._some()))

    def _some(self) -> list[CustomerRecord]:
        return [one for one in self._people if int(str(one.attributes["meter_day"])) <= _LAST_DAY]

    def overtake(self) -> int:
        """Launch the second campaign, however often the database has to be asked; its id."""
        while not self.over.is_set():
            with suppress(UnavailableError):
                runtime = self.scene.runtime
                self.second = launch(runtime, "overtaking", segment="some", lane="urgent")
                return self.second
            time.sleep(0.5)
        return 0

    def _carry_out(self, events: list[Event], deadline: float) -> bool:
        """Do the events as their moments come, and wait for the end; False when it is late."""
        told = still = time.monotonic()
        seen: object = None
        ended = 0.0
        while time.monotonic() < deadline:
            for name in self.cast.keep():
                self.book.note("started", role=name)
            share = min(self._counting.look() / max(self._expected, 1), 1.0)
            state = self._asking.rows(_STATE)
            now = time.monotonic()
            if now - told > _TELL:
                told = now
                self.book.note("progress", share=round(share, 3), state=state, left=len(events))
            finished = self._finished(state)
            self._start_due(events, 1.0 if finished else share)
            if finished and not events and not self._active:
                ended = ended or now
                counts = self._asking.rows(_STATUSES)
                if counts != seen:
                    seen, still = counts, now
                if now - still > _STILL or now - ended > _SETTLING:
                    return True
            time.sleep(_LOOK)
        self._tell_why()
        return False

    def _start_due(self, events: list[Event], share: float) -> None:
        for event, thread in list(self._active.items()):
            if not thread.is_alive():
                del self._active[event]
                self._done += 1
        while events and events[0].at <= share and self._room_for(events[0]):
            event = events.pop(0)
            thread = threading.Thread(target=self._do, args=[event], daemon=True)
            self._active[event] = thread
            thread.start()

    def _room_for(self, event: Event) -> bool:
        if event.kind in _ALONE:
            return not self._active
        alone = any(other.kind in _ALONE for other in self._active)
        return not alone and len(self._active) < self.wishes.together

    def _do(self, event: Event) -> None:
        self.book.note("event", number=event.number, event=str(event), share=event.at)
        fact: acts.Fact
        try:
            fact = acts.do(self, event)
        except Exception as error:  # noqa: BLE001  (told in the record, and the run goes on)
            fact = {"broken": repr(error)}
            self._slow_stops.append(f"event {event.number} could not be done: {error!r}")
        if fact.get("soft") is False:
            self._slow_stops.append(f"event {event.number}: a soft stop took {fact['took']} s")
        self.book.note("followed", number=event.number, event=str(event), **fact)

    def _finished(self, state: Sequence[Sequence[object]] | None) -> bool:
        return bool(state) and all(row[1] == "completed" for row in state or ())

    def _operate(self) -> None:
        """Resume, as people would, what the system has put on hold when a network answers none."""
        while not self.over.wait(1):
            for number, status, why, _ in self._asking.rows(_STATE) or ():
                pausing = any(event.kind is Kind.PAUSE for event in list(self._active))
                if status == "paused" and not pausing:
                    with suppress(UnavailableError, ConflictError):
                        runtime = self.scene.runtime
                        runtime.campaigns.resume(int(number), "operator", runtime.clock.now())
                        self.book.note("resumed", campaign=number, held=why)

    def numbers(self) -> tuple[list[int], list[int]]:
        """Give the ids of all batches and campaigns."""
        batches = self._asking.rows("SELECT id FROM batch") or []
        campaigns = self._asking.rows("SELECT id FROM campaign") or []
        return [int(one) for (one,) in batches], [int(one) for (one,) in campaigns]

    def _tell_why(self) -> None:
        self.book.note(
            "late", state=self._asking.rows(_STATE), statuses=self._asking.rows(_STATUSES)
        )
        for name in ("supervisor", "networks", "worker", "control", "urgent", "beat", "postgres"):
            words = last_words(self.scene.home / "logs", name)
            self.book.note("log", of=name, words=words)

    def _accounts(self) -> Accounts:
        # The last event may have been the database's death, and it is still on its way back.
        state = self._asking.surely(_STATE)
        groups = {self.campaign: self._people, self.second: self._some()}
        groups.pop(0, None)
        return Accounts(
            targeted={number: evidence.targeted(group) for number, group in groups.items()},
            owed={number: evidence.owed(group) for number, group in groups.items()},
            rows=self._asking.patiently(lambda: evidence.rows(self.scene.urls.database)),
            taken=list(evidence.taken(self.scene.record)),
            requests=list(evidence.requests(self.scene.record)),
            limits=evidence.limits(self.scene.settings.limits),
            ended={int(row[0]): str(row[1]) for row in state},
            pauses=self.pauses,
            pause_within=self.wishes.pause,
        )
