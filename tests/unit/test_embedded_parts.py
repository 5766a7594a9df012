"""The rules of the supervisor and the places of the servers, without any server."""

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.embedded import groups, locks, places, process
from broadcaster.embedded.process import Process
from broadcaster.embedded.restart import Restart, plan
from broadcaster.errors import ConfigurationError


@given(st.lists(st.floats(0, 59), min_size=1, max_size=40))
def test_waits_grow_within_bounds(lives: list[float]) -> None:
    """Each bad start doubles the wait, from half a second up to half a minute."""
    restart: Restart | None = None
    waits = []
    for lived in lives:
        restart = plan(restart, lived=lived, now=1000.0)
        waits.append(restart.due - 1000.0)
    assert waits == sorted(waits)
    assert waits[0] == 0.5
    assert waits[-1] <= 30
    assert plan(restart, lived=60, now=0).due == 0.5


def test_a_process_is_told_from_a_later_one_with_its_pid() -> None:
    """The same pid with another start is another process, and a dead one is none."""
    me = process.identify(os.getpid())
    assert me is not None
    assert process.identify(me.pid) == me != Process(pid=me.pid, started="another")
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        dead = child.pid
        # Not buried yet: there is a pid, but nobody who works.
        assert process.wait_until(lambda: process.identify(dead) is None, 30)
    assert process.identify(dead) is None


def test_only_what_is_surely_ours_counts_as_left_over(home: Path) -> None:
    """A pid that went to another program is not ended for a service's sake."""
    me = process.identify(os.getpid())
    assert me is not None
    path = home / "services.json"
    groups.write(path, {"mine": me, "theirs": Process(pid=os.getppid(), started="long ago")})
    assert groups.leftovers(path) == [me.pid]


@pytest.mark.parametrize("text", ["", "[", "{}", "[1]", '[{"pid": "x", "started": ""}]', "\x00"])
def test_a_damaged_record_is_no_record(home: Path, text: str) -> None:
    """What a full disk or an editor made of the record is not acted on."""
    path = home / "services.json"
    path.write_text(text, encoding="utf-8")
    assert groups.read(path) == []


def test_logs_are_bounded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full log is put aside at a start, and under its writer's hands, who goes on at its end."""
    monkeypatch.setattr(places, "_LOG_LIMIT", 1000)
    path = places.log_file(home, "web")
    log = places.open_log(path)
    os.write(log, b"a" * 900)
    places.bound_log(path)
    assert path.stat().st_size == 900
    os.write(log, b"b" * 900)
    places.bound_log(path)
    os.write(log, b"the end\n")
    os.close(log)
    assert path.read_bytes() == b"the end\n"
    aside = path.with_suffix(".log.1")
    assert aside.read_bytes() == b"a" * 100 + b"b" * 900
    path.write_bytes(b"c" * 1001)
    os.close(places.open_log(path))
    assert (path.stat().st_size, aside.stat().st_size) == (0, 1001)


def test_the_best_line_of_a_log_is_quoted(home: Path) -> None:
    """The line that tells of an error, from this start on, without control characters."""
    path = home / "x.log"
    path.write_bytes(b"FATAL: of old\n")
    since = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"starting\nFATAL: no \x1b[31mspace\nbye\n")
    assert places.last_words(path, since) == "FATAL: no ?[31mspace"
    assert places.last_words(path, path.stat().st_size) == "it says nothing"


def test_a_socket_is_reached_by_its_own_path_when_that_will_do(home: Path) -> None:
    """Only a path that is too long or needs quoting gets a link, in a folder of ours alone."""
    assert places.reach_socket(home, "s") == home / "s"
    for odd in (home / "a b", home / ("x" * 100), home / "ب"):
        odd.mkdir()
        (odd / "s").touch()
        path = places.reach_socket(odd, "s")
        assert path.samefile(odd / "s")
        assert len(os.fsencode(path)) <= 103
        assert stat.S_IMODE(path.parent.parent.lstat().st_mode) == 0o700
        path.parent.unlink()
        assert places.reach_socket(odd, "s").samefile(odd / "s")
        path.parent.unlink()


def test_a_link_is_not_made_in_the_folder_of_somebody_else(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody put where our private folder belongs is not followed."""
    monkeypatch.setattr(tempfile, "tempdir", str(home))
    (home / f"broadcaster-{os.geteuid()}").symlink_to("/")
    with pytest.raises(ConfigurationError, match="belongs to somebody else"):
        places.reach_socket(home / "a b", "s")


def test_a_lock_is_seen_by_others_until_its_last_holder_ends(home: Path) -> None:
    """A child that inherited the locked file holds it on, when the parent has let it go."""
    path = home / "lock"
    assert not locks.held(path)
    with locks.opened(path) as lock:
        assert locks.take(lock)
        with locks.opened(path) as other:
            assert not locks.take(other)
        child = subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[lock]
        )
    assert locks.held(path)
    child.communicate()
    assert not locks.held(path)


def test_what_cannot_be_written_is_named(home: Path) -> None:
    """A path below a file is refused with the path and a remedy."""
    (home / "file").touch()
    with pytest.raises(ConfigurationError, match=r"/file cannot be used .* name a folder"):
        places.log_file(home / "file", "web")
