"""A real browser for tests: one of the machine, or the one that the set-up fetched.

It reaches this machine alone.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.fetch_browser import driven, present

_Result = TypeVar("_Result")

_ARGUMENTS = (
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
)


def apart(work: Callable[[], Coroutine[Any, Any, _Result]]) -> _Result:
    """Run a coroutine to its end in a thread of its own, as this one's may run the browser."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(lambda: asyncio.run(work())).result()


@contextmanager
def launched(playwright: Playwright) -> Iterator[Browser]:
    """Run a browser of the Chromium family; FileNotFoundError where there is none."""
    program = present()
    if program is None:
        message = "needs a browser: none is here, and none could be fetched"
        raise FileNotFoundError(message)
    # As root the browser does without its own sandbox, or not at all; namespaces may be off, too.
    opened = playwright.chromium.launch(
        executable_path=str(program),
        args=[*_ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])],
        chromium_sandbox=False,
    )
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run a browser, for the tests of one file.

    Meanwhile its own loop runs in this thread: see `apart`.
    """
    if present() is None:
        pytest.skip("needs a browser: none is here, and none could be fetched")
    with driven(), sync_playwright() as running, launched(running) as opened:
        yield opened
