"""An HTTP sink that speaks enough of Twilio's `POST …/Messages.json`, and records To.

`python benchmarks/_sms_sink.py PORT [RECORD]`. The label of a message is the campaign that its
status callback names. Requests may be pipelined; bodies must have a length.
"""

import re
from urllib.parse import unquote_to_bytes

from benchmarks._sink import Tally, main, now

_NAME, _LENGTH = b"Content-Length: ", re.compile(rb"(?i)\r\ncontent-length: *(\d+)")

_TO, _CALLBACK, _NEXT, _SLASH = b"To=", b"StatusCallback=", b"&", b"%2F"

_BODY = (
    b'{"account_sid": "AC00000000000000000000000000000000", "api_version": "2010-04-01", '
    b'"body": "%(body)b", "date_created": "Thu, 24 Aug 2023 05:01:45 +0000", "date_sent": null, '
    b'"date_updated": "Thu, 24 Aug 2023 05:01:45 +0000", "direction": "outbound-api", '
    b'"error_code": null, "error_message": null, "from": "SINK", "messaging_service_sid": null, '
    b'"num_media": "0", "num_segments": "1", "price": null, "price_unit": null, "sid": "SM%%b", '
    b'"status": "queued", "subresource_uris": {"media": "/2010-04-01/Accounts/AC0/Media"}, '
    b'"tags": null, "to": "%%b", "uri": "/2010-04-01/Accounts/AC0/Messages/SM%%b.json"}'
) % {b"body": b"x" * 120}
_HEAD = (
    b"HTTP/1.1 201 CREATED\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
    b"Connection: keep-alive\r\n\r\n%b"
)


class SmsSession:
    """One connection of HTTP/1.1."""

    greeting = b""

    def __init__(self, tally: Tally) -> None:
        """Wait for requests."""
        self._tally = tally
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """Take what arrived and answer each whole request."""
        data = self._rest + data if self._rest else data
        answers: list[bytes] = []
        at = 0
        while True:
            head = data.find(b"\r\n\r\n", at)
            if head < 0:
                break
            end = head + 4 + _length(data, at, head + 2)
            if end > len(data):
                break
            answers.append(self._arrived(data[head + 4 : end]))
            at = end
        self._rest = data[at:]
        return b"".join(answers)

    def _arrived(self, body: bytes) -> bytes:
        number = unquote_to_bytes(_value(body, _TO))
        delivery = _value(body, _CALLBACK).rpartition(_SLASH)[2]
        label = delivery.partition(b"-")[0].decode("ascii")
        self._tally.arrived(len(body), label, number + b"\t" + delivery, now())
        return _answer(self._tally.count, number)


def _length(data: bytes, start: int, end: int) -> int:
    at = data.find(_NAME, start, end)
    if at >= 0:
        return int(data[at + len(_NAME) : data.index(b"\r", at)])
    found = _LENGTH.search(data, start, end)
    return int(found[1]) if found else 0


def _value(body: bytes, name: bytes) -> bytes:
    """Give a value of a form; no value has the name's equals sign in it, as that is coded there."""
    at = body.find(name)
    if at < 0:
        return b""
    end = body.find(_NEXT, at)
    return body[at + len(name) : end if end >= 0 else len(body)]


def _answer(count: int, number: bytes) -> bytes:
    sid = b"%032x" % count
    text = _BODY % (sid, number, sid)
    return _HEAD % (len(text), text)


if __name__ == "__main__":
    main(SmsSession)
