"""Tables of words on a terminal: what does not fit goes on in the next line, and nothing is cut."""

from collections.abc import Collection, Sequence


def show(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    whole: Collection[int] = (),
    right: Collection[int] = (),
) -> None:
    """Print a table; `whole` are the columns that are never broken, `right` those of numbers."""
    from rich.console import Console  # noqa: PLC0415  (nothing heavy is loaded before it is needed)
    from rich.table import Table  # noqa: PLC0415  (as above)
    from rich.text import Text  # noqa: PLC0415  (as above)

    table = Table(box=None, header_style="bold", pad_edge=False)
    for number, heading in enumerate(headings):
        # A column of names keeps its width, so that the others give way.
        longest = max((len(row[number]) for row in rows), default=0)
        table.add_column(
            heading,
            overflow="fold",
            no_wrap=number in whole,
            min_width=max(longest, len(heading)) if number in whole else None,
            justify="right" if number in right else "left",
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
