"""PostgreSQL and Valkey in the home folder: started, shared, killed, found again and stopped."""

import os
import signal
import socket
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import redis
from kombu import Connection

from broadcaster.embedded import process
from broadcaster.embedded.postgres import EmbeddedPostgres
from broadcaster.embedded.server import Server
from broadcaster.embedded.servers import Urls, all_servers, embedded
from broadcaster.embedded.valkey import EmbeddedValkey
from broadcaster.errors import BroadcasterError, ConfigurationError, ConflictError
from tests.servers import USE, answer, finish, kill, python


def _pid(server: Server) -> int:
    assert server.running()
    pid = server.pid()
    assert pid is not None
    return pid


def _write(urls: Urls) -> None:
    with psycopg.connect(urls.database, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'مرحبا' AS word")
    with closing(redis.Redis.from_url(urls.redis)) as client:
        client.set("kept", "yes")


def _assert_kept(urls: Urls) -> None:
    with psycopg.connect(urls.database) as connection:
        assert connection.execute("SELECT word FROM kept").fetchone() == ("مرحبا",)
    with closing(redis.Redis.from_url(urls.redis)) as client:
        assert client.get("kept") == b"yes"


def _nobody_works_in(home: Path) -> bool:
    programs = {"postgres": "postgres", "valkey": "valkey-server"}
    return not any(process.working_in(home / name, program) for name, program in programs.items())


def test_what_was_written_is_there_after_a_restart(home: Path) -> None:
    """Both servers start in an empty folder, stop without a trace and keep their data."""
    with embedded(home) as urls:
        _write(urls)
        assert not _nobody_works_in(home)
    assert _nobody_works_in(home)
    assert [server.running() for server in all_servers(home)] == [None, None]
    with embedded(home) as again:
        assert again == urls
        _assert_kept(again)


def test_servers_are_found_again_after_their_launcher_was_killed(home: Path) -> None:
    """After SIGKILL of the launcher the next one takes the very same processes over."""
    with python(USE, [home]) as child:
        answer(child)
        before = [_pid(server) for server in all_servers(home)]
        kill(child)
    with embedded(home, durable=False) as urls:
        _write(urls)
        assert [_pid(server) for server in all_servers(home)] == before
    assert _nobody_works_in(home)


def test_the_last_one_who_leaves_stops_the_servers(home: Path) -> None:
    """Who leaves first takes nothing away from the other, whichever had started them."""
    with python(USE, [home]) as child:
        answer(child)
        with embedded(home, durable=False) as urls:
            assert finish(child) == 0
            _write(urls)
    assert _nobody_works_in(home)


def test_servers_that_were_running_are_left_running(home: Path) -> None:
    """A server that somebody started for good outlives those who use it."""
    server = EmbeddedValkey(home)
    server.start()
    pid = _pid(server)
    with embedded(home, postgres=False):
        pass
    assert _pid(server) == pid


def test_two_who_start_at_once_get_one_server(home: Path) -> None:
    """Two launchers that race agree on one PostgreSQL and one Valkey."""
    with python(USE, [home]) as first, python(USE, [home]) as second:
        assert answer(first) == answer(second) != ""
        assert [len(process.working_in(home / "valkey", "valkey-server"))] == [1]
        assert finish(first) == finish(second) == 0
    assert _nobody_works_in(home)


@pytest.mark.parametrize("busy", [False, True])
def test_killed_servers_start_again_with_their_data(home: Path, *, busy: bool) -> None:
    """SIGKILL of both servers loses nothing, also while a child of PostgreSQL's works on."""
    with embedded(home) as urls:
        _write(urls)
        with closing(psycopg.connect(urls.database)) as connection:
            if busy:
                connection.pgconn.send_query(b"SELECT sum(n) FROM generate_series(1, 1e9) AS t(n)")
            servers = all_servers(home)
            for server in servers:
                os.kill(_pid(server), signal.SIGKILL)
            assert process.wait_until(lambda: not any(server.running() for server in servers), 10)
            assert [server.revive() for server in servers] == [True, True]
        _assert_kept(urls)
        assert [server.revive() for server in servers] == [False, False]


def test_a_dead_server_that_nobody_uses_stays_dead(home: Path) -> None:
    """Only what is in use is started again."""
    server = EmbeddedValkey(home)
    server.start()
    os.kill(_pid(server), signal.SIGKILL)
    assert process.wait_until(lambda: server.running() is None, 10)
    assert not server.revive()


def test_a_path_that_fits_no_socket_and_no_url(home: Path) -> None:
    """A long home folder with spaces, percent signs and Arabic works, for Celery as well."""
    long = home / "ب a%20b?c" / ("d" * 90)
    with embedded(long, durable=False) as urls:
        _write(urls)
        _assert_kept(urls)
        with Connection(urls.broker) as connection, connection.SimpleQueue("q") as queue:
            queue.put({"id": 1})
            assert queue.get(timeout=10).payload == {"id": 1}
        link = Path(urls.redis.removeprefix("unix://").partition("?")[0]).parent
        assert link.is_symlink()
    assert not link.is_symlink()


def test_servers_listen_on_no_port(home: Path) -> None:
    """Neither server opens a port: who may enter the folder may use it, and nobody else."""
    with embedded(home, durable=False) as urls:
        with psycopg.connect(urls.database) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        with closing(redis.Redis.from_url(urls.redis)) as client:
            assert client.config_get("port") == {"port": "0"}
        for folder in (home / "postgres", home / "valkey"):
            assert folder.stat().st_mode & 0o077 == 0


def test_a_pid_that_went_to_another_program_is_no_server(home: Path) -> None:
    """Files of a killed server that name a pid in use neither mislead nor hinder a start."""
    with embedded(home, durable=False) as urls:
        _write(urls)
        servers = all_servers(home)
        files = [home / "postgres" / "postmaster.pid", home / "valkey" / "valkey.pid"]
        texts = [path.read_text(encoding="utf-8") for path in files]
        pids = [_pid(server) for server in servers]
    for path, text, pid in zip(files, texts, pids, strict=True):
        path.write_text(text.replace(str(pid), str(os.getpid()), 1), encoding="utf-8")
    assert [server.running() for server in servers] == [None, None]
    with embedded(home, durable=False) as urls:
        _assert_kept(urls)


def test_an_interrupted_first_start_is_begun_anew(home: Path) -> None:
    """What an interrupted making of the database folder left is thrown away."""
    draft = home / "postgres.draft"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n", encoding="ascii")
    with embedded(home, valkey=False, durable=False) as urls, psycopg.connect(urls.database):
        assert not draft.exists()


def test_a_folder_in_the_hands_of_another_server_is_left_alone(home: Path) -> None:
    """A server in our folder that we did not start is reported with its pid, and lives on."""
    server = EmbeddedPostgres(home, durable=False)
    server.start()
    pid = _pid(server)
    server._lock_file.unlink()
    with pytest.raises(ConflictError, match=f"process {pid}"):
        server.start()
    os.kill(pid, signal.SIGINT)
    assert process.wait_until(lambda: _nobody_works_in(home), 10)


def test_a_home_that_cannot_be_made_is_one_clear_line(home: Path) -> None:
    """A home folder below a file is refused by name, with the remedy."""
    (home / "file").touch()
    for server in all_servers(home / "file" / "home"):
        with pytest.raises(ConfigurationError, match=r"BROADCASTER_HOME: .*name a folder"):
            server.start()


_NO_SPACE = """
import resource, sys
from pathlib import Path
from broadcaster.embedded.postgres import EmbeddedPostgres
from broadcaster.errors import UnavailableError
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    EmbeddedPostgres(Path(sys.argv[1])).start()
except UnavailableError as error:
    print(error)
"""


def test_no_space_is_one_clear_line_and_mends(home: Path) -> None:
    """A first start that can't write its files says so, names its log, and works afterwards."""
    with python(_NO_SPACE, [home]) as child:
        line = answer(child)
        assert "cannot make its folder" in line
        assert str(home / "logs" / "postgres.log") in line
    with embedded(home, valkey=False, durable=False) as urls, psycopg.connect(urls.database):
        pass


def test_a_damaged_data_folder_is_one_clear_line(home: Path) -> None:
    """A server that refuses to start is quoted, and its log named."""
    with embedded(home, valkey=False, durable=False):
        pass
    (home / "postgres" / "PG_VERSION").write_text("12\n", encoding="ascii")
    with pytest.raises(BroadcasterError, match=r"FATAL.*incompatible.*postgres\.log") as caught:
        EmbeddedPostgres(home).start()
    assert "\n" not in str(caught.value)
    assert _nobody_works_in(home)


def test_a_socket_left_behind_is_no_server(home: Path) -> None:
    """A socket that nobody serves any more does not hinder a start."""
    (home / "valkey").mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(home / "valkey" / "valkey.sock"))
    assert EmbeddedValkey(home).running() is None
    with (
        embedded(home, postgres=False) as urls,
        closing(redis.Redis.from_url(urls.redis)) as client,
    ):
        assert client.ping()
