"""How somebody's consent looks on a terminal, and as JSON."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from broadcaster.bootstrap.standing_figures import basis_figures, figures
from broadcaster.cli.live import terminal
from broadcaster.domain.consent import Basis, ConsentRecord, Verdict

if TYPE_CHECKING:
    from broadcaster.ledger.consents import Standing
    from broadcaster.reports.basis import DeliveryBasis

__all__ = ["basis_figures", "figures", "show_basis", "show_standings", "why"]

#: What a basis is called.
_BASES = {
    Basis.CONTRACT: "comes with the contract",
    Basis.PROTECTS_LIFE: "protects life",
    Basis.CONSENT: "agreed",
    Basis.NO_CONSENT: "never agreed",
    Basis.REFUSED: "refused",
}


def show_standings(found: "Sequence[Standing]") -> None:
    """Show what may go where and why, and the words that were said."""
    console = terminal(stderr=False)
    if not found:
        console.print("Nothing was ever said, and there is no address.")
    for one in found:
        head = f"[bold]{one.channel.value}[/]"
        console.print(Text.from_markup(head).append(f"  {one.shown or 'no address'}"))
        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 2))
        for class_, verdict in one.verdicts.items():
            mark = "[green]yes[/]" if verdict.allowed else "[red]no[/]"
            table.add_row(class_.value, mark, Text(why(verdict)))
        console.print(table)
        if one.records:
            console.print(_history(one.records))


def why(verdict: Verdict) -> str:
    """Say on what basis, with the records that decided, and what was passed over."""
    words = _BASES[verdict.basis]
    if verdict.records:
        words += ": " + "; ".join(_record(one) for one in verdict.records)
    if verdict.passed:
        words += " (told although " + "; ".join(_record(one) for one in verdict.passed) + ")"
    return words


def show_basis(found: "DeliveryBasis") -> None:
    """Show on what basis a delivery was sent or left out."""
    console = terminal(stderr=False)
    reason = f", {found.reason.value}" if found.reason else ""
    console.print(
        f"[bold]{found.delivery}[/]  {found.message_class.value} by {found.channel.value}: "
        f"{found.status.value}{reason}"
    )
    moment = found.moment.isoformat(timespec="seconds") if found.moment else "now"
    word = "may be told" if found.verdict.allowed else "must not be told"
    console.print(Text(f"By what was known at {moment}: {word}; {why(found.verdict)}."))
    if found.records:
        console.print(_history(found.records))


def _history(records: Sequence[ConsentRecord]) -> Table:
    names = ("record", "when", "about", "ground", "said", "classes", "source", "by", "proof")
    table = Table(*names, box=None, pad_edge=False)
    for one in records:
        table.add_row(
            str(one.id),
            one.at.isoformat(timespec="seconds"),
            "customer" if one.customer is not None else "address",
            one.ground.value,
            "[green]yes[/]" if one.granted else "[red]no[/]",
            ", ".join(one.classes),
            one.source.value,
            Text(one.by),
            Text(one.proof),
        )
    return table


def _record(one: ConsentRecord) -> str:
    word = "yes" if one.granted else "no"
    return f"{word} by {one.source.value}, {one.at:%Y-%m-%d}, record {one.id}"
