"""A bar with rate and remaining time on standard error, for what takes long."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

_Item = TypeVar("_Item")

#: How many items pass between two looks at the clock.
_STEP = 500


class Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        """Show the rate of the last moments."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s", style="progress.data.speed")


@contextmanager
def bar(total: float, what: str) -> Iterator["Bar"]:
    """Show a bar until the end of the block; nothing where standard error is no terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield Bar(progress, progress.add_task(what, total=total))


@contextmanager
def later(total: Callable[[], float], what: str) -> Iterator[Callable[[float], None]]:
    """Give what shows how much is done; there is a bar from its first word on."""
    with ExitStack() as stack:
        shown: list[Bar] = []

        def move(done: float) -> None:
            if not shown:
                shown.append(stack.enter_context(bar(total(), what)))
            shown[0].move(done)

        yield move


class Bar:
    """A bar that is shown."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        """Show the task of a progress display."""
        self._progress = progress
        self._task = task

    def move(self, done: float) -> None:
        """Show how much is done."""
        self._progress.update(self._task, completed=done)

    def go_on(self, done: float) -> None:
        """Count rate and remaining time from here."""
        self._progress.reset(self._task, completed=int(done))


@contextmanager
def counted(items: Iterable[_Item], total: int, what: str) -> Iterator[Iterator[_Item]]:
    """Give the items on, and show how many have gone."""
    with bar(total, what) as shown:

        def passing() -> Iterator[_Item]:
            done = 0
            for done, item in enumerate(items, 1):
                if done % _STEP == 0:
                    shown.move(done)
                yield item
            shown.move(done)

        yield passing()
