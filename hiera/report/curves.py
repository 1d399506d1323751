"""Curves as an SVG that opens anywhere: panels one below the other, on one time axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _GAP, _TOP = 860, 150, 78, 150, 34, 44
_COLOURS = ("#0f7085", "#d9822b", "#7a4fa3", "#3d8b40", "#b5443c", "#55606e")


@dataclass(frozen=True)
class Panel:
    """One set of axes.

    Attributes:
        title: What is drawn, with units.
        curves: Name, values of shape ``(T,)``, and whether the line is dashed.
        floor: Value below which the panel is shaded, or None.
    """

    title: str
    curves: Sequence[tuple[str, NDArray[np.float64], bool]]
    floor: float | None = None


def curves_svg(title: str, t: NDArray[np.float64], panels: Sequence[Panel]) -> str:
    """The drawing as text.

    Args:
        title: Headline.
        t: Time, shape ``(T,)`` [s].
        panels: From top to bottom.
    """
    height = _TOP + len(panels) * (_HEIGHT + _GAP) + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" font-family="DejaVu Sans, sans-serif" font-size="11">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="22" font-size="14" font-weight="bold">{escape(title)}</text>',
    ]
    for index, panel in enumerate(panels):
        parts += _panel(panel, t, _TOP + index * (_HEIGHT + _GAP))
    parts.append(f'<text x="{_WIDTH - _RIGHT}" y="{height - 10}" text-anchor="end">time [s]</text>')
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, t: NDArray[np.float64], top: float) -> list[str]:
    values = np.concatenate([v for _, v, _ in panel.curves])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    if panel.floor is not None:
        low, high = min(low, panel.floor), max(high, panel.floor)
    pad = 0.06 * (high - low) or 1.0
    low, high = low - pad, high + pad
    right, begin, end = _WIDTH - _RIGHT, float(t[0]), float(t[-1])

    def x_of(at: float) -> float:
        return _LEFT + (at - begin) / max(end - begin, 1e-12) * (right - _LEFT)

    def y_of(at: float) -> float:
        return top + _HEIGHT - (at - low) / (high - low) * _HEIGHT

    parts = [
        f'<rect x="{_LEFT}" y="{top:.1f}" width="{right - _LEFT}" height="{_HEIGHT}" '
        'fill="#fafaf8" stroke="#c9c9c4"/>',
        f'<text x="{_LEFT}" y="{top - 6:.1f}">{escape(panel.title)}</text>',
    ]
    if panel.floor is not None:
        y = y_of(panel.floor)
        parts.append(
            f'<rect x="{_LEFT}" y="{y:.1f}" width="{right - _LEFT}" '
            f'height="{top + _HEIGHT - y:.1f}" fill="#b5443c" opacity="0.12"/>'
        )
    for tick in _ticks(low, high):
        y = y_of(tick)
        parts.append(
            f'<line x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e6e6e2"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>'
        )
    parts += [
        f'<text x="{x_of(tick):.1f}" y="{top + _HEIGHT + 14:.1f}" text-anchor="middle">'
        f"{tick:g}</text>"
        for tick in _ticks(begin, end)
    ]
    for index, (name, curve, dashed) in enumerate(panel.curves):
        colour = _COLOURS[index % len(_COLOURS)]
        points = " ".join(
            f"{x_of(a):.1f},{y_of(b):.1f}" for a, b in zip(t, curve, strict=True) if np.isfinite(b)
        )
        dash = ' stroke-dasharray="5 4" opacity="0.75"' if dashed else ""
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"{dash}/>'
        )
        y = top + 12 + 15 * index
        parts.append(
            f'<line x1="{right + 8}" x2="{right + 28}" y1="{y - 4:.1f}" y2="{y - 4:.1f}" '
            f'stroke="{colour}" stroke-width="2"{dash}/>'
            f'<text x="{right + 33}" y="{y:.1f}">{escape(name)}</text>'
        )
    return parts


def _ticks(low: float, high: float) -> list[float]:
    """Three to six round numbers in a range."""
    raw = (high - low) / 4.0
    if not raw > 0.0:
        return [low]
    size = 10.0 ** np.floor(np.log10(raw))
    step = float(next(s * size for s in (1.0, 2.0, 5.0, 10.0) if s * size >= raw))
    first = np.ceil(low / step - 1e-9)
    return [float(step * k) + 0.0 for k in np.arange(first, np.floor(high / step + 1e-9) + 1.0)]
