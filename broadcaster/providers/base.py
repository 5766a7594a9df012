"""How providers are found, and what all of them do alike.

A provider is one file of this package, or of a folder given by path, that has a function
`build(options: Options, context: Context) -> Provider`. Its name is the file's name. Files that
begin with an underscore are parts shared by providers. `docs/adding-a-provider.md` tells the rest.
"""

import ast
import asyncio
import hashlib
import importlib.util
import logging
import re
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType

from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.domain.options import Options
from broadcaster.errors import ConfigurationError, NotFoundError
from broadcaster.ports import Context, Message, Provider, Submission, Watch

_log = logging.getLogger(__name__)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}\Z")

Build = Callable[[Options, Context], Provider]


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A provider's file; its libraries are loaded only when it is built."""

    name: str
    path: Path

    def load(self) -> Build:
        """Load the file; ConfigurationError when that fails, e.g. for a missing library."""
        try:
            if self.path.parent == Path(__file__).parent:
                module = import_module(f"{__package__}.{self.name}")
            else:
                module = _module(self.name, self.path)
            build: Build = module.build
        except Exception as error:
            message = f"The provider file {self.path.name} cannot be loaded: {error}"
            raise ConfigurationError(message) from error
        return build


def discover(folders: Sequence[Path] = ()) -> Mapping[str, Source]:
    """Find all providers by name; a folder's file takes the place of ours of the same name."""
    found = {}
    for folder in (Path(__file__).parent, *folders):
        for path in sorted(folder.glob("*.py")):
            if path.stem != "base" and _NAME.match(path.stem) and _builds(path):
                found[path.stem] = Source(name=path.stem, path=path)
    return MappingProxyType(found)


def build(name: str, options: Options, context: Context, folders: Sequence[Path] = ()) -> Provider:
    """Build the provider of this name.

    NotFoundError when there is none, InvalidInputError naming the option that is wrong,
    ConfigurationError when its file cannot be loaded.
    """
    sources = discover(folders)
    if name not in sources:
        raise NotFoundError(
            "provider", f"{name!r} is unknown", f"Use one of {', '.join(sorted(sources))}."
        )
    return sources[name].load()(options, context)


def _builds(path: Path) -> bool:
    """Tell whether a file has `build`, without running it."""
    try:
        found = path.stat()
    except OSError:
        return False
    return _builds_as(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=256)
def _builds_as(path: Path, changed: int, octets: int) -> bool:
    """Tell it of a file as it is since it was changed: reading it takes some milliseconds."""
    del changed, octets
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        _log.warning("provider file unreadable", extra={"action": "skipped", "file": path.name})
        return False
    return any(isinstance(node, ast.FunctionDef) and node.name == "build" for node in tree.body)


def _module(stem: str, path: Path) -> ModuleType:
    """Load a file of another folder, once; files of the same name in two folders are two."""
    name = f"broadcaster_provider_{stem}_{hashlib.sha256(bytes(path)).hexdigest()[:16]}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError(path.name)
        module = importlib.util.module_from_spec(spec)
        # Dataclasses look up their module while it is being run.
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


async def each(
    messages: Sequence[Message],
    send: Callable[[Message], Awaitable[Submission]],
    room: asyncio.Semaphore,
) -> list[Submission]:
    """Send every message, as many at once as there is room; the answers come in the same order.

    What `send` did not foresee becomes LOSE: nobody knows whether the message left.
    """

    async def one(message: Message) -> Submission:
        async with room:
            try:
                return await send(message)
            except Exception as error:  # noqa: BLE001  (one message must not take the others along)
                _report(message, error)
                return result(message, DeliveryEvent.LOSE, Reason.NO_ANSWER)

    return list(await asyncio.gather(*(one(message) for message in messages)))


class Gate:
    """One message's way out of a send that can't hand its request down to where it leaves."""

    def __init__(self, message: Message, watch: Watch) -> None:
        """It was not asked about yet."""
        self._message = message
        self._watch = watch
        self.left = self.taken_back = False

    def leaving(self) -> bool:
        """Ask whether the message may leave now; to be asked just before it would."""
        self.left = self._watch.leaving(self._message)
        self.taken_back = not self.left
        return self.left


async def stream_each(
    messages: Sequence[Message],
    send: Callable[[Message, Gate], Awaitable[Submission]],
    room: asyncio.Semaphore,
    watch: Watch,
) -> None:
    """Send every message in a task of its own, as many at once as there is room.

    `send` asks the gate when a request is about to leave, and may raise anything when it may not.
    What it did not foresee is LOSE if the message left, and else EXHAUST, a fault of ours.
    """

    async def one(message: Message) -> None:
        gate = Gate(message, watch)
        try:
            async with room:
                submission = await send(message, gate)
        except asyncio.CancelledError:
            watch.answered(_unheard(gate, message, DeliveryEvent.DEFER, Reason.NO_CONNECTION))
            raise
        except Exception as error:  # noqa: BLE001  (one message must not take the others along)
            if gate.taken_back:
                return
            _report(message, error)
            submission = _unheard(gate, message, DeliveryEvent.EXHAUST, Reason.RENDERING)
        watch.answered(submission)

    await asyncio.gather(*(one(message) for message in messages))


def _unheard(gate: Gate, message: Message, event: DeliveryEvent, reason: Reason) -> Submission:
    if gate.left:
        return result(message, DeliveryEvent.LOSE, Reason.NO_ANSWER)
    return result(message, event, reason)


def _report(message: Message, error: Exception) -> None:
    _log.error(
        "fault while sending",
        extra={
            "action": "send_failed",
            "delivery": str(message.delivery),
            "fault": type(error).__name__,
        },
    )


def result(
    message: Message,
    event: DeliveryEvent,
    reason: Reason | None = None,
    *,
    reference: str | None = None,
    code: str | None = None,
    retry_after: timedelta | None = None,
    halt: bool = False,
) -> Submission:
    """Say what came of a message."""
    return Submission(
        delivery=message.delivery,
        attempt=message.attempt,
        event=event,
        reference=reference,
        reason=reason,
        code=code,
        retry_after=retry_after,
        halt=halt,
    )


def unknown_word(provider: str, word: str) -> None:
    """Warn of a provider's word that its table does not have."""
    _log.warning(
        "provider used a word that we do not know",
        extra={"action": "unknown_word", "provider": provider, "word": word[:40]},
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """What a provider's word means for one message, and whether it holds for all that follow."""

    event: DeliveryEvent
    reason: Reason
    halt: bool = False
