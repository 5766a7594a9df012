"""A real browser for tests: found as the product finds one, and told to reach nobody else."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from broadcaster.errors import ConfigurationError
from broadcaster.render.sheets.browser import find


def browser_path() -> str:
    """Find the browser of this machine; the test is left out where there is none."""
    try:
        return str(find(""))
    except ConfigurationError:
        pytest.skip("needs a browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Run a browser of the Chromium family, for all tests of a process."""
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
