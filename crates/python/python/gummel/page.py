"""Tables as text and as HTML, for terminals and notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

STYLE = "text-align:{};padding:0.1em 0.8em"


def cells(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table: numbers at the right, texts at the left."""
    head = "".join(f"<th style='{STYLE.format('left')}'>{escape(h)}</th>" for h in headings)
    body = "".join("<tr>" + "".join(cell(v) for v in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def cell(value: Any) -> str:
    side = "right" if isinstance(value, (int, float)) else "left"
    return f"<td style='{STYLE.format(side)}'>{escape(plain(value))}</td>"


def text(lines: str) -> str:
    """Text in columns, as a terminal shows it."""
    return f"<pre style='line-height:1.2'>{escape(lines)}</pre>"


def lines(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table as text: numbers at the right, texts at the left."""
    rows = [list(row) for row in rows]
    shown = [list(headings), *([plain(v) for v in row] for row in rows)]
    numeric = [all(isinstance(row[k], (int, float)) or row[k] == "⋮" for row in rows) for k in range(len(headings))]
    widths = [max(len(row[k]) for row in shown) for k in range(len(headings))]
    pad = lambda row: "  ".join(v.rjust(w) if n else v.ljust(w) for v, w, n in zip(row, widths, numeric))  # noqa: E731
    return "\n".join(pad(row).rstrip() for row in shown)


def plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)
