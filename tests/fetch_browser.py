"""Fetches a browser for the tests where the machine has none: `python -m tests.fetch_browser`.

Debian's packages of Chromium and of what it needs are fetched by apt and unpacked inside the
environment, which installs nothing and needs no root. It never fails: where it can not be done it
says why, and the tests that need a browser are skipped with that reason.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from broadcaster.errors import ConfigurationError
from broadcaster.render.sheets import browser

#: Where it is unpacked, and what starts it.
FOLDER = Path(sys.prefix) / "browser"
PROGRAM = FOLDER / "chromium"
#: Where the libraries are that its driver needs and the machine may not have.
DRIVER = FOLDER / "driver"
#: The program itself, and a sans-serif font with Arabic letters for pictures of pages.
_PACKAGES = ("chromium", "chromium-sandbox", "fonts-dejavu-core", "fonts-noto-core", "libatomic1")
_FOR_DRIVER = "libatomic1_"
_LONGEST = 420

_START = """#!/bin/sh
# Starts the browser that was unpacked here, with the libraries that came with it.
here="$(dirname "$(readlink -f "$0")")"
export LD_LIBRARY_PATH="{libraries}"
export FONTCONFIG_FILE="$here/fonts.conf"
exec "$here/usr/lib/chromium/chromium" "$@"
"""


def present() -> Path | None:
    """Give the browser that tests use: one of the machine, or the one unpacked here."""
    try:
        return browser.find(os.environ.get("BROADCASTER_TEST_BROWSER", ""))
    except ConfigurationError:
        return PROGRAM if PROGRAM.exists() else None


#: Fonts that were unpacked here; those of the machine come behind them.
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
<dir>{folder}/usr/share/fonts</dir>
<dir>/usr/share/fonts</dir>
<cachedir>{folder}/fonts</cachedir>
</fontconfig>
"""


@contextmanager
def driven() -> Iterator[None]:
    """Let what is started meanwhile find the driver's libraries."""
    former = os.environ.get("LD_LIBRARY_PATH")
    found = {str(path.parent) for path in DRIVER.glob("**/*.so*")}
    if found:
        os.environ["LD_LIBRARY_PATH"] = ":".join([*sorted(found), *([former] if former else [])])
    try:
        yield
    finally:
        if former is not None:
            os.environ["LD_LIBRARY_PATH"] = former
        elif found:
            del os.environ["LD_LIBRARY_PATH"]


def fetch() -> str:
    """Fetch and unpack one; why it could not be done, or nothing."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return "apt is not here"
    archives = FOLDER / "archives"
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    try:
        if not _has_lists():
            _apt("update")
        _apt("install", "--download-only", "--no-install-recommends", "-y", *_PACKAGES)
        for package in sorted(archives.glob("*.deb")):
            # What drives the browser needs one library, and should find no other of these.
            inside = DRIVER if package.name.startswith(_FOR_DRIVER) else FOLDER
            _run(["dpkg-deb", "-x", str(package), str(inside)])
        for done in ("archives", "cache", "lists"):
            shutil.rmtree(FOLDER / done, ignore_errors=True)
        draft = PROGRAM.with_suffix(".draft")
        draft.write_text(_START.replace("{libraries}", _libraries()), encoding="ascii")
        draft.chmod(0o755)
        fonts = _FONTS.replace("{folder}", str(FOLDER))
        (FOLDER / "fonts.conf").write_text(fonts, encoding="utf-8")
        _run(
            [str(draft), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", "about:blank"]
        )
        draft.rename(PROGRAM)
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or error.stdout or "").strip().splitlines()
        return f"{Path(error.cmd[0]).name} {error.cmd[1]}: {lines[-1][:200] if lines else 'failed'}"
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{type(error).__name__}: {error}"[:200]
    return ""


def _libraries() -> str:
    """Name the folders of what was unpacked that have libraries, those of plug-ins last."""
    folders = {path.parent.relative_to(FOLDER) for path in FOLDER.glob("**/*.so*")}
    return ":".join(f"$here/{one}" for one in sorted(folders, key=lambda one: len(one.parts)))


def _has_lists() -> bool:
    found = subprocess.run(
        ["apt-cache", "policy", "chromium"],  # noqa: S607  (where it is differs)
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return "Candidate:" in found.stdout and "Candidate: (none)" not in found.stdout


def _apt(command: str, *words: str) -> None:
    """Run apt on folders of our own, where it is no root's."""
    own = [
        *("-o", "Debug::NoLocking=1", "-o", f"Dir::Cache::archives={FOLDER / 'archives'}"),
        *("-o", "APT::Sandbox::User="),
    ]
    if not _has_lists():
        lists = FOLDER / "lists"
        (lists / "partial").mkdir(parents=True, exist_ok=True)
        own += ["-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={FOLDER / 'cache'}"]
        (FOLDER / "cache").mkdir(exist_ok=True)
    _run(["apt-get", "-q", *own, command, *words])


def _run(command: Sequence[str]) -> None:
    subprocess.run(  # noqa: S603  (our own words)
        command, cwd=FOLDER, capture_output=True, text=True, timeout=_LONGEST, check=True
    )


def main() -> None:
    """Fetch one where there is none, and say what came of it."""
    found = present()
    if found is None:
        print("Fetching a browser for the tests ...")  # noqa: T201  (this is a program)
        fault = fetch()
        if fault:
            shutil.rmtree(FOLDER, ignore_errors=True)
            print(f"No browser could be fetched ({fault}): tests that need one are skipped.")  # noqa: T201


if __name__ == "__main__":
    main()
