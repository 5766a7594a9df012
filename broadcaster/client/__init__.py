"""A typed client of the API, with the standard library alone.

    from broadcaster.client import Client

    client = Client("https://broadcaster.example.org", "bk_…")
    for campaign in client.list_campaigns():
        print(campaign["name"], campaign["status"])

It waits where it is told to (429, 503), asks again what was lost, and does what it asks once.
"""

from broadcaster.client.operations import Operations
from broadcaster.client.signature import SignatureError, verified
from broadcaster.client.transport import Answer, ApiError, Transport

__all__ = ["Answer", "ApiError", "Client", "SignatureError", "Transport", "verified"]


class Client(Operations):
    """The API of one installation, with one key; a method for each call."""

    def __init__(self, url: str, key: str, *, timeout: float = 60.0) -> None:
        """`url` is where the installation is, `key` is `bk_…`; `timeout` is in seconds."""
        super().__init__(Transport(url, key, timeout=timeout))
