"""The library-only path: Jinja, EmailMessage and smtplib, or aiohttp; no ledger, no Celery.

`python -m benchmarks._libraries email|sms PORT TEMPLATES FIRST LAST`, one process per core, each
over connections that are kept.
"""

import asyncio
import smtplib
import subprocess
import sys
from pathlib import Path

import aiohttp

from benchmarks import _texts

_AT_ONCE = 32


def race(channel: str, port: int, templates: Path, count: int, processes: int = 2) -> None:
    """Send so many, shared among processes, and wait; AssertionError when one fails."""
    share = count // processes
    children = [
        subprocess.Popen(  # noqa: S603  (our own program)
            [
                *(sys.executable, "-m", "benchmarks._libraries", channel, str(port)),
                *(str(templates), str(index * share + 1), str((index + 1) * share)),
            ],
            cwd=Path(__file__).parent.parent,
        )
        for index in range(processes)
    ]
    codes = [child.wait(600) for child in children]
    assert not any(codes), "the library-only path failed"


def mails(port: int, texts: _texts.Texts, first: int, last: int) -> None:
    """Send mails over one kept connection, one after another: building them takes the time."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="bench.test") as relay:
        for index in range(first, last + 1):
            relay.send_message(texts.mail(index))


async def messages(port: int, texts: _texts.Texts, first: int, last: int) -> None:
    """Post SMS over kept connections, some at once."""
    url = f"http://127.0.0.1:{port}/2010-04-01/Accounts/AC0/Messages.json"
    queue = iter(range(first, last + 1))

    async def line(session: aiohttp.ClientSession) -> None:
        for index in queue:
            form = {"To": _texts.number(index), "From": "LYDEC", "Body": texts.sms(index)}
            async with session.post(url, data=form) as answer:
                await answer.json()

    connector = aiohttp.TCPConnector(limit=_AT_ONCE)
    headers = {"Authorization": aiohttp.encode_basic_auth("AC0", "token")}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        await asyncio.gather(*(line(session) for _ in range(_AT_ONCE)))


def main() -> None:
    """Do one process's share."""
    channel, port, templates, first, last = sys.argv[1:]
    texts = _texts.read(Path(templates))
    if channel == "email":
        mails(int(port), texts, int(first), int(last))
    else:
        asyncio.run(messages(int(port), texts, int(first), int(last)))


if __name__ == "__main__":
    main()
