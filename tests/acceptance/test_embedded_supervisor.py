"""Services under a supervisor: started in order, restarted, stopped, and ended after its death."""

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from broadcaster.embedded import process
from broadcaster.embedded.servers import all_servers, embedded
from broadcaster.embedded.supervisor import Service, Supervisor
from broadcaster.errors import ConfigurationError, ConflictError, UnavailableError
from tests.servers import SUPERVISE, answer, kill, python

#: Writes its pid, has a child, and sleeps.
_SLEEP = """
import os, subprocess, time
child = subprocess.Popen(["sleep", "600"])
with open(os.environ["PIDS"], "a") as file:
    file.write(f"{os.getpid()} {child.pid}\\n")
print("asleep", flush=True)
time.sleep(600)
"""
_STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + _SLEEP
_LISTEN = """
import socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(600)
"""


class _Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def port() -> int:
    """A port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        found: int = server.getsockname()[1]
    return found


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _sleeper(home: Path, program: str = _SLEEP, name: str = "sleeper") -> Service:
    pids = {"PIDS": str(home / f"{name}.pids")}
    return Service(name=name, argv=[sys.executable, "-c", program], environment=pids)


def _pids(home: Path, starts: int, name: str = "sleeper") -> list[list[int]]:
    """Wait until a sleeper was started so many times; give the pids of each start."""
    path = home / f"{name}.pids"

    def read() -> list[list[int]]:
        text = path.read_text(encoding="ascii") if path.exists() else ""
        lines = text.split("\n")[:-1]
        return [[int(pid) for pid in line.split()] for line in lines]

    assert process.wait_until(lambda: len(read()) >= starts, 30)
    return read()


def _gone(pids: list[int]) -> bool:
    return all(process.identify(pid) is None for pid in pids)


def test_services_start_in_order_and_stop_without_a_trace(home: Path, port: int) -> None:
    """Who listens is ready before the next one starts; stopping ends children as well."""
    listener = Service(
        name="listener",
        argv=[sys.executable, "-c", _LISTEN, str(port)],
        ready=lambda: _listens(port),
    )
    with Supervisor(home, [listener, _sleeper(home)]) as supervisor:
        supervisor.start()
        assert _listens(port)
        pids = _pids(home, 1)[0]
        supervisor.watch()
        assert not _gone(pids)
    assert not _listens(port)
    assert _gone(pids)
    assert "asleep" in (home / "logs" / "sleeper.log").read_text(encoding="ascii")


def test_a_service_that_died_is_started_again_after_a_wait(home: Path) -> None:
    """It is started when its wait is over, not before, and what it forked ends after a while."""
    clock = _Clock()
    with Supervisor(home, [_sleeper(home)], clock=clock) as supervisor:
        supervisor.start()
        first, child = _pids(home, 1)[0]
        os.kill(first, signal.SIGKILL)
        assert process.wait_until(lambda: _gone([first]), 10)
        supervisor.watch()
        supervisor.watch()
        assert len(_pids(home, 1)) == 1
        clock.now += 0.6
        supervisor.watch()
        second = _pids(home, 2)[1]
        assert not _gone([child])
        clock.now += 10
        supervisor.watch()
        assert process.wait_until(lambda: _gone([child]), 10)
        assert not _gone(second)
    assert _gone(second)


def test_a_service_that_ends_again_and_again_is_named_with_its_log(home: Path) -> None:
    """Starting it again does not help; somebody must look."""
    clock = _Clock()
    hopeless = Service(name="hopeless", argv=[sys.executable, "-c", "raise SystemExit(1)"])
    with Supervisor(home, [hopeless], clock=clock) as supervisor:
        supervisor.start()

        def named() -> bool:
            clock.now += 20
            supervisor.watch()
            return bool(supervisor.failing())

        assert not supervisor.failing()
        assert process.wait_until(named, 30)
        assert supervisor.failing() == [("hopeless", home / "logs" / "hopeless.log")]


def test_who_does_not_end_is_killed(home: Path) -> None:
    """A service that ignores SIGTERM does not outlive the supervisor's patience."""
    with Supervisor(home, [_sleeper(home, _STUBBORN)], patience=0.3) as supervisor:
        supervisor.start()
        pids = _pids(home, 1)[0]
    assert _gone(pids)


def test_services_of_a_killed_supervisor_are_ended_by_the_next(home: Path) -> None:
    """After SIGKILL of the supervisor nothing runs twice, children included."""
    with python(SUPERVISE, [home, _SLEEP, home / "sleeper.pids"]) as child:
        assert answer(child) == "up"
        pids = _pids(home, 1)[0]
        kill(child)
    assert not _gone(pids)
    with Supervisor(home, []):
        assert _gone(pids)


def test_children_of_a_killed_service_of_a_killed_supervisor_are_ended(home: Path) -> None:
    """What a service forked is found by its group when the service is dead too."""
    with python(SUPERVISE, [home, _SLEEP, home / "sleeper.pids"]) as child:
        assert answer(child) == "up"
        first, forked = _pids(home, 1)[0]
        kill(child)
    os.kill(first, signal.SIGKILL)
    assert process.wait_until(lambda: _gone([first]), 10)
    assert not _gone([forked])
    with Supervisor(home, []):
        assert _gone([forked])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_supervisor_that_is_asked_to_end_stops_its_services(home: Path, number: int) -> None:
    """A service manager's SIGTERM or a closed terminal works as Ctrl+C does."""
    with python(SUPERVISE, [home, _SLEEP, home / "sleeper.pids"]) as child:
        assert answer(child) == "up"
        pids = _pids(home, 1)[0]
        child.send_signal(number)
        assert child.wait(30) == 0
        assert answer(child) == "ending"
    assert _gone(pids)


def test_one_supervisor_for_one_home(home: Path) -> None:
    """A second one is told the process of the first, and disturbs nothing."""
    with Supervisor(home, [_sleeper(home)]) as supervisor:
        supervisor.start()
        pids = _pids(home, 1)[0]
        second = Supervisor(home, [_sleeper(home)])
        with pytest.raises(ConflictError, match=rf"Process {os.getpid()} .* already\. Stop it"):
            second.start()
        second.stop()
        assert not _gone(pids)
    with Supervisor(home, []):
        pass


def test_an_occupied_port_is_one_clear_line(home: Path, port: int) -> None:
    """Another program in a service's place is reported before the service is started."""
    place = f"port {port} (BROADCASTER_WEB_PORT)"
    web = Service(name="web", argv=["/bin/false"], ready=lambda: _listens(port), place=place)
    supervisor = Supervisor(home, [_sleeper(home), web])
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(ConfigurationError, match=r"web: another program answers at port .*WEB_PORT"),
    ):
        supervisor.start()
    # The one that was started before is stopped.
    assert process.wait_until(lambda: not process.members(_group(home)), 10)


def _group(home: Path) -> int:
    path = home / "sleeper.pids"
    return int(path.read_text(encoding="ascii").split()[0]) if path.exists() else 2**22


def test_a_service_that_does_not_start_is_quoted(home: Path) -> None:
    """The end of its log tells why, and its log is named."""
    argv = [sys.executable, "-c", "raise SystemExit('Error: no such queue')"]
    service = Service(name="worker", argv=argv, ready=lambda: False)
    with (
        Supervisor(home, [service]) as supervisor,
        pytest.raises(UnavailableError, match=r"worker .*no such queue.*logs/worker\.log"),
    ):
        supervisor.start()


def test_a_missing_program_is_one_clear_line(home: Path) -> None:
    """A command that is not there is named."""
    service = Service(name="worker", argv=[str(home / "nothing")])
    with (
        Supervisor(home, [service]) as supervisor,
        pytest.raises(ConfigurationError, match="nothing cannot be used"),
    ):
        supervisor.start()


def test_servers_that_die_in_use_are_started_again(home: Path) -> None:
    """SIGKILL of PostgreSQL and Valkey is mended by the next look after them."""
    with embedded(home) as urls, Supervisor(home, []) as supervisor:
        servers = all_servers(home)
        supervisor.watch()
        before = [server.pid() for server in servers]
        for pid in before:
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
        assert process.wait_until(lambda: not any(server.running() for server in servers), 10)
        supervisor.watch()
        assert [server.running() for server in servers] == [urls.database, urls.redis]
        assert not set(before) & {server.pid() for server in servers}


def test_a_supervisor_starts_no_server_by_itself(home: Path) -> None:
    """With servers of one's own, none of ours appears."""
    with Supervisor(home, []) as supervisor:
        supervisor.watch()
        assert [server.running() for server in all_servers(home)] == [None, None]
    assert not (home / "postgres").exists()


def test_secrets_of_a_service_are_not_shown() -> None:
    """What a service finds in its environment stays out of texts."""
    service = Service(name="web", argv=["x"], environment={"BROADCASTER_REDIS_URL": "://:pw@h"})
    assert "pw" not in repr(service)
