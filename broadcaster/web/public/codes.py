"""The page by which customers come without a message's link: by a code to their phone or mailbox.

Whoever asks gets the same answer, in the same time: the page writes one row, and only the task that
sends looks up whose the address is (`ledger.page_codes`).
"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.audience.cells import CellError
from broadcaster.audience.digits import plain_digits
from broadcaster.bootstrap import Runtime, signing_key
from broadcaster.bootstrap.people import address_reader
from broadcaster.domain.message import Address, Scheme
from broadcaster.domain.page_codes import CODE_LIFE, SESSION_LIFE
from broadcaster.errors import InvalidInputError
from broadcaster.web.console.desk import see_other
from broadcaster.web.languages import Language
from broadcaster.web.pages import Pages
from broadcaster.web.public.door import Door
from broadcaster.web.public.links import delivery_of

#: The longest text that is read as an address.
_LONGEST = 320
_LATER = {"Retry-After": "900"}


class CodePages:
    """Takes an address, sends a code there, and opens the page by it."""

    def __init__(self, runtime: Runtime, pages: Pages, door: Door) -> None:
        """Work on the whole inside."""
        self._runtime = runtime
        self._pages = pages
        self._door = door
        self._key = signing_key(runtime.settings)
        self._read = address_reader(runtime.settings)

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [
            Route("/preferences", self.show, methods=["GET"]),
            Route("/preferences", self.ask, methods=["POST"]),
            Route("/preferences/{token}/code", self.ask_by_link, methods=["POST"]),
            Route("/preferences/code", self.show_code, methods=["GET"]),
            Route("/preferences/code", self.enter, methods=["POST"]),
            Route("/preferences/leave", self.leave, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Ask where to send a code; nothing changes."""
        return self._asking(request)

    async def ask(self, request: Request) -> Response:
        """Have a code sent, if the address is a customer's; 422 for what is no address, 429."""
        fields = await self._door.form(request)
        text = fields.text("address").strip()
        address = self._address(text)
        if address is None:
            return self._asking(request, given=text, wrong=True, status=422)
        wanted = self._pages.languages.get(fields.text("language")[:40])
        language = wanted or self._pages.languages.of(request)
        return await self._sent(request, address, language, text)

    async def ask_by_link(self, request: Request) -> Response:
        """Have a code sent to where the message of a link went; who holds the link sees no more.

        404 for a forged link, 410 where nobody knows any more where it went, 429. Who was told in a
        browser gives an address.
        """
        await self._door.form(request)
        delivery = delivery_of(request, self._key)
        address = await run_in_threadpool(self._runtime.page_codes.address_of, delivery)
        language = self._pages.languages.of(request)
        if address is None:
            return see_other(f"/preferences?lang={language.locale.tag}")
        return await self._sent(request, address, language, "")

    async def _sent(
        self, request: Request, address: Address, language: Language, typed: str
    ) -> Response:
        """Have a code sent, and ask for it; `typed` is shown again when that was too often."""
        ticket = await run_in_threadpool(
            self._runtime.page_codes.ask,
            address,
            language.locale.tag,
            self._door.source(request),
            self._runtime.clock.now(),
        )
        if ticket is None:
            return self._asking(request, given=typed, often=True, status=429)
        await run_in_threadpool(self._runtime.wake_codes)
        answer = see_other(f"/preferences/code?lang={language.locale.tag}")
        return self._door.give(answer, "ticket", ticket, int(CODE_LIFE.total_seconds()))

    async def show_code(self, request: Request) -> Response:
        """Ask for the code."""
        return self._code(request)

    async def enter(self, request: Request) -> Response:
        """Open the page by a code; 422 for one that opens nothing, whatever the cause."""
        fields = await self._door.form(request)
        code = plain_digits("".join(fields.text("code").split())[:20])
        token = await run_in_threadpool(
            self._runtime.page_codes.redeem,
            self._door.cookie(request, "ticket"),
            code,
            self._door.source(request),
            self._runtime.clock.now(),
        )
        if token is None:
            return self._code(request, wrong=True, status=422)
        language = self._pages.languages.of(request)
        answer = see_other(f"/preferences/mine?lang={language.locale.tag}")
        self._door.take(answer, "ticket")
        return self._door.give(answer, "page", token, int(SESSION_LIFE.total_seconds()))

    async def leave(self, request: Request) -> Response:
        """Close the page."""
        self._door.require_own(request)
        token = self._door.cookie(request, "page")
        await run_in_threadpool(self._runtime.page_codes.leave, token)
        language = self._pages.languages.of(request)
        answer = see_other(f"/preferences?lang={language.locale.tag}")
        return self._door.take(answer, "page")

    def _address(self, text: str) -> Address | None:
        """Read a number or a mailbox; None for anything else."""
        if not text or len(text) > _LONGEST:
            return None
        try:
            found = self._read(text)
        except (CellError, InvalidInputError):
            return None
        return found if found.scheme in (Scheme.TEL, Scheme.MAILTO) else None

    def _asking(
        self,
        request: Request,
        *,
        given: str = "",
        wrong: bool = False,
        often: bool = False,
        status: int = 200,
    ) -> Response:
        values = {"given": given[:_LONGEST], "wrong": wrong, "often": often}
        answer = self._pages.page("ask_code.html", request, values, status=status)
        if often:
            answer.headers.update(_LATER)
        return answer

    def _code(self, request: Request, *, wrong: bool = False, status: int = 200) -> Response:
        return self._pages.page("enter_code.html", request, {"wrong": wrong}, status=status)
