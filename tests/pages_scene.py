"""Customers' pages over real servers, with networks that keep what is sent for them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from broadcaster.domain.customer import CustomerRecord
from broadcaster.domain.delivery import DeliveryEvent
from broadcaster.domain.message import Address, Scheme, SmsContent
from broadcaster.ports import Message, Submission
from broadcaster.providers.base import result
from tests.browsers import apart
from tests.builders import customer
from tests.desk_scene import DeskSite, serving_desk
from tests.fakes import FakeClock
from tests.rows import Rows
from tests.web_scene import Answer

PHONE, MAILBOX = "+212661234567", "amina@courrier.test"
#: A number that no customer has.
NOBODYS = "+212661765432"


@dataclass
class FakeNetwork:
    """Takes every message, and keeps it."""

    name: str
    room: int = 10
    taken: list[Message] = field(default_factory=list)

    async def submit(self, messages: Sequence[Message]) -> Sequence[Submission]:
        self.taken += messages
        return [result(one, DeliveryEvent.ACCEPT, reference="r") for one in messages]

    async def aclose(self) -> None:
        """Nothing is open."""


@dataclass
class Scene:
    """The pages, and what was sent for them."""

    site: DeskSite
    rows: Rows
    sms: FakeNetwork
    mail: FakeNetwork
    jar: dict[str, str] = field(default_factory=dict)

    @property
    def clock(self) -> FakeClock:
        clock = self.site.runtime.clock
        assert isinstance(clock, FakeClock)
        return clock

    def get(self, path: str) -> Answer:
        return self._asked(path, "GET", None)

    def post(self, path: str, **fields: str | list[str]) -> Answer:
        return self._asked(path, "POST", urlencode(fields, doseq=True).encode())

    def send(self) -> int:
        """Send what waits, as the task does."""
        return apart(self.site.runtime.code_sender.send)

    def code(self) -> str:
        """Give the code of the last text message."""
        content = self.sms.taken[-1].content
        assert isinstance(content, SmsContent)
        found = re.search(r"\d{6}", content.body)
        assert found
        return found[0]

    def enter(self, address: str = PHONE) -> Answer:
        """Come by a code."""
        assert self.post("/preferences", address=address, language="fr").status == 303
        assert self.send() == 1
        assert self.post("/preferences/code", code=self.code()).status == 303
        return self.get("/preferences/mine?lang=en")

    def choose(self, **fields: str | list[str]) -> Answer:
        """Post the form of the page that is open."""
        csrf = re.search(r'name="csrf" value="(\w+)"', self.get("/preferences/mine").text)
        assert csrf
        answer = self.post("/preferences/mine", csrf=csrf[1], which="0", **fields)
        assert answer.status == 303
        return self.get("/preferences/mine?lang=en")

    def later(self, **time: float) -> None:
        """Let time pass."""
        self.clock.moment += timedelta(**time)

    def _asked(self, path: str, method: str, body: bytes | None) -> Answer:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.jar.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = self.site.ask(path, method=method, body=body, headers=headers)
        for one in re.findall(r"(broadcaster_\w+)=([^;]*);", answer.headers.get("set-cookie", "")):
            self.jar[one[0]] = one[1].strip('"')
        return answer


def amina(number: int = 7) -> CustomerRecord:
    """Build a customer who is told by phone and by mail."""
    return customer(
        number,
        locales=("ar-MA", "fr-MA"),
        addresses=(
            Address(scheme=Scheme.TEL, value=PHONE, keys={}),
            Address(scheme=Scheme.MAILTO, value=MAILBOX, keys={}),
        ),
    )


@contextmanager
def opened(
    database_url: str, redis_url: str, home: Path, variables: Mapping[str, str] | None = None
) -> Iterator[Scene]:
    """Serve the pages until the block ends."""
    with serving_desk(database_url, redis_url, home, variables) as site:
        rows = Rows(site.runtime.pool)
        sms, mail = FakeNetwork("twilio"), FakeNetwork("smtp")
        site.runtime.providers._built.update(
            {"twilio": sms, "smtp": mail}
        )  # the networks of this test
        yield Scene(site, rows, sms, mail)
