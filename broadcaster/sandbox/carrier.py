"""The simulated carrier: answers as Twilio's Messages API of 2010-04-01 does.

https://www.twilio.com/docs/messaging/api/message-resource
"""

import base64
import hmac
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Unpack
from urllib.parse import urlencode

from aiohttp import web

from broadcaster.sandbox import segments, twilio_shapes
from broadcaster.sandbox.attempts import Columns, Requests
from broadcaster.sandbox.config import SandboxConfig
from broadcaster.sandbox.course import course
from broadcaster.sandbox.http import Cut, answer, read_body, slowly
from broadcaster.sandbox.messages import Messages
from broadcaster.sandbox.poster import Poster
from broadcaster.sandbox.record import Line
from broadcaster.sandbox.sms_parameters import LONGEST_WAIT, fault, read_form, whole
from broadcaster.sandbox.trouble import Dice

_log = logging.getLogger(__name__)

#: What can happen to one request, in the order in which the dice try it.
_TROUBLES = tuple(
    f"carrier.{kind}"
    for kind in ("busy", "error_accepted", "error_refused", "cut_before", "cut_after", "slow")
)
_LARGEST_PAGE, _USUAL_PAGE = 1000, 50
_SLOWNESS = 4.0


class Carrier:
    """Takes messages, tells their status, and calls back."""

    def __init__(
        self,
        config: SandboxConfig,
        *,
        dice: Dice,
        messages: Messages,
        requests: Requests,
        poster: Poster,
        accepted: Callable[[int, Line], None],
        now: Callable[[], float],
    ) -> None:
        """Tell `accepted` of each recorded message, so that its callbacks follow."""
        self._config = config
        self._dice = dice
        self._messages = messages
        self._requests = requests
        self._poster = poster
        self._accepted = accepted
        self._now = now
        account, token = config.account_sid, config.auth_token.reveal()
        self._authorization = b"Basic " + base64.b64encode(f"{account}:{token}".encode())
        self._path = f"/{twilio_shapes.VERSION}/Accounts/{account}/Messages"

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request; whatever it holds, the answer is one of the protocol's."""
        at = self._now()
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._authorization):
            return self._refuse(at, 20003)
        path = request.path
        if path == f"{self._path}.json":
            if request.method == "POST":
                return await self._create(request, at)
            return self._list(request.query, at) if _reads(request) else self._refuse(at, 20004)
        if path.startswith(f"{self._path}/") and path.endswith(".json"):
            sid = path[len(self._path) + 1 : -len(".json")]
            return self._fetch(sid, at) if _reads(request) else self._refuse(at, 20004)
        return self._refuse(at, 20404)

    def _refuse(self, at: float, code: int, **logged: Unpack[Columns]) -> web.Response:
        status, body = twilio_shapes.error(code)
        self._requests.log(at=at, network="carrier", status=status, **logged)
        return answer(status, body)

    async def _create(self, request: web.BaseRequest, at: float) -> web.Response:
        fields = read_form(await read_body(request))
        code = 20001 if fields is None else fault(fields)
        if (
            fields is not None
            and code is None
            and self._dice.hit("carrier.opted_out", fields["To"])
        ):
            code = 21610
        if fields is None or code is not None:
            return self._refuse(at, code or 20001)
        to = fields["To"]
        attempt = self._requests.attempt("carrier", to)
        trouble = self._dice.first(_TROUBLES, to, attempt)
        count = segments.count(fields["Body"])
        logged = Columns(recipient=to, attempt=attempt, trouble=trouble, units=count)
        if trouble == "carrier.busy":
            return self._refuse(at, 20429, **logged)
        if trouble == "carrier.error_refused":
            return self._refuse(at, 20500, **logged)
        if trouble == "carrier.cut_before":
            self._requests.log(at=at, network="carrier", status=0, **logged)
            raise Cut
        try:
            line = self._accept(fields, attempt, count, at)
        except OSError:
            _log.critical("no space for the record", extra={"action": "sandbox.record"})
            return self._refuse(at, 20500, **logged)
        if trouble == "carrier.error_accepted":
            return self._refuse(at, 20500, **logged)
        status = 0 if trouble == "carrier.cut_after" else 201
        self._requests.log(at=at, network="carrier", status=status, **logged)
        if trouble == "carrier.cut_after":
            raise Cut
        if trouble == "carrier.slow":
            await slowly(self._config.pace, _SLOWNESS)
        # A new message shows its first status, however fast it went on.
        return answer(201, twilio_shapes.resource(line, self._config.account_sid, now=0))

    def _accept(self, fields: Mapping[str, str], attempt: int, count: int, at: float) -> Line:
        to, service = fields["To"], fields.get("MessagingServiceSid") or None
        fate = course(
            self._dice,
            to,
            attempt,
            at=at,
            pace=self._config.pace,
            service=service is not None,
            validity=int(fields.get("ValidityPeriod", LONGEST_WAIT)),
        )
        url = fields.get("StatusCallback", "").partition("#")[0]
        line: Line = {
            "to": to,
            "from": fields.get("From") or None,
            "body": fields["Body"],
            "at": at,
            "fate": fate.fate,
            "code": fate.code,
            "service": service,
            "segments": count,
            "attempt": attempt,
            "callback": url,
            "statuses": fate.statuses,
            "then": fate.calls if url else [],
        }
        self._accepted(self._messages.add(line), line)
        return line

    def _fetch(self, sid: str, at: float) -> web.Response:
        line = self._messages.find(sid)
        if line is None:
            return self._refuse(at, 20404, what="fetch")
        self._requests.log(at=at, network="carrier", status=200, what="fetch")
        return answer(200, twilio_shapes.resource(line, self._config.account_sid, at))

    def _list(self, query: Mapping[str, str], at: float) -> web.Response:
        size = min(max(whole(query.get("PageSize"), _USUAL_PAGE), 1), _LARGEST_PAGE)
        number = max(whole(query.get("Page"), 0), 0)
        token = query.get("PageToken", "").removeprefix("PASM")
        before = int(token) if token.isascii() and token.isdigit() and len(token) < 19 else None  # noqa: PLR2004  (what fits eight bytes)
        names = ("To", "From", "DateSent", "DateSent<", "DateSent>")
        filters = {name: query[name] for name in names if query.get(name)}
        numbers = self._messages.numbers(filters.get("To"), before)
        lines = ((one, self._messages.read(one)) for one in numbers)
        matching = ((one, line) for one, line in lines if _matches(line, filters, at))
        found = list(islice(matching, size + 1))
        shown = [
            twilio_shapes.resource(line, self._config.account_sid, at) for _, line in found[:size]
        ]
        following = f"PASM{found[size - 1][0]}" if len(found) > size else None
        self._requests.log(at=at, network="carrier", status=200, what="list")
        body = twilio_shapes.page(
            account=self._config.account_sid,
            filters=filters,
            number=number,
            size=size,
            messages=shown,
            following=following,
        )
        return answer(200, body)

    async def call(self, line: Line, step: int) -> str:
        """Post one status callback; what came of it."""
        _, status = line["then"][step]
        fields = twilio_shapes.callback(line, self._config.account_sid, status)
        url = line["callback"]
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": twilio_shapes.sign(url, fields, self._config.auth_token.reveal()),
            "I-Twilio-Idempotency-Token": f"{line['sid']}-{step}",
            "User-Agent": "BroadcasterSandbox/1",
        }
        return await self._poster.post(url, urlencode(fields).encode("ascii"), headers)


def _reads(request: web.BaseRequest) -> bool:
    return request.method in {"GET", "HEAD"}


def _matches(line: Line, filters: Mapping[str, str], now: float) -> bool:
    if "From" in filters and line["from"] != filters["From"]:
        return False
    wanted = {name: value for name, value in filters.items() if name.startswith("DateSent")}
    if not wanted:
        return True
    sent = next((due for due, status in line["statuses"] if status == "sent" and due <= now), None)
    return sent is not None and all(_dated(sent, name, text) for name, text in wanted.items())


def _dated(sent: float, name: str, text: str) -> bool:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    bound = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if name == "DateSent<":
        return sent <= bound
    if name == "DateSent>":
        return sent >= bound
    return datetime.fromtimestamp(sent, UTC).date() == moment.date()
