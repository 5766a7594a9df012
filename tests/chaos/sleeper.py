"""A worker process that stops itself (SIGSTOP) at an exact point of its work, once.

    python -m tests.chaos.sleeper <home> <database URL> <Redis URL> <batch> <point>

`granted`: the throttle has let messages go, nothing is claimed. `claimed`: the claim is committed,
nothing has been handed to the provider. Whoever waits for it sees it stop (waitpid, WUNTRACED), may
let time pass, and wakes it (SIGCONT).
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from broadcaster.bootstrap import Runtime
from broadcaster.settings import load

#: The point of each port: the method after whose first useful answer the process stops.
POINTS = {"granted": ("throttle", "take"), "claimed": ("ledger", "claim")}


#: How often the work is begun until it comes to the point.
_TRIES = 20


class _Stopping:
    """An adapter like another, but for one method behind which the process stops itself once."""

    def __init__(self, inner: object, method: str) -> None:
        self._inner = inner
        self._method = method
        self.slept = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (whatever the adapter has)
        found = getattr(self._inner, name)
        return self._then_stop(found) if name == self._method else found

    def _then_stop(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def stopping(*given: object, **named: object) -> Any:  # noqa: ANN401  (as the adapter)
            answer = call(*given, **named)
            if not self.slept and getattr(answer, "granted", answer):
                self.slept = True
                os.kill(os.getpid(), signal.SIGSTOP)
            return answer

        return stopping


def main(home: str, database_url: str, redis_url: str, batch: str, point: str) -> None:
    """Work on a batch, and sleep at that point."""
    runtime = Runtime(load({"BROADCASTER_HOME": str(Path(home))}), database_url, redis_url)
    name, method = POINTS[point]
    stopping = _Stopping(getattr(runtime, name), method)
    changed: dict[str, Any] = {name: stopping}
    dispatcher = replace(runtime.dispatcher, **changed)

    async def work() -> None:
        # On a busy machine the first lease may end before the throttle opens.
        for _ in range(_TRIES):
            if stopping.slept:
                break
            await dispatcher.dispatch(int(batch))
        await runtime.aclose()

    asyncio.run(work())
    runtime.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
