"""A picture of a sheet, taken by a browser of the Chromium family that is on this machine.

It is told to reach nobody, and the sheet's own policy lets nothing be fetched or run.
"""

import base64
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from broadcaster.domain.saying import said
from broadcaster.errors import ConfigurationError, InvalidInputError
from broadcaster.render.sheets import png

#: What such browsers are called where programs are looked for.
NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "chrome-headless-shell",
    "headless_shell",
    "microsoft-edge",
    "brave-browser",
)
#: Where macOS has them.
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_REMEDY = said(
    "Install Chromium or Chrome (Debian: apt install chromium), or name one in "
    "BROADCASTER_BROWSER; or write HTML, which needs none: --output sheet.html."
)
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--force-device-scale-factor=1",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    # Else each frame is painted by a process of its own, and the picture may be taken before.
    "--disable-features=IsolateSandboxedIframes",
    "--run-all-compositor-stages-before-draw",
)
#: Pixels: how wide a sheet is, how much a browser paints at once, and how much is too much.
WIDTH, _BAND, _HIGHEST = 1540, 6000, 60_000
_SECONDS = 60
_MEASURE = "document.documentElement.dataset.high=document.documentElement.scrollHeight"
_HIGH = re.compile(r'<html[^>]* data-high="(\d+)"')


def find(setting: str) -> Path:
    """Find the browser: the one that is set, else one on the path; ConfigurationError."""
    if setting:
        found = shutil.which(setting)
        if found is None:
            message = said(
                "BROADCASTER_BROWSER: %(name)s is no program. %(remedy)s",
                name=repr(setting),
                remedy=_REMEDY,
            )
            raise ConfigurationError(message)
        return Path(found)
    for name in (*NAMES, *_PLACES):
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    message = said("A picture needs a browser, and none was found. %(remedy)s", remedy=_REMEDY)
    raise ConfigurationError(message)


#: Hears how many rows of pixels are done, and how many there are.
Move = Callable[[int, int], None]


def picture(html: str, browser: Path, move: Move | None = None) -> bytes:
    """Take a picture of a whole sheet, PNG.

    ConfigurationError when the browser does not do it, InvalidInputError when the sheet is too
    high for a picture.
    """
    with tempfile.TemporaryDirectory(prefix="broadcaster-") as folder:
        camera = _Camera(browser=browser, folder=Path(folder), html=html)
        high = camera.measure()
        if high > _HIGHEST:
            problem = f"the picture would be {high} pixels high, more than {_HIGHEST}"
            raise InvalidInputError("--output", problem, "Name fewer kinds, or write HTML.")
        try:
            return png.stack(camera.bands(high, move), high)
        except (ValueError, zlib.error) as error:
            message = f"{browser}: took a picture that is of no use: {error}. {_REMEDY}"
            raise ConfigurationError(message) from error


def pdf(html: str, browser: Path) -> bytes:
    """Print a page as the paper that its styles name, PDF; ConfigurationError as `picture`."""
    with tempfile.TemporaryDirectory(prefix="broadcaster-") as folder:
        camera = _Camera(browser=browser, folder=Path(folder), html=html)
        return camera.printed()


def without_letters(text: str) -> str:
    """List characters of a text for which this machine has no font; empty where nobody can tell."""
    if shutil.which("fc-list") is None:
        return ""
    return "".join(one for one in text if not _has_font(one))


def _has_font(character: str) -> bool:
    words = ["fc-list", f":charset={ord(character):x}", "family"]
    found = subprocess.run(words, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603  (our own words)
    return found.returncode != 0 or bool(found.stdout.strip())


@dataclass(frozen=True, kw_only=True, slots=True)
class _Camera:
    browser: Path
    folder: Path
    html: str

    def measure(self) -> int:
        """Tell how high the sheet is, pixels."""
        script = base64.b64encode(hashlib.sha256(_MEASURE.encode()).digest()).decode()
        allowed = self.html.replace(
            "default-src 'none'", f"default-src 'none'; script-src 'sha256-{script}'", 1
        )
        page = self._page(allowed.replace("</body>", f"<script>{_MEASURE}</script></body>"))
        found = _HIGH.search(self._run(page, 1000, "--dump-dom"))
        if found is None:
            message = f"{self.browser}: did not open the sheet. {_REMEDY}"
            raise ConfigurationError(message)
        return max(1, int(found[1]))

    def bands(self, high: int, move: Move | None) -> Iterator[bytes]:
        """Photograph the sheet from the top down."""
        for top in range(0, high, _BAND):
            low = min(_BAND, high - top)
            shift = (
                f"<style>html{{overflow:hidden;height:{low}px}}"
                f"body{{margin-top:-{top}px!important}}</style>"
            )
            target = self.folder / "band.png"
            target.unlink(missing_ok=True)
            page = self._page(self.html.replace("</head>", f"{shift}</head>", 1))
            self._run(page, low, f"--screenshot={target}")
            if not target.is_file():
                message = f"{self.browser}: took no picture. {_REMEDY}"
                raise ConfigurationError(message)
            yield target.read_bytes()
            if move:
                move(top + low, high)

    def printed(self) -> bytes:
        """Print the page."""
        target = self.folder / "page.pdf"
        page = self._page(self.html)
        self._run(page, 1000, f"--print-to-pdf={target}", "--no-pdf-header-footer")
        found = target.read_bytes() if target.is_file() else b""
        if not found.startswith(b"%PDF-"):
            message = f"{self.browser}: printed nothing. {_REMEDY}"
            raise ConfigurationError(message)
        return found

    def _page(self, html: str) -> Path:
        page = self.folder / "sheet.html"
        page.write_text(html, encoding="utf-8")
        return page

    def _run(self, page: Path, high: int, *wishes: str) -> str:
        words = [str(self.browser), *_FLAGS, *_as_root(), f"--user-data-dir={self.folder / 'home'}"]
        words += [f"--window-size={WIDTH},{high}", *wishes, page.as_uri()]
        code, out, err = _ended(words)
        if code:
            said = err.decode("utf-8", "replace").strip().splitlines()
            message = f"{self.browser}: ended with {code}, {(said or [''])[-1][:200]!r}."
            raise ConfigurationError(f"{message} {_REMEDY}")
        return out.decode("utf-8", "replace")


def _ended(words: Sequence[str]) -> tuple[int, bytes, bytes]:
    """Run a browser to its end, or end it and all that it started; ConfigurationError."""
    try:
        with subprocess.Popen(  # noqa: S603  (a browser that was found or set)
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        ) as running:
            try:
                out, err = running.communicate(timeout=_SECONDS)
            except BaseException:
                os.killpg(running.pid, signal.SIGKILL)
                raise
            return running.returncode, out, err
    except subprocess.TimeoutExpired as error:
        message = f"{words[0]}: was not ready within {_SECONDS} s. {_REMEDY}"
        raise ConfigurationError(message) from error
    except OSError as error:
        message = f"{words[0]}: {error.strerror}. {_REMEDY}"
        raise ConfigurationError(message) from error


def _as_root() -> Sequence[str]:
    """Leave out the browser's own sandbox where it refuses to start with it."""
    return ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
