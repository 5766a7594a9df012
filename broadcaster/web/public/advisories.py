"""The public pages of advisories, with their lists, feeds and alerts, answered from the folder.

A request never waits for the database where the folder has what it asks for.
"""

import logging
import threading
import time
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.errors import BroadcasterError, UnavailableError
from broadcaster.publication.serving import Asked, Files, accepts_gzip

_log = logging.getLogger(__name__)

#: How often it is asked, at most, whether something has changed, seconds.
_EVERY = 2.0
#: What comes to be asked for and is not there: a link may be looked up before it was published.
_PATIENCE = 0.5
_BEHIND = "The public folder could not be brought into step. Try again later."
_BUSY = "The public folder is being brought into step. Try again."


class Publishes(Protocol):
    """Brings the folder into step."""

    def publish(self) -> object:
        """Publish what is due; UnavailableError when the database does not answer."""
        ...

    def catch_up(self) -> object:
        """Take what others published, or what time has changed; errors as `publish`."""
        ...

    def reproject(self) -> object:
        """Make the site of the folder again where time has changed it; needs nothing else."""
        ...


class Advisories:
    """Answers from the folder, and looks in the background whether it is still in step."""

    def __init__(self, files: Files, publisher: Publishes) -> None:
        """Answer from `files`, which `publisher` makes."""
        self._files = files
        self._publisher = publisher
        self._looking, self._seeking = threading.Lock(), threading.Lock()
        self._looked = self._sought = float("-inf")
        #: Why it can't be said at the moment what there is.
        self._unknown = ""

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [
            Route("/advisories", self.file),
            Route("/advisories/{path:path}", self.file),
            Route("/favicon.ico", self.icon),
        ]

    async def icon(self, request: Request) -> Response:
        """Have nothing for browsers that ask by themselves: pages bring their icon along."""
        del request
        return Response(status_code=204, headers={"Cache-Control": "public, max-age=86400"})

    async def file(self, request: Request) -> Response:
        """Answer with a file; 404 where there is none, 503 when that can't be said."""
        self._look_soon()
        headers = request.headers
        asked = Asked(
            if_none_match=headers.get("if-none-match", ""),
            if_modified_since=headers.get("if-modified-since", ""),
            gzip=accepts_gzip(headers.get("accept-encoding", "")),
        )
        path = request.url.path
        answer = self._files.answer(path, asked)
        if answer is None:
            await run_in_threadpool(self._seek)
            answer = self._files.answer(path, asked)
        if answer is None:
            raise HTTPException(404)
        return Response(answer.body, answer.status, answer.headers)

    def _look_soon(self) -> None:
        """Look whether something has changed, in the background, one look at a time."""
        now = time.monotonic()
        if now - self._looked < _EVERY or not self._looking.acquire(blocking=False):
            return
        self._looked = now
        threading.Thread(target=self._look, name="publication", daemon=True).start()

    def _look(self) -> None:
        try:
            self._step()
        except (BroadcasterError, OSError) as error:
            # What is there is answered with meanwhile.
            extra = {"action": "publication_behind", "fault": type(error).__name__}
            _log.warning("the public folder could not be brought into step", extra=extra)
        finally:
            self._looking.release()

    def _step(self) -> None:
        try:
            self._publisher.catch_up()
        except UnavailableError:
            self._publisher.reproject()

    def _seek(self) -> None:
        """Publish what is due, for somebody who asks for what is not there; seldom, one at a time.

        UnavailableError when that can't be done now: nobody knows then whether it is there.
        """
        if not self._seeking.acquire(timeout=_PATIENCE):
            raise UnavailableError(_BUSY)
        try:
            self._publish()
        finally:
            self._seeking.release()

    def _publish(self) -> None:
        now = time.monotonic()
        if now - self._sought < _PATIENCE:
            if self._unknown:
                raise UnavailableError(self._unknown)
            return
        self._sought, self._unknown = now, ""
        try:
            self._publisher.publish()
        except UnavailableError as error:
            self._unknown = str(error)
            raise
        except (BroadcasterError, OSError) as error:
            # A folder that is full or not to be written: what is not in it may be public.
            extra = {"action": "publication_behind", "fault": type(error).__name__}
            _log.warning("the public folder could not be brought into step", extra=extra)
            self._unknown = _BEHIND
            raise UnavailableError(_BEHIND) from error
