"""All simulated networks in one process, on one event loop."""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from broadcaster.errors import ConfigurationError
from broadcaster.sandbox.attempts import Requests
from broadcaster.sandbox.bounces import Bounces
from broadcaster.sandbox.carrier import Carrier
from broadcaster.sandbox.config import SandboxConfig
from broadcaster.sandbox.devices import Devices
from broadcaster.sandbox.fcm import Fcm
from broadcaster.sandbox.http import Handler, HttpServer, epoch
from broadcaster.sandbox.mailhost import MailHost
from broadcaster.sandbox.messages import Messages
from broadcaster.sandbox.oauth import Tokens
from broadcaster.sandbox.poster import Poster
from broadcaster.sandbox.push import PushService
from broadcaster.sandbox.record import Journal, Line
from broadcaster.sandbox.sequel import Sequel, Step
from broadcaster.sandbox.service_account import read_account, service_account_file
from broadcaster.sandbox.vapid import Vapid
from broadcaster.sandbox.webpush import WebPush

_CALLBACKS, _CONFIRMATIONS = 64, 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Ports:
    """Where the networks really listen, on 127.0.0.1."""

    carrier: int
    smtp: int
    push: int


def run(config: SandboxConfig, announce: Callable[[str], None]) -> None:
    """Run the networks until SIGTERM or SIGINT; `announce` gets one line for each when ready.

    ConfigurationError when a port is taken or the folder of the record can't be used.
    """
    asyncio.run(_run(config, announce))


async def _run(config: SandboxConfig, announce: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_sandbox(config) as ports:
        # What was read at the start stays: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        announce(f"simulated carrier ready: http://127.0.0.1:{ports.carrier}")
        announce(f"simulated mail host ready: smtp://127.0.0.1:{ports.smtp}")
        announce(f"simulated push services ready: http://127.0.0.1:{ports.push}")
        await stop.wait()


@asynccontextmanager
async def open_sandbox(config: SandboxConfig) -> AsyncIterator[Ports]:
    """Run the networks in the present event loop for as long as the block lasts."""
    async with AsyncExitStack() as stack:
        yield await _Networks(config, stack).start()


class _Networks:
    """Joins the parts; everything is closed by the stack, in reverse order."""

    def __init__(self, config: SandboxConfig, stack: AsyncExitStack) -> None:
        self._config = config
        self._stack = stack
        self._dice = config.dice()
        self._sequels: list[Sequel] = []

    async def start(self) -> Ports:
        config = self._config
        # Bound before anything else, so that a port that is taken is told at once; who is asked
        # before we listen refuses the connection.
        carrier_socket = self._bind(config.carrier_port, "CARRIER")
        smtp_socket = self._bind(config.smtp_port, "SMTP")
        push_socket = self._bind(config.push_port, "PUSH")
        try:
            config.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            requests = Requests(self._journal("requests"))
            poster = self._poster()
            carrier = self._carrier(requests, poster)
            mail = self._mail(requests)
            push = self._push(requests, poster, push_socket.getsockname()[1])
        except OSError as error:
            message = (
                f"The sandbox's folder {config.folder} cannot be used ({error.strerror}). "
                "Name a writable folder."
            )
            raise ConfigurationError(message) from error
        ports = Ports(
            carrier=await self._http(carrier.handle, carrier_socket),
            smtp=await mail.start(smtp_socket),
            # The last to listen: who finds it there finds them all.
            push=await self._http(push.handle, push_socket),
        )
        for sequel in self._sequels:
            self._keep_running(sequel)
        return ports

    def _bind(self, port: int, name: str) -> socket.socket:
        bound = socket.socket()
        self._stack.callback(bound.close)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(("127.0.0.1", port))
        except OSError as error:
            message = (
                f"BROADCASTER_SANDBOX_{name}_PORT: port {port} is in use. "
                "Stop what listens there, or set another port."
            )
            raise ConfigurationError(message) from error
        return bound

    def _poster(self) -> Poster:
        config = self._config
        connections = _CALLBACKS + _CONFIRMATIONS
        poster = Poster(base=config.callback_base, pace=config.pace, connections=connections)
        self._stack.push_async_callback(poster.close)
        return poster

    def _journal(self, name: str) -> Journal:
        journal = Journal(self._config.folder / f"{name}.jsonl")
        self._stack.callback(journal.close)
        return journal

    def _sequel(self, record: Journal, done: str, step: Step, concurrency: int) -> Sequel:
        journal = self._journal(done)
        sequel = Sequel(record, journal, step, now=epoch, concurrency=concurrency)
        self._sequels.append(sequel)
        return sequel

    def _carrier(self, requests: Requests, poster: Poster) -> Carrier:
        record = self._journal("sms")

        def follow(number: int, line: Line) -> None:
            sequel.add(number, line)

        carrier = Carrier(
            self._config,
            dice=self._dice,
            messages=Messages(record, self._config.folder),
            requests=requests,
            poster=poster,
            accepted=follow,
            now=epoch,
        )
        sequel = self._sequel(record, "sms-done", carrier.call, _CALLBACKS)
        return carrier

    def _mail(self, requests: Requests) -> MailHost:
        config = self._config
        record = self._journal("email")
        bounces = Bounces(config.bounce_host, config.bounce_port)
        self._stack.callback(bounces.close)
        sequel = self._sequel(record, "email-done", bounces.bring, 1)
        mail = MailHost(
            config,
            dice=self._dice,
            record=record,
            requests=requests,
            accepted=sequel.add,
            now=epoch,
        )
        self._stack.push_async_callback(mail.stop)
        return mail

    def _push(self, requests: Requests, poster: Poster, port: int) -> PushService:
        record = self._journal("push")

        def follow(number: int, line: Line) -> None:
            sequel.add(number, line)

        devices = Devices(
            self._config,
            dice=self._dice,
            record=record,
            requests=requests,
            poster=poster,
            accepted=follow,
            now=epoch,
        )
        sequel = self._sequel(record, "push-done", devices.confirm, _CONFIRMATIONS)
        local = f"http://127.0.0.1:{port}"
        origin = self._config.push_origin or local
        account = read_account(service_account_file(self._config.folder, origin))
        tokens = Tokens(account)
        vapid = Vapid(frozenset({origin, local, f"http://localhost:{port}"}))
        return PushService(origin, WebPush(devices, vapid), Fcm(devices, tokens), tokens)

    async def _http(self, handler: Handler, bound: socket.socket) -> int:
        server = HttpServer(handler)
        self._stack.push_async_callback(server.stop)
        return await server.start(bound)

    def _keep_running(self, sequel: Sequel) -> None:
        task = asyncio.create_task(sequel.run())

        async def end() -> None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

        self._stack.push_async_callback(end)
