"""Pieces of HTML that notebooks show."""

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
    if isinstance(value, float):
        return f"<td style='{STYLE.format('right')}'>{value:.4g}</td>"
    if value is None:
        return "<td></td>"
    side = "right" if isinstance(value, int) else "left"
    return f"<td style='{STYLE.format(side)}'>{escape(str(value))}</td>"


def text(lines: str) -> str:
    """Text in columns, as a terminal shows it."""
    return f"<pre style='line-height:1.2'>{escape(lines)}</pre>"
