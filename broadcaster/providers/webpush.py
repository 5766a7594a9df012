"""Web Push to browsers: RFC 8030 (transport), RFC 8291 (encryption), RFC 8292 (VAPID).

Options: PRIVATE_KEY (32 octets in base64url; `generate_private_key` makes one), SUBJECT (a mailto:
or https: contact for the push services), ALLOWED_HOSTS (services that may be called, separated by
semicolons), TIMEOUT (seconds), CONCURRENCY.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

# Both libraries have no types.
from py_vapid import Vapid02  # type: ignore[import-untyped]
from pywebpush import WebPusher, WebPushException  # type: ignore[import-untyped]

from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.domain.message import Lane
from broadcaster.domain.options import Options
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError
from broadcaster.ports import Context, Message, Submission, Watch
from broadcaster.providers import _http, _wire_request
from broadcaster.providers._endpoints import allowed, origin, resolve_public
from broadcaster.providers._http import Answer
from broadcaster.providers._wire import Wire
from broadcaster.providers._wire_request import Origin
from broadcaster.providers._wire_stream import Sending, collected
from broadcaster.providers.base import Rule, result, unknown_word

_NAME = "webpush"

#: A token must not live longer than a day (RFC 8292, section 2); services' clocks differ.
_LIFE, _RENEW = timedelta(hours=12), timedelta(hours=11)

#: The longest that services keep a message, seconds (four weeks).
_TTL = 2_419_200

#: The sizes of the keys that a browser gives (RFC 8291, section 3.2), octets.
_POINT, _AUTH = 65, 16

#: https://www.rfc-editor.org/rfc/rfc8030#section-5 . What is ours (VAPID, encryption) would be
#: refused for every message, and says nothing against the subscription.
_STATUSES: Mapping[int, Rule] = {
    # Ours to mend, but it may be one subscription alone (made for an older key), so it does not
    # stop the rest; many in a row do.
    400: Rule(DeliveryEvent.DEFER, Reason.CONFIGURATION),
    401: Rule(DeliveryEvent.DEFER, Reason.CONFIGURATION),
    403: Rule(DeliveryEvent.DEFER, Reason.CONFIGURATION),
    404: Rule(DeliveryEvent.REFUSE, Reason.GONE),
    # Said of a connection that was quiet for too long: it may have crossed our request.
    408: Rule(DeliveryEvent.LOSE, Reason.NO_ANSWER),
    410: Rule(DeliveryEvent.REFUSE, Reason.GONE),
    413: Rule(DeliveryEvent.REFUSE, Reason.TOO_LONG),
    429: Rule(DeliveryEvent.DEFER, Reason.RATE_LIMITED),
    503: Rule(DeliveryEvent.DEFER, Reason.PROVIDER_FAULT),
}


def build(options: Options, context: Context) -> "WebPushProvider":
    """Build the provider; InvalidInputError naming the option that is wrong."""
    return WebPushProvider(options, context)


def generate_private_key() -> str:
    """Make a private key for PRIVATE_KEY; `public_key` gives the other half."""
    key = Vapid02()
    key.generate_keys()
    number = key.private_key.private_numbers().private_value
    return _base64url(number.to_bytes(32, "big"))


def public_key(private_key: str) -> str:
    """Give the key for `pushManager.subscribe`, an uncompressed point (RFC 8292, section 3.2)."""
    key = Vapid02.from_raw(private_key.encode("ascii"))
    numbers = key.public_key.public_numbers()
    return _base64url(b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big"))


class WebPushProvider:
    """Push messages to browsers, through whichever service each browser uses."""

    name = _NAME

    def __init__(self, options: Options, context: Context) -> None:
        """Read the options; nothing is connected yet."""
        self._context = context
        self._key = _key(options)
        self._subject = options.required(
            "SUBJECT", said("Give mailto:someone@example or an https URL.")
        )
        if not self._subject.startswith(("mailto:", "https://")):
            raise options.refuse("SUBJECT", "is no contact", "Give mailto:… or https://….")
        self._allowed = allowed(options)
        self._tokens: dict[str, tuple[datetime, str]] = {}
        timeout, self.room = _http.limits(options, 32)
        self._wire = Wire(timeout=timeout, concurrency=self.room, resolve=resolve_public)

    async def submit(self, messages: Sequence[Message]) -> Sequence[Submission]:
        """Push each message to its browser's service."""
        return await collected(messages, self.stream)

    async def stream(self, messages: Sequence[Message], watch: Watch) -> None:
        """Push each message to its browser's service, and tell of each."""
        sendings = []
        for message in messages:
            service = self._service(message.address.value)
            if service is None:
                watch.answered(result(message, DeliveryEvent.REFUSE, Reason.INVALID_ADDRESS))
            else:
                sendings.append(Sending(service, message, watch, self._write, self._answered))
        await self._wire.run(sendings)

    async def aclose(self) -> None:
        """Close kept connections."""
        await self._wire.aclose()

    def _service(self, endpoint: str) -> Origin | None:
        """Say whom to ask; None when it must not be called."""
        if origin(endpoint, self._allowed) is None:
            return None
        try:
            return _wire_request.parse(endpoint)[0]
        except ValueError:
            return None

    def _write(self, message: Message) -> bytes | Submission:
        endpoint = message.address.value
        keys = _subscription(message.address.keys)
        if keys is None:
            return result(message, DeliveryEvent.REFUSE, Reason.INVALID_ADDRESS)
        try:
            payload = self._context.composer.push(message)
        except InvalidInputError:
            return result(message, DeliveryEvent.EXHAUST, Reason.TOO_LONG)
        try:
            body = _encrypted(endpoint, keys, payload)
        except (WebPushException, ValueError):
            return result(message, DeliveryEvent.REFUSE, Reason.INVALID_ADDRESS)
        service, target = _wire_request.parse(endpoint)
        begun = _wire_request.head("POST", service, target, self._headers(message, service))
        return _wire_request.with_body(begun, body)

    def _answered(self, message: Message, answer: Answer) -> Submission:
        code = str(answer.status)
        if 200 <= answer.status < 300:  # noqa: PLR2004  (success)
            # The service's own name for the message (RFC 8030, section 5).
            reference = answer.header("Location")[:500] or None
            return result(message, DeliveryEvent.ACCEPT, reference=reference)
        wish = answer.retry_after(self._context.clock.now())
        if answer.status == 503 and wish is not None:  # noqa: PLR2004  (it is too much for them)
            rule = Rule(DeliveryEvent.DEFER, Reason.RATE_LIMITED)
        elif answer.status in _STATUSES:
            rule = _STATUSES[answer.status]
        elif answer.status >= 500:  # noqa: PLR2004  (a fault of theirs)
            # It may have been taken, and not every browser drops a repeat.
            rule = Rule(DeliveryEvent.LOSE, Reason.PROVIDER_FAULT)
        else:
            unknown_word(_NAME, code)
            rule = Rule(DeliveryEvent.REFUSE, Reason.OTHER)
        if rule.event is not DeliveryEvent.DEFER:
            wish = None
        return result(message, rule.event, rule.reason, code=code, retry_after=wish, halt=rule.halt)

    def _headers(self, message: Message, service: Origin) -> dict[str, str]:
        left = (message.expires - self._context.clock.now()) // timedelta(seconds=1)
        return {
            "Authorization": self._token(f"{service.scheme}://{service.authority}"),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(min(max(left, 0), _TTL)),
            "Urgency": "high" if message.lane is Lane.URGENT else "normal",
            "Topic": self._context.composer.topic(message),
            "User-Agent": self._context.user_agent,
        }

    def _token(self, service: str) -> str:
        """Sign once for each service: signing costs more than the rest of a request."""
        now = self._context.clock.now()
        made, token = self._tokens.get(service, (None, ""))
        if made is None or not now - _RENEW < made <= now:
            claims = {
                "aud": service,
                "exp": int((now + _LIFE).timestamp()),
                "sub": self._subject,
            }
            token = str(self._key.sign(claims)["Authorization"])
            self._tokens[service] = (now, token)
        return token


def _encrypted(endpoint: str, keys: Mapping[str, str], payload: bytes) -> bytes:
    pusher = WebPusher({"endpoint": endpoint, "keys": dict(keys)})
    return bytes(pusher.encode(payload, content_encoding="aes128gcm")["body"])


def _subscription(keys: Mapping[str, str]) -> Mapping[str, str] | None:
    """Give a subscription's keys when they have the sizes of a point and of a secret."""
    try:
        point, secret = _octets(keys["p256dh"], _POINT), _octets(keys["auth"], _AUTH)
    except (KeyError, ValueError):
        return None
    return {"p256dh": _base64url(point), "auth": _base64url(secret)}


def _key(options: Options) -> Vapid02:
    text = options.required("PRIVATE_KEY", said("Give the private half of a VAPID key pair."))
    try:
        return Vapid02.from_raw(_base64url(_octets(text, 32)).encode("ascii"))
    except ValueError:
        raise options.refuse(
            "PRIVATE_KEY", "is no VAPID key", "Give 32 octets in base64url."
        ) from None


def _octets(text: str, size: int) -> bytes:
    """Read so many octets in base64url, with or without padding; ValueError."""
    bare = text.rstrip("=")
    data = base64.b64decode(bare + "=" * (-len(bare) % 4), b"-_", validate=True)
    if len(data) != size:
        raise ValueError(f"{len(data)} octets")
    return data


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
