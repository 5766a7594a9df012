"""A simulated identity provider that speaks OpenID Connect over HTTP on this machine."""

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

#: What the product is known by.
CLIENT, SECRET = "broadcaster", "a secret of both"


@dataclass
class IdentityHost:
    """Knows one person; `lies` are claims that it gives otherwise than it should.

    `sign` makes the token; `broken` is what it answers to everything, if anything.
    """

    now: Callable[[], datetime]
    port: int = 0
    person: dict[str, Any] = field(default_factory=dict)
    lies: dict[str, Any] = field(default_factory=dict)
    described: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[Mapping[str, Any]], str] | None = None
    broken: bytes = b""
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one"}))
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        """Who it is."""
        return f"http://127.0.0.1:{self.port}"

    def agree(self, address: str) -> str:
        """Act as the person who is sent there and agrees: the query that they come back with."""
        asked = {name: some[0] for name, some in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        return f"code={code}&state={asked['state']}&iss={self.issuer}"

    def answer(self, path: str, form: Mapping[str, str]) -> tuple[int, bytes]:
        """Answer a request."""
        self.asked.append(path)
        if self.broken:
            return 200, self.broken
        if path == "/.well-known/openid-configuration":
            return 200, json.dumps(self._description()).encode()
        if path == "/jwks":
            return 200, json.dumps({"keys": [self.key.as_dict(private=False)]}).encode()
        if path == "/token":
            return self._token(form)
        return 404, b"{}"

    def _description(self) -> Mapping[str, str]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            **self.described,
        }

    def _token(self, form: Mapping[str, str]) -> tuple[int, bytes]:
        asked = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        shown = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or shown != asked["code_challenge"] or form["client_secret"] != SECRET:
            return 400, b'{"error": "invalid_grant"}'
        moment = int(self.now().timestamp())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": moment,
            "exp": moment + 300,
            "auth_time": moment,
            "nonce": asked["nonce"],
            **self.person,
            **self.lies,
        }
        sign = self.sign or self.signed
        return 200, json.dumps({"id_token": sign(claims), "token_type": "Bearer"}).encode()

    def signed(self, claims: Mapping[str, Any]) -> str:
        """Sign as it should."""
        return jwt.encode({"alg": "ES256", "kid": "one"}, dict(claims), self.key)


@contextmanager
def identity_host(now: Callable[[], datetime]) -> Iterator[IdentityHost]:
    """Run one until the block ends."""
    host = IdentityHost(now)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
            self._answer({name: some[0] for name, some in parse_qs(body).items()})

        def _answer(self, form: Mapping[str, str]) -> None:
            status, body = host.answer(urlsplit(self.path).path, form)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its name there)
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        host.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield host
        finally:
            server.shutdown()
            thread.join()
