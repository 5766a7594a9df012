"""Pages of lists: where the next begins is a sign of ours that nobody else can make."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import quote, urlencode

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from broadcaster.web.api.problems import ProblemError

#: The most rows of a page, and how many there are usually.
MOST, USUAL = 200, 50
_LONGEST, _SIGN = 400, 16

Item = TypeVar("Item")
Row = TypeVar("Row")

Limit = Annotated[int, Query(ge=1, le=MOST, description="The most rows of a page.")]
After = Annotated[
    str,
    Query(
        max_length=_LONGEST,
        pattern=r"^[A-Za-z0-9_.-]*$",
        description="Where the page begins: `next` of the page before. Empty for the first.",
    ),
]


class Page(BaseModel, Generic[Item]):
    """A page of a list."""

    items: list[Item] = Field(description="The rows.")
    next: str | None = Field(
        description="The address of the next page; null on the last. Also in the header `Link`."
    )


class Pages:
    """Makes and reads the signs of pages."""

    def __init__(self, key: bytes) -> None:
        """Sign with a key of ours."""
        self._key = hashlib.sha256(b"pages:" + key).digest()

    def sign(self, path: str, value: int | str) -> str:
        """Make the sign of a row of a list, behind which the next page begins."""
        body = base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
        return f"{body}.{self._mark(path, body)}"

    def read(self, path: str, text: str) -> int | str | None:
        """Read one; None for the first page, 422 for what is none of this list's."""
        if not text:
            return None
        body, _, mark = text.rpartition(".")
        if not hmac.compare_digest(mark.encode(), self._mark(path, body).encode()):
            detail = "after: is no sign of a page of this list."
            remedy = "Follow `next` of the page before."
            raise ProblemError(422, detail, field="after", remedy=remedy)
        padded = body + "=" * (-len(body) % 4)
        read: int | str = json.loads(base64.urlsafe_b64decode(padded))
        return read

    def _mark(self, path: str, body: str) -> str:
        made = hmac.new(self._key, f"{path}\n{body}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(made[:_SIGN]).rstrip(b"=").decode()


def begin(request: Request, after: str) -> Any:  # noqa: ANN401  (int, str or None, by the list)
    """Read where a page of the list at this address begins; None for the first."""
    pages: Pages = request.app.state.pages
    return pages.read(request.url.path, after)


def page(
    request: Request,
    response: Response,
    rows: Sequence[Row],
    limit: int,
    *,
    key: Callable[[Row], int | str],
    show: Callable[[Row], Item],
) -> Page[Item]:
    """Make a page of the first `limit` rows; one more says that there is a next page."""
    following = None
    if len(rows) > limit:
        pages: Pages = request.app.state.pages
        sign = pages.sign(request.url.path, key(rows[limit - 1]))
        asked = [
            (name, value)
            for name, value in request.query_params.multi_items()
            if name not in {"after", "limit"}
        ]
        query = urlencode([*asked, ("limit", limit), ("after", sign)])
        # A header has no letters but those of ASCII, and a customer's number may.
        following = f"{quote(request.url.path)}?{query}"
        response.headers["Link"] = f'<{following}>; rel="next"'
    return Page[Any](items=[show(row) for row in rows[:limit]], next=following)


def cut(
    rows: Sequence[Row], after: int | str | None, limit: int, key: Callable[[Row], Any]
) -> list[Row]:
    """Take of rows, which are in the order of their keys, those of a page and one more."""
    behind = [row for row in rows if after is None or key(row) > after]
    return behind[: limit + 1]
