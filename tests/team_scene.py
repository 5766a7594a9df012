"""The team's console in a real browser: what people see, what pages do wrong, what is sent."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Request, Response

from broadcaster.domain.access import Role
from broadcaster.domain.campaign import CampaignStatus
from broadcaster.domain.delivery import DeliveryEvent
from broadcaster.web.languages import Language, by_locale
from tests import builders
from tests.desk_scene import DeskSite, serving_desk
from tests.fakes import FakeThrottle
from tests.fetch_browser import present
from tests.pages_scene import FakeNetwork
from tests.rows import Rows

#: What cut short a request that nobody waits for any more, such as that of figures on a page left.
_LEFT = "net::ERR_ABORTED"


@dataclass
class Watched:
    """A browser's window of its own, and all that went wrong on its pages."""

    context: BrowserContext
    faults: list[str] = field(default_factory=list)
    #: Answers that are meant: status and the end of a path.
    meant: set[tuple[int, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Listen from the first page on: script, policy, requests."""
        self.context.on("console", lambda one: self._said(one.type, one.text))
        self.context.on("weberror", lambda one: self.faults.append(f"script: {one.error}"))
        self.context.on("requestfailed", self._failed)
        self.context.on("response", self._answered)

    def page(self) -> Page:
        """Open a page."""
        page = self.context.new_page()
        page.set_default_timeout(20_000)
        return page

    def _said(self, sort: str, text: str) -> None:
        if sort in {"error", "warning"} and "Failed to load resource" not in text:
            self.faults.append(f"{sort}: {text}")

    def _failed(self, request: Request) -> None:
        if request.failure != _LEFT:
            self.faults.append(f"{request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        meant = any(
            response.status == status and response.url.partition("?")[0].endswith(path)
            for status, path in self.meant
        )
        if response.status >= 400 and not meant:
            self.faults.append(f"{response.url}: {response.status}")


@contextmanager
def window(browser: Browser, **options: Any) -> Iterator[Watched]:  # noqa: ANN401  (playwright's)
    """Open a window whose pages must do nothing wrong until the block ends."""
    given = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **options}
    context = browser.new_context(**given)
    try:
        watched = Watched(context)
        yield watched
    finally:
        context.close()
    assert not watched.faults, "\n".join(watched.faults)


@dataclass(frozen=True)
class Words:
    """What pages say in one language."""

    language: Language
    site: DeskSite

    def __call__(self, text: str, **values: object) -> str:
        """Translate, without the marks around names."""
        said = self.language.gettext(text) % values if values else self.language.gettext(text)
        return said.replace("<bdi>", "").replace("</bdi>", "")

    def many(self, one: str, several: str, count: int) -> str:
        """Translate what depends on a count."""
        return self.language.ngettext(one, several, count)

    def kind(self, kind: str) -> str:
        """Name a kind."""
        return by_locale(self.site.runtime.renderer.library.kinds[kind].labels, self.language)

    def fact(self, kind: str, fact: str) -> str:
        """Name a fact of a kind."""
        facts = self.site.runtime.renderer.library.kinds[kind].facts
        return by_locale(facts[fact].labels, self.language)


class Workers:
    """The workers' part, done piece by piece, when the test says so, by the product's own."""

    def __init__(self, site: DeskSite) -> None:
        """Networks that take everything stand in for the real ones."""
        self._runtime = site.runtime
        self.networks = {name: FakeNetwork(name, room=1000) for name in ("twilio", "smtp")}
        self._runtime.providers._built.update(self.networks)
        # The limits count real seconds, and the clock here stands: nothing holds messages back.
        limits = self._runtime.throttle
        self._runtime.__dict__["throttle"] = FakeThrottle(most=1000)
        self._dispatcher = self._runtime.dispatcher
        self._runtime.__dict__["throttle"] = limits
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @property
    def left(self) -> int:
        """How many messages have left."""
        return sum(len(one.taken) for one in self.networks.values())

    def plan(self, campaign: int) -> None:
        """Plan it."""
        self._runtime.planner.plan(campaign, self._runtime.clock.now())

    def send(self, campaign: int, batches: slice = slice(None)) -> None:
        """Work on some of a campaign's batches."""
        for batch in Rows(self._runtime.pool).batches(campaign)[batches]:
            self._do(self._dispatcher.dispatch(batch))

    def confirm(self, campaign: int) -> None:
        """Have the networks say of everything that they took that it has arrived."""
        messages = [one for network in self.networks.values() for one in network.taken]
        news = [
            builders.receipt(one.delivery, DeliveryEvent.DELIVER)
            for one in messages
            if one.delivery.campaign == campaign
        ]
        now = self._runtime.clock.now()
        self._runtime.ledger.receive(news, now)
        while self._runtime.ledger.apply_receipts(now, 1000):
            pass

    def close(self) -> None:
        """End."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(60)


@dataclass
class Team:
    """The console over a town of twelve, and the workers."""

    site: DeskSite
    workers: Workers
    rows: Rows
    people: int

    def words(self, tag: str) -> Words:
        """Give what pages say in a language."""
        language = self.site.desk.pages.languages.get(tag)
        assert language is not None
        return Words(language, self.site)

    @property
    def url(self) -> str:
        """Where it is, by the name to which passkeys are bound on this machine."""
        return f"http://localhost:{self.site.port}"

    def invited(self, name: str, *roles: Role) -> str:
        """Add an operator; the link that they are given."""
        runtime = self.site.runtime
        runtime.operators.add(name, roles, "the test", runtime.clock.now())
        path = runtime.invitation(name, "the test").removeprefix(self.site.url)
        return f"{self.url}{path}"

    def signed_in(self, watched: Watched, role: Role) -> None:
        """Give a window the session of an operator of a role."""
        value = self.site.token(role)
        watched.context.add_cookies([{"name": "broadcaster", "value": value, "url": self.url}])

    def status(self, campaign: int) -> CampaignStatus:
        """Say how a campaign stands."""
        return self.site.runtime.campaigns.get(str(campaign)).status


#: Languages of the town's twelve.
LOCALES = ("ar-MA", "fr-MA", "en", "fr-MA")


@contextmanager
def opened_team(
    database_url: str, redis_url: str, home: Path, people: int = 12, batch: int = 4
) -> Iterator[Team]:
    """Serve the console over a town until the block ends."""
    # What prints is the browser that looks: there may be none on the path.
    given = {"BATCH_SIZE": str(batch), "BROWSER": str(present() or "")}
    with serving_desk(database_url, redis_url, home, given) as site:
        rows = Rows(site.runtime.pool)
        site.runtime.customers.save(
            builders.customer(number, locales=(LOCALES[number % 4], "fr-MA"))
            for number in range(1, people + 1)
        )
        site.runtime.segments.save("everyone", "all")
        workers = Workers(site)
        try:
            yield Team(site, workers, rows, people)
        finally:
            workers.close()
