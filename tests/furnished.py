"""The console with something on every page, and where each page is: for looking at all of them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pyotp

from broadcaster import bootstrap
from broadcaster.bootstrap.drafting import Form, draft
from broadcaster.domain.access import Action, Role
from broadcaster.domain.course import Befallen, HandedOver, Happening
from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.message import Channel
from broadcaster.domain.tokens import sign
from broadcaster.domain.webhook import EventType, Next, Reply
from tests import area_shapes, builders
from tests.browsing import Browser
from tests.fakes import FakeClock
from tests.pages_scene import Scene, amina
from tests.people_scene import send
from tests.team_scene import LOCALES, Team

_GOOD = "seven boats on dry land"
_DISTRICTS = ("Oasis", "Derb Ghallef", "Anfa")
_FACTS: Mapping[str, str] = {
    "fact.service": "electricity",
    "fact.districts": "Oasis\nDerb Ghallef",
    "fact.districts.ar": "الوازيس\nدرب غلف",
    "fact.starts": "2020-03-23T08:00",
    "fact.ends": "2020-03-23T14:00",
}

_SAMPLES: Mapping[str, Mapping[str, object]] = {
    "unplanned_outage": {
        "service": "water",
        "districts": [{"und": "Derb Ghallef", "ar": "درب غلف"}],
        "teams": "at_work",
    },
}

#: A page is a path, or what makes one anew: some are shown once.
Place = str | Callable[[], str]


@dataclass
class Furnished:
    """A team's console in the middle of its work."""

    team: Team
    #: What stands behind every name and text.
    evil: str = ""
    boss: Browser = field(init=False)
    running: int = field(init=False)
    waiting: int = field(init=False)
    done: int = field(init=False)
    work: str = field(init=False)
    unfinished: str = field(init=False)
    webhook: int = field(init=False)

    def __post_init__(self) -> None:
        """Fill it: people, areas, campaigns in each state, operators and their keys."""
        runtime = self.team.site.runtime
        now = runtime.clock.now()
        who = runtime.operators.add(f"Salma Idrissi{self.evil}", list(Role), "the test", now).id
        runtime.credentials.set_password(who, _GOOD)
        token = runtime.sessions.open(who, now)
        runtime.operators.add("Hind", [Role.VIEWER], "the test", now)
        for name, role in (("Nadia El Fassi", Role.AUTHOR), ("Youssef Alami", Role.APPROVER)):
            one = runtime.operators.add(name, [role], "the test", now).id
            self.team.site.enter_as(role, runtime.sessions.open(one, now))
        self.boss = Browser(self.team.site.port, {"broadcaster": token})
        self.boss.get("/account")
        self._people()
        self.done = self._sent("عودة الماء إلى الوازيس", "remote_services")
        self.team.workers.confirm(self.done)
        self.running = self._sent("Fuite d’eau à Derb Ghallef", "unplanned_outage", slice(0, 5))
        self._mixed()
        self.work = self._composed(f"Travaux à l’Oasis{self.evil}")
        self.unfinished = self._begun("branch_hours")
        self.webhook = self._told_others()

    @property
    def segment(self) -> str:
        """Name a segment."""
        return f"Oasis et environs{self.evil}"

    @property
    def token(self) -> str:
        """The session of somebody who may do everything."""
        return self.boss.cookies["broadcaster"]

    def later(self, **time: float) -> None:
        """Let time pass."""
        clock = self.team.site.runtime.clock
        assert isinstance(clock, FakeClock)
        clock.moment += timedelta(**time)

    def link(self, purpose: str) -> str:
        """Make the token that a customer's message carries."""
        runtime = self.team.site.runtime
        return sign(bootstrap.signing_key(runtime.settings), purpose, self._first())

    def _first(self) -> DeliveryId:
        return DeliveryId(self.running, 1)

    def _people(self) -> None:
        runtime = self.team.site.runtime
        runtime.customers.save(
            replace(
                builders.customer(
                    number, locales=tuple(dict.fromkeys((LOCALES[number % 4], "fr-MA")))
                ),
                name=f"أمينة{self.evil}",
                attributes={"district": _DISTRICTS[number % 3] + self.evil},
                location=(-7.64 + number / 1000, 33.55 + number / 1000),
            )
            for number in range(1, self.team.people + 1)
        )
        runtime.segments.save(self.segment, 'district = "Oasis" or district = "Anfa"')
        for index, name in enumerate(_DISTRICTS):
            west = -7.66 + index / 50
            ring = [
                [west, 33.54],
                [west + 0.018, 33.545],
                [west + 0.016, 33.57],
                [west, 33.56],
                [west, 33.54],
            ]
            text = area_shapes.text(area_shapes.feature(area_shapes.polygon(ring)))
            self._area(name, text)
        runtime.areas.save_circle(f"Derb Sultan{self.evil}", -7.6, 33.6, 500)
        runtime.own_page.offer(f"Derb Sultan{self.evil}", "amina", offered=True)

    def _area(self, name: str, text: bytes) -> None:
        file = (f"{name}.geojson", text)
        answer = send(self.team.site, "/areas/new", Role.AUTHOR, file, act="geojson")
        assert answer.status == 303, answer.text

    def half_signed_in(self) -> Mapping[str, str]:
        """Give somebody an authenticator, and the cookies of who has typed their password alone."""
        self.boss.get("/account")
        self.boss.post("/account/authenticator")
        path = self.boss.location
        self.boss.get(path)
        found = re.search(r'class="letters">([A-Z2-7 ]+)<', self.boss.text)
        assert found is not None
        code = pyotp.TOTP(found[1].replace(" ", "")).at(self.team.site.runtime.clock.now())
        assert self.boss.post(path, code=code) == 303
        other = Browser(self.team.site.port)
        other.get("/sign-in")
        other.post("/sign-in", name=f"Salma Idrissi{self.evil}", password=_GOOD, next="/")
        other.cookies.pop("broadcaster", None)
        assert other.location.startswith("/sign-in/second")
        return other.cookies

    def customer(self) -> Mapping[str, str]:
        """Give the cookies of a customer whose page is open."""
        self.team.rows.save([amina(99)])
        networks = self.team.workers.networks
        scene = Scene(self.team.site, self.team.rows, networks["twilio"], networks["smtp"])
        scene.enter()
        return scene.jar

    def _sent(self, name: str, kind: str, batches: slice = slice(None)) -> int:
        """Have a campaign approved, launched, published and sent, as far as some batches."""
        runtime = self.team.site.runtime
        form = Form(
            name=f"{name}{self.evil}",
            kind=kind,
            segment="everyone",
            by="Nadia El Fassi",
            channels="sms,email",
            facts=_SAMPLES.get(kind, {}),
        )
        campaign = draft(runtime, form)
        bootstrap.approve(runtime, runtime.campaigns.get(str(campaign)), "Youssef Alami")
        bootstrap.launch(runtime, runtime.campaigns.get(str(campaign)), "Youssef Alami")
        runtime.publisher.publish()
        self.team.workers.plan(campaign)
        self.team.workers.send(campaign, batches)
        return campaign

    def _mixed(self) -> None:
        """Let some of the running one's messages arrive, fail, and be in doubt."""
        rows, now = self.team.rows, self.team.site.runtime.clock.now()
        for status, reason, numbers in (
            ("delivered", None, range(1, 9)),
            ("undelivered", "unreachable", range(9, 11)),
            ("dead", "no_connection", range(11, 13)),
            ("unknown", "no_answer", range(13, 15)),
        ):
            rows.tell(
                "UPDATE delivery SET status = %s, reason = %s, attempts = 1, units = 1 "
                "WHERE campaign_id = %s AND number = ANY(%s)",
                *(status, reason, self.running, list(numbers)),
            )
        gone = [
            HandedOver(
                campaign=self.running,
                channel=channel,
                at=now - timedelta(seconds=10 * back),
                messages=20 + 7 * (back % 4),
                units=30,
            )
            for back in range(1, 12)
            for channel in (Channel.SMS, Channel.EMAIL)
        ]
        slowed = Happening(
            campaign=self.running,
            provider="twilio",
            what=Befallen.OPENED,
            at=now - timedelta(minutes=1),
            until=now,
        )
        self.team.site.runtime.chronicle.write(gone, [slowed])

    def _told_others(self) -> int:
        """Have another program told, once in vain, and a key of the API; which webhook it is."""
        runtime = self.team.site.runtime
        now, by = runtime.clock.now(), f"Salma Idrissi{self.evil}"
        url = "https://hooks.example.org/broadcaster/a-long-way-to-go/for-one-address"
        events = [one.value for one in EventType if one is not EventType.TEST]
        made, _ = runtime.webhooks.add(url, events, by, now)
        runtime.api_keys.add(f"the map{self.evil}", by, [Action.LOOK], by, now)
        runtime.webhooks.test(made.id, now)
        silent = Reply(status=None, seconds=10.0, fault="took too long")
        for reply in (silent, Reply(status=204, seconds=0.12, fault="")):
            leaving = runtime.outbox.claim(now)
            assert leaving is not None
            then = None if reply.good else Next(again=now)
            runtime.outbox.record(leaving, reply, then, now)
        return made.id

    def _begun(self, kind: str) -> str:
        answer = self.team.site.post("/compose", Role.AUTHOR, kind=kind)
        return answer.headers["location"].removesuffix("/facts")

    def _saved(self, work: str, step: str, **fields: str | list[str]) -> None:
        site = self.team.site
        found = _version(site.ask(f"{work}/{step}", Role.AUTHOR).text)
        given: dict[str, str | list[str]] = {"version": found, "do": "next", **fields}
        answer = site.post(f"{work}/{step}", Role.AUTHOR, **given)
        assert answer.status == 303, answer.text

    def _composed(self, name: str) -> str:
        """Compose one, have it given back, and hand it over again with a change."""
        site = self.team.site
        work = self._begun("planned_outage")
        self._saved(work, "facts", name=name, **_FACTS)
        self._saved(work, "audience", how="saved", segment="everyone")
        self._saved(
            work,
            "plan",
            channels=["sms", "email"],
            plan="all",
            lane="routine",
            message_class="service",
            one_per="customer",
        )
        self.waiting = site.runtime.campaigns.get(name).id
        self._handed(work)
        revision = str(site.runtime.campaigns.get(name).revision)
        comment = f"Nommez les rues, s’il vous plaît.{self.evil}"
        path = f"/campaigns/{self.waiting}/approve"
        fields = {"revision": revision, "do": "return", "comment": comment}
        assert site.post(path, Role.APPROVER, **fields).status == 303
        street = {"fact.streets": f"Rue Socrate{self.evil}\nBoulevard Ghandi"}
        self._saved(work, "facts", name=name, **_FACTS, **street)
        self._handed(work)
        return work

    def _handed(self, work: str) -> None:
        site = self.team.site
        version = _version(site.ask(f"{work}/schedule", Role.AUTHOR).text)
        answer = site.post(
            f"{work}/check", Role.AUTHOR, version=version, people=str(self.team.people)
        )
        assert answer.status == 303, answer.text


def _version(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found is not None
    return found[1]
