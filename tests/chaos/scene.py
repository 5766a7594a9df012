"""A whole Broadcaster in a home of its own, with links that can be disturbed between its parts."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from broadcaster.bootstrap import Runtime, people, sandbox_account
from broadcaster.cli.demo.scene import _fresh
from broadcaster.domain.customer import CustomerRecord
from broadcaster.embedded.servers import Urls, all_servers, embedded
from broadcaster.embedded.supervisor import Supervisor
from broadcaster.errors import ConflictError
from broadcaster.ledger import schema
from broadcaster.settings import Settings, load
from tests.chaos.links import Links
from tests.chaos.wishes import Wishes

#: A killed run's folder is swept by the next run of the tests, which knows it by this beginning.
_FOLDER = f"broadcaster-tests-{os.getpid()}-chaos-"
#: How long what was told to end may take, seconds.
_PATIENCE = 40.0


class Scene:
    """The parts of a run; made by `staged`."""

    def __init__(self, home: Path, wishes: Wishes, urls: Urls, stack: ExitStack) -> None:
        """Make links, settings and customers' database; nothing of the product runs yet."""
        self.home = home
        self.urls = urls
        self.record = home / "sandbox"
        self.ports = dict(zip(("carrier", "mail", "push", "web", "bounce"), _free(5), strict=True))
        ports = self.ports
        self.links = stack.enter_context(
            Links(
                postgres=lambda: str(home / "postgres" / ".s.PGSQL.5432"),
                valkey=lambda: str(home / "valkey" / "valkey.sock"),
                carrier=lambda: ports["carrier"],
                mail=lambda: ports["mail"],
                push=lambda: ports["push"],
            )
        )
        _write(home / "settings.env", self._settings(wishes))
        self.settings: Settings = load({"BROADCASTER_HOME": str(home)})
        sandbox_account(self.settings)
        schema.upgrade(urls.database)
        self.runtime = Runtime(self.settings, urls.database, urls.redis)
        stack.callback(self.runtime.close)
        self.servers = {server.name: server for server in all_servers(home)}

    def _settings(self, wishes: Wishes) -> dict[str, str]:
        push = f"http://127.0.0.1:{self.links['push'].port}"
        limits = ";".join(f"{name}={rate}" for name, rate in wishes.limits().items())
        own = {
            "WEB_PORT": self.ports["web"],
            "BOUNCE_PORT": self.ports["bounce"],
            "SANDBOX_CARRIER_PORT": self.ports["carrier"],
            "SANDBOX_SMTP_PORT": self.ports["mail"],
            "SANDBOX_PUSH_PORT": self.ports["push"],
            "SANDBOX_SEED": wishes.seed,
            "SANDBOX_TROUBLE": wishes.trouble,
            # Late answers and callbacks come soon enough to be waited for.
            "SANDBOX_PACE": 0.3,
            "TWILIO_BASE_URL": f"http://127.0.0.1:{self.links['carrier'].port}",
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": self.links["mail"].port,
            "SMTP_TLS": "none",
            "WEBPUSH_ALLOWED_HOSTS": push,
            "FCM_BASE_URL": push,
            "LIMITS": limits,
            "BATCH_SIZE": 200,
            "SLICE_SIZE": 50,
            "CONCURRENCY": 4,
            "LEASE": wishes.lease,
            "WORK_TIME": 3,
            "SETTLE_AFTER": 1,
            "RECONCILE_AFTER": 6,
            # A worker that is to stop waits for what it has in the air.
            "TWILIO_TIMEOUT": 5,
            "SMTP_TIMEOUT": 5,
            "WEBPUSH_TIMEOUT": 5,
            "FCM_TIMEOUT": 5,
        }
        named = {f"BROADCASTER_{name}": str(value) for name, value in own.items()}
        return {**_fresh(self.home), **named}

    @property
    def environment(self) -> dict[str, str]:
        """What the product's processes find: the two servers are behind links."""
        links = self.links
        return {
            **{name: value for name, value in os.environ.items() if "BROADCASTER" not in name},
            "BROADCASTER_HOME": str(self.home),
            "BROADCASTER_DATABASE_URL": (
                f"postgresql://broadcaster@127.0.0.1:{links['postgres'].port}/broadcaster"
                "?sslmode=disable&gssencmode=disable"
            ),
            "BROADCASTER_REDIS_URL": f"redis://127.0.0.1:{links['valkey'].port}/0",
        }

    def start(self, name: str, words: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a module of Python that ends with us; its words go to a log of that name."""
        with (self.home / "logs" / f"{name}.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603  (our own modules)
                [sys.executable, "-m", "tests.chaos.leash", *words],
                cwd=Path(__file__).parents[2],
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def customers(self, wishes: Wishes) -> list[CustomerRecord]:
        """Make the customers; their browsers subscribe behind the link."""
        port = self.links["push"].port
        maker = people.maker(_behind(self.settings, port), wishes.seed)
        return list(maker.make(wishes.customers))


@contextmanager
def staged(wishes: Wishes, *, keep: bool = False) -> Iterator[Scene]:
    """Stage a run in a new home with servers; end all of it, and remove it unless it is kept."""
    home = Path(tempfile.mkdtemp(prefix=_FOLDER))
    try:
        (home / "logs").mkdir()
        with ExitStack() as stack:
            stack.callback(_end, home)
            urls = stack.enter_context(embedded(home))
            yield Scene(home, wishes, urls, stack)
    finally:
        if not keep:
            shutil.rmtree(home, ignore_errors=True)


def _end(home: Path) -> None:
    """End services whose supervisor was killed; their servers are stopped already."""
    with suppress(ConflictError), Supervisor(home, []):
        for server in all_servers(home):
            server.stop()


def finish(child: subprocess.Popen[bytes]) -> int | None:
    """End a process that `start` gave, softly and then by force."""
    if child.stdin is not None:
        # The leash: whoever is on it ends by itself.
        child.stdin.close()
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    return child.returncode


def _behind(settings: Settings, port: int) -> Settings:
    return replace(settings, sandbox=replace(settings.sandbox, push_port=port))


def _write(path: Path, values: Mapping[str, str]) -> None:
    path.touch(mode=0o600)
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()), "utf-8")


def _free(count: int) -> list[int]:
    """Find ports that nobody uses now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
