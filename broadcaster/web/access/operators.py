"""The operators: who there is, what they are, and inviting them."""

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.access.operators import Standing
from broadcaster.access.tickets import Purpose
from broadcaster.bootstrap import Runtime
from broadcaster.domain.access import Action, Role
from broadcaster.errors import ConflictError, InvalidInputError, NotFoundError
from broadcaster.web.access import words
from broadcaster.web.console.desk import Desk, Visit, see_other
from broadcaster.web.console.fields import Fields

_LARGEST = 2**31 - 1


class OperatorPages:
    """Lists operators, and changes what they are."""

    def __init__(self, runtime: Runtime, desk: Desk) -> None:
        """Work on the whole inside."""
        self._runtime = runtime
        self._desk = desk

    def routes(self) -> Sequence[Route]:
        """List what is answered."""
        one = "/operators/{operator:int}"
        return [
            Route("/operators", self.list),
            Route("/operators", self.add, methods=["POST"]),
            Route("/operators/invitation/{token}", self.invitation),
            Route(one, self.show),
            Route(f"{one}/roles", self.give_roles, methods=["POST"]),
            Route(f"{one}/invite", self.invite, methods=["POST"]),
            Route(f"{one}/disable", self.disable, methods=["POST"]),
            Route(f"{one}/enable", self.enable, methods=["POST"]),
            Route(f"{one}/sessions", self.end_sessions, methods=["POST"]),
        ]

    async def list(self, request: Request) -> Response:
        """List everybody, and offer to add somebody."""
        visit = await self._desk.enter(request, Action.ADMINISTER)
        return await self._list(visit)

    async def add(self, request: Request) -> Response:
        """Add somebody, and lead to their invitation."""
        visit, fields = await self._desk.submitted(request, Action.ADMINISTER)
        name, roles = fields.text("name"), _roles(fields)
        if not roles:
            return await self._list(visit, name, problem="roles")
        try:
            added = await run_in_threadpool(
                self._runtime.operators.add,
                name,
                roles,
                visit.operator.name,
                self._runtime.clock.now(),
            )
        except InvalidInputError as error:
            taken = "is taken" in error.problem
            return await self._list(visit, name, roles, problem="taken" if taken else "name")
        return await self._invited(visit, added.name, reset=False)

    async def show(self, request: Request) -> Response:
        """Show somebody."""
        visit = await self._desk.enter(request, Action.ADMINISTER)
        return await self._one(visit, await self._standing(request))

    async def give_roles(self, request: Request) -> Response:
        """Say what somebody is from now on."""
        visit, fields = await self._desk.submitted(request, Action.ADMINISTER)
        found, roles = await self._standing(request), _roles(fields)
        if not roles:
            return await self._one(visit, found, problem="roles")
        who, by = found.operator.id, visit.operator.name
        try:
            await run_in_threadpool(self._runtime.operators.give_roles, who, roles, by)
        except ConflictError:
            return await self._one(visit, found, problem="last")
        # One's own session ended with it.
        return see_other(f"/operators/{who}?done=roles")

    async def invite(self, request: Request) -> Response:
        """Make a new invitation, also for somebody who lost what they enter by."""
        visit, fields = await self._desk.submitted(request, Action.ADMINISTER)
        found = await self._standing(request)
        if found.disabled_at is not None:
            raise HTTPException(409)
        return await self._invited(visit, found.operator.name, reset=fields.ticked("reset"))

    async def invitation(self, request: Request) -> Response:
        """Show the link of an invitation, once."""
        visit = await self._desk.enter(request, Action.ADMINISTER)
        text = await run_in_threadpool(
            self._runtime.revealing.look,
            Purpose.SHOWN,
            visit.operator.id,
            request.path_params["token"],
            self._runtime.clock.now(),
        )
        if text is None:
            return see_other("/operators")
        name, _, link = text.rpartition("\n")
        return self._desk.page(visit, "console/invited.html", {"name": name, "link": link})

    async def disable(self, request: Request) -> Response:
        """Let somebody in no more."""
        visit, _ = await self._desk.submitted(request, Action.ADMINISTER)
        found = await self._standing(request)
        if found.operator.id == visit.operator.id:
            return await self._one(visit, found, problem="self")
        who, by = found.operator.id, visit.operator.name
        try:
            await run_in_threadpool(
                self._runtime.operators.disable, who, by, self._runtime.clock.now()
            )
        except ConflictError:
            return await self._one(visit, found, problem="last")
        return see_other(f"/operators/{who}?done=disabled")

    async def enable(self, request: Request) -> Response:
        """Let somebody in again."""
        visit, _ = await self._desk.submitted(request, Action.ADMINISTER)
        found = await self._standing(request)
        who = found.operator.id
        await run_in_threadpool(self._runtime.operators.enable, who, visit.operator.name)
        return see_other(f"/operators/{who}?done=enabled")

    async def end_sessions(self, request: Request) -> Response:
        """Sign somebody out everywhere; oneself but here."""
        visit, _ = await self._desk.submitted(request, Action.ADMINISTER)
        found = await self._standing(request)
        who = found.operator.id
        keep = visit.session.id if who == visit.operator.id else None
        await run_in_threadpool(self._runtime.sessions.end_all, who, visit.operator.name, keep)
        return see_other(f"/operators/{who}?done=ended")

    async def _standing(self, request: Request) -> Standing:
        which: int = request.path_params["operator"]
        if which > _LARGEST:
            raise NotFoundError("operator", f"there is no {which}", "Look at the list.")
        return await run_in_threadpool(self._runtime.operators.standing, which)

    async def _invited(self, visit: Visit, name: str, *, reset: bool) -> Response:
        now = self._runtime.clock.now()
        token = await run_in_threadpool(
            lambda: self._runtime.entrance.invite(name, visit.operator.name, now, reset=reset)
        )
        text = f"{name}\n{self._runtime.settings.console_url}/invitation/{token}"
        shown = await run_in_threadpool(
            self._runtime.revealing.keep, Purpose.SHOWN, visit.operator.id, text, now
        )
        return see_other(f"/operators/invitation/{shown}")

    async def _list(
        self, visit: Visit, name: str = "", roles: Sequence[Role] = (), problem: str = ""
    ) -> Response:
        values = {
            "standings": await run_in_threadpool(self._runtime.operators.list),
            "words": words,
            "name": name[:200],
            "roles": roles,
            "problem": problem,
        }
        status = 422 if problem else 200
        return self._desk.page(visit, "console/operators.html", values, status=status)

    async def _one(self, visit: Visit, found: Standing, problem: str = "") -> Response:
        who, now = found.operator.id, self._runtime.clock.now()
        values = {
            "standing": found,
            "sessions": await run_in_threadpool(self._runtime.sessions.list, who, now),
            "words": words,
            "problem": problem,
            "done": visit.request.query_params.get("done", ""),
        }
        status = 422 if problem else 200
        return self._desk.page(visit, "console/operator.html", values, status=status)


def _roles(fields: Fields) -> Sequence[Role]:
    given = set(fields.every("role"))
    return [role for role in Role if role.value in given]
