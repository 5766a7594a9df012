"""Keeping pages fresh by server-sent events: made once for all who watch the same.

However many watch, a thing is looked at and rendered once a beat in each language, and each of
them is sent the same octets.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from broadcaster.errors import BroadcasterError
from broadcaster.web.console.desk import FactorNeededError, SignInNeededError

#: How many may watch at once; each holds a connection.
WATCHERS = 400
#: How often what is watched is looked at, seconds.
_BEAT = 1.0
#: Beats without a change after which watchers are told that we are still here.
_QUIET = 15
#: Beats after which it is asked again whether somebody may still watch, and after which they have
#: to come again.
_ASK, _KEPT = 60, 600

_HERE = b": still here\n\n"
_HEADERS = {"X-Accel-Buffering": "no"}

Render = Callable[[], Awaitable[str]]


class Feed:
    """One thing in one language; `event` is what a watcher is sent."""

    def __init__(self) -> None:
        """Nothing was rendered yet."""
        self.event = b""
        self.changed = asyncio.Event()
        self.watchers = 0
        self.over = False
        self.task: asyncio.Task[None] | None = None

    def tell(self, event: bytes) -> None:
        """Give all watchers the same."""
        self.event = event
        told, self.changed = self.changed, asyncio.Event()
        told.set()


class Feeds:
    """All that is watched."""

    def __init__(self, stopping: Callable[[], bool], beat: float = _BEAT) -> None:
        """`stopping` says that the server is about to end; a beat is in seconds."""
        self._stopping = stopping
        self._beat = beat
        self._feeds: dict[Hashable, Feed] = {}
        self.watchers = 0

    def answer(
        self, key: Hashable, render: Render, may: Callable[[], Awaitable[object]]
    ) -> Response:
        """Answer with what `render` gives whenever that changes; 503 when too many watch.

        `key` names what is rendered and how. `may` raises once somebody may not watch any more.
        """
        if self.watchers >= WATCHERS:
            return PlainTextResponse("too many watch\n", 503, headers={"Retry-After": "30"})
        return StreamingResponse(
            self._stream(key, render, may), media_type="text/event-stream", headers=_HEADERS
        )

    async def _stream(
        self, key: Hashable, render: Render, may: Callable[[], Awaitable[object]]
    ) -> AsyncIterator[bytes]:
        feed = self._joined(key, render)
        feed.watchers += 1
        self.watchers += 1
        sent = b""
        try:
            yield b"retry: 3000\n\n"
            loop = asyncio.get_running_loop()
            begun = asked = loop.time()
            while not feed.over:
                changed = feed.changed
                if feed.event != sent:
                    sent = feed.event
                    yield sent
                    continue
                await changed.wait()
                now = loop.time()
                if now - begun > _KEPT * self._beat:
                    return
                if now - asked > _ASK * self._beat:
                    asked = now
                    await may()
                if feed.event == sent and not feed.over:
                    yield _HERE
        except (BroadcasterError, HTTPException, SignInNeededError, FactorNeededError):
            # The browser comes back by itself, and finds out what the matter is.
            return
        finally:
            feed.watchers -= 1
            self.watchers -= 1

    def _joined(self, key: Hashable, render: Render) -> Feed:
        feed = self._feeds.get(key)
        if feed is None or feed.over:
            feed = self._feeds[key] = Feed()
            feed.task = asyncio.create_task(self._keep(key, feed, render))
        return feed

    async def _keep(self, key: Hashable, feed: Feed, render: Render) -> None:
        """Look, beat by beat, as long as somebody watches."""
        html, quiet = "", 0
        try:
            while not self._stopping():
                fresh = await render()
                quiet += 1
                if fresh != html:
                    html, quiet = fresh, 0
                    feed.tell(event(html))
                elif quiet >= _QUIET:
                    quiet = 0
                    feed.tell(feed.event)
                await asyncio.sleep(self._beat)
                if not feed.watchers:
                    return
        except (BroadcasterError, HTTPException):
            return
        finally:
            feed.over = True
            if self._feeds.get(key) is feed:
                del self._feeds[key]
            feed.tell(feed.event)


def event(html: str) -> bytes:
    """Write an event as it is sent (HTML Living Standard, 9.2)."""
    lines = "".join(f"data: {line}\n" for line in html.splitlines())
    return f"event: live\n{lines}\n".encode()
