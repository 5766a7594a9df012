"""A browser as far as forms and cookies go: it keeps cookies, and sends back a page's token."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from types import MappingProxyType
from urllib.parse import urlencode

_CSRF = re.compile(r'name="csrf" value="(\w+)"|data-csrf="(\w+)"')


@dataclass
class Browser:
    """Asks a server on this machine; what came back last is in `status`, `headers` and `text`."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    csrf: str = ""
    host: str = ""

    @property
    def location(self) -> str:
        """Where it was sent."""
        return self.headers.get("location", "")

    def get(self, path: str, headers: Mapping[str, str] = MappingProxyType({})) -> int:
        """Look at a page."""
        return self.ask("GET", path, None, headers)

    def post(
        self,
        path: str,
        headers: Mapping[str, str] = MappingProxyType({}),
        /,
        **fields: str | list[str],
    ) -> int:
        """Send a form of the last page that had one."""
        body = urlencode({"csrf": self.csrf, **fields}, doseq=True).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, body, {**kind, **headers})

    def ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> int:
        """Ask once, with the cookies, and keep those that come."""
        shown = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            named = {"Host": self.host} if self.host else {}
            connection.request(method, path, body, {"Cookie": shown, **named, **headers})
            response = connection.getresponse()
            self.status = response.status
            self.headers = {name.lower(): value for name, value in response.getheaders()}
            self.text = response.read().decode()
            for line in response.headers.get_all("set-cookie", []):
                self._keep(line)
        finally:
            connection.close()
        found = _CSRF.search(self.text)
        if found:
            self.csrf = found[1] or found[2]
        return self.status

    def _keep(self, line: str) -> None:
        for name, morsel in SimpleCookie(line).items():
            if morsel["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value
