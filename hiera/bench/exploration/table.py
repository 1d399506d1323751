"""The table that a person reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.table import Table

from hiera.bench.exploration.summary import Line

Cell = Callable[[Line], str]


def _number(form: str, value: float | None, after: str = "") -> str:
    return "" if value is None else f"{value:{form}}{after}"


def _ratio(line: Line) -> str:
    if line.ratio is None:
        return ""
    return f"{line.ratio:.3f} ({line.ratio_low:.3f}…{line.ratio_high:.3f})"


def _early(line: Line) -> str:
    if not line.early or line.unseen is None:
        return _number("d", line.early)
    return f"{line.early} ({line.unseen:.0%} unseen)"


def _times(mean: float | None, p99: float | None) -> str:
    return "" if mean is None else f"{mean:.2f} / {p99:.1f}"


_COMMON: tuple[tuple[str, Cell], ...] = (
    ("method", lambda line: line.method),
    ("distance [m]", lambda line: _number(".1f", line.distance_m)),
    ("ratio to nearest (95 %)", _ratio),
    ("pairs", lambda line: str(line.pairs) if line.ratio is not None else ""),
)
_HOP: tuple[tuple[str, Cell], ...] = (
    *_COMMON,
    ("over bound", lambda line: _number(".3f", line.over_bound)),
    ("complete", lambda line: _number(".0%", line.success)),
    ("≤ 128", lambda line: _number(".0%", line.within_128)),
    ("early", _early),
    ("decisions", lambda line: _number(".0f", line.decisions)),
    ("reversals", lambda line: _number(".1f", line.reversals)),
    ("turned back", lambda line: _number(".2f", line.turn_backs)),
    ("rescues", lambda line: _number(".1f", line.rescues)),
    ("decision [ms]", lambda line: _times(line.decision_ms, line.decision_ms_p99)),
    ("plan [ms]", lambda line: _times(line.plan_ms, line.plan_ms_p99)),
)
_DRIVE: tuple[tuple[str, Cell], ...] = (
    *_COMMON,
    ("time [s]", lambda line: _number(".0f", line.time_s)),
    ("complete", lambda line: _number(".0%", line.success)),
    ("early", _early),
    ("decisions", lambda line: _number(".0f", line.decisions)),
    ("reversals", lambda line: _number(".1f", line.reversals)),
    ("rescues", lambda line: _number(".1f", line.rescues)),
    ("collisions", lambda line: _number("d", line.collisions)),
    ("plan, wall [ms]", lambda line: _times(line.plan_ms, line.plan_ms_p99)),
)


def table(lines: Sequence[Line], title: str, *, hops: bool) -> Table:
    """The lines as a table; times are mean / 99th percentile.

    Args:
        lines: One a method.
        title: Above it.
        hops: Whether they hopped.
    """
    made = Table(title=title)
    columns = _HOP if hops else _DRIVE
    for k, (head, _) in enumerate(columns):
        made.add_column(head, justify="left" if k == 0 else "right", no_wrap=k == 0)
    for line in lines:
        made.add_row(*(cell(line) for _, cell in columns))
    return made
