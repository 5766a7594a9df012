"""Runs a module of Python that ends when whoever holds its standard input is gone.

    python -m tests.chaos.leash broadcaster up

However a run ends, also by SIGKILL, nothing that it started goes on without it.
"""

import os
import runpy
import signal
import sys
import threading
import time

#: How long the soft end may take, seconds.
_PATIENCE = 20.0


def _hold() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_PATIENCE)
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Start to watch, and become the module."""
    threading.Thread(target=_hold, daemon=True).start()
    module, *sys.argv[1:] = sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
