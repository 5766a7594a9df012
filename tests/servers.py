"""What tests of the embedded servers and the supervisor share: programs in other processes."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent

#: Uses the servers of a home folder until its standard input ends, perhaps as another account:
#: becoming it after all is loaded, for the interpreter may be out of its reach.
USE = """
import codecs, os, sys
from pathlib import Path
from broadcaster.embedded.servers import embedded
if len(sys.argv) > 2:
    codecs.lookup("ascii")
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[2]))
with embedded(Path(sys.argv[1]), durable=False) as urls:
    print(urls.database, urls.redis, flush=True)
    sys.stdin.read()
"""

#: Runs a service that sleeps, under a supervisor, until it is interrupted.
SUPERVISE = """
import signal, sys, time
from pathlib import Path
from broadcaster.embedded.supervisor import Service, Supervisor
argv = [sys.executable, "-c", sys.argv[2]]
service = Service(name="sleeper", argv=argv, environment={"PIDS": sys.argv[3]})
# A shell that runs the tests in its background has this ignored, and children inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)
with Supervisor(Path(sys.argv[1]), [service]) as supervisor:
    supervisor.start()
    print("up", flush=True)
    try:
        while True:
            supervisor.watch()
            time.sleep(0.05)
    except KeyboardInterrupt:
        print("ending", flush=True)
"""


@contextmanager
def python(
    program: str, arguments: Sequence[str | Path | int], packages: Path = ROOT
) -> Iterator[subprocess.Popen[str]]:
    """Run a program in another Python, which prefers a folder's packages; killed at the end."""
    with subprocess.Popen(  # noqa: S603  (our own program)
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": f"{packages}{os.pathsep}{ROOT}",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def answer(child: subprocess.Popen[str]) -> str:
    """Read the next line that a program prints."""
    assert child.stdout is not None
    return child.stdout.readline().strip()


def finish(child: subprocess.Popen[str]) -> int:
    """End a program's standard input, and wait for its end."""
    child.communicate(timeout=60)
    return child.returncode


def kill(child: subprocess.Popen[str]) -> None:
    """Kill a program at once."""
    child.send_signal(signal.SIGKILL)
    child.wait(30)


def free_ports(count: int) -> list[int]:
    """Find ports that nobody uses now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
