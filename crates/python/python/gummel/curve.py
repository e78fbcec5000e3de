"""A small curve as inline SVG, for the pages of tables and models; `gummel.plot` draws the real figures."""

from __future__ import annotations

from html import escape

import numpy as np

from .model import Model
from .table import Table

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 320, 190, 46, 30, 18
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def svg(title: str, x_label: str, lines: list[tuple[np.ndarray, np.ndarray]]) -> str:
    """Lines of |y| over x with a logarithmic ordinate in decades of amperes."""
    lines = [(np.asarray(x), np.log10(np.maximum(np.abs(np.asarray(y)), 1e-15))) for x, y in lines]
    lines = [(x[np.isfinite(y)], y[np.isfinite(y)]) for x, y in lines]
    lines = [(x, y) for x, y in lines if len(x) > 1]
    if not lines:
        return ""
    x0, x1 = min(x.min() for x, _ in lines), max(x.max() for x, _ in lines)
    low = np.floor(min(y.min() for _, y in lines))
    high = np.ceil(max(y.max() for _, y in lines))
    high = max(high, low + 1)
    place_x = lambda v: LEFT + (v - x0) / max(x1 - x0, 1e-30) * (WIDTH - LEFT - 8)  # noqa: E731
    place_y = lambda v: TOP + (high - v) / (high - low) * (HEIGHT - TOP - BOTTOM)  # noqa: E731
    parts = []
    for decade in np.arange(low, high + 1, max(1, np.ceil((high - low) / 5))):
        at = place_y(decade)
        parts.append(f"<line x1='{LEFT}' y1='{at:.1f}' x2='{WIDTH - 8}' y2='{at:.1f}' stroke='#ddd'/>")
        parts.append(f"<text x='{LEFT - 4}' y='{at + 3:.1f}' text-anchor='end'>1e{int(decade)}</text>")
    for v, anchor in ((x0, "start"), (x1, "end")):
        parts.append(f"<text x='{place_x(v):.1f}' y='{HEIGHT - BOTTOM + 13}' text-anchor='{anchor}'>{v:g}</text>")
    for k, (x, y) in enumerate(lines):
        points = " ".join(f"{place_x(a):.1f},{place_y(b):.1f}" for a, b in zip(x, y))
        parts.append(f"<polyline points='{points}' fill='none' stroke='{COLORS[k % len(COLORS)]}' stroke-width='1.5'/>")
    parts.append(f"<text x='{WIDTH / 2}' y='12' text-anchor='middle'>{escape(title)}</text>")
    parts.append(f"<text x='{WIDTH / 2}' y='{HEIGHT - 4}' text-anchor='middle'>{escape(x_label)}</text>")
    style = "font-family:sans-serif;font-size:10px"
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{HEIGHT}' "
        f"viewBox='0 0 {WIDTH} {HEIGHT}' style='{style}'>{''.join(parts)}</svg>"
    )


def transfer(model: Model) -> str:
    """Drain current over vgs of the first device, at three drain voltages of its measured box."""
    if not model.devices:
        return ""
    name = model.devices[0]
    _, ((g0, g1), (_, d1), _) = model.place(name)
    sign = -1.0 if model.manifest["polarity"] == "p" else 1.0
    vg = np.linspace(g0, g1, 61)
    lines = [(sign * vg, model.eval(name, sign * vg, sign * d1 * part).id) for part in (0.05, 0.5, 1.0)]
    drains = ", ".join(f"{sign * d1 * part:.3g}" for part in (0.05, 0.5, 1.0))
    return svg(f"{name}: |id| (A), vds = {drains} V", "vgs (V)", lines)


def first_curves(table: Table) -> str:
    """Up to six gate sweeps of the first device of an I-V table."""
    device, sweep = table["device"], table["sweep"]
    chosen = device == device[0] if len(device) else np.zeros(0, dtype=bool)
    if not chosen.any():
        return ""
    curve, file = table["curve"], table["file"]
    vg, vs, current = table["vg"], np.nan_to_num(table["vs"]), table["id"]
    lines = []
    for key in dict.fromkeys(zip(file[chosen], curve[chosen], sweep[chosen])):
        rows = chosen & (file == key[0]) & (curve == key[1]) & (sweep == key[2])
        if np.ptp(vg[rows]) > 0.0 and np.isfinite(current[rows]).any():
            lines.append(((vg - vs)[rows], current[rows]))
        if len(lines) == len(COLORS):
            break
    return svg(f"{device[0]}: |id| (A), as measured", "vgs (V)", lines)
