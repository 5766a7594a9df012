"""An HTTP sink that speaks enough of Twilio's `POST …/Messages.json`, and records To.

`python benchmarks/_sms_sink.py PORT [RECORD]`. The label of a message is the campaign that its
status callback names. Requests may be pipelined; bodies must have a length.
"""

import re
from urllib.parse import unquote

from benchmarks._sink import Tally, main, now

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_TO = re.compile(rb"(?:^|&)To=([^&]*)")
_CALLBACK = re.compile(rb"(?:^|&)StatusCallback=[^&]*?(\d+)-(\d+)(?:&|\Z|%3F)")

_BODY = (
    '{{"account_sid": "AC00000000000000000000000000000000", "api_version": "2010-04-01", '
    '"body": "{body}", "date_created": "Thu, 24 Aug 2023 05:01:45 +0000", "date_sent": null, '
    '"date_updated": "Thu, 24 Aug 2023 05:01:45 +0000", "direction": "outbound-api", '
    '"error_code": null, "error_message": null, "from": "SINK", "messaging_service_sid": null, '
    '"num_media": "0", "num_segments": "1", "price": null, "price_unit": null, "sid": "SM{sid}", '
    '"status": "queued", "subresource_uris": {{"media": "/2010-04-01/Accounts/AC0/Media"}}, '
    '"tags": null, "to": "{to}", "uri": "/2010-04-01/Accounts/AC0/Messages/SM{sid}.json"}}'
)
_HEAD = (
    "HTTP/1.1 201 CREATED\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n"
    "Connection: keep-alive\r\n\r\n"
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
            found = _LENGTH.search(data, at, head + 2)
            end = head + 4 + (int(found[1]) if found else 0)
            if end > len(data):
                break
            answers.append(self._arrived(data[head + 4 : end]))
            at = end
        self._rest = data[at:]
        return b"".join(answers)

    def _arrived(self, body: bytes) -> bytes:
        to, callback = _TO.search(body), _CALLBACK.search(body)
        number = unquote(to[1].decode("ascii")) if to else ""
        label = callback[1].decode("ascii") if callback else ""
        delivery = b"-".join(callback.groups()) if callback else b""
        self._tally.arrived(len(body), label, number.encode() + b"\t" + delivery, now())
        return _answer(self._tally.count, number)


def _answer(count: int, number: str) -> bytes:
    text = _BODY.format(sid=f"{count:032x}", to=number, body="x" * 120)
    return (_HEAD.format(length=len(text)) + text).encode("ascii")


if __name__ == "__main__":
    main(SmsSession)
