"""The live view of a campaign: one line for each channel, with rate and remaining time."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from broadcaster.bootstrap import Runtime
from broadcaster.domain.campaign import CampaignStatus
from broadcaster.domain.delivery import DeliveryStatus
from broadcaster.domain.message import Channel

Counts = Mapping[Channel, Mapping[DeliveryStatus, int]]

_STATUS = DeliveryStatus
#: Not yet handed over.
_BEFORE = (_STATUS.PLANNED, _STATUS.DEFERRED, _STATUS.SUBMITTING)
_FAILED = (_STATUS.UNDELIVERED, _STATUS.REJECTED, _STATUS.DEAD, _STATUS.EXPIRED, _STATUS.CANCELLED)
#: How often the ledger is looked at, seconds; and over how long the rate is taken.
_LOOK, _WINDOW = 0.5, 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One channel as it is shown."""

    channel: Channel
    total: int
    sent: int
    delivered: int
    accepted: int
    failed: int
    doubt: int


def lines(counts: Counts) -> list[Line]:
    """Sum the counts of each channel; those left out at planning are not in the total."""
    return [
        Line(
            channel=channel,
            total=sum(row.values()) - row.get(_STATUS.SUPPRESSED, 0),
            sent=sum(
                count
                for status, count in row.items()
                if status not in _BEFORE and status is not _STATUS.SUPPRESSED
            ),
            delivered=row.get(_STATUS.DELIVERED, 0),
            accepted=row.get(_STATUS.ACCEPTED, 0),
            failed=sum(row.get(status, 0) for status in _FAILED),
            doubt=row.get(_STATUS.UNKNOWN, 0),
        )
        for channel, row in counts.items()
    ]


#: Long enough for every line, for programs that read along.
_WIDE = 160
#: The room that the numbers of a line take.
_NUMBERS = 72


class Rates:
    """How fast each channel goes, over the last seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing was seen yet."""
        self._clock = clock
        self._seen: dict[Channel, list[tuple[float, int]]] = {}

    def rate(self, line: Line) -> float:
        """Note a count and give messages a second."""
        now = self._clock()
        seen = self._seen.setdefault(line.channel, [])
        seen.append((now, line.sent))
        while len(seen) > 2 and seen[0][0] < now - _WINDOW:  # noqa: PLR2004  (two make a slope)
            seen.pop(0)
        (start, before), (end, after) = seen[0], seen[-1]
        return (after - before) / (end - start) if end > start else 0.0


def picture(status: CampaignStatus, rows: list[Line], rates: Rates, width: int = 100) -> Group:
    """Draw the lines; the bars take what room the numbers leave."""
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for heading in ("", "", "sent", "of", "rate", "left", "delivered", "failed", "in doubt"):
        table.add_column(heading, justify="left" if not heading else "right", no_wrap=True)
    bar = max(4, min(32, width - _NUMBERS))
    for line in rows:
        rate = rates.rate(line)
        left = (line.total - line.sent) / rate if rate else None
        table.add_row(
            Text(line.channel.value, style="bold"),
            ProgressBar(total=max(line.total, 1), completed=line.sent, width=bar),
            f"{line.sent:,}",
            f"{line.total:,}",
            f"{rate:,.0f}/s",
            remaining(line, left),
            f"[green]{line.delivered:,}[/]",
            f"[red]{line.failed:,}[/]" if line.failed else "0",
            f"[yellow]{line.doubt:,}[/]" if line.doubt else "0",
        )
    return Group(Text(f"campaign {status.value}", style="dim"), table)


def remaining(line: Line, left: float | None) -> str:
    """Say how long it will take still."""
    if line.sent >= line.total:
        return "done"
    if left is None:
        return "…"
    minutes, seconds = divmod(round(left), 60)
    return f"{minutes}:{seconds:02d}"


def follow(
    runtime: Runtime,
    campaign: int,
    *,
    done: Callable[[CampaignStatus, list[Line]], bool] | None = None,
    beat: Callable[[], None] = lambda: None,
) -> None:
    """Show a campaign until it is `done`; `beat` is called between two looks.

    On a terminal the view redraws itself; elsewhere a line is printed every few seconds.
    """
    console = terminal()
    rates = Rates()
    over = done or (lambda status, _: status not in _GOING)
    with Live(console=console, auto_refresh=False, transient=False) as live:
        spoken = 0.0
        while True:
            status = runtime.campaigns.get(str(campaign)).status
            rows = lines(runtime.reports.funnel(campaign).channels)
            view = picture(status, rows, rates, console.width)
            if console.is_terminal:
                live.update(view, refresh=True)
            elif time.monotonic() - spoken > _WINDOW:
                spoken = time.monotonic()
                words = [f"{row.channel.value} {row.sent:,}/{row.total:,}" for row in rows]
                console.print(f"{status.value}: {', '.join(words) or 'being planned'}")
            if over(status, rows):
                live.update(view if console.is_terminal else "", refresh=True)
                return
            beat()
            time.sleep(_LOOK)


def terminal(*, stderr: bool = True) -> Console:
    """Give a console; where nobody looks at a window, lines are not broken."""
    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, width=_WIDE, highlight=False)


_GOING = (CampaignStatus.LAUNCHED, CampaignStatus.RUNNING)
