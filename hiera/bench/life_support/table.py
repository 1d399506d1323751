"""Lines and findings as tables for a terminal, or as Markdown for a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hiera.bench.life_support.faults import Finding
from hiera.bench.life_support.summary import Line


def _number(form: str, value: float | None) -> str:
    return "" if value is None else format(value, form)


def _ratio(line: Line) -> str:
    if line.ratio is None:
        return ""
    if line.ratio_low is None or line.ratio_high is None or line.ratio_low == line.ratio_high:
        return f"{line.ratio:.3f}"
    return f"{line.ratio:.3f} ({line.ratio_low:.3f}–{line.ratio_high:.3f})"


def _ended(line: Line) -> str:
    return ", ".join(f"{name} {count}" for name, count in line.ended.items())


def _margins(line: Line) -> str:
    if not line.margins:
        return ""
    m = line.margins
    return (
        f"{m['oxygen_low']:+.1%} / {m['oxygen_hard']:+.1%} / {m['dioxide']:+.1%} / "
        f"{m['pressure_pa']:.0f} Pa"
    )


LINES: tuple[tuple[str, Callable[[Line], str]], ...] = (
    ("method", lambda line: line.method),
    ("runs", lambda line: str(line.runs)),
    ("endurance [min]", lambda line: _number(".1f", line.minutes)),
    ("ratio to PID (95 %)", _ratio),
    ("uncut", lambda line: _number(".3f", line.ratio_uncut)),
    ("won : lost", lambda line: f"{line.wins} : {line.losses}" if line.hard is not None else ""),
    ("of reached", lambda line: _number(".3f", line.over_feasible)),
    ("of bound", lambda line: _number(".3f", line.over_bound)),
    ("alive at end", lambda line: _number(".0%", line.censored)),
    ("hard ends", lambda line: _number(".0%", line.hard)),
    ("missed", lambda line: _number(".0%", line.missed)),
    ("violation [s]", lambda line: _number(".0f", line.violation_s)),
    ("ended by", _ended),
    ("worst margins", _margins),
    ("alarm", lambda line: _number(".1%", line.alarm)),
    ("enriched", lambda line: _number(".0%", line.enriched)),
    ("O₂ left", lambda line: _number(".0%", line.cylinder_left)),
    ("lime left", lambda line: _number(".0%", line.lime_left)),
    ("changed", lambda line: _number(".0%", line.interventions)),
    ("CPU [ms/s]", lambda line: _number(".2f", line.cpu_ms)),
)
"""Columns of the study. Worst margins: least oxygen, fire, CO2, overpressure."""

FINDINGS: tuple[tuple[str, Callable[[Finding], str]], ...] = (
    ("scenario", lambda f: f.scenario),
    ("method", lambda f: f.method),
    ("endurance [min]", lambda f: f"{f.endurance_s / 60.0:.1f}"),
    ("ended by", lambda f: f.ended_by),
    ("reached [min]", lambda f: f"{f.feasible_s / 60.0:.1f}"),
    ("bound [min]", lambda f: f"{f.bound_s / 60.0:.1f}"),
    ("avoidable [s]", lambda f: f"{f.avoidable_s:.0f}"),
    ("first violation", lambda f: f"{f.first} at {f.first_s:.0f} s" if f.first_s else ""),
    ("way out until", lambda f: "" if f.way_out_s is None else f"{f.way_out_s:.0f} s before"),
    ("verdict", lambda f: f"{f.verdict}: {f.cause}" if f.cause else f.verdict),
)


def cells(
    columns: Sequence[tuple[str, Callable[..., str]]], rows: Sequence[object]
) -> list[list[str]]:
    """Text of every cell, the head first; columns in which nothing stands are left out."""
    whole = [[head for head, _ in columns]] + [[cell(row) for _, cell in columns] for row in rows]
    kept = [j for j in range(len(columns)) if any(row[j] for row in whole[1:])]
    return [[row[j] for j in kept] for row in whole]


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Cells as a Markdown table."""
    head, *rest = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|" + "---|" * len(rows[0]), *rest])
