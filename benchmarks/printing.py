"""Tables of what was measured, as Markdown; loads no library that a benchmark measures."""

from __future__ import annotations


def table(titles: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    """Print rows under their titles, as Markdown."""
    print("\n".join(lines(titles, rows)))


def lines(titles: tuple[str, ...], rows: list[tuple[object, ...]]) -> list[str]:
    """Rows under their titles, as Markdown."""
    written = []
    cells = [titles, *(tuple(map(_text, row)) for row in rows)]
    widths = [max(len(str(row[place])) for row in cells) for place in range(len(titles))]
    for number, row in enumerate(cells):
        aligned = [
            str(cell).ljust(width) if place == 0 else str(cell).rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        written.append("| " + " | ".join(aligned) + " |")
        if number == 0:
            written.append("|-" + "-|-".join("-" * width for width in widths) + "-|")
    return written


def _text(cell: object) -> str:
    return f"{cell:,.2f}" if isinstance(cell, float) else str(cell)
