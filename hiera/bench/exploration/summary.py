"""From episodes to one line a method: paired ratios with intervals, shares, times."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from hiera.bench.exploration.bounds import Bounded
from hiera.bench.exploration.episode import Episode
from hiera.bench.exploration.methods import BASE, OPTIMUM

FloatArray = NDArray[np.float64]
_DECISIONS = 128


@dataclass(frozen=True, slots=True)
class Line:
    """What the table says about a method; None where it says nothing.

    Attributes:
        method: Its name.
        runs: Number of episodes.
        distance_m: Mean distance [m].
        ratio: Mean over maps of the distance over the base method's on the same map, where both
            stopped by themselves and saw 99 % of what a complete run could.
        ratio_low: Lower end of its 95 % interval (Student's t).
        ratio_high: Upper end.
        ratio_of_means: The same maps' mean distances divided.
        pairs: Maps that the ratio is over.
        over_bound: Mean distance over mean bound, on the same terms.
        success: Share of runs that the protocol calls complete.
        within_128: Share of those with at most 128 decisions; hops only.
        early: Runs that stopped by themselves before 99 % of the reachable free area was seen.
        unseen: Mean share of it that those left.
        explored: Mean share of the reachable free area that was seen.
        time_s: Mean simulated time; driving only [s].
        decisions: Mean number of decisions.
        reversals: Mean number of returns to a target left unfinished.
        turn_backs: Mean number of targets given up unfinished to go back; hops only.
        rescues: Mean number of times that the graph led to nothing more and the grid was asked.
        collisions: Contacts while moving, over all runs.
        decision_ms: Mean CPU time of a decision; hops only [ms].
        decision_ms_p99: Its 99th percentile [ms].
        plans: Mean number of plans of the slow layer.
        model_plans: Share of them that a language model made.
        plan_ms: Mean time of a plan; CPU time hopping, wall time driving [ms].
        plan_ms_p99: Its 99th percentile [ms].
    """

    method: str
    runs: int
    distance_m: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    ratio_of_means: float | None = None
    pairs: int = 0
    over_bound: float | None = None
    success: float | None = None
    within_128: float | None = None
    early: int | None = None
    unseen: float | None = None
    explored: float | None = None
    time_s: float | None = None
    decisions: float | None = None
    reversals: float | None = None
    turn_backs: float | None = None
    rescues: float | None = None
    collisions: int | None = None
    decision_ms: float | None = None
    decision_ms_p99: float | None = None
    plans: float | None = None
    model_plans: float | None = None
    plan_ms: float | None = None
    plan_ms_p99: float | None = None


def interval(values: FloatArray) -> tuple[float, float]:
    """95 % interval of a mean (Student's t), the mean itself where nothing varies."""
    mean = float(values.mean())
    if len(values) < 2 or np.ptp(values) == 0.0:
        return mean, mean
    error = values.std(ddof=1) / len(values) ** 0.5
    half = float(stats.t.ppf(0.975, len(values) - 1) * error)
    return mean - half, mean + half


def line(name: str, episodes: Sequence[Episode], bounds: Mapping[int, float]) -> Line:
    """Summarises a method.

    Args:
        name: Which.
        episodes: All episodes, those of the base method among them.
        bounds: Lower bound of each map that has one [m].
    """
    mine = sorted((e for e in episodes if e.method == name), key=lambda e: e.index)
    if not mine:
        return Line(name, 0)
    base = {e.index: e.distance_m for e in episodes if e.method == BASE and e.fair}
    pairs = [(e.distance_m, base[e.index]) for e in mine if e.fair and base.get(e.index)]
    ratio = _ratio(pairs)
    over = [(e.distance_m, bounds[e.index]) for e in mine if e.fair and bounds.get(e.index)]
    early = [1.0 - e.explored for e in mine if e.early]
    decision = [ms for e in mine for ms in e.decision_ms]
    plan = [ms for e in mine for ms in e.plan_ms]
    hops = all(np.isnan(e.time_s) for e in mine)
    return Line(
        method=name,
        runs=len(mine),
        distance_m=_mean([e.distance_m for e in mine]),
        **ratio,
        pairs=len(pairs),
        over_bound=_of_means(over),
        success=_mean([e.complete for e in mine]),
        within_128=_mean([e.complete and e.decisions <= _DECISIONS for e in mine])
        if hops
        else None,
        early=len(early),
        unseen=_mean(early),
        explored=_mean([e.explored for e in mine]),
        time_s=None if hops else _mean([e.time_s for e in mine]),
        decisions=_mean([e.decisions for e in mine]),
        reversals=_mean([e.reversals for e in mine]),
        turn_backs=_mean([e.turn_backs for e in mine]) if hops else None,
        rescues=_mean([e.rescues for e in mine]),
        collisions=sum(e.collisions for e in mine),
        decision_ms=_mean(decision),
        decision_ms_p99=_p99(decision),
        plans=_mean([len(e.plan_ms) for e in mine]),
        model_plans=sum(e.model_plans for e in mine) / len(plan) if plan else None,
        plan_ms=_mean(plan),
        plan_ms_p99=_p99(plan),
    )


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None


def _p99(values: Sequence[float]) -> float | None:
    return float(np.quantile(values, 0.99)) if len(values) else None


def _of_means(pairs: Sequence[tuple[float, float]]) -> float | None:
    return float(np.divide(*np.mean(pairs, axis=0))) if pairs else None


class _Ratio(TypedDict):
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    ratio_of_means: float | None


def _ratio(pairs: Sequence[tuple[float, float]]) -> _Ratio:
    if not pairs:
        return _Ratio(ratio=None, ratio_low=None, ratio_high=None, ratio_of_means=None)
    ratio = np.array([a / b for a, b in pairs])
    low, high = interval(ratio)
    return _Ratio(
        ratio=float(ratio.mean()),
        ratio_low=low,
        ratio_high=high,
        ratio_of_means=_of_means(pairs),
    )


def lower_bounds(results: Sequence[Bounded]) -> dict[int, float]:
    """The best lower bound of each map that has one [m]."""
    best: dict[int, float] = {}
    for result in results:
        if not np.isnan(result.lower_m):
            best[result.index] = max(result.lower_m, best.get(result.index, 0.0))
    return best


def bound_line(kind: str, results: Sequence[Bounded]) -> Line:
    """The bound as a line of the table: ``decisions`` and the like say nothing."""
    mine = [r for r in results if r.kind == kind and not np.isnan(r.lower_m)]
    proved = sum(r.status == "proved" for r in mine)
    name = f"optimum, {proved} of {len(mine)} proved" if kind == OPTIMUM else "lower bound"
    return Line(name, len(mine), distance_m=_mean([r.lower_m for r in mine]))


def peers(table: Path, count: int, bounds: Mapping[int, float]) -> list[Line]:
    """Peers over the same maps, one run a map, measured elsewhere: columns as in DARE's table.

    Args:
        table: CSV with ``map``, ``method``, ``distance_m`` and ``steps``.
        count: Number of maps.
        bounds: Lower bound of each map that has one [m].
    """
    with table.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if int(row["map"]) < count]
    distances: dict[str, dict[int, float]] = {}
    steps: dict[str, list[float]] = {}
    for row in rows:
        distances.setdefault(row["method"], {})[int(row["map"])] = float(row["distance_m"])
        steps.setdefault(row["method"], []).append(float(row["steps"]))
    base = distances.get(BASE, {})
    return [
        Line(
            method=f"{name} (measured peer)",
            runs=len(mine),
            distance_m=_mean(list(mine.values())),
            **_ratio([(mine[k], base[k]) for k in mine if k in base]),
            pairs=sum(k in base for k in mine),
            over_bound=_of_means([(mine[k], bounds[k]) for k in mine if k in bounds]),
            decisions=_mean(steps[name]),
        )
        for name, mine in distances.items()
    ]
