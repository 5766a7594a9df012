"""People who watch a page live: connections that read what is sent, and count it.

A process of its own, so that what it costs is not what the web costs: `python -m
benchmarks._viewers PORT COUNT PATH COOKIE`; it prints `ready`, and its counts when it is ended.
"""

import selectors
import signal
import socket
import sys
from types import FrameType

_SIZE = 1 << 18


def connected(port: int, path: str, cookie: str) -> socket.socket:
    """Ask for a stream of events."""
    made = socket.create_connection(("127.0.0.1", port), timeout=30)
    made.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: broadcaster={cookie}\r\n"
        "Accept: text/event-stream\r\nConnection: keep-alive\r\n\r\n".encode()
    )
    return made


def main() -> None:
    """Watch until told to end."""
    port, count, path, cookie = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    over = False

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        nonlocal over
        over = True

    signal.signal(signal.SIGTERM, end)
    known = selectors.DefaultSelector()
    for _ in range(count):
        known.register(connected(port, path, cookie), selectors.EVENT_READ)
    print("ready", flush=True)
    octets = events = lost = 0
    buffer = bytearray(_SIZE)
    while not over:
        for key, _ in known.select(0.2):
            assert isinstance(key.fileobj, socket.socket)
            got = key.fileobj.recv_into(buffer)
            octets += got
            events += buffer.count(b"event: live", 0, got)
            if not got:
                known.unregister(key.fileobj)
                key.fileobj.close()
                lost += 1
    print(f"{events} {octets} {lost}", flush=True)


if __name__ == "__main__":
    main()
