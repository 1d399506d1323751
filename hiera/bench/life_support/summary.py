"""From rows to one line a method: paired endurance, what ended it, how near the limits it came.

Endurance is restricted: a wearer who is alive when the time is up counts with that time. Where the
better of a pair is cut off, the ratio is too small, where both are it is 1; the share of such runs
stands beside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hiera.bench.life_support.episode import Episode
from hiera.bench.life_support.methods import BASE
from hiera.bench.life_support.tasks import Foresight
from hiera.safety.life_support import Limits

FloatArray = NDArray[np.float64]
Pair = tuple[str, int]
_DRAWS = 4000


@dataclass(frozen=True, slots=True)
class Line:
    """What the table says about a method; None where it says nothing.

    Attributes:
        method: Its name.
        runs: Number of episodes.
        minutes: Mean of the restricted endurance [min].
        ratio: Geometric mean of the endurance over the base method's in the same world.
        ratio_low: Lower end of its 95 % interval (bootstrap over missions).
        ratio_high: Upper end.
        ratio_uncut: The same over pairs of which neither was cut off.
        wins: Pairs in which it lasted longer.
        losses: Pairs in which the base lasted longer.
        censored: Share of runs that were alive at the end of time.
        hard: Share of runs that a hard limit ended.
        missed: Share of runs that could have been saved within their last minute.
        violation_s: Time beyond hard limits, sum over all runs [s].
        ended: Runs by what ended them.
        margins: Worst over all runs of each hard limit's distance, relative to the limit; of the
            overpressure in Pa.
        alarm: Share of the time above the CO2 alarm.
        enriched: Share above the strict fire ceiling.
        cylinder_left: Mean filling at the end.
        lime_left: Mean share of lime at the end.
        interventions: Share of commands that the gate changed.
        certified: Share of commands that the gate certified.
        over_feasible: Geometric mean of the endurance over what foresight reaches.
        over_bound: The same over what nobody exceeds.
        cpu_ms: CPU time of a simulated second [ms].
    """

    method: str
    runs: int
    minutes: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    ratio_uncut: float | None = None
    wins: int = 0
    losses: int = 0
    censored: float | None = None
    hard: float | None = None
    missed: float | None = None
    violation_s: float | None = None
    ended: dict[str, int] = field(default_factory=dict)
    margins: dict[str, float] = field(default_factory=dict)
    alarm: float | None = None
    enriched: float | None = None
    cylinder_left: float | None = None
    lime_left: float | None = None
    interventions: float | None = None
    certified: float | None = None
    over_feasible: float | None = None
    over_bound: float | None = None
    cpu_ms: float | None = None


def interval(logs: Mapping[str, Sequence[float]], seed: int = 0) -> tuple[float, float]:
    """95 % interval of a geometric mean by bootstrap over missions.

    Args:
        logs: Logarithms of the ratios, by mission: sets on one mission are not independent.
        seed: Of the draws.
    """
    sums = np.array([[sum(values), len(values)] for values in logs.values()], dtype=np.float64)
    random = np.random.default_rng(seed)
    drawn = sums[random.integers(len(sums), size=(_DRAWS, len(sums)))].sum(axis=1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], (0.025, 0.975))
    return float(np.exp(low)), float(np.exp(high))


def line(name: str, episodes: Sequence[Episode], foresight: Mapping[Pair, Foresight]) -> Line:
    """Summarises a method.

    Args:
        name: Which.
        episodes: All of them, those of the base method among them.
        foresight: Bounds of the worlds that have some.
    """
    mine = {e.pair: e for e in episodes if e.method == name}
    base = {e.pair: e for e in episodes if e.method == BASE}
    runs = list(mine.values())
    if not runs:
        return Line(name, 0)
    both = [(e, base[pair]) for pair, e in mine.items() if pair in base]
    logs: dict[str, list[float]] = {}
    for e, other in both:
        logs.setdefault(e.mission, []).append(_log(e.endurance_s, other.endurance_s))
    every = [value for values in logs.values() for value in values]
    low, high = interval(logs) if logs else (None, None)
    uncut = [_log(e.endurance_s, o.endurance_s) for e, o in both if not (e.censored or o.censored)]
    known = [(e, foresight[pair]) for pair, e in mine.items() if pair in foresight]
    seconds = sum(e.endurance_s for e in runs)
    actions = sum(e.actions for e in runs)
    return Line(
        method=name,
        runs=len(runs),
        minutes=_mean([e.endurance_s / 60.0 for e in runs]),
        ratio=_geometric(every),
        ratio_low=low,
        ratio_high=high,
        ratio_uncut=_geometric(uncut),
        wins=sum(e.endurance_s > o.endurance_s for e, o in both),
        losses=sum(e.endurance_s < o.endurance_s for e, o in both),
        censored=_mean([e.censored for e in runs]),
        hard=_mean([e.hard for e in runs]),
        missed=_mean([e.missed for e in runs]),
        violation_s=sum(e.violation_s for e in runs),
        ended=dict(Counter(e.ended_by for e in runs).most_common()),
        margins=_margins(runs),
        alarm=sum(e.alarm_s for e in runs) / seconds,
        enriched=sum(e.enriched_s for e in runs) / seconds,
        cylinder_left=_mean([e.cylinder_left for e in runs]),
        lime_left=_mean([1.0 - e.lime_used for e in runs]),
        interventions=sum(e.interventions for e in runs) / actions,
        certified=sum(e.certificates for e in runs) / actions,
        over_feasible=_geometric([_log(e.endurance_s, f.feasible_s) for e, f in known]),
        over_bound=_geometric([_log(e.endurance_s, f.bound_s) for e, f in known]),
        cpu_ms=1e3 * sum(e.cpu_s for e in runs) / seconds,
    )


def foresight_lines(found: Mapping[Pair, Foresight], episodes: Sequence[Episode]) -> list[Line]:
    """The two bounds as lines of the table."""
    base = {e.pair: e for e in episodes if e.method == BASE}
    made = []
    for name, seconds in (
        ("foresight, reached", {pair: f.feasible_s for pair, f in found.items()}),
        ("foresight, not exceeded", {pair: f.bound_s for pair, f in found.items()}),
    ):
        logs: dict[str, list[float]] = {}
        for pair, value in seconds.items():
            if pair in base:
                logs.setdefault(pair[0], []).append(_log(value, base[pair].endurance_s))
        low, high = interval(logs) if logs else (None, None)
        made.append(
            Line(
                name,
                len(seconds),
                minutes=_mean([value / 60.0 for value in seconds.values()]),
                ratio=_geometric([v for values in logs.values() for v in values]),
                ratio_low=low,
                ratio_high=high,
                ended=dict(
                    Counter(
                        (f.feasible_end if "reached" in name else f.bound_cause) or "time_limit"
                        for f in found.values()
                    ).most_common()
                ),
            )
        )
    return made


def _margins(runs: Sequence[Episode]) -> dict[str, float]:
    limits = Limits()
    return {
        "oxygen_low": min(e.oxygen_low for e in runs) / limits.oxygen_low - 1.0,
        "oxygen_hard": 1.0 - max(e.oxygen_high for e in runs) / limits.oxygen_hard,
        "dioxide": 1.0 - max(e.dioxide_pa for e in runs) / limits.dioxide_hard_pa,
        "pressure_pa": min(e.gauge_low_pa for e in runs),
    }


def _log(a: float, b: float) -> float:
    return float(np.log(a / b))


def _geometric(logs: Sequence[float]) -> float | None:
    return float(np.exp(np.mean(logs))) if len(logs) else None


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None
