"""A real browser for tests: one of the machine, or the one that the set-up fetched.

It reaches this machine alone.
"""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.fetch_browser import driven, present

_ARGUMENTS = (
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Run a browser of the Chromium family, for all tests of a process."""
    program = present()
    if program is None:
        pytest.skip("needs a browser: none is here, and none could be fetched")
    # As root the browser does without its own sandbox, or not at all; namespaces may be off, too.
    with driven(), sync_playwright() as running:
        opened = running.chromium.launch(
            executable_path=str(program),
            args=[*_ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])],
            chromium_sandbox=False,
        )
        try:
            yield opened
        finally:
            opened.close()
