"""Pages of lists: where the next begins can be said in a header, whatever the address holds."""

from types import SimpleNamespace

from starlette.requests import Request
from starlette.responses import Response

from broadcaster.web.api import paging


def test_the_next_page_of_a_customer_with_letters_of_any_script_is_told() -> None:
    """In the header, which knows ASCII alone, and in the body."""
    state = SimpleNamespace(pages=paging.Pages(b"key"))
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/customers/زبون-7/messages",
        "query_string": b"purpose=why",
        "headers": [(b"host", b"127.0.0.1")],
        "app": SimpleNamespace(state=state),
    }
    response = Response()
    found = paging.page(
        Request(scope), response, [1, 2, 3], 2, key=lambda row: row, show=lambda row: row
    )
    assert found.next is not None
    assert found.next.startswith("/api/v1/customers/%D8%B2")
    assert found.next in response.headers["link"]
