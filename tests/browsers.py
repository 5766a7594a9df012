"""A real browser for tests: found as the product finds one, and told to reach nobody else."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, sync_playwright

from broadcaster.errors import ConfigurationError
from broadcaster.render.sheets.browser import find

_Result = TypeVar("_Result")


def apart(work: Callable[[], Coroutine[Any, Any, _Result]]) -> _Result:
    """Run a coroutine to its end in a thread of its own, as this one's may run the browser."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(lambda: asyncio.run(work())).result()


def browser_path() -> str:
    """Find the browser of this machine; the test is left out where there is none."""
    try:
        return str(find(""))
    except ConfigurationError:
        pytest.skip("needs a browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run a browser of the Chromium family, for the tests of one file.

    Meanwhile its own loop runs in this thread: see `apart`.
    """
    path = browser_path()
    with sync_playwright() as running:
        opened = running.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        )
        try:
            yield opened
        finally:
            opened.close()
