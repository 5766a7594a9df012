"""What all tests share: real servers, a database of one's own, and no way out of the machine.

Fixtures for tests:

- `database_url`: a new, migrated database for this test, as a URL of libpq; `pool`: the product's
  pool of connections on it; `empty_database_url`: the same without any table.
- `redis_url`: an empty database of a real server of the Redis protocol, this test's alone.
- `home`: a home folder with a short path; servers that a test leaves there are stopped.
- `postgres_url`: the server itself, for a test that makes databases.

The servers are started once in a run of pytest, by the first test that wants them, also when
pytest-xdist runs several processes. `BROADCASTER_TEST_DATABASE_URL` (of an account that may make
databases) and `BROADCASTER_TEST_REDIS_URL` (whose databases 1 to 15 are emptied) name servers on
loopback to use instead.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import hypothesis
import psycopg
import pytest
import pytest_socket
import redis
from psycopg import sql
from psycopg.conninfo import make_conninfo

from broadcaster.embedded.postgres import EmbeddedPostgres
from broadcaster.embedded.servers import all_servers
from broadcaster.embedded.supervisor import Supervisor
from broadcaster.embedded.valkey import EmbeddedValkey
from broadcaster.errors import ConflictError
from broadcaster.ledger.pool import LedgerPool, open_pool

_KEPT = "BROADCASTER_TEST_"
#: The folder of this run's servers, told to the processes of pytest-xdist.
_HOME = f"{_KEPT}HOME"
_FOLDER = "broadcaster-tests-"
#: Linux's folder in memory (FHS annex, "/dev/shm"): a new database is some four hundred files,
#: which cost a disk's file system ten times as much processor as they cost this one.
_MEMORY = Path("/dev/shm")  # noqa: S108  (a private folder below it)
#: What must be free there; containers often give it 64 MB, and a full one ends the server.
_ROOM = 2 << 30
_LOOPBACK = ["127.0.0.1", "::1", "localhost"]
#: Any number that nobody else locks on the server: making the template.
_TEMPLATE_LOCK = 7401

#: Why a test may be left out, by the beginning of the reason that it gives, and where that is so.
#: With CI set, any other skipped test fails the run: what is not tested must be known.
EXPECTED_SKIPS: dict[str, str] = {
    "needs root": "as an ordinary account nobody can become another one",
    "needs a browser": "where neither Chromium nor apt is there, and pages are not looked at",
}

# How long an example takes says something about the machine, and nothing about the rule.
hypothesis.settings.register_profile("broadcaster", deadline=None)
hypothesis.settings.load_profile("broadcaster")

for _name in [name for name in os.environ if name.startswith("BROADCASTER_")]:
    # A developer's own settings change no test.
    if not _name.startswith(_KEPT):
        del os.environ[_name]


def pytest_configure(config: pytest.Config) -> None:
    """Name the run's folder, once for all processes, after ending what a killed run left."""
    if not hasattr(config, "workerinput"):
        _end_killed_runs()
        os.environ[_HOME] = tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-", dir=_parent())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what is left, also of processes that crashed, and remove the run's folder."""
    if hasattr(config, "workerinput") or _HOME not in os.environ:
        return
    given = os.environ.get(f"{_KEPT}DATABASE_URL")
    if given:
        # One that does not answer has failed the tests already.
        with suppress(psycopg.OperationalError), _admin(given) as connection:
            drop = sql.SQL("DROP DATABASE IF EXISTS {}")
            connection.execute(drop.format(sql.Identifier(_template_name())))
    _remove(Path(os.environ.pop(_HOME)))


def _parent() -> Path:
    """Choose where the run's folder is: in memory if there is room."""
    with suppress(OSError):
        if os.access(_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM:
            return _MEMORY
    return Path(tempfile.gettempdir())


def _end_killed_runs() -> None:
    left = [*Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"), *_MEMORY.glob(f"{_FOLDER}*")]
    for folder in left:
        pid = folder.name.removeprefix(_FOLDER).partition("-")[0]
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            _remove(folder)
        except (ValueError, PermissionError):
            continue


def _remove(folder: Path) -> None:
    """End what still runs in a folder of homes, and remove it."""
    for depth in ("run", "*/run", "*/*/run"):
        for run in folder.glob(depth):
            # A supervisor ends the services that a killed one left behind.
            with suppress(ConflictError), Supervisor(run.parent, []):
                for server in all_servers(run.parent):
                    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup() -> None:
    """Leave tests only this machine to talk to."""
    pytest_socket.socket_allow_hosts(_LOOPBACK, allow_unix_socket=True)


_skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember which tests were left out for a reason that is not on the list."""
    if report.skipped and not hasattr(report, "wasxfail"):
        _note(report.nodeid, report.longrepr)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Remember which files were left out for a reason that is not on the list."""
    if report.skipped:
        _note(report.nodeid, report.longrepr)


def _note(name: str, why: object) -> None:
    reason = str(why[2] if isinstance(why, tuple) else why).removeprefix("Skipped: ")
    if not reason.startswith(tuple(EXPECTED_SKIPS)):
        _skipped.append(f"{name}: {reason}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run on CI that left out what it should not have."""
    if _skipped and os.environ.get("CI"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests were left out unexpectedly."""
    if _skipped:
        terminalreporter.section("left out for a reason that is not on the list", red=True)
        for line in _skipped:
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server on which databases may be made; real, quick and forgetful."""
    given = os.environ.get(f"{_KEPT}DATABASE_URL")
    if given:
        yield given
        return
    with EmbeddedPostgres(Path(os.environ[_HOME]), durable=False).used() as url:
        yield url


@contextmanager
def _admin(url: str) -> Iterator[psycopg.Connection[psycopg.rows.TupleRow]]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def _template(postgres_url: str) -> str:
    """A database with all steps of the schema, to be copied; made once in a run."""
    from broadcaster.ledger import schema  # noqa: PLC0415  (only where databases are wanted)

    name = _template_name()
    with _admin(postgres_url) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_TEMPLATE_LOCK])
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if found.fetchone() is None:
            draft = f"draft_{name}"
            drop = sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(draft))
            connection.execute(drop)
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(draft)))
            schema.upgrade(_database(postgres_url, draft))
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            connection.execute(rename.format(sql.Identifier(draft), sql.Identifier(name)))
        connection.execute("SELECT pg_advisory_unlock(%s)", [_TEMPLATE_LOCK])
    return name


def _template_name() -> str:
    return f"template_{Path(os.environ[_HOME]).name}"


def _database(url: str, name: str) -> str:
    return make_conninfo(url, dbname=name)


_made = iter(range(1_000_000))
_Keeper = psycopg.Connection[psycopg.rows.TupleRow]


@pytest.fixture(scope="session")
def _keeper(postgres_url: str) -> Iterator[_Keeper]:
    """What makes and drops databases: one connection, for a new one costs as much as a drop."""
    with _admin(postgres_url) as connection:
        yield connection


@contextmanager
def _copy(keeper: _Keeper, url: str, template: str) -> Iterator[str]:
    name = f"test_{os.getpid()}_{next(_made)}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
    keeper.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield _database(url, name)
    finally:
        keeper.execute(drop)


@pytest.fixture
def database_url(postgres_url: str, _keeper: _Keeper, _template: str) -> Iterator[str]:
    """A new database with the present schema, for this test alone."""
    with _copy(_keeper, postgres_url, _template) as url:
        yield url


@pytest.fixture
def empty_database_url(postgres_url: str, _keeper: _Keeper) -> Iterator[str]:
    """A new database without a table, for this test alone."""
    with _copy(_keeper, postgres_url, "template0") as url:
        yield url


@pytest.fixture
def pool(database_url: str) -> Iterator[LedgerPool]:
    """The product's pool of connections to this test's database, eight at most."""
    opened = open_pool(database_url, size=8, name="tests")
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture(scope="session")
def _redis_server() -> Iterator[str]:
    given = os.environ.get(f"{_KEPT}REDIS_URL")
    if given:
        yield given
        return
    with EmbeddedValkey(Path(os.environ[_HOME])).used() as url:
        yield url


@pytest.fixture
def redis_url(_redis_server: str) -> Iterator[str]:
    """An empty database of a real server; each process of pytest-xdist has one."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    url = _redis_database(_redis_server, 1 + int(worker) % 15)
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()


def _redis_database(url: str, number: int) -> str:
    base = url.partition("?")[0]
    if base.startswith("unix://"):
        return f"{base}?db={number}"
    scheme, _, rest = base.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/{number}"


@pytest.fixture
def home() -> Iterator[Path]:
    """A home folder with a short path, inside the run's, for a killed run to be swept as well."""
    folder = Path(tempfile.mkdtemp(dir=os.environ[_HOME]))
    try:
        yield folder
    finally:
        _remove(folder)
