"""Asking the API over HTTP, with the standard library alone: patience, and the same wish once."""

import json
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

#: What is to be asked again later, with how often, and the longest wait in between, seconds.
_LATER = frozenset({429, 503})
_TRIES, _LONGEST = 5, 60.0
_CREATED = 300


class ApiError(Exception):
    """The API refused; the parts are those of its problem (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        """Keep them."""
        super().__init__(f"{status}: {problem.get('detail', '')}")
        self.status = status
        self.detail = str(problem.get("detail", ""))
        self.field: str | None = problem.get("field")
        self.remedy: str | None = problem.get("remedy")
        self.problem = dict(problem)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was answered: status, headers by lower case names, and the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def object(self) -> dict[str, Any]:
        """Read the JSON object that it is."""
        found = json.loads(self.body)
        if not isinstance(found, dict):
            raise TypeError
        return found


class Transport:
    """Asks one server with one key."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout: float = 60.0,
        tries: int = _TRIES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`url` is where the installation is, such as https://broadcaster.example.org."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            message = f"{url!r} is no address of a server."
            raise ValueError(message)
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._key = key
        self._timeout = timeout
        self._tries = tries
        self._sleep = sleep

    def __repr__(self) -> str:
        """Hide the key."""
        return f"Transport({self._host!r})"

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: object = None,
        file: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask, and again while the server says later; ApiError where it refuses.

        What makes or does something has a name of its own, so that asking again does it once.
        """
        said = {"Authorization": f"Bearer {self._key}", **(headers or {})}
        if method == "POST":
            said.setdefault("Idempotency-Key", str(uuid.uuid4()))
        content = file
        if file is not None:
            said["Content-Type"] = "application/octet-stream"
        elif body is not None:
            content = json.dumps(body).encode()
            said["Content-Type"] = "application/json"
        target = f"/api/v1{path}{_query(query)}"
        for tried in range(1, self._tries + 1):
            last = tried == self._tries
            try:
                answer = self._once(method, target, content, said)
            except (OSError, HTTPException):
                # A lost answer to what has no name of its own must not do it twice.
                if last or method not in {"GET", "PUT", "POST"}:
                    raise
                self._sleep(_backoff(tried))
                continue
            if answer.status < _CREATED:
                return answer
            waits = answer.headers.get("retry-after", "")
            again = answer.status in _LATER or (answer.status == 409 and waits)  # noqa: PLR2004
            if last or not again:
                raise ApiError(answer.status, _problem(answer))
            self._sleep(min(_LONGEST, float(waits)) if waits.isdigit() else _backoff(tried))
        raise AssertionError

    def pages(self, path: str, query: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Give the rows of a list, page after page."""
        answer = self.ask("GET", path, query=query).object()
        while True:
            yield from answer["items"]
            if not answer["next"]:
                return
            following = answer["next"].removeprefix("/api/v1")
            answer = self.ask("GET", following).object()

    def _once(
        self, method: str, target: str, content: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        kind = HTTPSConnection if self._secure else HTTPConnection
        connection = kind(self._host, self._port, timeout=self._timeout)
        try:
            connection.request(method, target, content, dict(headers))
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(status=response.status, headers=found, body=response.read())
        finally:
            connection.close()


def quoted(value: object) -> str:
    """Write a part of an address."""
    return quote(str(value), safe="")


def _query(query: Mapping[str, Any] | None) -> str:
    given = {name: _word(value) for name, value in (query or {}).items() if value is not None}
    return f"?{urlencode(given, doseq=True)}" if given else ""


def _word(value: Any) -> Any:  # noqa: ANN401  (whatever a query takes)
    return str(value).lower() if isinstance(value, bool) else value


def _backoff(tried: int) -> float:
    # No secret depends on it: it spreads those who ask again.
    delay = min(_LONGEST, 0.5 * float(2**tried))
    return delay * random.uniform(0.5, 1)  # noqa: S311


def _problem(answer: Answer) -> Mapping[str, Any]:
    try:
        return answer.object()
    except (ValueError, TypeError):
        return {"detail": answer.body[:200].decode("utf-8", "replace")}
