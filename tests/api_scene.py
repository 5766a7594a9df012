"""The API over a real database: callers of each scope, customers, and a campaign."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from broadcaster.domain.access import Action, Role
from broadcaster.privacy import keyring
from tests import builders
from tests.desk_scene import DeskSite, serving_desk
from tests.web_scene import Answer

#: Who has every role, so that a key of theirs may have every scope.
EVERYBODY = "Amina"
_RATE = 60_000


@dataclass
class ApiSite:
    """A running server with keys of the API."""

    desk: DeskSite
    _keys: dict[tuple[str, ...], str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"{self.desk.url}/api/v1"

    def key(self, *scopes: Action, owner: str = EVERYBODY, rate: int = _RATE) -> str:
        """Give a key with these scopes; with none, one that may do everything."""
        wanted = [one.value for one in scopes or Action]
        known = (owner, str(rate), *wanted)
        if known not in self._keys:
            runtime = self.desk.runtime
            _, self._keys[known] = runtime.api_keys.add(
                f"key {len(self._keys)}", owner, wanted, "the test", runtime.clock.now(), rate=rate
            )
        return self._keys[known]

    def ask(
        self,
        path: str,
        body: object = None,
        *,
        method: str = "",
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask once, with a key that may do everything unless another is given."""
        octets = None if body is None else json.dumps(body).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        bearer = self.key() if key is None else key
        said = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return self.desk.ask(
            f"/api/v1{path}",
            method=method or ("GET" if body is None else "POST"),
            body=octets,
            headers={**said, **kind, **(headers or {})},
        )

    def json(self, path: str, body: object = None, *, method: str = "") -> Any:  # noqa: ANN401  (JSON)
        """Ask, and give what is answered well."""
        answer = self.ask(path, body, method=method)
        assert 200 <= answer.status < 300, answer.text
        return json.loads(answer.text)


def populate(site: DeskSite) -> None:
    """Have customers, a segment, and somebody who may do everything."""
    runtime = site.runtime
    now = runtime.clock.now()
    keyring.add(runtime.settings.data_key_file)
    runtime.vault.reload()
    runtime.rotation.begin("the test")
    runtime.operators.add(EVERYBODY, list(Role), "the test", now)
    runtime.operators.add("Youssef", list(Role), "the test", now)
    runtime.customers.save([builders.customer(number) for number in range(1, 6)], source="made")
    runtime.segments.save("everybody", "all")


@contextmanager
def serving_api(
    database_url: str, redis_url: str, home: Path, variables: Mapping[str, str] | None = None
) -> Iterator[ApiSite]:
    """Serve until the block ends."""
    usual = {
        "WEBHOOKS_LOOPBACK": "yes",
        "TEMPLATES": str(home / "own-kinds"),
        "LOCALES": str(home / "own-texts"),
    }
    for name in ("TEMPLATES", "LOCALES"):
        Path(usual[name]).mkdir(parents=True)
    with serving_desk(database_url, redis_url, home, {**usual, **(variables or {})}) as desk:
        populate(desk)
        yield ApiSite(desk)


@pytest.fixture
def api(database_url: str, redis_url: str, home: Path) -> Iterator[ApiSite]:
    """Serve the API over this test's database and Redis."""
    with serving_api(database_url, redis_url, home) as opened:
        yield opened


def campaigns(site: ApiSite) -> None:
    """Make three: a draft, one that is approved, and one that is launched and planned."""
    kind = site.desk.runtime.renderer.library.kind("remote_services")
    for number in range(1, 4):
        site.json(
            "/campaigns",
            {
                "name": f"notice {number}",
                "kind": kind.name,
                "segment": "everybody",
                "facts": dict(kind.sample()),
                "channels": ["sms", "email"],
                "drill": True,
            },
        )
    other = site.key(owner="Youssef")
    for number, steps in ((2, ("approve",)), (3, ("approve", "launch"))):
        for step in steps:
            answer = site.ask(f"/campaigns/{number}/{step}", method="POST", key=other)
            assert answer.status == 200, answer.text
    runtime = site.desk.runtime
    runtime.planner.plan(3, runtime.clock.now())
    site.json("/webhooks", {"url": "http://127.0.0.1:9/hook", "events": ["campaign.completed"]})
