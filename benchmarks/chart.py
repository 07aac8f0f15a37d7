"""The figures as a picture: plain SVG, readable on light and dark pages."""

from collections.abc import Iterable, Mapping
from html import escape

from .targets import TARGETS, Target

_WIDTH, _ROW, _LEFT, _BAR = 860, 24, 400, 340
_GOOD, _BAD, _CORE = "#0b7a75", "#b3261e", "#8a8f98"
_SPEEDS = (
    ("core's loop, order by order, 150 ms", "core_orders_per_s", _CORE),
    ("one worker, 600 ms", "orders_per_s_at_600_ms", _GOOD),
    ("one worker, 150 ms", "engine_orders_per_s", _GOOD),
    ("four workers, 150 ms, 110 requests in 10 s", "rush_orders_per_s", _GOOD),
    ("four workers, 150 ms, no limit", "workers_4_orders_per_s", _GOOD),
)


def svg(figures: Mapping[str, float]) -> str:
    """Orders per second, then every target: how much of what is allowed was needed."""
    speeds = [(text, figures[key], colour) for text, key, colour in _SPEEDS if key in figures]
    targets = [target for target in TARGETS if target.key in figures]
    middle = 60 + _ROW * len(speeds)
    height = middle + 70 + _ROW * len(targets)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" '
        f'font-size="13" role="img" aria-label="Results of the benchmarks">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        _title("Orders per second", 28),
        *_speed_rows(speeds, 44),
        _title("Part of the target that was needed (left of the line is good)", middle + 16),
        *_target_rows(targets, figures, middle + 32),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _speed_rows(speeds: list[tuple[str, float, str]], top: int) -> Iterable[str]:
    most = max((value for _, value, _ in speeds), default=1)
    for number, (text, value, colour) in enumerate(speeds):
        yield from _bar(top + number * _ROW, text, value / most, colour, f"{value:.3g}")


def _target_rows(targets: list[Target], figures: Mapping[str, float], top: int) -> Iterable[str]:
    for number, target in enumerate(targets):
        part, colour = _part(target, figures), _GOOD if target.met(figures) else _BAD
        yield from _bar(top + number * _ROW, target.text, min(part, 1.5) / 1.5, colour, f"{part:.0%}")
    line = _LEFT + _BAR / 1.5
    yield f'<path d="M{line:.0f} {top - 4}V{top + len(targets) * _ROW}" stroke="#222" stroke-dasharray="3 3"/>'


def _part(target: Target, figures: Mapping[str, float]) -> float:
    value, bound = float(figures[target.key]), float(target.bound(figures))
    if target.at_least:
        return bound / value if value else 1.5
    return value / bound if bound else float(value > 0) * 1.5


def _bar(y: int, text: str, part: float, colour: str, label: str) -> Iterable[str]:
    width = max(1.0, part * _BAR)
    yield f'<text x="{_LEFT - 10}" y="{y + 13}" text-anchor="end" fill="#222">{escape(text)}</text>'
    yield f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_ROW - 7}" rx="2" fill="{colour}"/>'
    yield f'<text x="{_LEFT + width + 6:.1f}" y="{y + 13}" fill="#222">{escape(label)}</text>'


def _title(text: str, y: int) -> str:
    return f'<text x="20" y="{y}" font-size="15" font-weight="bold" fill="#222">{escape(text)}</text>'
