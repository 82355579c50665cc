"""Curves as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

_WIDTH, _HEIGHT = 260, 130  # units of the drawing, which the page scales
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 8, 22, 20


def line_chart(title: str, steps: Sequence[float], values: Sequence[float]) -> str:
    """A line chart whose colors follow the page, light or dark.

    Args:
        title: Title above the chart.
        steps: The x values, ascending.
        values: The y values, as many as steps; values that are not finite are skipped.

    Returns:
        An ``<svg>`` element without external references.

    Raises:
        ValueError: If the lengths differ, or no value is finite.

    Example:
        >>> line_chart('loss', [1, 2], [3., 1.]).startswith('<svg')
        True
    """
    if len(steps) != len(values):
        raise ValueError(f'line_chart: steps and values must have the same length, got {len(steps)} and {len(values)}')
    points = [(x, y) for x, y in zip(steps, values, strict=True) if math.isfinite(y)]
    if not points:
        raise ValueError(f'line_chart {title!r}: at least one value must be finite, got {list(values)[:5]}')
    xs, ys = zip(*points, strict=True)
    low, high = min(0.0, *ys), max(0.0, *ys)  # zero is always shown, so that a small change does not look large
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM

    def place(x: float, y: float) -> str:
        across = (x - xs[0]) / ((xs[-1] - xs[0]) or 1)
        up = (y - low) / ((high - low) or 1)
        return f'{_LEFT + across * (right - _LEFT):.1f},{bottom - up * (bottom - _TOP):.1f}'

    label = f'{title}: {ys[0]:.3g} at the start, {ys[-1]:.3g} at the end'
    texts = (
        (_LEFT, 14, 'start', title),
        (right, 14, 'end', f'{ys[-1]:.3g}'),
        (_LEFT - 4, _TOP + 8, 'end', f'{high:.3g}'),
        (_LEFT - 4, bottom, 'end', f'{low:.3g}'),
        (_LEFT, _HEIGHT - 5, 'start', f'{xs[0]:g}'),
        (right, _HEIGHT - 5, 'end', f'{xs[-1]:g}'),
    )
    written = ''.join(
        f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>' for x, y, anchor, text in texts
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label)}">'
        f'<path d="M{_LEFT},{_TOP}V{bottom}H{right}" class="axis"/>'
        f'<polyline points="{" ".join(place(x, y) for x, y in points)}" class="curve"/>{written}</svg>'
    )
