"""A bare network that takes messages over HTTP: reads a request, keeps whom it was for, says 201.

    python benchmarks/_http_sink.py [--plain-loop]

Prints its port, serves until its standard input ends, then prints what it took and what that cost
it, as JSON. It answers as Twilio does when a message is made.
"""

import argparse
import asyncio
import json
import os
import re
import sys
from typing import cast

import httptools

_TO = re.compile(rb"(?:^|&)To=([^&]*)")

_BODY = (
    '{"account_sid": "AC%s", "api_version": "2010-04-01", "body": "Bonjour", "date_created":'
    ' "Fri, 20 Mar 2020 12:00:01 +0000", "date_sent": null, "date_updated": "Fri, 20 Mar 2020'
    ' 12:00:01 +0000", "direction": "outbound-api", "error_code": null, "error_message": null,'
    ' "from": "LYDEC", "messaging_service_sid": null, "num_media": "0", "num_segments": "1",'
    ' "price": null, "price_unit": "USD", "sid": "SM%%032x", "status": "queued", "to":'
    ' "+212610000001"}' % ("0" * 32)
).encode()


class Record:
    """What was taken: the bodies, until they are counted."""

    def __init__(self) -> None:
        """Nothing was taken yet."""
        self.count = 0
        self.bodies: list[bytes] = []
        self.recipients: set[bytes] = set()

    def take(self, body: bytes) -> int:
        """Keep a body, and give its number."""
        self.count += 1
        self.bodies.append(body)
        if len(self.bodies) > 50_000:  # noqa: PLR2004  (some megabytes)
            self.digest()
        return self.count

    def digest(self) -> None:
        """Keep of bodies only for whom they were."""
        self.recipients.update(found[1] for body in self.bodies if (found := _TO.search(body)))
        self.bodies.clear()


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self, record: Record) -> None:
        """Nothing came yet."""
        self._record = record
        self._parser = httptools.HttpRequestParser(self)
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be connected."""
        # Not of the class when the loop is another one.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Keep a piece of a request's body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Answer."""
        answer = _BODY % self._record.take(self._body)
        self._body = b""
        self._transport.write(
            b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nConnection: keep-alive"
            b"\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer)
        )


async def serve() -> None:
    """Serve until the standard input ends."""
    record = Record()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Session(record), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()
    server.close()
    record.digest()
    times = os.times()
    print(
        json.dumps(
            {
                "requests": record.count,
                "recipients": len(record.recipients),
                "cpu": times.user + times.system,
            }
        )
    )


def main() -> None:
    """Read the arguments and serve, on uvloop where it is installed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plain-loop", action="store_true")
    factory = None
    if not parser.parse_args().plain_loop:
        try:
            import uvloop  # noqa: PLC0415  (not everywhere)

            factory = uvloop.new_event_loop
        except ImportError:
            pass
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serve())


if __name__ == "__main__":
    main()
