"""Line plots as SVG, with the standard library: a logarithmic x axis, values relative to one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from xml.sax.saxutils import escape

_WIDTH: Final = 720
_TITLE_HEIGHT: Final = 30
_PANEL_HEIGHT: Final = 300
_LEFT: Final = 60
_RIGHT: Final = 190
_TOP: Final = 30
_BOTTOM: Final = 50
_LABEL_HEIGHT: Final = 15
# Distinguishable for colour-blind readers.
_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    points: Sequence[tuple[float, float]]
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines in one frame; the panels of a plot stand one below the other with the same axes."""

    title: str
    lines: Sequence[Line]


def svg(title: str, x_label: str, panels: Sequence[Panel], *, max_y: float) -> str:
    """Every y axis is from 0 to `max_y`; each line has its name at its right end."""
    xs = sorted({x for panel in panels for line in panel.lines for x, _ in line.points})
    frame = _Frame(math.log10(xs[0]), math.log10(xs[-1]), max_y)
    height = _TITLE_HEIGHT + len(panels) * _PANEL_HEIGHT
    look = f'font-family="sans-serif" font-size="12" role="img" aria-label="{escape(title)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" {look}>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(_LEFT, 22, title, more='font-size="14" font-weight="bold"'),
    ]
    for number, panel in enumerate(panels):
        parts.append(f'<g transform="translate(0 {_TITLE_HEIGHT + number * _PANEL_HEIGHT})">')
        parts += _panel(frame, xs, x_label, panel)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _panel(frame: "_Frame", xs: Sequence[float], x_label: str, panel: Panel) -> list[str]:
    parts = [*_x_axis(frame, xs, x_label), *_y_axis(frame, panel.title)]
    label_ys = _label_ys(frame, panel.lines)
    for number, (line, label_y) in enumerate(zip(panel.lines, label_ys, strict=True)):
        colour = _COLOURS[number % len(_COLOURS)]
        parts += _line(frame, line, colour)
        parts.append(
            _text(_WIDTH - _RIGHT + 12, label_y + 4, line.name, more=f'fill="{colour}"'),
        )
    return parts


@dataclass(frozen=True, slots=True)
class _Frame:
    first: float
    last: float
    max_y: float

    def x(self, value: float) -> float:
        share = (math.log10(value) - self.first) / max(1e-9, self.last - self.first)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        share = min(1.0, value / self.max_y)
        return _PANEL_HEIGHT - _BOTTOM - share * (_PANEL_HEIGHT - _TOP - _BOTTOM)


def _x_axis(frame: _Frame, xs: Sequence[float], label: str) -> list[str]:
    base = frame.y(0)
    parts = [f'<path d="M{_LEFT} {base:.1f}H{_WIDTH - _RIGHT}" stroke="#333333"/>']
    for x in xs:
        at = frame.x(x)
        parts.append(f'<path d="M{at:.1f} {base:.1f}v5" stroke="#333333"/>')
        parts.append(_text(at, base + 18, f"{x:,.0f}", more='text-anchor="middle"'))
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(_text(middle, _PANEL_HEIGHT - 12, label, more='text-anchor="middle"'))
    return parts


def _y_axis(frame: _Frame, label: str) -> list[str]:
    parts = [_text(_LEFT, _TOP - 4, label, more='fill="#555555"')]
    for step in range(math.floor(frame.max_y / 0.5) + 1):
        value = step * 0.5
        at = frame.y(value)
        grid = "#999999" if value == 1 else "#e5e5e5"
        parts.append(f'<path d="M{_LEFT} {at:.1f}H{_WIDTH - _RIGHT}" stroke="{grid}"/>')
        parts.append(_text(_LEFT - 8, at + 4, f"{value:.1f}", more='text-anchor="end"'))
    return parts


def _line(frame: _Frame, line: Line, colour: str) -> list[str]:
    points = [(frame.x(x), frame.y(y)) for x, y in line.points]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dash = ' stroke-dasharray="5 4"' if line.dashed else ""
    dots = (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points)
    return [f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>', *dots]


def _label_ys(frame: _Frame, lines: Sequence[Line]) -> list[float]:
    """The lines' last y, moved apart until no name covers another one or the axis."""
    ends = [frame.y(line.points[-1][1]) for line in lines]
    order = sorted(range(len(lines)), key=lambda number: ends[number])
    label_ys = dict(enumerate(ends))
    for above, below in pairwise(order):
        label_ys[below] = max(label_ys[below], label_ys[above] + _LABEL_HEIGHT)
    lowest = frame.y(0) - _LABEL_HEIGHT / 2
    for number in reversed(order):
        label_ys[number] = min(label_ys[number], lowest)
        lowest = label_ys[number] - _LABEL_HEIGHT
    return [label_ys[number] for number in range(len(lines))]


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(text)}</text>'
