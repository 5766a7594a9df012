"""Pages for administrators: keys of the API, and webhooks with their log."""

from collections.abc import Mapping, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from broadcaster.bootstrap import Runtime
from broadcaster.domain.access import Action
from broadcaster.domain.api_key import DAYS, RATE
from broadcaster.errors import ConflictError, InvalidInputError
from broadcaster.web.console.desk import Desk, Visit, see_other
from broadcaster.web.console.fields import Fields
from broadcaster.web.console.integration_words import EVENTS, FAULTS, SCOPES, STATES

#: How many lines of a log are shown.
_LOG = 100


class Keys:
    """`/keys`: made (shown once), listed and revoked."""

    def __init__(self, runtime: Runtime, desk: Desk) -> None:
        """Keep what it works with."""
        self._runtime = runtime
        self._desk = desk

    def routes(self) -> Sequence[BaseRoute]:
        """List what is answered."""
        return [
            Route("/keys", self.show, methods=["GET"]),
            Route("/keys", self.add, methods=["POST"]),
            Route("/keys/{key:int}/revoke", self.revoke, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show all, and a form for another one."""
        visit = await self._desk.enter(request, Action.ADMINISTER)
        return await run_in_threadpool(self._page, visit, {})

    async def add(self, request: Request) -> Response:
        """Make one, and show it this once."""
        visit, fields = await self._desk.submitted(request, Action.ADMINISTER)
        return await run_in_threadpool(self._added, visit, fields)

    async def revoke(self, request: Request) -> Response:
        """End one."""
        visit, _ = await self._desk.submitted(request, Action.ADMINISTER)
        await run_in_threadpool(self._revoked, visit, request.path_params["key"])
        return see_other("/keys")

    def _added(self, visit: Visit, fields: Fields) -> Response:
        runtime = self._runtime
        try:
            made, token = runtime.api_keys.add(
                fields.text("name"),
                fields.text("owner"),
                fields.every("scopes"),
                visit.operator.name,
                runtime.clock.now(),
                days=_number(fields, "days"),
                rate=_number(fields, "rate"),
            )
        except InvalidInputError as error:
            return self._page(visit, {"error": error, "given": fields}, status=422)
        return self._page(visit, {"made": made, "token": token})

    def _revoked(self, visit: Visit, key: int) -> None:
        try:
            self._runtime.api_keys.revoke(key, visit.operator.name, self._runtime.clock.now())
        except ConflictError:
            # Twice is as good as once.
            return

    def _owners(self) -> Sequence[str]:
        """Name the operators for whom a key can act."""
        found = self._runtime.operators.list()
        return [one.operator.name for one in found if one.disabled_at is None]

    def _page(self, visit: Visit, more: Mapping[str, object], status: int = 200) -> Response:
        now = self._runtime.clock.now()
        values = {
            "keys": self._runtime.api_keys.list(),
            "owners": self._owners(),
            "scopes": SCOPES,
            "labels": {one.value: label for one, label in SCOPES.items()},
            "days": DAYS,
            "rate": RATE,
            "now": now,
            "error": None,
            "given": Fields(),
            **more,
        }
        return self._desk.page(visit, "console/keys.html", values, status=status)


class Webhooks:
    """`/webhooks`: endpoints made (the secret shown once), turned on and off, tried, with a log."""

    def __init__(self, runtime: Runtime, desk: Desk) -> None:
        """Keep what it works with."""
        self._runtime = runtime
        self._desk = desk

    def routes(self) -> Sequence[BaseRoute]:
        """List what is answered."""
        return [
            Route("/webhooks", self.show, methods=["GET"]),
            Route("/webhooks", self.add, methods=["POST"]),
            Route("/webhooks/{webhook:int}", self.one, methods=["GET"]),
            Route("/webhooks/{webhook:int}/{step}", self.step, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show all, and a form for another one."""
        visit = await self._desk.enter(request, Action.ADMINISTER)
        return await run_in_threadpool(self._page, visit, {})

    async def add(self, request: Request) -> Response:
        """Make one, and show its secret this once."""
        visit, fields = await self._desk.submitted(request, Action.ADMINISTER)
        return await run_in_threadpool(self._added, visit, fields)

    async def one(self, request: Request) -> Response:
        """Show one with its log."""
        visit = await self._desk.enter(request, Action.ADMINISTER)
        return await run_in_threadpool(self._one, visit, request.path_params["webhook"])

    async def step(self, request: Request) -> Response:
        """Turn one on or off, try it, give it another secret, or take it away."""
        visit, _ = await self._desk.submitted(request, Action.ADMINISTER)
        webhook, step = request.path_params["webhook"], request.path_params["step"]
        return await run_in_threadpool(self._stepped, visit, webhook, step)

    def _added(self, visit: Visit, fields: Fields) -> Response:
        runtime = self._runtime
        try:
            made, secret = runtime.webhooks.add(
                fields.text("url").strip(),
                fields.every("events"),
                visit.operator.name,
                runtime.clock.now(),
            )
        except InvalidInputError as error:
            return self._page(visit, {"error": error, "given": fields}, status=422)
        return self._one(visit, made.id, secret)

    def _stepped(self, visit: Visit, webhook: int, step: str) -> Response:
        runtime, by = self._runtime, visit.operator.name
        now = runtime.clock.now()
        if step == "secret":
            return self._one(visit, webhook, runtime.webhooks.renew(webhook, by))
        if step == "delete":
            runtime.webhooks.remove(webhook, by)
            return see_other("/webhooks")
        if step == "test":
            runtime.webhooks.test(webhook, now)
        elif step in {"on", "off"}:
            runtime.webhooks.change(webhook, by, now, active=step == "on")
        return see_other(f"/webhooks/{webhook}")

    def _one(self, visit: Visit, webhook: int, secret: str = "") -> Response:
        values = {
            "one": self._runtime.webhooks.get(webhook),
            "log": self._runtime.outbox.log(webhook, None, _LOG),
            "secret": secret,
            "labels": {one.value: label for one, label in EVENTS.items()},
            "states": STATES,
            "faults": FAULTS,
        }
        return self._desk.page(visit, "console/webhook.html", values)

    def _page(self, visit: Visit, more: Mapping[str, object], status: int = 200) -> Response:
        values = {
            "webhooks": self._runtime.webhooks.list(),
            "events": EVENTS,
            "labels": {one.value: label for one, label in EVENTS.items()},
            "error": None,
            "given": Fields(),
            **more,
        }
        return self._desk.page(visit, "console/webhooks.html", values, status=status)


def _number(fields: Fields, name: str) -> int:
    text = fields.text(name).strip()
    if not (text.isascii() and text.isdigit() and len(text) < 7):  # noqa: PLR2004  (far above bounds)
        raise InvalidInputError(name, "is no whole number", "Write digits alone.")
    return int(text)
