"""What is public, over a store in memory: the product's own freezer, folder and site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from broadcaster import bootstrap
from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign
from broadcaster.errors import NotFoundError, UnavailableError
from broadcaster.ports import Record, Signing, Whereabouts
from broadcaster.publication import records
from broadcaster.publication.folder import Folder
from broadcaster.publication.freezing import Freezer
from broadcaster.publication.ground import Names
from broadcaster.publication.publisher import Publisher
from broadcaster.publication.serving import Asked, Files
from broadcaster.publication.site import Site
from broadcaster.render.editions import Editor
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.render.site import SitePages
from broadcaster.settings import load
from tests import builders
from tests.fakes import FakeClock

PUBLIC_URL = "https://avis.example.test"
ZONE = ZoneInfo("Africa/Casablanca")
SQUARE = "33.5,-7.6 33.6,-7.6 33.6,-7.5 33.5,-7.6"


@lru_cache(maxsize=1)
def shipped_renderer() -> TemplateRenderer:
    """Read what is shipped once."""
    with TemporaryDirectory() as home:
        return bootstrap.renderer(load({"BROADCASTER_HOME": home}))


@lru_cache(maxsize=1)
def shipped_pages() -> SitePages:
    """Read the pages around once."""
    return SitePages(shipped_renderer().library, ZONE)


@dataclass
class FakePublications:
    """Keeps records in memory; what is due is what it is told of."""

    held: dict[int, Record] = field(default_factory=dict)
    wanted: list[tuple[int, int]] = field(default_factory=list)
    off: list[tuple[int, datetime]] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)
    announced: list[tuple[int, str]] = field(default_factory=list)
    follows: dict[int, int | None] = field(default_factory=dict)
    down: bool = False

    def _ask(self) -> None:
        if self.down:
            raise UnavailableError("The database does not answer.")

    def due(self, now: datetime) -> Sequence[tuple[int, int]]:
        del now
        self._ask()
        done = {*self.held, *self.faults}
        return [(one, of) for one, of in self.wanted if one not in done]

    def called_off(self) -> Sequence[tuple[int, datetime]]:
        return [(one, at) for one, at in self.off if self.held[one].cancelled_at is None]

    def waiting(self, now: datetime) -> bool:
        return bool(self.due(now)) or bool(self.called_off())

    def save(self, record: Record, campaign: int, now: datetime, sinks: Sequence[str]) -> bool:
        del campaign, now
        if record.advisory in self.held:
            return False
        self.held[record.advisory] = replace(record, change=len(self.held) + 1)
        self.announced += [(record.advisory, sink) for sink in sinks]
        return True

    def fail(self, advisory: int, campaign: int, fault: str, now: datetime) -> None:
        del campaign, now
        self.faults[advisory] = fault

    def call_off(self, advisory: int, at: datetime, calling_off: str) -> None:
        former = self.held[advisory]
        change = former.change + 1000
        self.held[advisory] = replace(
            former, cancelled_at=at, calling_off=calling_off, change=change
        )

    def changes(self) -> Mapping[int, str]:
        self._ask()
        return {
            one: f"{record.change}@{records.digest(record.frozen)}"
            for one, record in self.held.items()
        }

    def read(self, advisories: Sequence[int]) -> Sequence[Record]:
        self._ask()
        return [self.held[one] for one in advisories if one in self.held]

    def earlier(self, advisory: int | None) -> Sequence[Record]:
        found: list[Record] = []
        while advisory is not None:
            if advisory in self.held:
                found.insert(0, self.held[advisory])
            advisory = self.follows.get(advisory)
        return found


@dataclass
class PublicScene:
    """Advisories that may be public, and everything that makes them so."""

    folder: Folder
    clock: FakeClock = field(default_factory=FakeClock)
    store: FakePublications = field(default_factory=FakePublications)
    advisories: dict[int, Advisory] = field(default_factory=dict)
    campaigns: dict[int, Campaign] = field(default_factory=dict)
    where: Whereabouts = field(
        default_factory=lambda: Whereabouts(names=("Old town",), polygons=(SQUARE,))
    )
    signer: Signing | None = None
    whole: bool = True
    public_url: str = PUBLIC_URL

    def __post_init__(self) -> None:
        """Join the product's own parts."""
        pages, renderer = shipped_pages(), shipped_renderer()
        editor = Editor(renderer, self.public_url, "MA", {})
        named = {tag: editor.organisation(tag) for tag in pages.locales}
        self.site = Site(pages, Names(public_url=self.public_url, organisations=named))
        freezer = Freezer(
            editor=editor,
            pages=pages,
            locate=lambda _: self.where,
            signer=self.signer,
            public_url=self.public_url,
            sender="",
            zone=ZONE,
        )
        self.publisher = Publisher(
            store=self.store,
            ledger=self,
            freezer=freezer,
            folder=self.folder,
            site=self.site,
            clock=self.clock,
            unchanged=lambda *_: self.whole,
            sinks=("town",),
        )
        self.files = Files(self.folder.site)

    def campaign(self, campaign: int) -> Campaign:
        return self.campaigns[campaign]

    def advisory(self, advisory: int) -> Advisory:
        if advisory not in self.advisories:
            raise NotFoundError("advisory", f"there is no {advisory}", "Look again.")
        return self.advisories[advisory]

    def add(self, advisory: Advisory | None = None, *, drill: bool = False) -> int:
        """Let an advisory be due, with a number of its own unless it has one that is free."""
        number = len(self.advisories) + 1
        given = advisory or sample()
        self.advisories[number] = replace(given, id=number)
        self.campaigns[number] = builders.campaign(id=number, advisory_id=number, drill=drill)
        self.store.wanted.append((number, number))
        self.store.follows[number] = given.follows
        return number

    def publish(self, advisory: Advisory | None = None, *, drill: bool = False) -> int:
        """Publish an advisory; its number."""
        number = self.add(advisory, drill=drill)
        self.publisher.publish()
        return number

    def text(self, path: str) -> str:
        """Give what is answered at an address."""
        answer = self.files.answer(path, Asked())
        assert answer is not None, path
        return answer.body.decode()

    def record(self, number: int) -> Record:
        return self.store.held[number]


def scene(root: Path, **changes: object) -> PublicScene:
    """Make a scene with its folder below `root`."""
    return PublicScene(folder=Folder(root / "publication"), **changes)  # type: ignore[arg-type]  # (fields by name)


def sample(kind: str = "remote_services", **changes: object) -> Advisory:
    """Make an advisory of a kind that is shipped, with its typical facts."""
    held = shipped_renderer().kinds[kind]
    return builders.advisory(kind=kind, facts=held.sample(), **changes)
