"""Every route of the application, asked by nobody and by every role: nothing is open by default.

A route that is in none of the lists below, and at whose door nobody is asked for leave, fails here.
"""

from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.routing import Mount, Route

from broadcaster.domain.access import ALLOWED, Action, Operator, Role
from broadcaster.web import names
from tests.desk_scene import DeskSite, serving_desk

#: For everybody: what customers and providers reach, and the door itself.
PUBLIC = frozenset(
    {
        "/favicon.ico",
        "/healthz",
        "/readyz",
        "/metrics",
        "/assets/{name}",
        "/sign-in",
        "/sign-in/second",
        "/sign-in/passkey",
        "/sign-in/passkey/challenge",
        "/sign-in/provider",
        "/sign-in/provider/callback",
        "/invitation/{token}",
        "/enter/{token}",
    }
)
PUBLIC_PREFIXES = names.PUBLIC
#: Everybody's own, whatever they are.
OWN_PREFIXES = ("/account", "/sign-out")
#: Programs have keys instead of sessions, and a table of their own.
KEYED_PREFIXES = ("/api/",)


class _Watched(Operator):
    """An operator of whom it is noted what they were asked for, the first time."""

    asked: list[Action] = []  # noqa: RUF012  (one list for all, emptied before each request)

    def may(self, action: Action) -> bool:
        self.asked.append(action)
        return super().may(action)


@pytest.fixture
def site(database_url: str, redis_url: str, home: Path) -> Iterator[DeskSite]:
    """Serve everything, to operators who are watched."""
    with serving_desk(database_url, redis_url, home) as opened:
        yield opened


def _routes(site: DeskSite) -> Iterator[tuple[str, str]]:
    """List method and path of each route that is not for everybody."""
    for route in site.app.routes:
        if isinstance(route, Mount) and f"{route.path}/".startswith(KEYED_PREFIXES):
            continue
        assert isinstance(route, Route), f"{route}: what is it?"
        path = route.path
        if path in PUBLIC or path.startswith(PUBLIC_PREFIXES):
            continue
        for method in sorted(route.methods or ()):
            if method != "HEAD":
                yield method, path


def _filled(path: str) -> str:
    """Put something into the blanks of a path; nothing has the numbers."""
    parts = [
        ("999999" if part.endswith((":int}", "id}")) else "x") if part.startswith("{") else part
        for part in path.split("/")
    ]
    return "/".join(parts)


class _Asker:
    """Asks over one connection, and reads no more than the head of an answer."""

    def __init__(self, site: DeskSite) -> None:
        self._site = site
        self._all = self._session(list(Role), "everything")
        self._one = {role: self._session([role], role.value) for role in Role}

    def _session(self, roles: list[Role], name: str) -> str:
        runtime = self._site.runtime
        now = runtime.clock.now()
        return runtime.sessions.open(runtime.operators.add(name, roles, "test", now).id, now)

    def ask(self, method: str, path: str, role: Role | None, *, signed: bool = True) -> int:
        """Ask as a role, or as somebody who has all; with the token of the form if `signed`."""
        token = self._all if role is None else self._one[role]
        return self._ask(method, path, token, self._site.desk.csrf(token) if signed else "")

    def nobody(self, method: str, path: str) -> tuple[int, str]:
        """Ask as nobody."""
        status = self._ask(method, path, "", "")
        return status, self.location

    def _ask(self, method: str, path: str, token: str, csrf: str) -> int:
        connection = HTTPConnection("127.0.0.1", self._site.port, timeout=60)
        headers = {"Cookie": f"broadcaster={token}", "X-CSRF-Token": csrf}
        body = None
        if method != "GET":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode({"csrf": csrf})
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            self.location = answer.getheader("location", "")
            return answer.status
        finally:
            connection.close()


#: What the API says of itself, to anybody.
_OPEN = ("/openapi.json", "/problems")


def test_every_call_of_the_api_wants_a_key(site: DeskSite) -> None:
    """But its own description and what its problems are; a session of the console is no key."""
    asker = _Asker(site)
    faults: list[str] = []
    checked = 0
    for mount in site.app.routes:
        if not isinstance(mount, Mount):
            continue
        for route in mount.routes:
            assert isinstance(route, Route), f"{route}: what is it?"
            for method in sorted(route.methods or ()):
                where = mount.path + _filled(route.path)
                status = asker.ask(method, where, None)
                checked += 1
                if status != 401 and route.path not in _OPEN:
                    faults.append(f"{method} {where}: {status}")
    assert faults == []
    assert checked > 50


def test_every_route_has_a_door_and_it_opens_to_those_of_the_table(
    site: DeskSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is sent to sign in; each role gets in where `ALLOWED` says so, and nowhere else.

    No form is taken without the token of its session.
    """
    monkeypatch.setattr("broadcaster.access.operators.Operator", _Watched)
    asker = _Asker(site)
    faults: list[str] = []
    checked = 0
    for method, path in _routes(site):
        checked += 1
        where, named = _filled(path), f"{method} {path}"
        status, location = asker.nobody(method, where)
        if not (status in {401, 403} or (status == 303 and location.startswith("/sign-in?next="))):
            faults.append(f"{named}: nobody got {status}")
        _Watched.asked.clear()
        unsigned = asker.ask(method, where, None, signed=False)
        wanted = _Watched.asked[0] if _Watched.asked else None
        # A form that brings a file is read to its token, and this is no such form.
        if unsigned >= 500 or (method != "GET" and unsigned not in {400, 403}):
            faults.append(f"{named}: without a token {unsigned}")
        if wanted is None:
            if not path.startswith(OWN_PREFIXES):
                faults.append(f"{named}: nobody is asked for leave")
            continue
        for role in Role:
            if role in ALLOWED[wanted]:
                refused = method == "GET" and asker.ask(method, where, role) in {401, 403}
                if refused or asker.location.startswith("/sign-in"):
                    faults.append(f"{named}: {role} was refused")
            elif asker.ask(method, where, role) != 403:
                faults.append(f"{named}: {role} was let in")
    assert faults == []
    assert checked > 25
