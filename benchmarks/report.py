"""The table for people, and the line for machines."""

import json
from collections.abc import Mapping
from pathlib import Path

from .targets import TARGETS

_WIDTH = 58


def table(figures: Mapping[str, float]) -> str:
    """Figures with targets first, then what helps to understand them."""
    lines = [f"{'':{_WIDTH}}{'measured':>12}{'target':>14}"]
    for target in TARGETS:
        if target.key in figures:
            sign = "≥" if target.at_least else "≤"
            mark = "" if target.met(figures) else "   MISSED"
            bound = f"{sign} {_number(target.bound(figures))}"
            lines.append(f"{target.text:{_WIDTH}}{_number(figures[target.key]):>12}{bound:>14}{mark}")
    rest = [key for key in figures if key not in {target.key for target in TARGETS}]
    return "\n".join([*lines, "", *(f"{key:{_WIDTH}}{_number(figures[key]):>12}" for key in rest)])


def json_line(figures: Mapping[str, float]) -> str:
    return json.dumps({key: _rounded(value) for key, value in figures.items()})


def save(figures: Mapping[str, float], folder: Path, chart: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "latest.json").write_text(json_line(figures) + "\n")
    (folder / "latest.txt").write_text(table(figures) + "\n")
    (folder / "latest.svg").write_text(chart)


def _rounded(value: float) -> float:
    return value if isinstance(value, (bool, int)) else float(f"{value:.4g}")


def _number(value: float) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.0f}" if value == int(value) or value >= 1_000 else f"{value:.3g}"
