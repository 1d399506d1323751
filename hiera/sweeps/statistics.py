"""What a sweep says: means with intervals by group, and differences from a baseline, pair by pair.

Intervals are 95 %: Student's t for means and for mean differences of pairs, Wilson's (1927) for
shares. Rows that failed have no metrics and enter no mean; how many there were is said beside it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from hiera.errors import HieraError, nearest
from hiera.sweeps.plan import Settings
from hiera.sweeps.store import Row
from hiera.sweeps.task import RowStatus

_Z: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and where it lies.

    Attributes:
        n: Numbers.
        mean: Of them.
        low: End of the interval, None if one number says nothing about it.
        high: Other end.
    """

    n: int
    mean: float
    low: float | None
    high: float | None


@dataclass(slots=True)
class Group:
    """Rows that differ in seed and ranges only.

    Attributes:
        settings: Values of the listed keys.
        rows: All of them.
        values: Metric to the numbers of the rows that have it.
    """

    settings: Settings
    rows: list[Row] = field(default_factory=list)
    values: dict[str, list[float]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Short name."""
        return label(self.settings)

    @property
    def failed(self) -> int:
        """Rows without metrics."""
        return sum(row.status not in (None, RowStatus.OK) for row in self.rows)

    def interval(self, metric: str, *, share: bool) -> Interval | None:
        """Mean and interval; None if no row has the metric."""
        numbers = self.values.get(metric)
        if not numbers:
            return None
        return wilson(numbers) if share else student(numbers)


@dataclass(frozen=True, slots=True)
class Difference:
    """A group minus the baseline, over rows with the same seed and the same ranges.

    Attributes:
        label: Of the group.
        metric: Its name.
        pairs: How many there were.
        mean: Mean difference.
        low: End of its interval, None for fewer than two pairs.
        high: Other end.
        percent: The mean difference in per cent of the baseline's mean; None where that is 0.
        higher: Pairs in which the group is above the baseline.
        lower: Pairs in which it is below.
    """

    label: str
    metric: str
    pairs: int
    mean: float
    low: float | None
    high: float | None
    percent: float | None
    higher: int
    lower: int


def label(settings: Settings) -> str:
    """Settings as one short text."""
    return " ".join(f"{key}={short(value)}" for key, value in settings.items()) or "all rows"


def short(value: Any) -> str:
    """A value as a table shows it."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value)


def numbers_of(metrics: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Every number in metrics, what is nested under a dotted name; truth values are 0 and 1."""
    found: dict[str, float] = {}
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            found |= numbers_of(value, f"{prefix}{name}.")
        elif isinstance(value, bool | int | float) and math.isfinite(value):
            found[f"{prefix}{name}"] = float(value)
    return found


def shares_of(rows: Iterable[Row]) -> set[str]:
    """Metrics that are truth values."""
    return {name for row in rows for name, value in row.metrics.items() if isinstance(value, bool)}


def grouped(rows: Iterable[Row], factors: Sequence[str]) -> list[Group]:
    """Rows by the values of the listed keys, in order of appearance."""
    groups: dict[str, Group] = {}
    for row in rows:
        chosen = {key: row.settings[key] for key in factors if key in row.settings}
        group = groups.setdefault(json.dumps(chosen, sort_keys=True), Group(chosen))
        group.rows.append(row)
        for name, number in numbers_of(row.metrics).items():
            group.values.setdefault(name, []).append(number)
    return list(groups.values())


def missing_metrics(groups: Sequence[Group], wanted: Sequence[str]) -> list[str]:
    """A sentence for each metric that is asked for and that no row has."""
    names = list(dict.fromkeys(name for group in groups for name in group.values))
    return [
        f"no row has a metric {name!r}{nearest(name, names)}"
        for name in wanted
        if names and name not in names
    ]


def chosen_metrics(groups: Sequence[Group], wanted: Sequence[str]) -> list[str]:
    """Those asked for and there, or every number that is not the same in all rows."""
    names = list(dict.fromkeys(name for group in groups for name in group.values))
    if wanted:
        return [name for name in wanted if name in names]
    return [n for n in names if len({v for g in groups for v in g.values.get(n, ())}) > 1]


def student(numbers: Sequence[float]) -> Interval:
    """Mean with Student's interval."""
    values = np.asarray(numbers, dtype=np.float64)
    n, mean = len(values), float(values.mean())
    if n < 2:
        return Interval(n, mean, None, None)
    half = float(stdtrit(n - 1, 0.975)) * float(values.std(ddof=1)) / math.sqrt(n)
    return Interval(n, mean, mean - half, mean + half)


def wilson(numbers: Sequence[float]) -> Interval:
    """Share of ones with Wilson's interval."""
    n, p = len(numbers), sum(numbers) / len(numbers)
    middle = p + _Z**2 / (2 * n)
    half = _Z * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n * n))
    scale = 1 + _Z**2 / n
    return Interval(n, p, max((middle - half) / scale, 0.0), min((middle + half) / scale, 1.0))


def find_baseline(groups: Sequence[Group], wanted: Settings) -> Group | None:
    """The one group with these values; None if nothing is asked for.

    Raises:
        HieraError: If there is none, or more than one.
    """
    if not wanted:
        return None
    fits = [g for g in groups if all(g.settings.get(k) == v for k, v in wanted.items())]
    if len(fits) == 1:
        return fits[0]
    known = "; ".join(group.label for group in groups[:6])
    problem = "fits no group" if not fits else "fits more than one group"
    raise HieraError(f"baseline: {label(wanted)} {problem} (groups: {known})")


def differences(groups: Sequence[Group], base: Group, metrics: Sequence[str]) -> list[Difference]:
    """Every other group against the baseline."""
    return [
        found
        for group in groups
        if group is not base
        for metric in metrics
        if (found := _difference(group, base, metric)) is not None
    ]


def _paired(group: Group, metric: str) -> dict[str, float]:
    paired: dict[str, float] = {}
    for row in group.rows:
        number = numbers_of(row.metrics).get(metric)
        if number is not None:
            rest = {k: v for k, v in row.settings.items() if k not in group.settings}
            paired[json.dumps([row.seed, rest], sort_keys=True)] = number
    return paired


def _difference(group: Group, base: Group, metric: str) -> Difference | None:
    ours, theirs = _paired(group, metric), _paired(base, metric)
    both = [key for key in ours if key in theirs]
    if not both:
        return None
    delta = [ours[key] - theirs[key] for key in both]
    found = student(delta)
    mean = sum(theirs[key] for key in both) / len(both)
    return Difference(
        group.label,
        metric,
        found.n,
        found.mean,
        found.low,
        found.high,
        100.0 * found.mean / abs(mean) if mean else None,
        sum(d > 0 for d in delta),
        sum(d < 0 for d in delta),
    )


def cumulative(numbers: Sequence[float]) -> NDArray[np.float64]:
    """Share of rows at or below each value, as steps, shape ``(2 n, 2)``."""
    values = np.sort(np.asarray(numbers, dtype=np.float64))
    shares = np.arange(len(values) + 1) / len(values)
    return np.column_stack((np.repeat(values, 2), np.repeat(shares, 2)[1:-1]))
