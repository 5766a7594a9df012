"""Whose form it is, where the console has a name of its own behind a proxy with TLS."""

from typing import Any, cast

import pytest
from starlette.requests import Request

from broadcaster.errors import ForbiddenError
from broadcaster.web.console.desk import Desk
from tests.fakes import FakeClock

_NOTHING = cast("Any", None)


def _desk(public_url: str) -> Desk:
    return Desk(_NOTHING, _NOTHING, FakeClock(), b"key", public_url, _NOTHING)


def _request(origin: str) -> Request:
    headers = [(b"host", b"console.example.org"), (b"origin", origin.encode())]
    scope = {"type": "http", "method": "POST", "scheme": "http", "path": "/", "headers": headers}
    return Request(scope)


def test_a_form_of_each_of_our_names_is_ours_and_of_no_other() -> None:
    """The proxy speaks https with the browser and http with us."""
    desk = _desk("https://alerts.example.org")
    csrf = desk.csrf("token")
    for origin in ("https://console.example.org", "https://alerts.example.org"):
        desk.require_own(_request(origin), csrf, csrf)
    for origin in ("https://evil.example", "https://console.example.org:8443", "null"):
        with pytest.raises(ForbiddenError):
            desk.require_own(_request(origin), csrf, csrf)
    with pytest.raises(ForbiddenError):
        _desk("http://127.0.0.1:8400").require_own(
            _request("https://console.example.org"), csrf, csrf
        )
