"""Attacks tried on the whole web, over real sockets, and refused; docs/security.md lists them all.

What a test beside a page tries already is not tried again here.
"""

import re
import socket
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

import pytest
from starlette.routing import Mount, Route

from broadcaster.bootstrap.drafting import Form, draft
from broadcaster.domain.access import Role
from broadcaster.web import bodies
from broadcaster.web.connections import BoundedProtocol
from tests.desk_scene import DeskSite, site
from tests.rows import Rows

__all__ = ["site"]

#: How long a test waits for an answer that must come, seconds.
_SOON = 10.0


@pytest.fixture
def rows(site: DeskSite) -> Rows:
    """Give short ways to fill the database."""
    return Rows(site.runtime.pool)


def _say(site: DeskSite, *pieces: bytes) -> bytes:
    """Say something over a connection of its own, and read until the server ends it."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=_SOON) as connection:
        for piece in pieces:
            try:
                connection.sendall(piece)
            except OSError:
                break
        heard = b""
        try:
            while piece := connection.recv(65536):
                heard += piece
        except ConnectionResetError:
            pass
        return heard


def _routes(site: DeskSite, method: str) -> Iterator[str]:
    """List the paths of all routes that answer a method, with their blanks filled."""
    for route in site.app.routes:
        if isinstance(route, Mount):
            continue
        assert isinstance(route, Route)
        if method in (route.methods or ()):
            yield re.sub(r"\{\w+:int\}", "1", re.sub(r"\{\w+(:path)?\}", "x", route.path))


#: Whether the form has the token of its session, and what the browser says of it.
_FOREIGN: tuple[tuple[bool, Mapping[str, str]], ...] = (
    (False, {}),
    (False, {"Content-Type": "text/plain"}),
    (True, {"Origin": "https://evil.example"}),
    (True, {"Origin": "null"}),
    (True, {"Sec-Fetch-Site": "cross-site"}),
    (True, {"Sec-Fetch-Site": "same-site"}),
    (True, {"Origin": "http://127.0.0.1:1"}),
)


def test_a_form_of_another_site_pauses_nothing(site: DeskSite, rows: Rows) -> None:
    """Without the token of the session; nor with it, when the browser says where it comes from."""
    path = f"/campaigns/{rows.running(1)}/pause"
    own = site.desk.csrf(site.token(Role.DUTY_OFFICER))
    for signed, headers in _FOREIGN:
        body = urlencode({"csrf": own if signed else "0" * 32}).encode()
        answer = site.ask(path, Role.DUTY_OFFICER, method="POST", body=body, headers=headers)
        assert answer.status == 403, headers
    # What a colleague's own pages hold is worth nothing here.
    body = urlencode({"csrf": site.desk.csrf(site.token(Role.AUTHOR))}).encode()
    assert site.ask(path, Role.DUTY_OFFICER, method="POST", body=body).status == 403
    # Nor is it done by looking, nor by a method that is only said.
    assert site.ask(f"{path}?csrf={own}", Role.DUTY_OFFICER).status == 405
    said = {"X-HTTP-Method-Override": "POST"}
    assert site.ask(f"{path}?_method=POST", Role.DUTY_OFFICER, headers=said).status == 405
    assert rows.ask("SELECT status::text FROM campaign") == [("running",)]
    assert site.post(path, Role.DUTY_OFFICER).status == 303
    assert rows.ask("SELECT status::text FROM campaign") == [("paused",)]


def test_every_private_page_stays_out_of_frames_and_caches(site: DeskSite) -> None:
    """Whatever it answers: no frame elsewhere, no script but ours, nothing kept or guessed."""
    framed = {"/campaigns/1/sheet", "/compose/1/preview", "/kinds/x/sheet"}
    kept = ("/assets/", "/advisories", "/favicon.ico", "/push-worker.js")
    checked = 0
    for path in _routes(site, "GET"):
        # A stream ends by itself alone; to check all kinds takes long, and the frame is the same.
        if path.endswith("/events") or path == "/kinds/all-findings":
            continue
        for role in (None, Role.DUTY_OFFICER):
            headers = site.ask(path, role).headers
            policy = headers["content-security-policy"]
            own = "frame-ancestors 'self'" if path in framed else "frame-ancestors 'none'"
            assert own in policy or "frame-ancestors 'none'" in policy, path
            assert re.search(r"script-src[^;]*(unsafe|\*|https?:)", policy) is None, path
            assert "default-src 'none'" in policy, path
            assert headers["x-frame-options"] in {"DENY", "SAMEORIGIN"}, path
            assert headers["x-content-type-options"] == "nosniff", path
            if not path.startswith(kept):
                assert headers["cache-control"] == "no-store", path
            checked += 1
    assert checked > 100


def test_no_method_does_what_another_is_for(site: DeskSite) -> None:
    """TRACE gives no cookie back, and what only takes forms is not moved by PUT or DELETE."""
    for path in {*_routes(site, "POST"), *_routes(site, "GET")}:
        for method in ("TRACE", "PUT"):
            answer = site.ask(path, Role.DUTY_OFFICER, method=method)
            assert answer.status in {404, 405}, f"{method} {path}: {answer.status}"
            assert site.token(Role.DUTY_OFFICER) not in answer.text


_PATHS = (
    "/assets/../pages.py",
    "/assets/..%2fpages.py",
    "/assets/%2e%2e%2fpages.py",
    "/assets/..%5cpages.py",
    "/assets/%2fetc%2fpasswd",
    "/advisories/../../../../../../etc/passwd",
    "/advisories/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/advisories/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/advisories//etc/passwd",
    "/advisories/1%00.html",
    "/kinds/..%2f..%2f..%2fetc",
    "/kinds/%2e%2e",
    "/kinds/..%2f_base/sheet",
    "/kinds/by-language/..%2f..%2fetc/advisories.po",
    "/campaigns/1/evidence/..%2f..%2f..%2fetc%2fpasswd",
    "/campaigns/..%2f1/evidence/document.html",
    "/segments/..%2f..%2fetc%2fpasswd",
    "/areas/..%2f..%2fetc%2fpasswd",
    "/attributes/..%2fetc%2fpasswd",
    "/customers/..%2f..%2fetc%2fpasswd?purpose=asked",
)


def test_no_path_leads_out_of_where_files_are(site: DeskSite) -> None:
    """Written in every way that some server has once undone at the wrong moment."""
    for path in _PATHS:
        answer = site.ask(path, Role.DUTY_OFFICER)
        assert answer.status < 500, path
        assert "root:" not in answer.text, path
        assert "import " not in answer.text, path
        if path.startswith(("/assets", "/advisories", "/kinds", "/campaigns")):
            assert answer.status in {400, 404}, f"{path}: {answer.status}"


def test_nothing_that_is_typed_becomes_a_header(site: DeskSite) -> None:
    """Line breaks in addresses, languages, ways back and names of files."""
    evil = "x%0d%0aSet-Cookie:%20evil=1%0d%0aX-Evil:%201"
    site.runtime.segments.save("everyone", "all")
    for path in (
        f"/sign-in?next=/{evil}",
        f"/?lang={evil}",
        f"/campaigns?name={evil}",
        f"/segments/{evil}",
        f"/advisories/{evil}",
        f"/unsubscribe/{evil}",
        f"/{evil}",
    ):
        for role in (None, Role.DUTY_OFFICER):
            answer = site.ask(path, role)
            assert answer.status < 500, path
            assert "x-evil" not in answer.headers, path
            assert "evil=1" not in answer.headers.get("set-cookie", ""), path


_TWOFOLD = (
    b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    b"Content-Length: 5\r\nContent-Length: 0\r\n\r\n",
    b"Content-Length: +5\r\n\r\n12345",
    b"Content-Length: 5, 5\r\n\r\n12345",
    b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    b"X-Folded: a\r\n Transfer-Encoding: chunked\r\n\r\n",
    b"Content-Length: 5\nTransfer-Encoding: chunked\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n5;\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n0x5\r\n12345\r\n0\r\n\r\n",
)


def test_a_request_that_can_be_read_in_two_ways_ends_the_connection(site: DeskSite) -> None:
    """What is hidden behind it is not answered."""
    begun = b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\n"
    hidden = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for head in _TWOFOLD:
        heard = _say(site, begun + head + hidden)
        assert heard.startswith(b"HTTP/1.1 400"), head
        assert heard.count(b"HTTP/1.1 ") == 1, head


def test_a_body_that_is_announced_too_large_is_not_waited_for(site: DeskSite) -> None:
    """At every door that takes one, before anything of it has come."""
    cookie = site.token(Role.DUTY_OFFICER)
    paths = set(_routes(site, "POST"))
    assert len(paths) > 60
    for path in sorted(paths):
        heard = _say(
            site,
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: broadcaster={cookie}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n"
            f"Content-Length: 99999999999\r\n\r\n".encode(),
        )
        status = heard[9:12]
        assert status.startswith(b"4") or status == b"303", f"{path}: {heard[:100]!r}"


def test_a_body_without_end_is_cut_off(site: DeskSite) -> None:
    """One that says nothing of its length, and goes on and on."""
    cookie = site.token(Role.DUTY_OFFICER)
    head = (
        f"POST /compose HTTP/1.1\r\nHost: localhost\r\nCookie: broadcaster={cookie}\r\n"
        f"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    ).encode()
    piece = b"4000\r\n" + b"a" * 0x4000 + b"\r\n"
    assert _say(site, head, *([piece] * 50))[9:12] == b"413"


def test_who_sends_slowly_holds_nobody_up(site: DeskSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A head that does not end is given up, and a body that does not come; meanwhile we answer."""
    monkeypatch.setattr(BoundedProtocol, "patience", 0.3)
    monkeypatch.setattr(bodies, "_PATIENCE", 0.3)
    cookie = site.token(Role.DUTY_OFFICER)
    slow = [socket.create_connection(("127.0.0.1", site.port), timeout=_SOON) for _ in range(50)]
    try:
        for one in slow[1:]:
            one.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        assert site.ask("/healthz").status == 200
        for one in slow:
            assert one.recv(100) == b""
    finally:
        for one in slow:
            one.close()
    head = (
        f"POST /compose HTTP/1.1\r\nHost: localhost\r\nCookie: broadcaster={cookie}\r\n"
        f"Connection: close\r\nContent-Length: 100\r\n\r\nc"
    ).encode()
    assert _say(site, head)[9:12] == b"408"


def test_a_head_without_end_is_cut_off(site: DeskSite) -> None:
    """One header, or many, or an address that never ends."""
    begun = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
    many = [begun, *(b"X-%d: %s\r\n" % (number, b"a" * 1000) for number in range(100))]
    one = [begun + b"X-Long: ", *([b"a" * 10_000] * 100)]
    long = [b"GET /", *([b"a" * 10_000] * 100)]
    for pieces in (many, one, long):
        heard = _say(site, *pieces)
        assert heard == b"" or heard.startswith(b"HTTP/1.1 400"), heard[:100]
    whole = _say(site, begun + b"Connection: close\r\nX-Fits: " + b"a" * 8000 + b"\r\n\r\n")
    assert whole.startswith(b"HTTP/1.1 303")


_ESCAPES = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ self.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ facts.__class__ }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}{{ os }}",
    "{{ range(100000000) | list | length }}",
    "{% for x in range(99999999) %}a{% endfor %}",
    "{{ 'a' * 999999999 }}",
)


def test_no_wording_gets_out_of_its_template(site: DeskSite) -> None:
    """Shown before it is kept: it says what is wrong, at once, and runs nothing."""
    site.runtime.segments.save("everyone", "all")
    form = Form(name="n", kind="remote_services", segment="everyone", by="amina", channels="sms")
    begun = site.post(f"/campaigns/{draft(site.runtime, form)}/compose", Role.AUTHOR)
    work = re.sub(r"/\w+$", "", begun.headers["location"])
    for text in _ESCAPES:
        fields = {"locale": "en", "sms/body.txt": f"Hello {text}"}
        shown = site.post(f"{work}/preview", Role.AUTHOR, **fields)
        assert shown.status == 200
        assert 'class="fault"' in shown.text, text
        for leak in ("&lt;class", "uid=", "root:", "module &#39;os", "aaaaaaaa", ">100000000<"):
            assert leak not in shown.text, text
