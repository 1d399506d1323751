"""``report.html`` of a sweep: one file, no network, made from the rows alone."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from hiera.report.page import render, thinned
from hiera.sweeps.directory import SweepDirectory
from hiera.sweeps.falsify import WORST, badness
from hiera.sweeps.settings import FalsifySettings
from hiera.sweeps.statistics import (
    Group,
    Interval,
    chosen_metrics,
    cumulative,
    differences,
    find_baseline,
    grouped,
    label,
    missing_metrics,
    numbers_of,
    shares_of,
    short,
)
from hiera.sweeps.store import Row
from hiera.sweeps.task import RowStatus

_GROUPS: Final = 200
_CURVES: Final = 8
_CHARTS: Final = 6
_METRICS: Final = 8
_POINTS: Final = 800
_FAILURES: Final = 100


def write_sweep_report(folder: SweepDirectory) -> Path:
    """Writes the page into the sweep's folder."""
    data = sweep_data(folder)
    return folder.write("report.html", render("sweep.js", data["title"], data))


def sweep_data(folder: SweepDirectory) -> dict[str, Any]:
    """Everything the page shows, as plain data."""
    store = folder.store
    rows = list(store.rows())
    factors, ranges = store.get("factors", []), store.get("ranges", [])
    groups = grouped(rows, factors)
    wanted = store.get("metrics", [])
    metrics = chosen_metrics(groups, wanted)
    shares = shares_of(rows)
    search = _search(rows, folder)
    # A search visits what it likes: its rows are no sample and may lack the baseline.
    base = find_baseline(groups, store.get("baseline", {})) if search is None else None
    written = folder.path / "sweep.yaml"
    found = sorted({row.seed for row in rows})
    return {
        "title": store.get("name", "sweep"),
        "path": str(folder.path),
        "counts": store.counts(),
        "listed": len(rows),
        "seeds": len(found),
        "compute_s": sum(row.wall_s for row in rows),
        "factors": factors,
        "ranges": ranges,
        "metrics": metrics[:_METRICS],
        "more_metrics": metrics[_METRICS:],
        "missing": missing_metrics(groups, wanted),
        "groups": [_group(group, factors, metrics, shares) for group in groups[:_GROUPS]],
        "groups_left_out": max(len(groups) - _GROUPS, 0),
        "baseline": base.label if base is not None else None,
        "differences": [
            {name: getattr(found, name) for name in found.__slots__}
            for found in (differences(groups, base, metrics[:_METRICS]) if base else [])
        ],
        "curves": _distributions(groups, [m for m in metrics if m not in shares]),
        "scatter": _scatter(rows, ranges, metrics),
        "search": search,
        "failures": _failures(rows),
        "codes": store.codes(),
        "settings": written.read_text(encoding="utf-8") if written.is_file() else "",
    }


def _group(
    group: Group, factors: Sequence[str], metrics: Sequence[str], shares: set[str]
) -> dict[str, Any]:
    return {
        "label": group.label,
        "factors": [short(group.settings[f]) if f in group.settings else "" for f in factors],
        "rows": len(group.rows),
        "failed": group.failed,
        "values": {m: _interval(group.interval(m, share=m in shares)) for m in metrics},
    }


def _interval(found: Interval | None) -> list[float | int | None] | None:
    return None if found is None else [found.mean, found.low, found.high, found.n]


def _distributions(groups: Sequence[Group], metrics: Sequence[str]) -> list[dict[str, Any]]:
    """For each metric the share of rows at or below a value, a line a group."""
    charts = []
    for metric in metrics[:_CHARTS]:
        series = {
            group.label: thinned(cumulative(group.values[metric]), 400).tolist()
            for group in groups[:_CURVES]
            if len(group.values.get(metric, ())) > 1
        }
        if series:
            charts.append({"title": metric, "x": metric, "y": "share of rows", "series": series})
    return charts


def _scatter(
    rows: Sequence[Row], ranges: Sequence[str], metrics: Sequence[str]
) -> list[dict[str, Any]]:
    """Every metric that varies over every range, the strongest rank correlation first."""
    charts = []
    done = [row for row in rows if row.status is RowStatus.OK]
    numbers = [numbers_of(row.metrics) for row in done]
    for metric in metrics[:_CHARTS]:
        for key in ranges:
            points = [
                (float(row.settings[key]), found[metric])
                for row, found in zip(done, numbers, strict=True)
                if metric in found and key in row.settings
            ]
            rho = _spearman(points)
            if rho is not None:
                step = -(-len(points) // _POINTS)
                charts.append(
                    {
                        "metric": metric,
                        "key": key,
                        "rho": rho,
                        "points": points[::step],
                        "n": len(points),
                    }
                )
    return sorted(charts, key=lambda chart: -abs(chart["rho"]))


def _spearman(points: Sequence[tuple[float, float]]) -> float | None:
    """None where one of the two does not vary, or there are fewer than three points."""
    from scipy.stats import spearmanr

    if len({x for x, _ in points}) < 2 or len({y for _, y in points}) < 2 or len(points) < 3:
        return None
    x, y = zip(*points, strict=True)
    return float(spearmanr(x, y).statistic)


def _search(rows: Sequence[Row], folder: SweepDirectory) -> dict[str, Any] | None:
    """How the worst case was found: the worst so far after every row, and the worst rows."""
    plain = folder.store.get("falsify")
    if plain is None:
        return None
    wanted = FalsifySettings.model_validate(plain)
    looked: list[tuple[float, Row]] = []
    worst: list[list[float]] = []
    for row in rows:
        value = numbers_of(row.metrics).get(wanted.metric)
        if value is None:
            continue
        looked.append((value, row))
        if not worst or badness(value, wanted) > badness(worst[-1][1], wanted):
            worst.append([float(len(looked)), value])
    steps = [p for a, b in itertools.pairwise(worst) for p in (a, [b[0], a[1]])]
    steps += [*worst[-1:], *([[float(len(looked)), worst[-1][1]]] if worst else [])]
    ranked = sorted(looked, key=lambda item: badness(item[0], wanted), reverse=True)
    return {
        "metric": wanted.metric,
        "worst": wanted.worst,
        "stop_at": wanted.stop_at,
        "value": ranked[0][0] if ranked else None,
        "file": str(folder.path / WORST),
        "curve": {
            "title": "The worst so far",
            "x": "rows looked at",
            "y": wanted.metric,
            "series": {"worst so far": steps},
        },
        "rows": [[label(row.settings), row.seed, value] for value, row in ranked[:10]],
    }


def _failures(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Failed rows by reason, each with a few examples."""
    reasons: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        if row.status in (None, RowStatus.OK):
            continue
        reason = reasons.setdefault(
            (str(row.status), row.error),
            {"status": str(row.status), "error": row.error, "rows": 0, "examples": []},
        )
        reason["rows"] += 1
        if len(reason["examples"]) < 3:
            where = f"{label(row.settings)} seed={json.dumps(row.seed)}"
            reason["examples"].append({"where": where, "traceback": row.traceback})
    ranked = sorted(reasons.values(), key=lambda reason: -int(reason["rows"]))
    return ranked[:_FAILURES]
